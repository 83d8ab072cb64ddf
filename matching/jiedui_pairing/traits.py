"""What rules and cost terms may read: traits of people, the way between two, and pairs known by name.

Whoever reads says what. It is shown nothing else (`Seen`), so its answer for two people follows from what it
declares: that is why it may be asked once for all who share those traits, and never about somebody it
cannot know. A new trait is one line here, of a column that people.py has or of one in their `more`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiedui_pairing.people import EARTH_RADIUS_M, UNREAD, Floats, Ints, Mask, PairSet, Setting, column_of
from jiedui_pairing.policy import Pack

Column = NDArray[Any]


class UndeclaredError(LookupError):
    """A rule or a cost term reads what it has not declared."""


def meets(asked: Ints, had: Ints) -> Mask:
    """Whether a volunteer is known to have one of the things a family asks for, each as bits of one trait.

    A family of whom nothing is said asks for nothing. What is said and could not be read (UNREAD) counts for
    nobody: nobody is known to meet what such a family asks for, and nobody has it.
    """
    met: Mask = (asked == 0) | (asked & had & ~UNREAD != 0)
    return met


def more_of_households(name: str) -> Callable[[Setting], Column]:
    """A column of the households' `more`."""
    return lambda setting: column_of(setting.households, name)


def more_of_volunteers(name: str) -> Callable[[Setting], Column]:
    """A column of the volunteers' `more`."""
    return lambda setting: column_of(setting.volunteers, name)


HOUSEHOLD: dict[str, Callable[[Setting], Column]] = {
    "needs": attrgetter("needs"),
    "minor": attrgetter("households.minor"),
    # "Before" is before the round: a first helper whom this very round has found does not count.
    "helped": lambda setting: setting.helpers_before > 0,
}
VOLUNTEER: dict[str, Callable[[Setting], Column]] = {
    "active": attrgetter("volunteers.active"),
    "offers": attrgetter("offered"),
    "unskilled": attrgetter("unskilled"),
    "cleared": attrgetter("cleared"),
    "full": lambda setting: setting.held >= setting.volunteers.capacity,
    "reach_m": attrgetter("reach_m"),
}
# Few pairs stand in these, and all others are strangers to each other.
BY_NAME: dict[str, Callable[[Setting], PairSet]] = {
    name: attrgetter(name) for name in ("never_again", "same_person", "forbidden", "running")
}
WAY = "distance_m"
# What is worked out of traits of both: wanted needs that this volunteer meets, as bits.
COMMON, _OF_COMMON = "common", ("needs", "offers")


def column(setting: Setting, name: str) -> Column:
    """A trait of all households, or of all volunteers."""
    if name not in setting.traits:
        setting.traits[name] = (HOUSEHOLD.get(name) or VOLUNTEER[name])(setting)
    return setting.traits[name]


@dataclass(frozen=True)
class Reader:
    """Somebody with a name who reads these of a pair, and nothing else but the policy pack."""

    name: str
    reads: tuple[str, ...]

    def __post_init__(self) -> None:
        known = {*HOUSEHOLD, *VOLUNTEER, *BY_NAME, WAY, COMMON}
        if unknown := set(self.reads) - known:
            raise ValueError(f"{self.name} reads {sorted(unknown)}: there is only {sorted(known)}")
        if twice := HOUSEHOLD.keys() & VOLUNTEER.keys() & set(self.reads):
            raise ValueError(f"{self.name} reads {sorted(twice)} of both sides: each needs a name of its own")

    def traits(self, of: Mapping[str, Any]) -> list[str]:
        """Those it reads of HOUSEHOLD, VOLUNTEER or BY_NAME."""
        read = {*self.reads, *(_OF_COMMON if COMMON in self.reads else ())}
        return [name for name in of if name in read]

    @property
    def reads_way(self) -> bool:
        """Whether it matters how far the two live apart."""
        return WAY in self.reads

    def seen(self, pairs: "Pairs", but: str = "") -> "Seen":
        """What it is shown of these pairs: all that it reads `but` this."""
        return Seen(self.name, pairs, {*self.reads, *self.traits(HOUSEHOLD), *self.traits(VOLUNTEER)} - {but})

    def whole(self, pairs: "Pairs", answer: Any, kind: type) -> Column:
        """Its answer; raises TypeError unless that is one value of this kind for each pair."""
        if not isinstance(answer, np.ndarray) or answer.shape != (len(pairs),) or answer.dtype != kind:
            raise TypeError(f"{self.name} must answer with one {np.dtype(kind)} for each of the pairs")
        return answer


