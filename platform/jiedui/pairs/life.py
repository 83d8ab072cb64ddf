"""A running pair's life in a coordinator's hands: resting, going on, changing hands, ending with a reason."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from jiedui.actor import Actor
from jiedui.errors import Conflict, Refused
from jiedui.i18n import N_
from jiedui.pairs.eligible import Match, check_may_take_over
from jiedui.pairs.notifying import end_asking, tell_volunteer
from jiedui.pairs.rules import BODY_LENGTH, CLOSE_REASONS, PAUSE_REASONS
from jiedui.pairs.tables import Pair
from jiedui.pairs.transitions import chosen, never_again, note, pair_of, take
from jiedui.policies.service import pack_named
from jiedui.store.columns import Row
from jiedui.store.piccolo_conf import DB

_JUST_TAKEN = N_("This volunteer has just been given another family. Please choose again.")


async def pause(actor: Actor, pair_id: UUID, reason: str, now: datetime) -> None:
    """Let an active pair rest; her place stays hers. Raises NotFound, Refused, Conflict."""
    why = chosen(reason, PAUSE_REASONS)
    pair = await pair_of(actor, pair_id)
    async with DB.transaction():
        await take("pause", pair, actor.role, {Pair.paused_at: now})
        await note(actor, "pair.pause", pair, now, reason=why.code)


async def resume(actor: Actor, pair_id: UUID, now: datetime) -> None:
    """A resting pair goes on. Raises NotFound, Conflict."""
    pair = await pair_of(actor, pair_id)
    async with DB.transaction():
        await take("resume", pair, actor.role, {Pair.paused_at: None})
        await note(actor, "pair.resume", pair, now)


async def close(actor: Actor, pair_id: UUID, reason: str, words: str, now: datetime) -> None:
    """End a pair for good; it stays in the history. Raises NotFound, Refused, Conflict."""
    pair = await pair_of(actor, pair_id)
    async with DB.transaction():
        await _end(actor, pair, reason, words, now)
        await note(actor, "pair.close", pair, now, reason=reason)


async def hand_over(actor: Actor, pair_id: UUID, volunteer_id: UUID, reason: str, now: datetime) -> UUID:
    """End a pair and propose the same help to another volunteer, in one go; the new pair's id.

    Raises NotFound, Conflict, Refused in the words of the eligibility rule that speaks against her.
    """
    pair = await pair_of(actor, pair_id)
    try:
        async with DB.transaction():
            match = await _match(pair, volunteer_id, now)
            await _end(actor, pair, reason, "", now)
            successor = await _propose(pair, match, now)
            await note(actor, "pair.hand_over", pair, now, reason=reason, successor=successor["id"])
            await note(actor, "pair.propose", successor, now, predecessor=pair_id)
    except (asyncpg.CheckViolationError, asyncpg.UniqueViolationError) as error:
        raise Conflict(_JUST_TAKEN) from error
    return UUID(str(successor["id"]))


async def _end(actor: Actor, pair: Row, reason: str, words: str, now: datetime) -> None:
    why = chosen(reason, CLOSE_REASONS)
    if len(words) > BODY_LENGTH:
        raise Refused(N_("Please write at most {n} characters."), field="note", n=BODY_LENGTH)
    ending = {Pair.closed_at: now, Pair.end_reason: why.code, Pair.end_note: words.strip()}
    await take("close", pair, actor.role, ending)
    await end_asking(pair, now)
    if why.never_again:
        await never_again(pair, why.code, now)
    await tell_volunteer("volunteer.ended", pair, now)


async def _match(pair: Row, volunteer_id: UUID, now: datetime) -> Match:
    if volunteer_id == pair["volunteer"]:
        raise Refused(N_("Please choose another volunteer than the one who hands over."), field="volunteer")
    return await check_may_take_over(pair, volunteer_id, now)


async def _propose(old: Row, match: Match, now: datetime) -> Row:
    pack = await pack_named(old["policy_name"], old["policy_version"])
    kept = ("household", "region_code", "stage", "policy_name", "policy_version", "round")
    pair = Pair(
        **{name: old[name] for name in kept},
        volunteer=match.volunteer_id,
        needs=match.needs,
        distance_m=match.distance_m,
        state="proposed",
        predecessor_id=old["id"],
        proposed_at=now,
        volunteer_deadline=now + timedelta(days=pack.consent.volunteer_answer_days),
    )
    await pair.save()
    row = {"id": pair.id, "volunteer": match.volunteer_id, "region_code": old["region_code"]}
    await tell_volunteer("volunteer.proposal", row, now)
    return row
