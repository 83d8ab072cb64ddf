"""Who is acting: passed to every service function, so that scope and audit never have to guess."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

_ENDS = (2, 4, 6, 9, 12)
"""The digits at which an area code ends: province, city, county, township, village."""

Role = Literal["volunteer", "coordinator", "administrator", "system"]


@dataclass(frozen=True)
class Actor:
    """A person with a role in an area, or the system itself (jobs, command line)."""

    role: Role
    region_code: str
    name: str
    account_id: UUID | None = None
    volunteer_id: UUID | None = None

    @staticmethod
    def system() -> "Actor":
        """The command line and background jobs: no person, every area."""
        return Actor(role="system", region_code="0" * 12, name="system")

    @property
    def is_staff(self) -> bool:
        """Whether this actor may see ledgers of her area."""
        return self.role != "volunteer"


def significant(code: str) -> str:
    """The digits of a 12-digit code that say something: 500230000000 → 500230; the country is ''."""
    stripped = code.rstrip("0")
    return code[: next(end for end in (0, *_ENDS) if end >= len(stripped))]


def within(area: str, code: str) -> bool:
    """Whether the region `code` is the region `area` or lies in it."""
    return code.startswith(significant(area))


def parent(code: str) -> str | None:
    """The code one level up, or None for a province."""
    digits = len(significant(code))
    ends = [end for end in _ENDS if end < digits]
    return code[: ends[-1]].ljust(12, "0") if ends else None