class Seen:
    """Some pairs as one reader sees them: each declared trait by its name, a value for each pair.

    Named pairs are a mask. `pack` is the policy; len() says how many pairs there are.
    """

    __slots__ = ("_give", "_size", "pack")

    def __init__(self, reader: str, pairs: "Pairs", declared: set[str]) -> None:
        def give(name: str) -> Column:
            if name not in declared:
                raise UndeclaredError(f"{reader} reads {name!r} and declares only {sorted(declared)}")
            return pairs.trait(name)

        self._give, self._size = give, len(pairs)
        self.pack: Pack = pairs.setting.pack

    def __getattr__(self, name: str) -> Any:
        return self._give(name)

    def __len__(self) -> int:
        return self._size


@dataclass(frozen=True, eq=False)
class Pairs:
    """Some pairs under judgement, row by row; what is costly is worked out once and when asked."""

    setting: Setting
    household: Ints
    volunteer: Ints
    _known: dict[str, Column] = field(default_factory=dict)

    def trait(self, name: str) -> Column:
        """What it is for each pair; nobody can write into it."""
        if name in self._known:
            return self._known[name]
        if name in HOUSEHOLD:
            return column(self.setting, name)[self.household]
        if name in VOLUNTEER:
            return column(self.setting, name)[self.volunteer]
        if name in BY_NAME:
            return BY_NAME[name](self.setting).having(self)
        found = self._way() if name == WAY else self.trait("needs") & self.trait("offers")
        self._known[name] = _frozen(found)
        return found

    @property
    def common(self) -> Ints:
        """Wanted needs that this volunteer meets, as bits."""
        return self.trait(COMMON)

    @property
    def distance_m(self) -> Ints:
        """Estimated road metres: great circle × the policy's factor, rounded to the nearest metre."""
        return self.trait(WAY)

    def apart(self, metres: int | Ints) -> "Pairs":
        """The same people as if they lived so far apart."""
        return self._with({WAY: np.full(len(self), metres, dtype=np.int64)})

    def strangers(self) -> "Pairs":
        """The same people as if nobody knew any of these pairs by name."""
        return self._with(dict.fromkeys(BY_NAME, np.zeros(len(self), dtype=np.bool_)))

    def where(self, mask: Mask) -> "Pairs":
        """Only these rows; what was worked out already is kept."""
        known = {name: _frozen(values[mask]) for name, values in self._known.items()}
        return Pairs(self.setting, self.household[mask], self.volunteer[mask], known)

    def _with(self, known: dict[str, Column]) -> "Pairs":
        known = {name: _frozen(values) for name, values in known.items()}
        return Pairs(self.setting, self.household, self.volunteer, self._known | known)

    def _way(self) -> Ints:
        here, there = self.setting.households, self.setting.volunteers
        lat, other = np.radians(here.lat[self.household]), np.radians(there.lat[self.volunteer])
        east = np.radians(there.lng[self.volunteer]) - np.radians(here.lng[self.household])
        chord = np.sin((other - lat) / 2) ** 2 + np.cos(lat) * np.cos(other) * np.sin(east / 2) ** 2
        metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
        return np.rint(metres * self.setting.pack.eligibility.road_factor).astype(np.int64)

    def __len__(self) -> int:
        return len(self.household)


def _frozen(values: Column) -> Column:
    values.setflags(write=False)
    return values
