"""The operator's console: every message of an area exactly as it leaves, and why one does not."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.query.functions import Count

from jiedui.actor import Actor
from jiedui.i18n import N_
from jiedui.notices import policy
from jiedui.notices.contacts import Ledgers
from jiedui.notices.service import post_office
from jiedui.regions.service import region_names
from jiedui.settings import Settings
from jiedui.store.columns import Row
from jiedui.store.masked import masked_phone
from jiedui.store.paging import page_of
from jiedui.store.vault import unseal
from jiedui_notifications import texts
from jiedui_notifications.delivery import Hold, Post, Way, message_by, passable
from jiedui_notifications.sealing import ADDRESS, BODY
from jiedui_notifications.tables import Delivery, Notice

_TOKEN = re.compile(r"(/h/)[\w-]+")
CHANNELS = {
    "sms": N_("Text message"),
    "call": N_("Call"),
    "village": N_("Through the village"),
    "letter": N_("Letter"),
}
HOLD_REASONS = {
    "no_contact": N_("The ledger says nobody may contact her. Nothing leaves."),
    "no_number": N_("There is no telephone number in the ledger."),
    "bad_number": N_("The telephone number in the ledger cannot be right."),
    "inactive": N_("The household has left the ledger."),
    "no_gateway": N_("No gateway for text messages is connected yet. It waits here."),
    "no_text": N_("There is no text for this way of telling."),
    "unknown_person": N_("The ledger no longer knows this person."),
    "unknown_outcome": N_("The line broke off: it may have arrived or not. Please ask, then decide."),
}
DETAILS = {
    "no_number": HOLD_REASONS["no_number"],
    "bad_number": HOLD_REASONS["bad_number"],
    "reached": N_("Reached by telephone."),
    "no_answer": N_("Nobody answered."),
    "passed_on": N_("The village has told her."),
    "printed": N_("Printed."),
}


@dataclass(frozen=True)
class Entry:
    """One message as the operator sees it."""

    id: UUID
    state: str
    kind: str
    template: str
    to: str
    """Who it goes to, masked; a one-time code to a telephone."""
    of: str
    """The number of the household or of the volunteer."""
    place: str
    channel: str
    number: str
    body: str
    """Empty when nothing would leave, or when it is nobody's business but the recipient's (`secret`)."""
    secret: bool
    hold_reason: str
    detail: str
    created_at: datetime
    sent_at: datetime | None
    not_before: datetime


@dataclass(frozen=True)
class Filter:
    """Which messages to show; empty means all."""

    state: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Listed:
    """A page of messages; `before` and `after` are the keys of the pages beside it."""

    entries: list[Entry]
    before: str
    after: str


async def entries(
    actor: Actor, wanted: Filter, settings: Settings, now: datetime, *, after: str = "", before: str = ""
) -> Listed:
    """A page of messages, the newest first; a key that means nothing gives the first page."""
    policy.require(actor, "read")
    conditions: list[str] = ["{}"]
    values: list[Any] = [policy.visible(actor, "n")]
    if wanted.state:
        conditions.append("n.state = {}")
        values.append(wanted.state)
    if wanted.kind:
        conditions.append("n.recipient_kind = {}")
        values.append("" if wanted.kind == "number" else wanted.kind)
    query = (
        "SELECT n.*, (extract(epoch FROM n.created_at) * 1000000)::bigint AS sort_key"  # noqa: S608 -- ours
        f" FROM notice n WHERE {' AND '.join(conditions)}"
    )
    found = await page_of(
        Notice, query, values, {"sort_key": "bigint", "id": "uuid"}, after=after, before=before, falling=True
    )
    return Listed(await _shown(found.rows, actor, settings, now), found.before, found.after)


async def state_counts(actor: Actor, kind: str) -> dict[str, int]:
    """How many messages are in each state."""
    policy.require(actor, "read")
    query = Notice.select(Notice.state, Count()).where(policy.visible(actor)).group_by(Notice.state)
    if kind:
        query = query.where(Notice.recipient_kind == ("" if kind == "number" else kind))
    return {row["state"]: row["count"] for row in await query}


async def _shown(notices: list[Row], actor: Actor, settings: Settings, now: datetime) -> list[Entry]:
    post = post_office(settings, lambda: now)
    people = await _people(notices)
    ways: dict[UUID, Way | Hold] = {}
    for kind in ("household", "volunteer"):
        ids = {one["recipient_id"] for one in notices if one["recipient_kind"] == kind}
        ways |= await Ledgers().ways_to(kind, list(ids))
    attempts = await _last_attempts([one["id"] for one in notices])
    places = await region_names(one["region_code"] for one in notices)
    shown = []
    for notice in notices:
        attempt = attempts.get(notice["id"])
        if notice["recipient_id"] is None:
            way: Way | Hold = Way("sms", unseal(notice["address"], ADDRESS))
        else:
            way = ways.get(notice["recipient_id"], Hold("unknown_person"))
        number = way.address if isinstance(way, Way) else ""
        to, of = people.get(notice["recipient_id"], (masked_phone(number), ""))
        channel, body = _message(post, notice, attempt, way)
        secret = texts.catalogue(post.language)[notice["template"]].secret
        may_read = settings.demo and (not secret or policy.may(actor, "read_codes"))
        shown.append(
            Entry(
                id=notice["id"],
                state=notice["state"],
                kind=notice["recipient_kind"] or "number",
                template=notice["template"],
                to=to,
                of=of,
                place=places[notice["region_code"]],
                channel=channel,
                number=masked_phone(number) if number else "",
                body=body if may_read else "" if secret else _TOKEN.sub(r"\1••••••", body),
                secret=secret and not may_read,
                hold_reason=notice["hold_reason"],
                detail=attempt["detail"] if attempt else "",
                created_at=notice["created_at"],
                sent_at=notice["sent_at"],
                not_before=notice["not_before"],
            )
        )
    return shown


def _message(post: Post, notice: Row, attempt: Row | None, way: Way | Hold) -> tuple[str, str]:
    """Channel and words: those of the last attempt, else those that would leave now; else neither."""
    if attempt is not None and notice["state"] not in ("queued", "cancelled"):
        return attempt["channel"], unseal(attempt["body"], BODY)
    way = passable(post, notice["template"], way)
    if isinstance(way, Hold):
        return "", ""
    return way.channel, message_by(post, notice, way).text


async def _people(notices: list[Row]) -> dict[UUID, tuple[str, str]]:
    """Households and volunteers by masked name and number."""
    rows = await Notice.raw(
        "SELECT id, name, number FROM family_card WHERE id = ANY ({})"
        " UNION ALL SELECT id, name, number FROM helper_card WHERE id = ANY ({})",
        *([one["recipient_id"] for one in notices if one["recipient_kind"] == kind]
          for kind in ("household", "volunteer")),
    )  # fmt: skip
    return {row["id"]: (row["name"], row["number"]) for row in rows}


async def _last_attempts(ids: list[UUID]) -> dict[UUID, Row]:
    if not ids:
        return {}
    rows = await Delivery.select().where(Delivery.notice.is_in(ids)).order_by(Delivery.at, Delivery.attempt)
    return {row["notice"]: row for row in rows}
