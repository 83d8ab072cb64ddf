"""A pairing problem as arrays, checked once: what every solver and the checker may rely on."""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Solvers and prices add one cost per node along a path; below this they stay inside int64.
LIMIT = 2**62


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
            self._set(name, _whole(name, getattr(self, name)))
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
        arcs = np.bincount(self.arc_volunteer, minlength=self.volunteers)
        left: Ints = np.minimum(np.maximum(self.capacity - self.held, 0), arcs)
        return left

    @cached_property
    def pins(self) -> Ints:
        """Pinned pairs of each volunteer: they take her first places."""
        return np.bincount(self.arc_volunteer[self.pinned], minlength=self.volunteers).astype(np.int64)

    @cached_property
    def coverage_first(self) -> bool:
        """Whether one helper more is worth any cost; else cost is weighed against coverage."""
        return self.tier_weight > self._cost_bound()

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
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise ValueError(f"{name} is {value!r}: it must be a whole number, not negative")
            self._set(name, int(value))

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
        unsorted = np.r_[False, (slot < 0) | ((slot == 0) & (volunteer < 0))][: self.arcs]
        refuse("arc_slot", self.arc_slot, unsorted, "arcs must be sorted by slot, then volunteer")
        repeated = np.r_[False, (slot == 0) & (volunteer == 0)][: self.arcs]
        refuse("arc_volunteer", self.arc_volunteer, repeated, "the same pair stands there twice")

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
        return int((units * (dearest.astype(object) + self._dearest_place())).sum())

    def _dearest_place(self) -> int:
        last = (self.held + self.room)[self.room > 0]
        return self.load_step * max(int(last.max(initial=1)) - 1, 0)

    def _check_size(self, cause: str) -> None:
        """`cause` is the field that made the weights what they are."""
        weight = self.tier_weight * int(self.tier.max(initial=1))
        arc, place = int(self.arc_cost.max(initial=0)), self._dearest_place()
        largest, nodes = max(weight, arc + place), self.slots + self.volunteers + 1
        if largest * nodes >= LIMIT:
            name = cause if weight > arc + place else "arc_cost"
            if name == "arc_cost" and place > arc:
                where = f"load_step is {self.load_step}"
            else:
                at = int(getattr(self, name).argmax())
                where = f"{name}[{at}] is {getattr(self, name)[at]}"
            raise ValueError(
                f"{where}: the largest cost is then {largest}, and times {nodes} nodes it must stay below "
                "2^62: use smaller costs or loads, fewer tiers or a smaller tier_weight"
            )
        if total(self.wanted, np.ones_like(self.wanted)) >= LIMIT:
            at = next(at for at, sum_ in enumerate(accumulate(self.wanted.tolist())) if sum_ >= LIMIT)
            raise ValueError(f"wanted[{at}] is {self.wanted[at]}: all helpers together must stay below 2^62")


def total(times: Ints, values: Ints) -> int:
    """The sum of all products, exactly."""
    largest = int(np.abs(times).max(initial=0)) * int(np.abs(values).max(initial=0))
    if largest * len(times) >= 2**63:
        return int((times.astype(object) * values).sum())
    return int(times @ values)


def _whole(name: str, values: ArrayLike) -> Ints:
    given = np.asarray(values)
    if given.ndim != 1:
        raise ValueError(f"{name} has {given.ndim} dimensions: it must be a list of whole numbers")
    if given.dtype.kind == "O":
        wrong = [not isinstance(value, int) or abs(value) >= LIMIT for value in given]
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
    given = np.asarray(values)
    if given.ndim != 1 or given.dtype != np.bool_:
        raise ValueError(f"{name} must be a list of true and false")
    mask = given.copy()
    mask.setflags(write=False)
    return mask


def refuse(name: str, values: NDArray[Any], wrong: Mask, why: str) -> None:
    """Raises ValueError that names the first value that is wrong."""
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"{name}[{at}] is {values[at]}: {why}")
