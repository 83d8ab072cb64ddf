"""Use cases of notices: what workers send by themselves, and what people do by hand and then mark."""

import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.errors import Conflict, NotFound
from jiedui.i18n import DEFAULT, N_
from jiedui.notices import policy
from jiedui.notices.contacts import Ledgers
from jiedui.notices.rules import ALLOWED
from jiedui.settings import Settings, load
from jiedui.store import outbox, vault
from jiedui.store.columns import Row
from jiedui.store.scope import scope
from jiedui.volunteers.tables import Volunteer
from jiedui_notifications import delivery
from jiedui_notifications.channels import Channel, Console, PeoplesList
from jiedui_notifications.delivery import UNKNOWN_OUTCOME, Hold, Post, Way
from jiedui_notifications.sealing import BODY
from jiedui_notifications.tables import Delivery, Notice

BY_HAND = ("call", "village", "letter")
_WAY_CHANGED = N_(
    "The ledger now says something else about how this household may be told. "
    "The message goes the new way by itself; please do nothing."
)
_RELIST = """
UPDATE notice n SET state = 'queued', not_before = {}, channel = '' FROM household h
WHERE n.state = 'waiting' AND n.recipient_kind = 'household' AND h.id = n.recipient_id
AND (NOT h.active OR h.contact_way || ' ' || n.channel <> ALL ({}))
"""


def post_office(settings: Settings, clock: Callable[[], datetime]) -> Post:
    """This installation's ways of delivering; without a gateway texts are held, never lost."""
    by_hand = PeoplesList()
    channels: dict[str, Channel] = dict.fromkeys(BY_HAND, by_hand)
    if settings.demo:
        channels["sms"] = Console()
    return Post(Ledgers(), channels, vault, clock, DEFAULT, {"site": settings.public_url})


async def deliver_due(now: datetime) -> int:
    """Send what is due by the way that is safe at this moment; says how many notices were taken up."""
    start = time.monotonic()
    post = post_office(load(os.environ), lambda: now + timedelta(seconds=time.monotonic() - start))
    allowed = [f"{wish} {channel}" for wish, channels in ALLOWED.items() for channel in channels]
    await Notice.raw(_RELIST, now, allowed)
    return await delivery.deliver_due(post, limit=200)


async def notify_volunteers(template: str, volunteers: Iterable[UUID], *, key: str, now: datetime) -> int:
    """One notice to each of these volunteers, in the caller's transaction; says how many are new."""
    wanted = sorted(set(volunteers))
    if not wanted:
        return 0
    rows = await Volunteer.select(Volunteer.id, Volunteer.region_code).where(Volunteer.id.is_in(wanted))
    written = [
        await outbox.enqueue(
            template=template,
            params={},
            recipient=("volunteer", row["id"]),
            region_code=row["region_code"],
            subject_id=None,
            dedupe_key=f"{key}:{row['id']}",
            now=now,
        )
        for row in rows
    ]
    return sum(one is not None for one in written)


async def mark_called(
    actor: Actor, notice_id: UUID, answer: Literal["reached", "no_answer"], now: datetime
) -> None:
    """A call was made. Tried without answer is noted and stays on the list. Raises NotFound, Conflict."""
    async with scope(actor, now):
        notice = await _waiting_on(actor, "call", notice_id)
        if answer == "reached":
            await _told(notice, answer, now)
        else:
            await _note_attempt(notice, outcome="again", detail=answer, now=now)
        await _audit(actor, f"notice.{answer}", notice, now)


async def mark_passed_on(actor: Actor, notice_id: UUID, now: datetime) -> None:
    """The village has told her. Raises NotFound, Conflict."""
    async with scope(actor, now):
        notice = await _waiting_on(actor, "village", notice_id)
        await _told(notice, "passed_on", now)
        await _audit(actor, "notice.passed_on", notice, now)


async def mark_printed(actor: Actor, until: datetime, now: datetime) -> int:
    """The letters that were waiting at `until` are on paper and go out; says how many."""
    policy.require(actor, "work")
    async with scope(actor, now):
        waiting = (
            await Notice.select()
            .where(policy.visible(actor), Notice.channel == "letter", Notice.state == "waiting")
            .where(Notice.listed_at <= until)
            .order_by(Notice.listed_at, Notice.id)
            .lock_rows("UPDATE")
        )
        ways = await Ledgers().ways_to("household", [notice["recipient_id"] for notice in waiting])
        allowed = [notice for notice in waiting if ways.get(notice["recipient_id"]) == Way("letter")]
        printed = one_telling(allowed)
        for notice in printed:
            await _told(notice, "printed", now)
        if printed:
            await _audit_list(actor, "printed", len(printed), now)
    return len(printed)


