"""Delivering what is due: once, by the way that is safe at that moment, with proof of every attempt.

A notice is leased, its attempt is written, the channel is called, the outcome is marked. A worker killed
between the call and the mark leaves an attempt with unknown outcome: a channel that knows keys is asked
again with the same key, for any other the notice is held until a person finds out.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from jiedui_notifications import texts
from jiedui_notifications.channels import Channel, Message, Outcome
from jiedui_notifications.sealing import ADDRESS, BODY, PARAMS, Sealer
from jiedui_notifications.tables import Delivery, Notice

LEASE = timedelta(minutes=2)
"""How long one call of a channel may take before its worker counts as dead."""
PATIENCE = timedelta(seconds=60)
"""When the channel itself is given up; well inside the lease."""
ATTEMPTS = 6
"""Tries 1, 4, 16, 64 and 256 minutes apart, then a person has to look."""

UNKNOWN_OUTCOME = "unknown_outcome"
_CLAIM = """
UPDATE notice SET state = 'sending', attempts = attempts + 1, lease_until = {}
WHERE id IN (
    SELECT id FROM notice WHERE state = 'queued' AND not_before <= {}
    ORDER BY not_before, id LIMIT {} FOR UPDATE SKIP LOCKED
) RETURNING id, recipient_kind, recipient_id, address, template, params, attempts
"""


@dataclass(frozen=True)
class Way:
    """A way that is safe now."""

    channel: str
    address: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Hold:
    """No way is safe now, and why, in one word."""

    reason: str


class AddressBook(Protocol):
    """Knows, each time anew, how a person may be reached."""

    async def way_to(self, kind: str, recipient_id: UUID) -> Way | Hold:
        """The safe way at this moment."""


@dataclass(frozen=True)
class Post:
    """Everything delivery needs from outside."""

    book: AddressBook
    channels: Mapping[str, Channel]
    sealer: Sealer
    clock: Callable[[], datetime]
    language: str
    given: Mapping[str, str]
    """What the installation itself puts into texts: its address."""


async def deliver_due(post: Post, *, limit: int = 50) -> int:
    """Lease and deliver up to `limit` notices that are due; says how many were taken up."""
    await _recover(post)
    now = post.clock()
    claimed: list[dict[str, Any]] = await Notice.raw(_CLAIM, now + LEASE, now, limit)
    for notice in claimed:
        await _deliver(post, notice)
    return len(claimed)


def message_by(post: Post, notice: Mapping[str, Any], way: Way) -> Message:
    """The message exactly as it leaves by this way."""
    params = json.loads(post.sealer.unseal(notice["params"], PARAMS))
    template = texts.catalogue(post.language)[notice["template"]]
    return Message(template.render(way.channel, {**post.given, **params}), way.address)


async def way_now(post: Post, notice: Mapping[str, Any]) -> Way | Hold:
    """How this notice may travel at this moment."""
    if notice["address"] is not None:
        way: Way | Hold = Way("sms", post.sealer.unseal(notice["address"], ADDRESS))
    else:
        way = await post.book.way_to(notice["recipient_kind"], notice["recipient_id"])
    return passable(post, notice["template"], way)


def passable(post: Post, template: str, way: Way | Hold) -> Way | Hold:
    """The way, if this installation has the channel and the template a text for it."""
    if isinstance(way, Hold):
        return way
    if way.channel not in texts.catalogue(post.language)[template].texts:
        return Hold("no_text")
    return way if way.channel in post.channels else Hold("no_gateway")


async def _deliver(post: Post, notice: dict[str, Any]) -> None:
    way = await way_now(post, notice)
    if isinstance(way, Hold):
        await _mark(notice, {Notice.state: "held", Notice.hold_reason: way.reason})
        return
    message = message_by(post, notice, way)
    attempt = await _begin(post, notice, way, message)
    if attempt is None:
        return
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            outcome = await post.channels[way.channel].send(message, str(notice["id"]))
    except Exception as problem:  # noqa: BLE001 -- foreign code: whatever it raises, the message may have left
        outcome = Outcome("unknown", type(problem).__name__)
    await _finish(post, notice, attempt, way, outcome)


async def _begin(post: Post, notice: dict[str, Any], way: Way, message: Message) -> UUID | None:
    """Write the attempt under a fresh lease; None when another worker has taken the notice over."""
    now = post.clock()
    row = Delivery(
        notice=notice["id"],
        attempt=notice["attempts"],
        channel=way.channel,
        at=now,
        outcome="unknown",
        detail=way.detail,
        body=post.sealer.seal(message.text, BODY),
    )
    async with Notice._meta.db.transaction():
        if not await _mark(notice, {Notice.lease_until: now + LEASE, Notice.channel: way.channel}):
            return None
        await Delivery.insert(row)
    return row.id


async def _finish(post: Post, notice: dict[str, Any], attempt: UUID, way: Way, outcome: Outcome) -> None:
    now = post.clock()
    detail = " · ".join(part for part in (way.detail, outcome.detail) if part)
    async with Notice._meta.db.transaction():
        await Delivery.update({Delivery.outcome: outcome.kind, Delivery.detail: detail}).where(
            Delivery.id == attempt
        )
        if outcome.kind == "sent":
            after: dict[Any, Any] = {Notice.state: "sent", Notice.sent_at: now}
        elif outcome.kind == "waiting":
            after = {Notice.state: "waiting", Notice.listed_at: now}
        elif outcome.kind == "refused":
            after = {Notice.state: "failed"}
        elif outcome.kind == "unknown" and not post.channels[way.channel].keyed:
            after = {Notice.state: "held", Notice.hold_reason: UNKNOWN_OUTCOME}
        else:
            after = await _once_more(notice, now)
        await _mark(notice, after)


async def _once_more(notice: Mapping[str, Any], now: datetime) -> dict[Any, Any]:
    """Later, and later each time, until it is enough; leases that led to no attempt do not count."""
    tries = await Delivery.count().where(Delivery.notice == notice["id"])
    if tries >= ATTEMPTS:
        return {Notice.state: "failed"}
    return {Notice.state: "queued", Notice.not_before: now + timedelta(minutes=4 ** max(tries - 1, 0))}


async def _recover(post: Post) -> None:
    """Take back what dead workers held."""
    now = post.clock()
    async with Notice._meta.db.transaction():
        stale = (
            await Notice.select(Notice.id, Notice.attempts, Notice.channel)
            .where(Notice.state == "sending")
            .where(Notice.lease_until < now)
            .lock_rows("UPDATE", skip_locked=True)
        )
        for notice in stale:
            began = (
                await Delivery.exists()
                .where(Delivery.notice == notice["id"])
                .where(Delivery.attempt == notice["attempts"])
            )
            if not began:
                await _mark(notice, {Notice.state: "queued"})
            elif post.channels[notice["channel"]].keyed:
                await _mark(notice, await _once_more(notice, now))
            else:
                await _mark(notice, {Notice.state: "held", Notice.hold_reason: UNKNOWN_OUTCOME})


async def _mark(notice: Mapping[str, Any], values: dict[Any, Any]) -> bool:
    """Change the notice if this lease still holds it: the number of leases is the fence."""
    marked = (
        await Notice.update(values)
        .where(Notice.id == notice["id"])
        .where(Notice.attempts == notice["attempts"])
        .where(Notice.state == "sending")
        .returning(Notice.id)
    )
    return bool(marked)
