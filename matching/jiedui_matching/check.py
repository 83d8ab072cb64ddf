"""Is this plan allowed, counted right and optimal? Asked of the plan alone, without any solver.

Weak duality carries the proof: any prices at all give a bound that no plan can go below, so a plan
that costs exactly the bound is optimal. It does not matter how the prices were found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jiedui_matching.couplings import Coupling, violations
from jiedui_matching.problem import Ints, Mask, Problem, total
from jiedui_matching.solution import Solution

_Look = Callable[[Problem, Solution], Iterator[str]]

# How arcs_between says that two cannot be paired.
NO_ARC = -1

# Prices beyond this could overflow when an arc is weighed.
_PRICE_LIMIT = 2**61

# Arcs weighed at a time.
_AT_A_TIME = 2**17


@dataclass(frozen=True)
class Check:
    """One thing looked at; `violation` is the first that was wrong, in words, or empty."""

    name: str
    violation: str = ""

    @property
    def passed(self) -> bool:
        """Nothing was wrong."""
        return not self.violation


@dataclass(frozen=True)
class Report:
    """Every check in order; the later ones are left out when the arcs themselves are wrong."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def violations(self) -> dict[str, str]:
        """What failed, by name."""
        return {check.name: check.violation for check in self.checks if not check.passed}


def check(problem: Problem, solution: Solution, couplings: Sequence[Coupling] = ()) -> Report:
    """Feasibility, the figures recomputed, and the prices' bound against the plan's cost.

    Couplings are looked at in place of that bound: prices cannot prove a plan best that obeys them.
    """
    looks = _CHECKS
    if couplings:
        looks = {name: look for name, look in _CHECKS.items() if name != "optimal"}
        looks["couplings"] = lambda _, solution: violations(couplings, solution)
        looks["bound"] = _bound
    return _looked_at(looks, problem, solution)


def check_pairs(problem: Problem, solution: Solution) -> Report:
    """Feasibility alone: whether these pairs are a plan at all, whatever it says about itself."""
    return _looked_at({name: _CHECKS[name] for name in _FEASIBILITY}, problem, solution)


def _looked_at(looks: Mapping[str, _Look], problem: Problem, solution: Solution) -> Report:
    checks = []
    for name, look in looks.items():
        checks.append(Check(name, next(look(problem, solution), "")))
        if name in _FATAL and checks[-1].violation:
            break
    return Report(tuple(checks))


def bound_of(problem: Problem, slot: Ints, volunteer: Ints) -> int:
    """What no plan can go below, by these prices: cost plus the weight of what is uncovered."""
    bound = bound_of_ends(problem, slot, volunteer, problem.room)
    # Some at a time: what fits into the processor's cache is read twice as fast.
    for begin in range(0, problem.arcs, _AT_A_TIME):
        arcs = slice(begin, begin + _AT_A_TIME)
        reduced = (
            problem.arc_cost[arcs] + volunteer[problem.arc_volunteer[arcs]] - slot[problem.arc_slot[arcs]]
        )
        counted = reduced[problem.pinned[arcs] | (reduced < 0)]
        bound += total(np.ones_like(counted), counted)
    return bound


def bound_of_ends(problem: Problem, slot: Ints, volunteer: Ints, room: Ints) -> int:
    """The part of the bound that slots and places are, whatever the arcs; volunteers take so many at most."""
    weight = problem.tier_weight * problem.tier
    slots = total(problem.wanted, slot) + total(problem.wanted, np.minimum(weight - slot, 0))
    return slots + _places_bound(problem, volunteer, room)


