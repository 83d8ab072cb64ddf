"""The household's answer: through its link, or heard by a person; for a child it is the guardian who agrees.

A link opens with the year of birth, five tries; opening it gives a proof that is good for half an hour,
and only with the proof does an answer count. The first answer uses the link up.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from jiedui.accounts.actor import Actor
from jiedui.columns import Row
from jiedui.consents import service as consents
from jiedui.consents.texts import current
from jiedui.errors import Conflict, DomainError, NotFound, Refused
from jiedui.households.tables import Household
from jiedui.i18n import N_
from jiedui.pairs.concerns import readable, write_concern
from jiedui.pairs.eligible import has_minor
from jiedui.pairs.rules import ANSWERS, HEARD_BY, OPENED_FOR, TRIES
from jiedui.pairs.sight import Helper, helper_of
from jiedui.pairs.steps import never_again, note, pair_of, take
from jiedui.pairs.tables import HouseholdLink
from jiedui.pairs.telling import ask_household, end_asking, hash_of, tell_volunteer
from jiedui.piccolo_conf import DB
from jiedui.rounds.tables import Pair
from jiedui.vault import keyed_hash

_TOKEN = re.compile(r"[0-9a-f]{32}")
_PROOF = re.compile(r"([0-9]{10})\.([0-9a-f]{64})")
_UNKNOWN = N_(
    "This link is not complete, or it is not one of ours. Please ask your village committee for help."
)
_USED = N_(
    "This link has been used: we have your answer. If you think otherwise, please ask your village committee."
)
_EXPIRED = N_("This link has run out. Please ask your village committee, it can help you to a new one.")
_OVER = N_("This link is no longer needed. If you have questions, please ask your village committee.")
_LOCKED = N_(
    "The year of birth was wrong too often, so this link is locked. Please ask your village committee."
)
_NO_YEAR = N_("We cannot check your year of birth here. Please ask your village committee, it will help you.")


class LinkOver(DomainError):
    """A link that was good once."""

    status_code = 410


@dataclass(frozen=True)
class Opened:
    """What a household sees once it has said who it is, and the proof that it did."""

    helper: Helper
    proof: str


async def check_link(token: str, now: datetime) -> None:
    """Whether this link could still be opened; looks at nothing personal and changes nothing.

    Raises NotFound for an unknown or malformed link, LinkOver for one that was good once.
    """
    await _link_of(token, now)


async def open_link(token: str, birth_year: int, now: datetime) -> Opened:
    """Show a household its helper. Raises NotFound, LinkOver, Refused for a wrong year of birth."""
    async with DB.transaction():
        link, pair = await _lock(token, now)
        household = await Household.select(Household.born_on).where(Household.id == pair["household"]).first()
        if household is None or household["born_on"] is None:
            raise Refused(_NO_YEAR, field="birth_year")
        right = household["born_on"].year == birth_year
        if not right:
            await HouseholdLink.update({HouseholdLink.tries: HouseholdLink.tries + 1}).where(
                HouseholdLink.id == link["id"]
            )
    if right:
        return Opened(await helper_of(pair), _proof(token, now + OPENED_FOR))
    left = TRIES - link["tries"] - 1
    if left == 0:
        raise LinkOver(_LOCKED)
    raise Refused(
        N_("That is not the year of birth we know. You can try {n} more times."), field="birth_year", n=left
    )


async def household_accepts(token: str, proof: str, now: datetime) -> None:
    """She agrees: the pair is active and the volunteer hears of it. Raises NotFound, LinkOver, Conflict."""
    async with DB.transaction():
        pair = await _use(token, proof, now)
        await _agree(Actor.system(), pair, "household", "link", now)


async def household_asks_another(token: str, proof: str, now: datetime) -> None:
    """She would rather have another helper: free for the next round, and never these two again."""
    async with DB.transaction():
        pair = await _use(token, proof, now)
        await _refuse(Actor.system(), pair, "household", "link", "asked_for_another", now)


async def household_raises_concern(token: str, proof: str, text: str, now: datetime) -> None:
    """She has something on her mind: a coordinator takes it from here; the volunteer hears nothing."""
    text = readable(text, "text")
    async with DB.transaction():
        pair = await _use(token, proof, now)
        await write_concern(Actor.system(), pair, "household", text, now)


async def record_household_answer(actor: Actor, pair_id: UUID, answer: str, how: str, now: datetime) -> None:
    """What the household said to a person: `accepts`, `asks_another` or `wants_none`, heard by call, in the
    village or in person. Raises NotFound, Refused, Conflict when it was answered already."""
    if answer not in ANSWERS or how not in HEARD_BY:
        raise Refused(N_("Please choose what the household said, and how you heard it."), field="answer")
    pair = await pair_of(actor, pair_id)
    async with DB.transaction():
        if answer == "accepts":
            await _agree(actor, pair, actor.role, how, now)
        else:
            reason = "asked_for_another" if answer == "asks_another" else "wants_no_helper"
            await _refuse(actor, pair, actor.role, how, reason, now)
        await end_asking(pair, now)


async def ask_again(actor: Actor, pair_id: UUID, now: datetime) -> None:
    """A fresh link for a household whose own ran out or was locked. Raises NotFound, Conflict, Refused."""
    found = await pair_of(actor, pair_id)
    async with DB.transaction():
        pair = await _locked(found["id"])
        if pair["state"] != "accepted":
            raise Conflict
        if not await ask_household(pair, now):
            raise Refused(N_("Nobody may contact this household, says its ledger: no message was written."))
        await note(actor, "pair.ask_again", pair, now)


async def _agree(actor: Actor, pair: Row, role: str, how: str, now: datetime) -> None:
    pair = await take("agree", pair, role, {Pair.household_answered_at: now})
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
    pair = await take("refuse", pair, role, {Pair.household_answered_at: now, Pair.end_reason: reason})
    await never_again(pair, reason, now)
    await tell_volunteer("volunteer.not_now", pair, now)
    await note(actor, "pair.refuse", pair, now, how=how, reason=reason)


async def _use(token: str, proof: str, now: datetime) -> Row:
    """The pair, locked, with its link used up. Whoever comes second finds the link used."""
    link, pair = await _lock(token, now)
    _check_proof(token, proof, now)
    await HouseholdLink.update({HouseholdLink.used_at: now}).where(HouseholdLink.id == link["id"])
    await end_asking(pair, now)
    return pair


async def _lock(token: str, now: datetime) -> tuple[Row, Row]:
    link = await _link_of(token, now)
    pair = await _locked(link["pair"])
    return await _link_of(token, now), pair


async def _locked(pair_id: UUID) -> Row:
    pair: Row | None = await Pair.select().where(Pair.id == pair_id).lock_rows("UPDATE").first()
    if pair is None:
        raise NotFound
    return pair


async def _link_of(token: str, now: datetime) -> Row:
    link: Row | None = None
    if _TOKEN.fullmatch(token):
        link = await HouseholdLink.select(
            *HouseholdLink.all_columns(), HouseholdLink.pair.state.as_alias("pair_state")
        ).where(HouseholdLink.token_hash == hash_of(token)).first()  # fmt: skip
    if link is None:
        raise NotFound(_UNKNOWN)
    if link["used_at"] is not None:
        raise LinkOver(_USED)
    if link["revoked_at"] is not None or link["pair_state"] != "accepted":
        raise LinkOver(_OVER)
    if link["expires_at"] <= now:
        raise LinkOver(_EXPIRED)
    if link["tries"] >= TRIES:
        raise LinkOver(_LOCKED)
    return link


def _proof(token: str, until: datetime) -> str:
    return f"{int(until.timestamp())}.{_sign(token, int(until.timestamp()))}"


def _check_proof(token: str, proof: str, now: datetime) -> None:
    parts = _PROOF.fullmatch(proof)
    good = parts and hmac.compare_digest(_sign(token, int(parts[1])), parts[2])
    if not parts or not good or int(parts[1]) < now.timestamp():
        raise Conflict(N_("This page has been open for too long. Please write your year of birth once more."))


def _sign(token: str, until: int) -> str:
    return keyed_hash(f"{token} {until}", "household.opened")
