"""The best plan out of all pairs: nearest first, then whoever could still do better.

Of the millions of pairs in a prefecture only a few per family can matter. A plan is made from the nearest
volunteers; its prices say what each family would pay and each volunteer would cost, and whoever would be
cheaper than that for somebody is let in, until nobody would: then the plan is the best of all pairs.
"""

from collections.abc import Callable

import numpy as np

from jiedui_matching import closest
from jiedui_matching.nearby import NEVER, Map, on_globe
from jiedui_matching.repair import LivePlan
from jiedui_pairing import trait_groups
from jiedui_pairing.candidates import Candidates, Demand, assembled, everybody, judged
from jiedui_pairing.people import EARTH_RADIUS_M, NO_LIMIT, NOBODY, Ints, PairSet
from jiedui_pairing.traits import Pairs

# Up to here all pairs are judged at once: a county's round, in about a second.
_FEW_PAIRS = 4_000_000
# Volunteers for each family in the beginning, and at most in each turn after it.
_NEAREST = 24
_BETTER = 24
# Where helpers are scarce all families would name the same few volunteers next door; shown one in so many
# each, and every family others, they name those of the whole neighbourhood.
_EVERY = 32


def best_plan(
    demand: Demand, stop: Callable[[], bool], earlier: PairSet = NOBODY
) -> tuple[Candidates, LivePlan]:
    """The candidates that were let in, and a plan that is optimal over all pairs the rules allow.

    Of several, it is the one with most of the `earlier` pairs among those let in. Raises
    InterruptedError once `stop` says yes.
    """
    if demand.pairs <= _FEW_PAIRS:
        candidates = everybody(demand)
        plan = LivePlan(candidates.problem, stop)
    else:
        candidates, plan = _let_in(demand, stop, earlier)
    problem = candidates.problem
    before = earlier.having(candidates.arc(np.arange(problem.arcs)))
    if before.any():
        plan = LivePlan(problem, stop, warm=closest(problem, plan.solution(), before))
    return candidates, plan


def _let_in(demand: Demand, stop: Callable[[], bool], earlier: PairSet) -> tuple[Candidates, LivePlan]:
    area = _Area(demand, stop)
    named = PairSet.of(demand.pinned) | earlier | trait_groups.named(demand.setting)
    known = _merged(area.nearest(_NEAREST), area.named(named))
    candidates = assembled(demand, known)
    plan, most, every = LivePlan(candidates.problem, stop), _BETTER, _EVERY
    while True:
        better, cut = area.better(candidates, plan, most, every)
        if better.size:
            known, most, every = _merged(known, better), _BETTER, _EVERY
            candidates = assembled(demand, known)
            plan = LivePlan(candidates.problem, stop, warm=plan.solution())
        elif cut:
            most, every = 4 * most, 1
        else:
            return candidates, plan


class _Area:
    """A demand on the map."""

    def __init__(self, demand: Demand, stop: Callable[[], bool]) -> None:
        self._demand, self._stop = demand, stop
        setting, rows = demand.setting, demand.rows
        groups = trait_groups.groups(setting, rows)
        limited = np.where(groups.limit_m < NO_LIMIT, groups.limit_m, 0)
        radius = EARTH_RADIUS_M * setting.pack.eligibility.road_factor
        here, there = setting.households, setting.volunteers
        self._map = Map(
            on_globe(here.lat[rows], here.lng[rows], radius),
            groups.household,
            on_globe(there.lat, there.lng, radius),
            groups.volunteer,
            limited.max(axis=0, initial=0)[groups.volunteer],
            groups.cost,
            groups.limit_m >= NO_LIMIT,
        )
        # What was paid and asked when everybody was looked at last, and who was not shown everyone then.
        self._paid = np.zeros(len(rows), dtype=np.int64)
        self._price = np.zeros(len(setting.volunteers), dtype=np.int64)
        self._cut = np.ones(len(rows), dtype=np.bool_)

    def nearest(self, count: int) -> Ints:
        """So many volunteers for each family, those who cost least taken one by one."""
        setting = self._demand.setting
        limit = np.full(len(self._demand.rows), NEVER)
        found = self._map.cheapest(limit, setting.pack.cost.load_step * setting.held, count, self._stop)
        return self._judged(found.slot, found.volunteer)

    def named(self, pairs: PairSet) -> Ints:
        """Those of these pairs that may be."""
        asking = self._demand.wanted[pairs.household] > 0
        return judged(Pairs(self._demand.setting, pairs.household[asking], pairs.volunteer[asking]))

    def better(self, candidates: Candidates, plan: LivePlan, most: int, every: int) -> tuple[Ints, bool]:
        """Pairs that would cost a family less than it pays now, and whether there may be more of them.

        At most so many for each family; where helpers are scarce, out of every so many volunteers.
        """
        problem, solution = candidates.problem, plan.solution()
        paid = solution.prices.slot
        held = problem.held + np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
        # Arcs may be fewer than places: whoever still has one asks no more than its load.
        next_load = np.where(held < problem.capacity, problem.load_step * held, NEVER)
        price = np.minimum(solution.prices.volunteer, next_load)
        # Whoever goes without, or would send somebody else without a helper, pays by the coverage weight.
        scarce = paid >= problem.tier_weight // 2
        slot, volunteer = self._found(paid, price, most, np.where(scarce, every, 1))
        household, volunteer, _, _, cost = pairs = self._judged(slot, volunteer)
        cheaper = cost + price[volunteer] < paid[np.searchsorted(candidates.household, household)]
        # Pairs of the plan may be cheaper than that: they are what the family pays less for.
        known = candidates.chosen(solution).having(Pairs(self._demand.setting, household, volunteer))
        return pairs[:, cheaper & ~known], bool(self._cut.any())

    def _found(self, paid: Ints, price: Ints, most: int, every: Ints) -> tuple[Ints, Ints]:
        """Slots and volunteers that may be cheaper than what is paid, and were not when last looked at.

        Who pays no more than then need only look at volunteers who ask less than then.
        """
        anew = self._cut | (paid > self._paid)
        fallen = np.where(price < self._price, price, NEVER)
        found = [
            self._map.cheapest(np.where(anew, paid, 0), price, most, self._stop, every),
            self._map.cheapest(np.where(anew, 0, paid), fallen, most, self._stop, every),
        ]
        self._paid, self._price, self._cut = paid, price, found[0].cut | found[1].cut
        return np.concatenate([one.slot for one in found]), np.concatenate([one.volunteer for one in found])

    def _judged(self, slot: Ints, volunteer: Ints) -> Ints:
        return judged(Pairs(self._demand.setting, self._demand.rows[slot], volunteer))


def _merged(known: Ints, more: Ints) -> Ints:
    """Both, sorted by household, then volunteer, each pair once."""
    width = max(known[1].max(initial=0), more[1].max(initial=0)) + 1
    have, new = known[0] * width + known[1], more[0] * width + more[1]
    order = np.argsort(new)
    place = np.searchsorted(have, new[order])
    missing = np.append(have, -1)[place] != new[order]
    return np.insert(known, place[missing], more[:, order[missing]], axis=1)
