"""The household's answer, through its link or heard by a person; for a child the guardian agrees."""

from datetime import datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.consents import service as consents
from jiedui.consents.texts import current
from jiedui.errors import Conflict, Refused
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.concerns import readable, write_concern
from jiedui.pairs.links import use_link
from jiedui.pairs.notifying import ask_household, end_asking, tell_volunteer
from jiedui.pairs.rules import ANSWERS, HEARD_BY
from jiedui.pairs.safety import has_minor, require_may_meet
from jiedui.pairs.tables import Pair
from jiedui.pairs.transitions import locked, never_again, note, pair_of, take
from jiedui.store.columns import Row
from jiedui.store.scope import scope


async def household_accepts(token: str, proof: str, now: datetime) -> None:
    """She agrees: the pair is active and the volunteer hears of it. Raises NotFound, LinkOver, Conflict."""
    async with scope(Actor.system(), now):
        pair = await use_link(token, proof, now)
        await _agree(Actor.system(), pair, "household", "link", now)


async def household_asks_another(token: str, proof: str, now: datetime) -> None:
    """She would rather have another helper: free for the next round, and never these two again."""
    async with scope(Actor.system(), now):
        pair = await use_link(token, proof, now)
        await _refuse(Actor.system(), pair, "household", "link", "asked_for_another", now)


async def household_raises_concern(token: str, proof: str, text: str, now: datetime) -> None:
    """She has something on her mind: a coordinator takes it from here; the volunteer hears nothing."""
    text = readable(text, "text")
    async with scope(Actor.system(), now):
        pair = await use_link(token, proof, now)
        await write_concern(Actor.system(), pair, "household", text, now)


async def record_household_answer(actor: Actor, pair_id: UUID, answer: str, how: str, now: datetime) -> None:
    """What the household said to a person: `accepts`, `asks_another` or `wants_none`, heard by call, in the
    village or in person. Raises NotFound, Refused, Conflict when it was answered already."""
    policy.require(actor, "answer")
    if answer not in ANSWERS or how not in HEARD_BY:
        raise Refused(N_("Please choose what the household said, and how you heard it."), field="answer")
    pair = await pair_of(actor, pair_id, "answer")
    async with scope(actor, now):
        if answer == "accepts":
            await _agree(actor, pair, actor.role, how, now)
        else:
            reason = "asked_for_another" if answer == "asks_another" else "wants_no_helper"
            await _refuse(actor, pair, actor.role, how, reason, now)
        await end_asking(pair, now)


async def ask_again(actor: Actor, pair_id: UUID, now: datetime) -> None:
    """A fresh link for a household whose own ran out or was locked. Raises NotFound, Conflict, Refused."""
    found = await pair_of(actor, pair_id, "ask_again")
    async with scope(actor, now):
        pair = await locked(found["id"])
        if pair["state"] != "accepted":
            raise Conflict
        await require_may_meet(pair, actor.role, today(now))
        if not await ask_household(pair, now):
            raise Refused(N_("Nobody may contact this household, says its ledger: no message was written."))
        await note(actor, "pair.ask_again", pair, now)


async def _agree(actor: Actor, pair: Row, role: str, how: str, now: datetime) -> None:
    pair = await take("agree", pair, role, now, {Pair.household_answered_at: now})
    await consents.give(
        ("pair", pair["id"]),
        [current("pairing.household")],
        given_by="guardian" if await has_minor(pair, now) else "self",
        how=HEARD_BY.get(how, how),
        region_code=pair["region_code"],
        now=now,
    )
    await tell_volunteer("volunteer.active", pair, now)
    await note(actor, "pair.agree", pair, now, how=how)


async def _refuse(actor: Actor, pair: Row, role: str, how: str, reason: str, now: datetime) -> None:
    pair = await take("refuse", pair, role, now, {Pair.household_answered_at: now, Pair.end_reason: reason})
    await never_again(pair, reason, now)
    await tell_volunteer("volunteer.not_now", pair, now)
    await note(actor, "pair.refuse", pair, now, how=how, reason=reason)