def _places_bound(problem: Problem, price: Ints, room: Ints) -> int:
    """Pinned places are filled; of the others each is worth filling while its price exceeds its load."""
    held, step = problem.held, problem.load_step
    if step:
        worth = np.maximum(-(-price // step) - held, problem.pins)
    else:
        worth = np.where(price > 0, room, problem.pins)
    filled = np.minimum(worth, room)
    places = total(filled, held) + total(filled, filled - 1) // 2
    return step * places - total(filled, price)


def _arcs(problem: Problem, solution: Solution) -> Iterator[str]:
    sizes = {len(solution.pair_arc), len(solution.pair_slot), len(solution.pair_volunteer)}
    if len(sizes) > 1:
        yield "the pairs' arcs, slots and volunteers are lists of different lengths"
        return
    pairs = zip(
        solution.pair_arc.tolist(),
        solution.pair_slot.tolist(),
        solution.pair_volunteer.tolist(),
        strict=True,
    )
    for at, (arc, slot, volunteer) in enumerate(pairs):
        if arc == NO_ARC:
            yield f"pairs[{at}] is [{slot}, {volunteer}]: these two cannot be paired"
        elif not 0 <= arc < problem.arcs:
            yield f"arc {arc} does not exist: there are {problem.arcs}"
        elif (problem.arc_slot[arc], problem.arc_volunteer[arc]) != (slot, volunteer):
            yield f"slot {slot} and volunteer {volunteer} are not arc {arc}"


def _repeats(problem: Problem, solution: Solution) -> Iterator[str]:
    times = np.bincount(solution.pair_arc, minlength=problem.arcs)
    for arc in np.flatnonzero(times > 1):
        yield (
            f"slot {problem.arc_slot[arc]} and volunteer {problem.arc_volunteer[arc]} "
            f"are paired {times[arc]} times"
        )


def _wanted(problem: Problem, solution: Solution) -> Iterator[str]:
    got = np.bincount(solution.pair_slot, minlength=problem.slots)
    for slot in np.flatnonzero(got > problem.wanted):
        yield f"slot {slot} wants {problem.wanted[slot]} helpers and gets {got[slot]}"


def _capacity(problem: Problem, solution: Solution) -> Iterator[str]:
    new = np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
    for volunteer in np.flatnonzero((new > 0) & (new > problem.capacity - problem.held)):
        yield (
            f"volunteer {volunteer} holds {problem.held[volunteer]} of {problem.capacity[volunteer]} "
            f"and gets {new[volunteer]} more"
        )


def _pinned(problem: Problem, solution: Solution) -> Iterator[str]:
    for arc in np.flatnonzero(problem.pinned & ~_chosen(problem, solution)):
        yield f"arc {arc} is pinned and not in the plan"


def _coverage(problem: Problem, solution: Solution) -> Iterator[str]:
    lacking = problem.wanted - np.bincount(solution.pair_slot, minlength=problem.slots)
    if len(solution.unassigned) != problem.slots:
        yield f"unassigned has {len(solution.unassigned)} entries for {problem.slots} slots"
        return
    for slot in np.flatnonzero(lacking != solution.unassigned):
        yield f"slot {slot} lacks {lacking[slot]} helpers, the plan says {solution.unassigned[slot]}"
    counted = {tier: int(lacking[problem.tier == tier].sum()) for tier in np.unique(problem.tier).tolist()}
    for tier in sorted(counted.keys() | solution.uncovered.keys()):
        if counted.get(tier) != solution.uncovered.get(tier):
            yield f"tier {tier} lacks {counted.get(tier)}, the plan says {solution.uncovered.get(tier)}"


def _cost(problem: Problem, solution: Solution) -> Iterator[str]:
    cost = _cost_of(problem, solution)
    if cost != solution.cost:
        yield f"the pairs cost {cost}, the plan says {solution.cost}"
    weight = cost + _lacking_weight(problem, solution)
    if weight != solution.weight:
        yield f"the plan weighs {weight} and says {solution.weight}"


def _prices(problem: Problem, solution: Solution) -> Iterator[str]:
    for name, size in (("slot", problem.slots), ("volunteer", problem.volunteers)):
        prices = getattr(solution.prices, name)
        if prices.shape != (size,) or prices.dtype != np.int64:
            yield f"the {name} prices are not {size} whole numbers"
            return
        for at in np.flatnonzero((prices > _PRICE_LIMIT) | (prices < -_PRICE_LIMIT)):
            yield f"the price of {name} {at} is {prices[at]}: too large to weigh"


def _bound(problem: Problem, solution: Solution) -> Iterator[str]:
    weight = _cost_of(problem, solution) + _lacking_weight(problem, solution)
    if solution.bound > weight:
        yield f"the plan weighs {weight} and says that none weighs less than {solution.bound}"


def _optimal(problem: Problem, solution: Solution) -> Iterator[str]:
    slot, volunteer = solution.prices.slot, solution.prices.volunteer
    weight = _cost_of(problem, solution) + _lacking_weight(problem, solution)
    bound = bound_of(problem, slot, volunteer)
    if solution.bound > bound:
        yield f"the prices prove a bound of {bound}, the plan says {solution.bound}"
    if weight == bound:
        return
    reduced = problem.arc_cost + volunteer[problem.arc_volunteer] - slot[problem.arc_slot]
    chosen = _chosen(problem, solution)
    wrong = ~problem.pinned & ((~chosen & (reduced < 0)) | (chosen & (reduced > 0)))
    where = f"; look at arc {np.argmax(wrong)}" if wrong.any() else ""
    yield f"the plan weighs {weight} and the prices prove only {bound}: {weight - bound} may be saved{where}"


def _lacking_weight(problem: Problem, solution: Solution) -> int:
    lacking = problem.wanted - np.bincount(solution.pair_slot, minlength=problem.slots)
    return total(problem.tier_weight * problem.tier, lacking)


def _chosen(problem: Problem, solution: Solution) -> Mask:
    chosen = np.zeros(problem.arcs, dtype=np.bool_)
    chosen[solution.pair_arc] = True
    return chosen


def _cost_of(problem: Problem, solution: Solution) -> int:
    """Counted household by household, on purpose not with the formula the solvers use."""
    load, total = problem.held.tolist(), 0
    for arc in solution.pair_arc.tolist():
        volunteer = int(problem.arc_volunteer[arc])
        total += int(problem.arc_cost[arc]) + problem.load_step * load[volunteer]
        load[volunteer] += 1
    return total


_CHECKS: dict[str, _Look] = {
    "arcs": _arcs,
    "repeats": _repeats,
    "wanted": _wanted,
    "capacity": _capacity,
    "pinned": _pinned,
    "coverage": _coverage,
    "cost": _cost,
    "prices": _prices,
    "optimal": _optimal,
}
_FEASIBILITY = ("arcs", "repeats", "wanted", "capacity", "pinned")
_FATAL = ("arcs", "prices")
