"""Who takes part in a round, as columns: no database, one row per household and per volunteer.

The bridge (problem.py) fills these; rules and cost terms read them through traits.py.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from jiedui_pairing import safety
from jiedui_pairing.policy import MOST_KINDS, Pack

if TYPE_CHECKING:
    from jiedui_pairing.traits import Pairs

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth."""
NO_LIMIT = 2**62
"""The reach of a volunteer who named none."""
UNREAD = 1 << MOST_KINDS
"""The bit for what a further trait says of somebody and the policy has no word for."""
RowPairs = tuple[tuple[int, int], ...]
"""Pairs of (household row, volunteer row)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Households:
    """`needs` are kinds as bits (kinds_mask), `wanted` helpers in all; keys are None where unknown.

    `more` are columns that only some rule reads, by name: whole numbers, 0 where nothing is said.
    """

    ids: Sequence[Any]
    lat: Floats
    lng: Floats
    colour: Sequence[str]
    minor: Mask
    needs: Ints
    wanted: Ints
    identity_key: Sequence[str | None]
    phone_key: Sequence[str | None]
    more: Mapping[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """From plain lists, one per column."""
        return cls(**columns)

    def __post_init__(self) -> None:
        _columns(self, lat=np.float64, lng=np.float64, minor=np.bool_, needs=np.int64, wanted=np.int64)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False, kw_only=True)
class Volunteers:
    """`active` is vetted and neither paused nor gone; `offers` are kinds as bits, whatever her skills;
    `held` counts the households she holds; `reach_m` and `record_check` may hold None; `more` as there."""

    ids: Sequence[Any]
    lat: Floats
    lng: Floats
    offers: Ints
    skills: Sequence[Collection[str]]
    capacity: Ints
    held: Ints
    reach_m: Ints
    active: Mask
    record_check: NDArray[np.datetime64]
    trained: Mask
    identity_key: Sequence[str | None]
    phone_key: Sequence[str | None]
    more: Mapping[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """From plain lists, one per column."""
        return cls(**columns)

    def __post_init__(self) -> None:
        reach = [NO_LIMIT if reach is None else reach for reach in self.reach_m]
        object.__setattr__(self, "reach_m", reach)
        _columns(
            self, lat=np.float64, lng=np.float64, offers=np.int64, capacity=np.int64, held=np.int64,
            reach_m=np.int64, active=np.bool_, record_check="datetime64[D]", trained=np.bool_,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.ids)


People = TypeVar("People", bound=Households | Volunteers)


@dataclass(frozen=True, eq=False)
class PairSet:
    """Some pairs of household and volunteer, by their rows, in the order of the households."""

    household: Ints
    volunteer: Ints

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "PairSet":
        """The set of these (household row, volunteer row)."""
        rows = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
        rows = np.unique(rows, axis=0)
        return cls(rows[:, 0], rows[:, 1])

    def having(self, pairs: "Pairs") -> Mask:
        """Which of the pairs are in the set."""
        begin, count = self._rows
        # All households behind the last one named have as many pairs as the row after it: none.
        row = np.minimum(pairs.household, len(count) - 1)
        having = np.zeros(len(pairs), dtype=np.bool_)
        left, turn = np.flatnonzero(count[row]), 0
        while left.size:
            household = row[left]
            having[left] |= self.volunteer[begin[household] + turn] == pairs.volunteer[left]
            turn += 1
            left = left[count[household] > turn]
        return having

    @cached_property
    def _rows(self) -> tuple[Ints, Ints]:
        """Where each household's pairs begin and how many they are, up to the last one and one more."""
        begin = np.searchsorted(self.household, np.arange(self.household.max(initial=-1) + 3))
        return begin[:-1], np.diff(begin)

    def __or__(self, other: "PairSet") -> "PairSet":
        both = np.stack([np.r_[self.household, other.household], np.r_[self.volunteer, other.volunteer]])
        household, volunteer = np.unique(both, axis=1)
        return PairSet(household, volunteer)


