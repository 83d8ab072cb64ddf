"""A running pair's life in a coordinator's hands: resting, going on, ending with a reason."""

from datetime import datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.notifying import end_asking, tell_volunteer
from jiedui.pairs.rules import BODY_LENGTH, CLOSE_REASONS, PAUSE_REASONS
from jiedui.pairs.tables import Pair
from jiedui.pairs.transitions import chosen, never_again, note, pair_of, take
from jiedui.store.columns import Row
from jiedui.store.scope import scope


async def pause(actor: Actor, pair_id: UUID, reason: str, now: datetime) -> None:
    """Let an active pair rest; her place stays hers. Raises NotFound, Refused, Conflict."""
    policy.require(actor, "pause")
    why = chosen(reason, PAUSE_REASONS)
    pair = await pair_of(actor, pair_id, "pause")
    async with scope(actor, now):
        await take("pause", pair, actor.role, now, {Pair.paused_at: now, Pair.pause_reason: why.code})
        await note(actor, "pair.pause", pair, now, reason=why.code)


async def resume(actor: Actor, pair_id: UUID, now: datetime) -> None:
    """A resting pair goes on, if these two may meet. Raises NotFound, Refused, Conflict."""
    pair = await pair_of(actor, pair_id, "resume")
    async with scope(actor, now):
        await take("resume", pair, actor.role, now, {Pair.paused_at: None, Pair.pause_reason: ""})
        await note(actor, "pair.resume", pair, now)


async def close(actor: Actor, pair_id: UUID, reason: str, words: str, now: datetime) -> None:
    """End a pair for good; it stays in the history. Raises NotFound, Refused, Conflict."""
    pair = await pair_of(actor, pair_id, "close")
    async with scope(actor, now):
        await end(actor, pair, reason, words, now)
        await note(actor, "pair.close", pair, now, reason=reason)


async def end(actor: Actor, pair: Row, reason: str, words: str, now: datetime) -> None:
    """Close a pair inside the caller's transaction: links and messages end, the volunteer is told."""
    why = chosen(reason, CLOSE_REASONS)
    if len(words) > BODY_LENGTH:
        raise Refused(N_("Please write at most {n} characters."), field="note", n=BODY_LENGTH)
    ending = {Pair.closed_at: now, Pair.end_reason: why.code, Pair.end_note: words.strip()}
    await take("close", pair, actor.role, now, ending)
    await end_asking(pair, now)
    if why.never_again:
        await never_again(pair, why.code, now)
    await tell_volunteer("volunteer.ended", pair, now)
