"""Who is acting: passed to every service function, so that scope and audit never have to guess.

A role is what the account says; a hat is what she may act as here and now: rows of people are for hats of a
county or less, above it there are figures, and what a county has shown her for a reason and a time.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Role = Literal[
    "volunteer", "coordinator", "vetting_officer", "safeguarding_officer", "auditor", "administrator",
    "reader", "system",
]  # fmt: skip
STAFF_ROLES: tuple[Role, ...] = (
    "coordinator", "vetting_officer", "safeguarding_officer", "auditor", "administrator", "reader",
)  # fmt: skip
Level = Literal["country", "province", "city", "county", "township", "village"]
LEVELS: dict[int, Level] = {0: "country", 2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}
"""By the significant digits of an area's code."""
COUNTY_DIGITS = 6
COUNTRY = "0" * 12
"""The code of everything."""

_NEAR: dict[str, frozenset[str]] = {
    "coordinator": frozenset({"coordinator"}),
    "vetting_officer": frozenset({"vetting_officer"}),
    "safeguarding_officer": frozenset({"safeguarding_officer"}),
    "administrator": frozenset({"coordinator"}),
}
"""Hats with rows of people behind them, for those whose area is a county or less."""
_ANYWHERE: dict[str, frozenset[str]] = {
    "volunteer": frozenset({"volunteer"}),
    "coordinator": frozenset({"reader"}),
    "auditor": frozenset({"auditor"}),
    "administrator": frozenset({"administrator", "reader"}),
    "reader": frozenset({"reader"}),
    "system": frozenset(
        {
            "coordinator",
            "county",
            "between",
            "vetting_officer",
            "safeguarding_officer",
            "auditor",
            "administrator",
            "reader",
            "system",
        }
    ),
}


@dataclass(frozen=True)
class Actor:
    """A person with a role in an area, or the system itself (jobs, command line)."""

    role: Role
    region_code: str
    name: str
    account_id: UUID | None = None
    volunteer_id: UUID | None = None
    granted: frozenset[UUID] = frozenset()
    """Households, volunteers and pairs that a county shows her at this moment."""
    runs_rounds: bool = False
    """Whether the policy lets her city run its rounds itself."""

    @staticmethod
    def system() -> "Actor":
        """The command line and background jobs: no person, every area."""
        return Actor(role="system", region_code=COUNTRY, name="system")

    @property
    def level(self) -> Level:
        """How large her area is."""
        return LEVELS[len(significant(self.region_code))]

    @property
    def hats(self) -> frozenset[str]:
        """What she may act as; nothing for a role nobody knows."""
        near = len(significant(self.region_code)) >= COUNTY_DIGITS or (
            self.runs_rounds and self.level == "city"
        )
        shown = frozenset({"granted"}) if self.granted and self.role in _NEAR else frozenset[str]()
        rows = _NEAR.get(self.role, frozenset()) if near else frozenset[str]()
        if "coordinator" in rows and self.level == "county":
            rows |= {"county"}
        if not near and "coordinator" in _NEAR.get(self.role, ()):
            rows |= {"between"}  # above counties: decides what two of them disagree about, one row at a time
        return _ANYWHERE.get(self.role, frozenset()) | rows | shown

    @property
    def is_staff(self) -> bool:
        """Whether this actor may see ledgers of her area."""
        return "coordinator" in self.hats


def significant(code: str) -> str:
    """The digits of a 12-digit area code that say something: 500230000000 → 500230; the country is ''."""
    stripped = code.rstrip("0")
    return code[: next(end for end in LEVELS if end >= len(stripped))]


def within(area: str, code: str) -> bool:
    """Whether the region `code` is the region `area` or lies in it."""
    return code.startswith(significant(area))


def above_both(one: str, other: str) -> str:
    """The smallest region in which both lie; the country, if need be."""
    area: str | None = one
    while area is not None and not within(area, other):
        area = parent(area)
    return area or COUNTRY


def parent(code: str) -> str | None:
    """The code one level up, or None for a province."""
    digits = len(significant(code))
    ends = [end for end in LEVELS if 0 < end < digits]
    return code[: ends[-1]].ljust(12, "0") if ends else None
