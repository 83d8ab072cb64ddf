"""A kind of ledger, as its concept brings it: what a row means, who may import it, how it is taken."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from jiedui.actor import Actor
from jiedui.ledgers.header import Profile
from jiedui.ledgers.person import more_names
from jiedui.ledgers.report import Reading
from jiedui.ledgers.saving import OnProgress, Saved
from jiedui.ledgers.words import Hint, Words
from jiedui.policies.force import in_force
from jiedui.store.columns import Row
from jiedui.store.scope import Hats


class Read(Protocol):
    """The records of a file. Raises LedgerError when it is no such ledger."""

    async def __call__(
        self,
        actor: Actor,
        path: Path,
        *,
        mapping: Mapping[str, str],
        others: Sequence[Profile],
        now: datetime,
    ) -> Reading[Any]:
        """`mapping` explains headers; a workbook that looks like one of the `others` is told so."""


class Save(Protocol):
    """Take records inside the caller's transaction; taking them again changes nothing."""

    async def __call__(
        self,
        actor: Actor,
        records: Sequence[Any],
        import_id: UUID,
        now: datetime,
        progress: OnProgress | None = None,
    ) -> Saved:
        """`progress` is told how far it is."""


async def _nothing(actor: Actor) -> Hint | None:
    return None


@dataclass(frozen=True)
class Subject:
    """The people of a ledger, for who decides between two areas: told apart, and moved."""

    kind: str
    cards: Callable[[Actor, Sequence[UUID]], Awaitable[list[Row]]]
    """Of those in the actor's area: id, number, masked name, village, township."""
    move: Callable[[Actor, UUID, str, datetime], Awaitable[None]]
    """To another village of the actor's area. Raises NotFound."""


@dataclass(frozen=True)
class Ledger:
    """What one concept says of its ledger; all the rest is alike for every kind."""

    kind: str
    """The word in addresses and in the command line."""
    access: Hats
    """Who may bring it: those who may save what it tells of."""
    words: Words
    file_name: str
    """What a sent file is called while it is read; a finding of a list names it."""
    read: Read
    forecast: Callable[[Actor, Sequence[Any]], Awaitable[Saved]]
    """What taking records would do; writes nothing."""
    save: Save
    template: Callable[[], bytes]
    """An empty ledger to hand out."""
    profile: Profile | None = None
    """The columns of its workbook; a ledger that is no workbook has none to explain."""
    hints: Mapping[str, Hint] = field(default_factory=dict)
    """What to do about a reason that a whole file may have."""
    afterwards: Hint | None = None
    """What waits for somebody once it is taken; `{id}` in its path is the import's."""
    first: Callable[[Actor], Awaitable[Hint | None]] = _nothing
    """What has to be there before such a ledger can be read at all."""
    subject: Subject | None = None
    """Whose rows two areas may claim; regions are claimed by nobody."""
    others: tuple[Profile, ...] = ()

    @property
    def fields(self) -> dict[str, str]:
        """What a column of its workbook may mean, by its usual header; further traits among it."""
        if self.profile is None:
            return {}
        usual = {field: words[0] for field, words in self.profile.wordings.items()}
        return usual | more_names(in_force(), self.kind)


def known(*ledgers: Ledger) -> dict[str, Ledger]:
    """Ledgers by kind, each told of the others, so that the wrong workbook can be named."""
    return {
        one.kind: replace(
            one,
            others=tuple(other.profile for other in ledgers if other is not one and other.profile),
        )
        for one in ledgers
    }


def subjects(ledgers: Mapping[str, Ledger]) -> dict[str, Subject]:
    """The people of these ledgers by their kind."""
    return {one.subject.kind: one.subject for one in ledgers.values() if one.subject}
