"""Who is acting: passed to every service function, so that scope and audit never have to guess."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

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
