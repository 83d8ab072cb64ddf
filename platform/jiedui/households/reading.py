"""Reads a ledger of households (留守妇女信息台账): one row, one checked record."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from jiedui.households.headers import PROFILE
from jiedui.i18n import N_
from jiedui.ledgers import person, values
from jiedui.ledgers.header import Profile
from jiedui.ledgers.report import Reading
from jiedui.ledgers.table import SheetRow, read_table
from jiedui.ledgers.workbook import Cell
from jiedui.regions import codes
from jiedui.regions.villages import VillageIndex, village
from jiedui_pairing.policy import Pack

ContactWay = Literal["sms", "call", "village", "letter", "none"]

COLOUR_UNKNOWN = N_("risk colour not understood")
NO_COLOUR = N_("no risk colour stated")
NEED_UNKNOWN = N_("need not in the catalogue")
NO_NEED = N_("no need stated")
AWAY_UNCLEAR = N_("date away not understood")
SIZE_UNCLEAR = N_("household size not understood")
ELDERS_UNCLEAR = N_("number of elders not understood")
CHILD_UNCLEAR = N_("birth month of a child not understood")
WAY_UNCLEAR = N_("way of contact not understood")
NO_WAY = N_("no way of contact stated")

# In this order: who may not be contacted stays so whatever else the cell says.
_WAYS: tuple[tuple[ContactWay, tuple[str, ...]], ...] = (
    ("none", ("不得", "不能", "不要", "不可", "不宜", "不便", "不愿", "不联系", "勿", "禁止", "拒绝")),
    ("village", ("村", "社区", "转达", "代转", "转告", "网格", "妇联")),
    ("sms", ("短信", "短讯", "信息")),
    ("call", ("电话", "致电", "通话")),
    ("letter", ("信", "邮寄")),
)
_MOST_PEOPLE = 50


class Child(msgspec.Struct, frozen=True):
    """A child of the household; `born` is the first of the month where only the month is known."""

    name: str
    born: date | None


class HouseholdRecord(msgspec.Struct, frozen=True):
    """One household as its row says. `cell` is the row's address and no part of what it says."""

    identity_number: str
    name: str
    township: str
    village: str
    phone: str | None
    phone_raw: str
    ethnicity: str
    schooling: str
    health: str
    husband_name: str
    husband_place: str
    away_since: date | None
    away_raw: str
    size: int | None
    elders: int | None
    category: str
    colour: str
    children: list[Child]
    needs: list[str]
    contact_way: ContactWay
    remark: str
    more: dict[str, list[str]]
    cell: str

    def has_minor(self, on: date, age: int = 18) -> bool:
        """Whether a child is under `age`; one whose birth is not known counts as a minor, to be safe."""
        return any(child.born is None or _years(child.born, on) < age for child in self.children)


def read_households(
    path: Path,
    villages: VillageIndex,
    pack: Pack,
    *,
    on: date,
    mapping: Mapping[str, str] | None = None,
    others: Sequence[Profile] = (),
) -> Reading[HouseholdRecord]:
    """The households of a workbook; `mapping` explains header texts. Raises LedgerError if it is none."""

    def record_of(row: SheetRow) -> HouseholdRecord:
        return _household(row, villages, pack, on)

    headers = person.more_headers(pack, "households") | dict(mapping or {})
    return read_table(path, PROFILE, record_of, mapping=headers, others=others)


def _household(row: SheetRow, villages: VillageIndex, pack: Pack, on: date) -> HouseholdRecord:
    name = person.name(row)
    identity_number = person.identity_number(row, on)
    home = village(row, villages)
    return HouseholdRecord(
        identity_number=identity_number,
        name=name,
        township=codes.township(home),
        village=home,
        phone=person.phone(row),
        phone_raw=row.text("phone", 100),
        ethnicity=row.text("ethnicity", 40),
        schooling=row.text("schooling", 40),
        health=row.text("health", 60),
        husband_name=row.text("husband_name", 100),
        husband_place=row.text("husband_place", 100),
        away_since=row.read("away_since", values.when, AWAY_UNCLEAR),
        away_raw=row.text("away_since", 100),
        size=row.read("size", _people, SIZE_UNCLEAR),
        elders=row.read("elders", _people, ELDERS_UNCLEAR),
        category=row.text("category", 40),
        colour=_colour(row, pack),
        children=_children(row, on),
        needs=_needs(row, pack),
        contact_way=_contact_way(row),
        remark=row.text("remark", 2000),
        more=person.more(row, pack),
        cell=row.cell(),
    )


def _colour(row: SheetRow, pack: Pack) -> str:
    """A blank colour is the least urgent, with a warning; a word nobody knows may hide the most urgent and
    refuses the row."""
    if values.nothing(row["colour"]):
        row.warn("colour", NO_COLOUR)
        return pack.colours[-1]

    def colour(cell: Cell) -> str | None:
        word = values.normal(cell).replace(" ", "")
        return pack.colour_of(word) or pack.colour_of(word.removesuffix("等级").removesuffix("级"))

    return row.require("colour", colour, COLOUR_UNKNOWN)


def _needs(row: SheetRow, pack: Pack) -> list[str]:
    if not values.items(row["needs"]):
        row.warn("needs", NO_NEED)
    return person.kinds(row, "needs", pack, NEED_UNKNOWN)


def _children(row: SheetRow, on: date) -> list[Child]:
    children = [
        Child(name[:100], born if born is not None and born <= on else None)
        for name, born in values.children(row["children"])
    ]
    if any(child.born is None for child in children):
        row.warn("children", CHILD_UNCLEAR)
    return children


def _contact_way(row: SheetRow) -> ContactWay:
    """Through the village where nothing is said; nobody is contacted in a way that is not understood."""
    text = values.normal(row["contact_way"]).replace(" ", "")
    if not text:
        row.warn("contact_way", NO_WAY)
        return "village"
    for way, words in _WAYS:
        if any(word in text for word in words):
            return way
    row.warn("contact_way", WAY_UNCLEAR)
    return "none"


def _people(cell: Cell) -> int | None:
    if values.nothing(cell):
        return 0
    number = values.whole_number(cell)
    return number if number is not None and 0 <= number <= _MOST_PEOPLE else None


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