NOBODY = PairSet.of(())


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """Everything a round looks at; pairs are (household row, volunteer row)."""

    households: Households
    volunteers: Volunteers
    pack: Pack
    dated: dt.date
    running: RowPairs
    never_again: RowPairs
    pinned: RowPairs
    forbidden: RowPairs
    villages: Sequence[str]
    """The region code of each household's village."""
    hash: str
    """Names these inputs: equal hashes mean an equal problem."""
    earlier: Mapping[int, RowPairs] = field(default_factory=dict)
    """The pairs of the round's last plan by stage: of equally good plans, the one most like it is made."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Setting:
    """Everything a rule or a cost term may look at; `needs` and `held` as of this stage."""

    households: Households
    volunteers: Volunteers
    pack: Pack
    on: dt.date
    never_again: PairSet = NOBODY
    forbidden: PairSet = NOBODY
    running: PairSet = NOBODY
    needs: Ints = field(default=None)  # type: ignore[arg-type]  # None: as the households say
    held: Ints = field(default=None)  # type: ignore[arg-type]  # None: as the volunteers say
    helpers_before: Ints = field(default=None)  # type: ignore[arg-type]  # None: those running now
    traits: dict[str, NDArray[Any]] = field(default_factory=dict, init=False, repr=False)
    """Columns that traits.py has worked out already."""

    def __post_init__(self) -> None:
        for name, now in (
            ("needs", self.households.needs),
            ("held", self.volunteers.held),
            ("helpers_before", self.helpers),
        ):
            if getattr(self, name) is None:
                object.__setattr__(self, name, now)

    @cached_property
    def offered(self) -> Ints:
        """Kinds each volunteer offers and, where a skill is required, has one of the required skills for."""
        return self.volunteers.offers & ~self._without_one_of("required_skills")

    @cached_property
    def unskilled(self) -> Ints:
        """Kinds that welcome certain skills of which the volunteer has none."""
        return self._without_one_of("preferred_skills")

    @cached_property
    def cleared(self) -> Mask:
        """Who may meet a minor: trained, and a record check dated within the policy's days, not ahead."""
        people, days = self.volunteers, self.pack.eligibility.record_check_days
        return safety.cleared(people.record_check, people.trained, self.on, days)

    @cached_property
    def reach_m(self) -> Ints:
        """How far each volunteer can be sent: what the policy allows, or less if she wishes."""
        reach: Ints = np.minimum(self.volunteers.reach_m, self.pack.eligibility.max_distance_m)
        return reach

    @cached_property
    def same_person(self) -> PairSet:
        """Pairs that share an identity number or a telephone."""
        pairs: set[tuple[int, int]] = set()
        for column in ("identity_key", "phone_key"):
            known: dict[str, list[int]] = {}
            here, there = getattr(self.households, column), getattr(self.volunteers, column)
            shared = set(here) & set(there) - {None}
            for row, key in enumerate(there):
                if key in shared:
                    known.setdefault(key, []).append(row)
            for row, key in enumerate(here):
                if key in shared:
                    pairs.update((row, other) for other in known[key])
        return PairSet.of(pairs)

    @cached_property
    def helpers(self) -> Ints:
        """Helpers each household has today."""
        return np.bincount(self.running.household, minlength=len(self.households)).astype(np.int64)

    def _without_one_of(self, which: str) -> Ints:
        asking, good_for = 0, dict[str, int]()
        for bit, kind in enumerate(self.pack.kind):
            for skill in getattr(kind, which):
                asking |= 1 << bit
                good_for[skill] = good_for.get(skill, 0) | 1 << bit
        having = np.zeros(len(self.volunteers), dtype=np.int64)
        for row, skills in enumerate(self.volunteers.skills):
            for skill in skills:
                having[row] |= good_for.get(skill, 0)
        return asking & ~having


def joined(people: People, more: People) -> People:
    """All of them; the first keep their rows."""
    columns: dict[str, Any] = {
        name: [*getattr(people, name), *getattr(more, name)] for name in _names_of(people)
    }
    known = {
        name: np.r_[column_of(people, name), column_of(more, name)] for name in {**people.more, **more.more}
    }
    return replace(people, more=known, **columns)


def column_of(people: Households | Volunteers, name: str) -> Ints:
    """A column of `more`; of people nothing is said about, nothing but 0."""
    return people.more.get(name, np.zeros(len(people), dtype=np.int64))


def more_columns(pack: Pack, rows: Sequence[Collection[str]]) -> dict[str, Sequence[int]]:
    """`more` for people of whom these words are known, as "trait:word": a column for each trait of the
    policy, a bit for each thing that may stand there, UNREAD for all else that does."""
    columns: dict[str, Sequence[int]] = {}
    for trait in pack.more:
        bits = {f"{trait.code}:{thing[0]}": 1 << place for place, thing in enumerate(trait.words)}
        said = [{word for word in row if word.startswith(f"{trait.code}:")} for row in rows]
        columns[trait.code] = [sum({bits.get(word, UNREAD) for word in words}) for words in said]
    return columns


def grouped(*columns: Ints | Floats | Mask, of: Ints) -> tuple[Ints, Ints]:
    """One row of each group of these that are equal in all columns, and the group of each row."""
    _, first, group = np.unique(
        np.stack([column[of] for column in columns]), axis=1, return_index=True, return_inverse=True
    )
    return of[first], group.ravel()


def kinds_mask(pack: Pack, codes: Iterable[str]) -> int:
    """Kinds of support as bits, in the order of the policy's catalogue; unknown codes are an error."""
    return kinds_masks(pack, [codes])[0]


def kinds_masks(pack: Pack, lists: Iterable[Iterable[str]]) -> list[int]:
    """The same for many people."""
    if len(pack.kind) > MOST_KINDS:
        raise ValueError(f"policy {pack.name} names {len(pack.kind)} kinds of support: at most {MOST_KINDS}")
    bit = {kind.code: 1 << place for place, kind in enumerate(pack.kind)}
    return [sum({bit[code] for code in codes}) for codes in lists]


def kinds_of(pack: Pack, mask: int) -> list[str]:
    """The codes behind such bits."""
    return [kind.code for bit, kind in enumerate(pack.kind) if mask >> bit & 1]


def _columns(rows: Any, **types: Any) -> None:
    for name, kind in types.items():
        object.__setattr__(rows, name, np.asarray(getattr(rows, name), dtype=kind))
    more = {name: np.asarray(column, dtype=np.int64) for name, column in dict(rows.more).items()}
    object.__setattr__(rows, "more", more)
    for name, column in [(name, getattr(rows, name)) for name in _names_of(rows)] + [*more.items()]:
        if len(column) != len(rows.ids):
            raise ValueError(f"{name} has {len(column)} entries for {len(rows.ids)} {type(rows).__name__}")
    for name in ("lat", "lng"):
        unknown = ~np.isfinite(getattr(rows, name))
        if unknown.any():
            raise ValueError(f"{name}[{int(np.argmax(unknown))}] is unknown: everybody needs a place")


def _names_of(people: Any) -> list[str]:
    """The columns that all people have."""
    return [column.name for column in fields(people) if column.name != "more"]
