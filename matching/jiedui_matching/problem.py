"""A pairing problem as arrays, checked once: what every solver and the checker may rely on."""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Solvers and prices add one cost per node along a path; below this they stay inside int64.
LIMIT = 2**62


class Largest(NamedTuple):
    """The dearest arc, the dearest place and what the weightiest helper weighs: do costs fit?"""

    arc: int
    place: int
    weight: int

    def or_more(self, arc: int = 0, place: int = 0, weight: int = 0) -> "Largest":
        """The larger one of each."""
        return Largest(max(self.arc, arc), max(self.place, place), max(self.weight, weight))

    def check(self, blamed: str, slots: int, volunteers: int) -> None:
        """Raises ValueError, with what is to blame in front, if costs could leave int64 in any solver."""
        # OR-Tools multiplies costs by its nodes, three of them its own, and its prices go beyond that: of
        # many networks tried it gave up on some above 9/16 of the limit. A quarter stays well below.
        largest, nodes = max(self.weight, self.arc + self.place), slots + volunteers + 4
        if 4 * largest * nodes >= LIMIT:
            raise ValueError(
                f"{blamed}: the largest cost is then {largest}, and four times that for each of {nodes} "
                "nodes must stay below 2^62: use smaller costs or loads, fewer tiers or a smaller tier_weight"
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """Slots that want helpers, volunteers with places, and the arcs that may be pairs.

    Slot i wants `wanted[i]` distinct volunteers; each one it gets is worth `tier_weight * tier[i]`.
    Volunteer j holds `held[j]` households of at most `capacity[j]`; her k-th new one costs
    `load_step * (held[j] + k - 1)` on top of the arc. A pinned arc is in every solution, above
    coverage and cost. Left at 0, `tier_weight` becomes the smallest weight that surely puts
    coverage before cost; tiers are then lexicographic too, because the sets of slots that can be
    covered form a matroid.

    Raises ValueError naming the field and the first offending index.
    """

    tier: Ints
    wanted: Ints
    capacity: Ints
    held: Ints
    arc_slot: Ints
    arc_volunteer: Ints
    arc_cost: Ints
    load_step: int = 0
    tier_weight: int = 0
    pinned: Mask = None  # type: ignore[assignment]  # None: nothing is pinned

    def __post_init__(self) -> None:
        for name in ("tier", "wanted", "capacity", "held", "arc_slot", "arc_volunteer", "arc_cost"):
            self._set(name, whole(name, getattr(self, name)))
        pinned = np.zeros(self.arcs, dtype=np.bool_) if self.pinned is None else self.pinned
        self._set("pinned", _yes_no("pinned", pinned))
        self._check_lengths()
        self._check_values()
        self._check_arcs()
        self._check_pins()
        cause = "tier" if self.tier_weight or not self.arcs else "arc_cost"
        self._set("tier_weight", self.tier_weight or self._cost_bound() + 1)
        self._check_size(cause)

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.tier)

    @property
    def volunteers(self) -> int:
        """How many volunteers there are."""
        return len(self.capacity)

    @property
    def arcs(self) -> int:
        """How many pairs are possible."""
        return len(self.arc_cost)

    @cached_property
    def row(self) -> Ints:
        """Where each slot's arcs begin: those of slot i are row[i] to row[i + 1]."""
        return np.searchsorted(self.arc_slot, np.arange(self.slots + 1)).astype(np.int64)

    @cached_property
    def room(self) -> Ints:
        """New households each volunteer can take, never more than she has arcs."""
        return room_of(self.capacity, self.held, np.bincount(self.arc_volunteer, minlength=self.volunteers))

    @cached_property
    def pins(self) -> Ints:
        """Pinned pairs of each volunteer: they take her first places."""
        return np.bincount(self.arc_volunteer[self.pinned], minlength=self.volunteers).astype(np.int64)

    @cached_property
    def coverage_first(self) -> bool:
        """Whether one helper more is worth any cost; else cost is weighed against coverage."""
        return self.tier_weight > self._cost_bound()

    @property
    def largest(self) -> Largest:
        """What decides whether costs stay inside int64."""
        return Largest(
            arc=int(self.arc_cost.max(initial=0)),
            place=dearest_place(self.load_step, self.held, self.room),
            weight=self.tier_weight * int(self.tier.max(initial=1)),
        )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_lengths(self) -> None:
        for name, like in (
            ("wanted", "tier"),
            ("held", "capacity"),
            ("arc_slot", "arc_cost"),
            ("arc_volunteer", "arc_cost"),
            ("pinned", "arc_cost"),
        ):
            have, want = len(getattr(self, name)), len(getattr(self, like))
            if have != want:
                raise ValueError(f"{name} has {have} entries and {like} has {want}: they must agree")
        for name in ("load_step", "tier_weight"):
            self._set(name, whole_number(name, getattr(self, name)))

    def _check_values(self) -> None:
        refuse("tier", self.tier, self.tier < 1, "a tier is at least 1")
        for name in ("wanted", "capacity", "held", "arc_cost"):
            values = getattr(self, name)
            refuse(name, values, values < 0, "it cannot be negative")
        for name, size, what in (
            ("arc_slot", self.slots, "slots"),
            ("arc_volunteer", self.volunteers, "volunteers"),
        ):
            values = getattr(self, name)
            refuse(name, values, (values < 0) | (values >= size), f"there are {size} {what}")

    def _check_arcs(self) -> None:
        slot, volunteer = np.diff(self.arc_slot), np.diff(self.arc_volunteer)
        same = slot == 0
        for name, wrong, why in (
            ("arc_slot", slot < 0, "arcs must be sorted by slot, then volunteer"),
            ("arc_volunteer", same & (volunteer < 0), "arcs must be sorted by slot, then volunteer"),
            ("arc_volunteer", same & (volunteer == 0), "the same pair stands there twice"),
        ):
            refuse(name, getattr(self, name), np.r_[False, wrong][: self.arcs], why)

    def _check_pins(self) -> None:
        arcs = np.flatnonzero(self.pinned)
        for side, room, what in (
            (self.arc_slot, self.wanted, "slot {} wants {} helpers"),
            (self.arc_volunteer, self.room, "volunteer {} has room for {}"),
        ):
            asked = np.bincount(side[arcs], minlength=len(room))
            over = arcs[asked[side[arcs]] > room[side[arcs]]]
            if over.size:
                at = int(side[over[0]])
                raise ValueError(
                    f"pinned[{over[0]}]: {what.format(at, room[at])} but {asked[at]} pairs are pinned"
                )

    def _cost_bound(self) -> int:
        """No solution can cost more than this."""
        units = np.minimum(self.wanted, np.diff(self.row)).astype(object)
        dearest = np.zeros(self.slots, dtype=np.int64)
        np.maximum.at(dearest, self.arc_slot, self.arc_cost)
        place = dearest_place(self.load_step, self.held, self.room)
        return int((units * (dearest.astype(object) + place)).sum())

    def _check_size(self, cause: str) -> None:
        """`cause` is the field that made the weights what they are."""
        arc, place, weight = largest = self.largest
        name = cause if weight > arc + place else "arc_cost"
        if name == "arc_cost" and place > arc:
            name = "load_step"
        elif name == "tier" and self.tier_weight >= self.tier.max(initial=1):
            name = "tier_weight"
        largest.check(_largest_of(name, getattr(self, name)), self.slots, self.volunteers)
        if total(self.wanted, np.ones_like(self.wanted)) >= LIMIT:
            at = next(at for at, sum_ in enumerate(accumulate(self.wanted.tolist())) if sum_ >= LIMIT)
            raise ValueError(f"wanted[{at}] is {self.wanted[at]}: all helpers together must stay below 2^62")


