"""A plan: who is paired with whom, what stays uncovered, what it costs, and the prices that prove it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jiedui_matching.problem import Ints, Mask, Problem, total


@dataclass(frozen=True, eq=False)
class Prices:
    """What one more helper at a slot would cost, and what one more place at a volunteer is worth."""

    slot: Ints
    volunteer: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Solution:
    """Chosen arcs in rising order, with everything that follows from them.

    `unassigned` counts the helpers each slot still lacks, `uncovered` the same by tier; `cost` is
    arcs and load, `weight` that and the weight of what is uncovered. No plan weighs less than `bound`;
    where couplings were kept, none that keeps them and covers as well, tier by tier.
    """

    pair_arc: Ints
    pair_slot: Ints
    pair_volunteer: Ints
    unassigned: Ints
    uncovered: Mapping[int, int]
    cost: int
    weight: int
    bound: int
    prices: Prices
    status: str
    solver: str
    solver_version: str
    seconds: float


def uncovered_by_tier(tier: Ints, unassigned: Ints) -> dict[int, int]:
    """Helpers lacking, by tier, the weightiest tier first; a tier with none lacking says 0."""
    return {each: int(unassigned[tier == each].sum()) for each in np.unique(tier)[::-1].tolist()}


def unassigned_after(problem: Problem, chosen: Mask | Ints) -> Ints:
    """Helpers each slot still lacks when these arcs are chosen."""
    return problem.wanted - np.bincount(problem.arc_slot[chosen], minlength=problem.slots)


def cost_of(problem: Problem, chosen: Mask | Ints) -> int:
    """Arc costs and load of these arcs, exactly."""
    return cost_of_pairs(
        problem.arc_volunteer[chosen], problem.arc_cost[chosen], problem.held, problem.load_step
    )


def cost_of_pairs(volunteer: Ints, cost: Ints, held: Ints, load_step: int) -> int:
    """What pairs cost whose volunteers and arc costs are these, with the load of those who hold `held`."""
    new = np.bincount(volunteer, minlength=len(held))
    places = total(new, held) + total(new, new - 1) // 2
    return total(np.ones_like(cost), cost) + load_step * places


def weight_of(problem: Problem, chosen: Mask | Ints) -> int:
    """What a plan of these arcs costs, and the weight of whoever lacks a helper."""
    lacking = unassigned_after(problem, chosen)
    return cost_of(problem, chosen) + total(problem.tier_weight * problem.tier, lacking)


def arcs_between(problem: Problem, slot: Ints, volunteer: Ints) -> Ints:
    """The arc of each pair of numbers that exist, -1 where they cannot be paired."""
    keys = problem.arc_slot * problem.volunteers + problem.arc_volunteer
    wanted = slot * problem.volunteers + volunteer
    found = np.minimum(np.searchsorted(keys, wanted), max(problem.arcs - 1, 0))
    return np.where(keys[found] == wanted, found, -1) if problem.arcs else np.full_like(wanted, -1)


def earlier_arcs(problem: Problem, earlier: Solution) -> Mask:
    """Which arcs are pairs of a plan made for the same people, whatever else has changed since.

    Raises ValueError if its prices or pairs are not those of as many slots and volunteers.
    """
    for name, size in (("slot", problem.slots), ("volunteer", problem.volunteers)):
        prices, pairs = getattr(earlier.prices, name), getattr(earlier, f"pair_{name}")
        if len(prices) != size:
            raise ValueError(f"the earlier plan has {len(prices)} {name} prices: there are {size} {name}s")
        wrong = np.flatnonzero((pairs < 0) | (pairs >= size))
        if wrong.size:
            raise ValueError(
                f"the earlier plan's pair {wrong[0]} has {name} {pairs[wrong[0]]}: there are {size}"
            )
    arcs = arcs_between(problem, earlier.pair_slot, earlier.pair_volunteer)
    chosen = np.zeros(problem.arcs, dtype=np.bool_)
    chosen[arcs[arcs >= 0]] = True
    return chosen
