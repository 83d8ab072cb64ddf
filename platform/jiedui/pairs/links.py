"""A household's way in without a login: opened with the year of birth, good for one answer.

Five wrong years lock a link. Opening it gives a proof that is good for half an hour, and only with the
proof does an answer count; it travels in the page's form, so nothing is kept in a session.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from jiedui.clock import today
from jiedui.errors import Conflict, DomainError, NotFound, Refused
from jiedui.households.tables import Household
from jiedui.i18n import N_
from jiedui.pairs.disclosure import Helper, helper_of
from jiedui.pairs.notifying import end_asking, hash_of
from jiedui.pairs.rules import OPENED_FOR, TRIES
from jiedui.pairs.safety import against
from jiedui.pairs.tables import HouseholdLink
from jiedui.pairs.transitions import locked
from jiedui.store.columns import Row
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import keyed_hash

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_PROOF = re.compile(r"([0-9]{10})\.([0-9a-f]{64})")
_UNKNOWN = N_(
    "This link is not complete, or it is not one of ours. Please ask your village committee for help."
)
_USED = N_(
    "This link has been used: we have your answer. If you think otherwise, please ask your village committee."
)
_EXPIRED = N_("This link has run out. Please ask your village committee, it can help you to a new one.")
_OVER = N_("This link is no longer needed. If you have questions, please ask your village committee.")
_RESTING = N_("Your helper cannot come at present. Please ask your village committee; nothing is lost.")
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
        return Opened(await _helper(pair, now), _proof(token, now + OPENED_FOR))
    left = TRIES - link["tries"] - 1
    if left == 0:
        raise LinkOver(_LOCKED)
    raise Refused(
        N_("That is not the year of birth we know. You can try {n} more times."), field="birth_year", n=left
    )


async def opened_before(token: str, proof: str, now: datetime) -> Opened:
    """The same view again for somebody who has just opened the link. Raises as `use_link` does."""
    async with DB.transaction():
        _, pair = await _lock(token, now)
    _check_proof(token, proof, now)
    return Opened(await _helper(pair, now), proof)


async def use_link(token: str, proof: str, now: datetime) -> Row:
    """The pair, locked, with its link used up, inside the caller's transaction; the second finds it used.

    Raises NotFound, LinkOver, Conflict for a proof that is not of this link or too old.
    """
    link, pair = await _lock(token, now)
    _check_proof(token, proof, now)
    await HouseholdLink.update({HouseholdLink.used_at: now}).where(HouseholdLink.id == link["id"])
    await end_asking(pair, now)
    return pair


async def _lock(token: str, now: datetime) -> tuple[Row, Row]:
    link = await _link_of(token, now)
    pair = await locked(link["pair"])
    return await _link_of(token, now), pair


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


async def _helper(pair: Row, now: datetime) -> Helper:
    """Nobody is told the name of a helper who may not come."""
    if await against(pair, today(now)):
        raise LinkOver(_RESTING)
    return await helper_of(pair)


def _proof(token: str, until: datetime) -> str:
    return f"{int(until.timestamp())}.{_sign(token, int(until.timestamp()))}"


def _check_proof(token: str, proof: str, now: datetime) -> None:
    parts = _PROOF.fullmatch(proof)
    good = parts and hmac.compare_digest(_sign(token, int(parts[1])), parts[2])
    if not parts or not good or int(parts[1]) < now.timestamp():
        raise Conflict(N_("This page has been open for too long. Please write your year of birth once more."))


def _sign(token: str, until: int) -> str:
    return keyed_hash(f"{token} {until}", "household.opened")
