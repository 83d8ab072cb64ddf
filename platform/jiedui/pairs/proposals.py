"""The volunteer's answer to a proposal: she says yes first, or no with a reason, or the days run out."""

from datetime import datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.consents import service as consents
from jiedui.consents.texts import current
from jiedui.errors import Conflict
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.notifying import ask_household, tell_volunteer
from jiedui.pairs.rules import DECLINE_REASONS
from jiedui.pairs.tables import Pair
from jiedui.pairs.transitions import chosen, never_again, note, pair_of, take
from jiedui.store.columns import Row
from jiedui.store.scope import scope

_AT_ONCE = 200


async def accept_proposal(actor: Actor, pair_id: UUID, now: datetime) -> None:
    """She says yes; in the same moment the household is told, in the way its ledger allows.

    Raises NotFound, Conflict when the days have run out or the proposal was answered, Refused when she
    may no longer meet this household (a record check that has run out).
    """
    pair = await pair_of(actor, pair_id, "accept")
    _in_time(pair, now)
    async with scope(actor, now):
        pair = await take("accept", pair, actor.role, now, {Pair.volunteer_answered_at: now})
        await consents.give(
            ("pair", pair_id),
            [current("pairing.volunteer")],
            given_by="self",
            how="online",
            region_code=pair["region_code"],
            now=now,
        )
        told = await ask_household(pair, now)
        await note(actor, "pair.accept", pair, now, household_told=told)


async def decline_proposal(actor: Actor, pair_id: UUID, reason: str, now: datetime) -> None:
    """She says no and why; the household is free for the next round, and these two are not asked again.

    Raises NotFound, Conflict, Refused for a reason that is not in the list.
    """
    policy.require(actor, "decline")
    why = chosen(reason, DECLINE_REASONS)
    pair = await pair_of(actor, pair_id, "decline")
    _in_time(pair, now)
    async with scope(actor, now):
        pair = await take(
            "decline",
            pair,
            actor.role,
            now,
            {Pair.volunteer_answered_at: now, Pair.end_reason: why.code},
        )
        await never_again(pair, why.code, now)
        await note(actor, "pair.decline", pair, now, reason=why.code)


async def expire_overdue(now: datetime) -> int:
    """Let proposals end whose days have run out; says how many. Several workers share the work."""
    async with scope(Actor.system(), now):
        overdue = (
            await Pair.select()
            .where(Pair.state == "proposed", Pair.volunteer_deadline <= now)
            .order_by(Pair.volunteer_deadline)
            .limit(_AT_ONCE)
            .lock_rows("UPDATE", skip_locked=True)
        )
        for pair in overdue:
            await take("expire", pair, "system", now)
            await note(Actor.system(), "pair.expire", pair, now)
            await tell_volunteer("volunteer.not_now", pair, now)
    return len(overdue)


def _in_time(pair: Row, now: datetime) -> None:
    if pair["state"] == "proposed" and pair["volunteer_deadline"] <= now:
        raise Conflict(N_("The days to answer have run out. The family goes to the next pairing round."))
