"""Is this the best plan of all pairs that may be? Asked of the people, not of the arcs that were let in.

`jiedui_matching.check` proves a plan best of the arcs it was given. Whether a pair that is no arc would have
made a better one is asked here: every pair of household and volunteer is priced, and neither the groups that
made the plan nor the map they were used on is asked again.

**The bound.** A helper lacking at a slot weighs w. Let each slot pay p and each volunteer ask q, any numbers
at all. Take any plan out of all pairs that the rules allow, with no more helpers than wanted, no more
households than places, and the pins among its pairs. It weighs (cost, load and whoever is lacking) exactly

      Σ over slots       p · wanted + (w - p) · lacking
    + Σ over volunteers  load of the places she fills - q · filled
    + Σ over its pairs   cost + q - p

since the p and q of its pairs cancel out. Each sum is no less than the least it can be alone: the first with
everybody lacking where w < p and nobody elsewhere; the second with just the places filled whose load is
below q, pins first; the third with the pins and all other pairs for which cost + q - p is below 0. These
three make the bound, and no plan weighs less. A plan that weighs just that is best of all pairs.

**Passing over.** So a pair that is no pin counts only if cost + q < p. No cost term is negative (costs.Term)
and one of them is the way: a pair costs its way at least, and that is never shorter than the straight line
times the road factor, less half a metre of rounding. Hence the people of two places need not be looked at
if way + q ≥ p for the least q and the highest p there, and the way between two places need not even be
measured if the straight line is longer than p - q. Whoever is left is judged by all rules, one by one.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np
from scipy.spatial import cKDTree

from jiedui_matching import Check, Solution
from jiedui_matching.check import bound_of_ends
from jiedui_matching.nearby import NEVER, on_globe
from jiedui_matching.problem import total
from jiedui_pairing import costs, rules
from jiedui_pairing.candidates import Candidates
from jiedui_pairing.people import EARTH_RADIUS_M, Ints, PairSet, grouped
from jiedui_pairing.traits import Pairs

NAME = "all_pairs"
# Pairs looked at together: some 30 MB for each core.
_AT_ONCE = 2**18


def all_priced(candidates: Candidates, solution: Solution, stop: Callable[[], bool] = lambda: False) -> Check:
    """The plan's pairs may be and cost what it says, and over all pairs its prices prove it best.

    For a solution that `check` finds right. Raises InterruptedError once `stop` says yes.
    """
    return Check(NAME, next(_wrong(candidates, solution, stop), ""))


@dataclass(frozen=True, eq=False)
class _Below:
    """What all pairs below 0 come to, pins aside, and the one farthest below that the plan has not got."""

    sum: int
    least: int = 0
    pair: tuple[int, int] | None = None

    def __add__(self, other: "_Below") -> "_Below":
        worse = self if self.least <= other.least else other
        return _Below(self.sum + other.sum, worse.least, worse.pair)


def _wrong(candidates: Candidates, solution: Solution, stop: Callable[[], bool]) -> Iterator[str]:
    chosen = candidates.arc(solution.pair_arc)
    allowed = _all_rules(chosen)
    if len(allowed) < len(chosen):
        yield f"{len(chosen) - len(allowed)} of the plan's pairs are against the rules"
    elif (costs.total(chosen) != candidates.problem.arc_cost[solution.pair_arc]).any():
        yield "the plan's pairs cost something else than it says"
    sweep = _Sweep(candidates, solution)
    below = sweep.below(stop)
    bound = sweep.bound(below.sum)
    if bound != solution.weight:
        worst = f"; look at household {below.pair[0]} and volunteer {below.pair[1]}" if below.pair else ""
        yield f"the plan weighs {solution.weight} and the prices prove only {bound} over all pairs{worst}"


class _Sweep:
    """All pairs by the places they live at, with what each household pays and each volunteer asks."""

    def __init__(self, candidates: Candidates, solution: Solution) -> None:
        self._candidates, self._problem = candidates, candidates.problem
        self._setting, self._chosen = candidates.setting, candidates.chosen(solution)
        self._pins = candidates.arc(np.flatnonzero(self._problem.pinned))
        self._pinned = PairSet(self._pins.household, self._pins.volunteer)
        self._paid = solution.prices.slot
        problem, here, there = self._problem, self._setting.households, self._setting.volunteers
        # Any price will do for the proof. She may have more places than arcs were let in for her; whoever
        # still has one asks no more than its load.
        held = problem.held + np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
        load = np.where(held < problem.capacity, problem.load_step * held, NEVER)
        self._price = np.minimum(solution.prices.volunteer, load)

        self._spots, spot = grouped(here.lat, here.lng, of=candidates.household)
        self._slots = _members(spot, len(self._spots))
        self._homes, home = grouped(there.lat, there.lng, of=np.arange(len(there)))
        self._people = _members(home, len(self._homes))
        self._least = np.array([self._price[some].min() for some in self._people], dtype=np.int64)
        # In road metres, as the way counts.
        radius = EARTH_RADIUS_M * self._setting.pack.eligibility.road_factor
        self._spot_points = on_globe(here.lat[self._spots], here.lng[self._spots], radius)
        self._home_points = cKDTree(on_globe(there.lat[self._homes], there.lng[self._homes], radius))

    def bound(self, below: int) -> int:
        """What no plan out of all pairs can go below, if those below 0 come to this."""
        room = np.maximum(self._problem.capacity - self._problem.held, 0)
        pins = self._reduced(self._pins)
        return (
            bound_of_ends(self._problem, self._paid, self._price, room)
            + total(np.ones_like(pins), pins)
            + below
        )

    def below(self, stop: Callable[[], bool]) -> _Below:
        """Looks at all pairs; every core takes its share of the places."""
        cores = cpu_count() or 1

        def share(core: int) -> _Below:
            found = _Below(0)
            for pairs in self._together(range(core, len(self._spots), cores), stop):
                found += self._judged(pairs)
            return found

        with ThreadPoolExecutor(cores) as threads:
            return sum(threads.map(share, range(cores)), _Below(0))

    def _together(self, spots: range, stop: Callable[[], bool]) -> Iterator[Pairs]:
        """Pairs that may count, with the way between them, a bounded number of them at a time."""
        waiting: list[tuple[Ints, Ints, Ints]] = []
        for at in spots:
            if stop():
                raise InterruptedError("the proof was stopped before all pairs were priced")
            for some in self._cheap_enough(at):
                waiting.append(some)
                if sum(len(slots) for slots, _, _ in waiting) >= _AT_ONCE:
                    yield self._pairs(waiting)
                    waiting = []
        if waiting:
            yield self._pairs(waiting)

    def _pairs(self, parts: list[tuple[Ints, Ints, Ints]]) -> Pairs:
        slot, volunteer, way = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Pairs(self._setting, self._candidates.household[slot], volunteer).apart(way)

    def _cheap_enough(self, at: int) -> Iterator[tuple[Ints, Ints, Ints]]:
        """Slots of a place and volunteers, with the way, where way and price are below what the slot pays."""
        slots = self._slots[at]
        top = self._paid[slots].max()
        # A metre more than the half that rounding may take.
        straight = top - self._least.min(initial=NEVER) + 1
        if straight <= 0:
            return
        homes = np.array(self._home_points.query_ball_point(self._spot_points[at], straight), dtype=np.int64)
        way = Pairs(self._setting, np.full_like(homes, self._spots[at]), self._homes[homes]).distance_m
        near = way + self._least[homes] < top
        people = [self._people[home] for home in homes[near].tolist()]
        if not people:
            return
        way = np.repeat(way[near], [len(some) for some in people])
        volunteers = np.concatenate(people)
        asked = way + self._price[volunteers]
        step = max(_AT_ONCE // len(volunteers), 1)
        for start in range(0, len(slots), step):
            some = slots[start : start + step]
            row, column = np.nonzero(self._paid[some, None] > asked)
            yield some[row], volunteers[column], way[column]

    def _judged(self, pairs: Pairs) -> _Below:
        pairs = _all_rules(pairs)
        reduced = self._reduced(pairs)
        counts = (reduced < 0) & ~self._pinned.having(pairs)
        pairs, reduced = pairs.where(counts), reduced[counts]
        found, own = total(np.ones_like(reduced), reduced), self._chosen.having(pairs)
        if own.all():
            return _Below(found)
        worst = np.where(own, 0, reduced).argmin()
        return _Below(found, int(reduced[worst]), (int(pairs.household[worst]), int(pairs.volunteer[worst])))

    def _reduced(self, pairs: Pairs) -> Ints:
        slot = np.searchsorted(self._candidates.household, pairs.household)
        return costs.total(pairs) + self._price[pairs.volunteer] - self._paid[slot]


def _all_rules(pairs: Pairs) -> Pairs:
    """Those that every rule allows; the way is known already, so its rules come first."""
    for rule in sorted(rules.RULES, key=lambda rule: not rule.reads_way):
        pairs = pairs.where(rule.allowed(pairs))
    return pairs


def _members(group: Ints, groups: int) -> list[Ints]:
    """Who is in each group."""
    order = np.argsort(group, kind="stable")
    return np.split(order, np.searchsorted(group[order], np.arange(1, groups)))
