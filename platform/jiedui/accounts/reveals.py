"""Seeing people in clear: for a purpose, so often an hour, and never without a line in the records.

Everywhere else they are masked (jiedui.store.masked).
"""

from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from jiedui.accounts.limits import Limits, Rule
from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.errors import Refused, TooMany
from jiedui.i18n import N_
from jiedui.store.scope import scope

T = TypeVar("T")

PER_HOUR = Rule("reveal", times=30, seconds=3600)
"""So often one person may open a card or a list."""
_ALARM = Rule("reveal.alarm", times=1, seconds=3600)


@dataclass(frozen=True)
class Opened(Generic[T]):
    """What was read in clear, and whom the records name: one person, or an area and how many."""

    shown: T
    subject: tuple[str, object]
    region_code: str
    count: int = 1


async def reveal(
    actor: Actor,
    action: str,
    purpose: str,
    purposes: Container[str],
    read: Callable[[], Awaitable[Opened[T]]],
    *,
    limits: Limits,
    now: datetime,
) -> T:
    """What `read` reads, once its line is written; if that fails nobody has seen anything.

    Raises Refused without one of the purposes, TooMany, and what `read` raises.
    """
    if purpose not in purposes:
        raise Refused(N_("Please say what you need it for."), field="purpose")
    await _admit(actor, action, limits, now)
    async with scope(actor, now):
        opened = await read()
        await record(
            actor,
            action=action,
            subject=opened.subject,
            region_code=opened.region_code,
            detail={"purpose": purpose, "count": opened.count},
            now=now,
        )
    return opened.shown


async def _admit(actor: Actor, action: str, limits: Limits, now: datetime) -> None:
    """Count it; that somebody goes on beyond the limit is noted once an hour. Raises TooMany."""
    who = str(actor.account_id)
    try:
        await limits.admit((PER_HOUR, who))
    except TooMany as too_many:
        try:
            await limits.admit((_ALARM, who))
        except TooMany:
            raise too_many from None
        await record(
            actor,
            action="reveal.too_many",
            subject=("account", actor.account_id),
            region_code=actor.region_code,
            detail={"wanted": action},
            now=now,
        )
        too_many.counted = True  # what has just been noted stays, though the deed is refused
        raise
