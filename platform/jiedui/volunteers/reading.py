"""Reads a ledger of volunteers (志愿者登记表): one row, one checked record."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from jiedui.i18n import N_
from jiedui.ledgers import identity, person, values
from jiedui.ledgers.header import Profile
from jiedui.ledgers.report import Reading
from jiedui.ledgers.table import SheetRow, read_table
from jiedui.ledgers.workbook import Cell
from jiedui.regions import codes
from jiedui.regions.villages import VillageIndex, village
from jiedui.volunteers.headers import PROFILE
from jiedui_pairing.policy import Pack, VolunteerKind

VOLUNTEER_KIND_UNKNOWN = N_("kind of volunteer unknown")
CAPACITY_WRONG = N_("capacity is not a positive whole number")
REACH_WRONG = N_("distance she accepts not understood")
CHECK_UNCLEAR = N_("check date not understood")
CHECK_IN_FUTURE = N_("check date lies in the future")
TRAINED_UNCLEAR = N_("training neither yes nor no")
OFFER_UNKNOWN = N_("support offered not in the catalogue")
NO_OFFER = N_("no kind of support offered")
SEX_DIFFERS = N_("sex differs from the identity number")
SKILL_UNKNOWN = N_("skill not in the catalogue")

_KINDS: dict[str, VolunteerKind] = {
    "爱心妈妈": "caring_mother",
    "代理妈妈": "caring_mother",
    "爱心妈妈志愿者": "caring_mother",
    "女企业家": "women_entrepreneur",
    "女企业家志愿者": "women_entrepreneur",
    "爱心人士": "helper",
    "爱心志愿者": "helper",
    "社会爱心人士": "helper",
}
_SEXES = {"女": "female", "女性": "female", "男": "male", "男性": "male"}
_MOST_HOUSEHOLDS = 1000
_FARTHEST_KM = 10_000


class VolunteerRecord(msgspec.Struct, frozen=True):
    """One volunteer as her row says. `cell` is the row's address and no part of what it says."""

    identity_number: str
    name: str
    sex: str
    kind: VolunteerKind
    occupation: str
    phone: str | None
    phone_raw: str
    township: str
    village: str
    skills: list[str]
    offers: list[str]
    capacity: int
    reach_km: int | None
    times: list[str]
    record_checked_on: date | None
    trained: bool
    remark: str
    more: dict[str, list[str]]
    cell: str


def read_volunteers(
    path: Path,
    villages: VillageIndex,
    pack: Pack,
    *,
    on: date,
    mapping: Mapping[str, str] | None = None,
    others: Sequence[Profile] = (),
) -> Reading[VolunteerRecord]:
    """The volunteers of a workbook; `mapping` explains header texts. Raises LedgerError if it is none."""

    def record_of(row: SheetRow) -> VolunteerRecord:
        return _volunteer(row, villages, pack, on)

    headers = person.more_headers(pack, "volunteers") | dict(mapping or {})
    return read_table(path, PROFILE, record_of, mapping=headers, others=others)


def _volunteer(row: SheetRow, villages: VillageIndex, pack: Pack, on: date) -> VolunteerRecord:
    name = person.name(row)
    identity_number = person.identity_number(row, on)
    kind: VolunteerKind = row.require("kind", _kind, VOLUNTEER_KIND_UNKNOWN)
    home = village(row, villages)
    capacity = row.require("capacity", _capacity, CAPACITY_WRONG)
    return VolunteerRecord(
        identity_number=identity_number,
        name=name,
        sex=_sex(row, identity_number),
        kind=kind,
        occupation=row.text("occupation", 100),
        phone=person.phone(row),
        phone_raw=row.text("phone", 100),
        township=codes.township(home),
        village=home,
        skills=_skills(row, pack),
        offers=_offers(row, pack),
        capacity=capacity,
        reach_km=_reach_km(row),
        times=[time[:40] for time in values.items(row["times"])],
        record_checked_on=_record_checked_on(row, on),
        trained=_trained(row),
        remark=row.text("remark", 2000),
        more=person.more(row, pack),
        cell=row.cell(),
    )


def _kind(cell: Cell) -> VolunteerKind | None:
    return _KINDS.get(values.normal(cell).replace(" ", ""))


def _capacity(cell: Cell) -> int | None:
    number = values.whole_number(cell)
    return number if number is not None and 0 < number <= _MOST_HOUSEHOLDS else None


def _reach_km(row: SheetRow) -> int | None:
    """None is no limit, so a distance that is not understood refuses the row instead of lifting it."""

    def kilometres(cell: Cell) -> int | None:
        number = values.whole_number(cell)
        return number if number is not None and 0 < number <= _FARTHEST_KM else None

    return None if values.unlimited(row["reach_km"]) else row.require("reach_km", kilometres, REACH_WRONG)


def _sex(row: SheetRow, identity_number: str) -> str:
    of_number = identity.sex(identity_number)
    if not values.blank(row["sex"]) and _SEXES.get(values.normal(row["sex"])) != of_number:
        row.warn("sex", SEX_DIFFERS)
    return of_number


def _skills(row: SheetRow, pack: Pack) -> list[str]:
    """The catalogue's names; a skill it lacks is kept as written and warned about."""
    known = {
        word: skill.name["zh_CN"] for skill in pack.skill for word in (skill.name["zh_CN"], *skill.words)
    }
    written = values.items(row["skills"])
    if any(word not in known for word in written):
        row.warn("skills", SKILL_UNKNOWN)
    return list(dict.fromkeys(known.get(word, word[:40]) for word in written))


def _offers(row: SheetRow, pack: Pack) -> list[str]:
    if not values.items(row["offers"]):
        row.warn("offers", NO_OFFER)
    return person.kinds(row, "offers", pack, OFFER_UNKNOWN)


def _record_checked_on(row: SheetRow, on: date) -> date | None:
    checked = (
        None
        if values.nothing(row["record_checked_on"])
        else row.read("record_checked_on", values.when, CHECK_UNCLEAR)
    )
    if checked is not None and checked > on:
        row.warn("record_checked_on", CHECK_IN_FUTURE)
        return None
    return checked


def _trained(row: SheetRow) -> bool:
    return bool(row.read("trained", values.yes_no, TRAINED_UNCLEAR))
