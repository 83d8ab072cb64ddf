"""What each side may see of the other: decided by the pair's state, and nothing else is read.

Before both have said yes the volunteer sees kinds of help, the township and whole kilometres; then a
surname and how to meet; after the end nothing. The household sees a surname, a kind and a township.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.errors import NotFound, Refused
from jiedui.households.tables import Household
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.rules import PHONE_WAYS, coarse_km, disclosed
from jiedui.pairs.safety import against, against_each
from jiedui.pairs.tables import LIVE, Pair
from jiedui.pairs.transitions import note, pair_of
from jiedui.regions.codes import township
from jiedui.regions.service import region_names
from jiedui.store import masked
from jiedui.store.columns import Row
from jiedui.store.scope import scope
from jiedui.store.vault import unseal
from jiedui.volunteers.tables import Volunteer

_RUNNING_FIRST = ("active", "paused", "accepted")


@dataclass(frozen=True)
class Family:
    """A household as its volunteer may know it; what she may not know is empty."""

    pair_id: UUID
    state: str
    deadline: datetime
    since: datetime | None
    ended: datetime | None
    needs: list[str] = field(default_factory=list)
    township: str = ""
    km: int | None = None
    surname: str = ""
    village: str = ""
    has_phone: bool = False


@dataclass(frozen=True)
class Helper:
    """A volunteer as the household may know her."""

    surname: str
    sex: str
    kind: str
    township: str
    needs: list[str]


async def proposals_of(actor: Actor, now: datetime) -> list[Family]:
    """What a volunteer is asked and has not answered, the most urgent first; de-identified."""
    policy.require(actor, "meet")
    hers = policy.visible(actor, deed="meet")
    rows = await Pair.select().where(hers, Pair.state == "proposed").order_by(Pair.volunteer_deadline)
    return await families(rows, now)


async def pairs_of(actor: Actor, now: datetime) -> list[Family]:
    """A volunteer's families, running ones first; those that ended tell only that they did."""
    policy.require(actor, "meet")
    hers = policy.visible(actor, deed="meet")
    shown = (*_RUNNING_FIRST, "closed", "refused")
    rows = await Pair.select().where(hers, Pair.state.is_in(list(shown))).order_by(Pair.proposed_at)
    return await families(sorted(rows, key=lambda row: shown.index(row["state"])), now)


async def family_of(actor: Actor, pair_id: UUID, now: datetime) -> Family:
    """One of her families. Raises NotFound."""
    return (await families([await pair_of(actor, pair_id, "meet")], now))[0]


async def show_phone(actor: Actor, pair_id: UUID, now: datetime) -> str:
    """The number of a running pair's household, if its ledger lets it be called; noted in the audit trail."""
    pair = await pair_of(actor, pair_id, "phone")
    row = await Household.select(
        Household.phone, Household.phone_key, Household.contact_way
    ).where(Household.id == pair["household"]).first()  # fmt: skip
    if row is None or not _may_call(pair, row, may_meet=not await against(pair, today(now))):
        raise Refused(N_("Please get in touch through the village committee."))
    async with scope(actor, now):
        await note(actor, "pair.show_phone", pair, now)
    return unseal(row["phone"], "household.phone")


async def helper_of(pair: Row) -> Helper:
    """The pair's volunteer as the household may know her."""
    row = await Volunteer.select(
        Volunteer.name, Volunteer.sex, Volunteer.kind, Volunteer.region_code
    ).where(Volunteer.id == pair["volunteer"]).first()  # fmt: skip
    if row is None:
        raise NotFound
    place = township(row["region_code"])
    return Helper(
        surname=surname(row["name"]),
        sex=row["sex"],
        kind=row["kind"],
        township=(await region_names([place]))[place],
        needs=pair["needs"],
    )


def surname(name: str) -> str:
    """What stands before 女士: 李, 欧阳; of a name with a dot its first part."""
    return name.split("·", maxsplit=1)[0] if "·" in name else masked.surname(name)


async def families(pairs: list[Row], now: datetime) -> list[Family]:
    """These pairs' households as their volunteers may know them: every view of hers comes from here."""
    kept_apart = await against_each(pairs, today(now))
    may = {pair["id"]: disclosed(pair["state"], may_meet=not kept_apart[pair["id"]]) for pair in pairs}
    named = [pair["household"] for pair in pairs if "courtesy_name" in may[pair["id"]]]
    households: dict[UUID, Row] = {}
    if named:
        rows = await Household.select(
            Household.id, Household.name, Household.contact_way, Household.phone_key
        ).where(Household.id.is_in(named))  # fmt: skip
        households = {row["id"]: row for row in rows}
    live = {pair["region_code"] for pair in pairs if pair["state"] in LIVE}
    places = await region_names([*live, *map(township, live)])
    return [_family(pair, households.get(pair["household"]), places, may[pair["id"]]) for pair in pairs]


def _family(pair: Row, household: Row | None, places: dict[str, str], may: frozenset[str]) -> Family:
    return Family(
        pair_id=pair["id"],
        state=pair["state"],
        deadline=pair["volunteer_deadline"],
        since=pair["household_answered_at"] if may else None,
        ended=pair["closed_at"],
        needs=pair["needs"] if "needs" in may else [],
        township=places[township(pair["region_code"])] if "township" in may else "",
        km=coarse_km(pair["distance_m"]) if "distance" in may else None,
        surname=surname(household["name"]) if household and "courtesy_name" in may else "",
        village=places[pair["region_code"]] if "village" in may else "",
        has_phone=household is not None and "phone" in may and _callable(household),
    )


def _may_call(pair: Row, household: Row, *, may_meet: bool) -> bool:
    return "phone" in disclosed(pair["state"], may_meet=may_meet) and _callable(household)


def _callable(household: Row) -> bool:
    return household["contact_way"] in PHONE_WAYS and household["phone_key"] is not None