async def release_held(actor: Actor, notice_id: UUID, now: datetime) -> None:
    """Try a held or failed notice again; how it may travel is decided anew. Raises NotFound."""
    async with scope(actor, now):
        notice = await _locked(actor, notice_id, ("held", "failed"))
        await _set(notice, {Notice.state: "queued", Notice.hold_reason: "", Notice.not_before: now})
        await _audit(actor, "notice.released", notice, now)


async def mark_arrived(actor: Actor, notice_id: UUID, now: datetime) -> None:
    """A person found out that a message of unknown outcome did arrive. Raises NotFound."""
    async with scope(actor, now):
        notice = await _locked(actor, notice_id, ("held",))
        if notice["hold_reason"] != UNKNOWN_OUTCOME:
            raise Conflict
        await _set(notice, {Notice.state: "sent", Notice.hold_reason: "", Notice.sent_at: now})
        await _audit(actor, "notice.arrived", notice, now)


def one_telling(notices: Iterable[Row]) -> list[Row]:
    """The first about each matter to each person: a reminder adds nothing while the first still waits."""
    first: dict[tuple[UUID, UUID], Row] = {}
    for notice in notices:
        first.setdefault((notice["recipient_id"], notice["subject_id"] or notice["id"]), notice)
    return list(first.values())


async def _waiting_on(actor: Actor, channel: str, notice_id: UUID) -> Row:
    """The notice on this list, if her ledger still allows this way."""
    notice = await _locked(actor, notice_id, ("waiting",))
    if notice["channel"] != channel:
        raise NotFound
    way = await Ledgers().way_to(notice["recipient_kind"], notice["recipient_id"])
    if isinstance(way, Hold) or way.channel != channel:
        raise Conflict(_WAY_CHANGED)
    return notice


async def _locked(actor: Actor, notice_id: UUID, states: tuple[str, ...]) -> Row:
    policy.require(actor, "work")
    query = Notice.select().where(policy.visible(actor), Notice.id == notice_id)
    notice: Row | None = await query.lock_rows("UPDATE").first()
    if notice is None:
        raise NotFound
    if notice["state"] not in states:
        raise Conflict
    return notice


async def _note_attempt(notice: Row, *, outcome: str, detail: str, now: datetime) -> None:
    """What a person did, with the words she was given for it."""
    listed = (
        await Delivery.select(Delivery.body)
        .where(Delivery.notice == notice["id"], Delivery.outcome == "waiting")
        .order_by(Delivery.at, ascending=False)
        .first()
    )
    body = listed["body"] if listed else vault.seal("", BODY)
    await Delivery.insert(
        Delivery(
            notice=notice["id"],
            attempt=notice["attempts"],
            channel=notice["channel"],
            at=now,
            outcome=outcome,
            detail=detail,
            body=body,
        )
    )


async def _told(notice: Row, how: str, now: datetime) -> None:
    """She knows; what else waits for a person to tell her about the same matter is called back."""
    await _note_attempt(notice, outcome="sent", detail=how, now=now)
    await _set(notice, {Notice.state: "sent", Notice.sent_at: now})
    if notice["subject_id"] is not None:
        await Notice.update({Notice.state: "cancelled"}).where(
            Notice.recipient_id == notice["recipient_id"],
            Notice.subject_id == notice["subject_id"],
            Notice.state == "waiting",
        )


async def _set(notice: Row, values: dict[Any, Any]) -> None:
    await Notice.update(values).where(Notice.id == notice["id"])


async def _audit(actor: Actor, action: str, notice: Row, now: datetime) -> None:
    await record(
        actor,
        action=action,
        subject=("notice", notice["id"]),
        region_code=notice["region_code"],
        now=now,
        detail={"template": notice["template"], "channel": notice["channel"]},
    )


async def _audit_list(actor: Actor, what: str, count: int, now: datetime) -> None:
    await record(
        actor,
        action=f"notice.{what}",
        subject=("region", actor.region_code),
        region_code=actor.region_code,
        now=now,
        detail={"count": count},
    )