def total(times: Ints, values: Ints) -> int:
    """The sum of all products, exactly."""
    largest = int(np.abs(times).max(initial=0)) * int(np.abs(values).max(initial=0))
    if largest * len(times) >= 2**63:
        return int((times.astype(object) * values).sum())
    return int(times @ values)


def room_of(capacity: Ints, held: Ints, arcs: Ints) -> Ints:
    """New households volunteers can take, never more than they have arcs."""
    room: Ints = np.minimum(np.maximum(capacity - held, 0), arcs)
    return room


def dearest_place(load_step: int, held: Ints, room: Ints) -> int:
    """The load of the last place anybody has; whoever has none may hold as much as she likes."""
    last = (held + room)[room > 0]
    return load_step * (int(last.max(initial=1)) - 1)


def whole_number(name: str, value: Any) -> int:
    """The value; raises ValueError unless it is a whole number below 2^62, not negative."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < LIMIT:
        raise ValueError(f"{name} is {value}: it must be a whole number below 2^62, not negative")
    return int(value)


def whole(name: str, values: ArrayLike) -> Ints:
    """The values, which nobody can change; raises ValueError naming the first that is no whole number."""
    given = _array(name, values)
    if given.ndim != 1:
        raise ValueError(f"{name} has {given.ndim} dimensions: it must be a list of whole numbers")
    if given.dtype.kind == "O":
        wrong = [not isinstance(value, int | np.integer) or abs(int(value)) >= LIMIT for value in given]
        refuse(name, given, np.array(wrong), "whole numbers below 2^62 only")
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{name} holds {given.dtype}: it must be a list of whole numbers")
    if given.dtype.kind == "f":
        # Half precision cannot even be compared with the largest number.
        given = given.astype(np.float64)
        refuse(name, given, ~np.isfinite(given) | (given != np.trunc(given)), "whole numbers only")
    if given.dtype.kind in "uf":
        refuse(name, given, np.abs(given) >= LIMIT, "numbers must stay below 2^62")
    # Nobody can write into numbers that are frozen already: large problems need not be copied.
    frozen = not given.flags.writeable and not isinstance(given.base, np.ndarray)
    whole = given.astype(np.int64, copy=not frozen)
    refuse(name, whole, (whole >= LIMIT) | (whole <= -LIMIT), "numbers must stay below 2^62")
    whole.setflags(write=False)
    return whole


def _yes_no(name: str, values: ArrayLike) -> Mask:
    given = _array(name, values)
    if given.ndim != 1 or given.dtype != np.bool_:
        raise ValueError(f"{name} must be a list of true and false")
    mask = given.copy()
    mask.setflags(write=False)
    return mask


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} holds lists of different lengths: it must be one plain list") from None


def _largest_of(name: str, values: Ints | int) -> str:
    """The field, or the first of its largest entries, with its value."""
    if isinstance(values, int):
        return f"{name} is {values}"
    at = int(values.argmax())
    return f"{name}[{at}] is {values[at]}"


def refuse(name: str, values: NDArray[Any], wrong: Mask, why: str) -> None:
    """Raises ValueError that names the first value that is wrong."""
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"{name}[{at}] is {values[at]}: {why}")
