"""Prices that prove a plan optimal: shortest ways to the sink in what the plan leaves open.

The residual graph of a minimum-cost flow has no negative cycle, and then its shortest distances
exist and satisfy complementary slackness; if the plan can be improved they do not exist, and this
module says so. Whoever holds the prices can check the plan with one pass over the arcs (check.py).
"""

from collections.abc import Callable

import numpy as np

from jiedui_matching.problem import LIMIT, Ints, Mask, Problem
from jiedui_matching.solution import Prices, unassigned_after


class NotOptimalError(ArithmeticError):
    """The plan can be improved, so no prices support it."""


def prices_of(problem: Problem, chosen: Mask, stopped: Callable[[], bool] = lambda: False) -> Prices:
    """Bellman-Ford, every arc at once in each turn, from the places that are still free.

    Raises NotOptimalError if there is a negative cycle, InterruptedError once `stopped` says yes.
    """
    used = np.bincount(problem.arc_volunteer[chosen], minlength=problem.volunteers)
    lacking = unassigned_after(problem, chosen) > 0
    uncovered = problem.tier_weight * problem.tier
    next_place = np.where(used < problem.room, problem.load_step * (problem.held + used), LIMIT)
    last_place = problem.load_step * (problem.held + used - 1)
    removable = used > problem.pins
    back = np.flatnonzero(chosen & ~problem.pinned)
    back_slot, back_volunteer = problem.arc_slot[back], problem.arc_volunteer[back]

    volunteer = next_place
    for _ in range(problem.slots + problem.volunteers + 2):
        if stopped():
            raise InterruptedError
        slot = _cheapest_way(problem, chosen, volunteer, uncovered)
        closer = next_place.copy()
        np.minimum.at(closer, back_volunteer, slot[back_slot] - problem.arc_cost[back])
        if (slot < uncovered)[lacking].any() or (closer < last_place)[removable].any():
            break
        if np.array_equal(closer, volunteer):
            return Prices(slot, _price_of_closed(problem, chosen, slot, volunteer))
        volunteer = closer
    raise NotOptimalError("the plan can be improved: its residual graph has a negative cycle")


def first_prices(problem: Problem) -> Prices:
    """Prices that need no plan: each slot pays its cheapest way, as if it came first to everybody."""
    uncovered = problem.tier_weight * problem.tier
    free = problem.room > problem.pins
    first_load = problem.load_step * np.where(free, problem.held + problem.pins, 0)
    volunteer = np.where(free, first_load, uncovered.max(initial=0))
    return Prices(_cheapest_way(problem, problem.pinned, volunteer, uncovered), volunteer)


def _cheapest_way(problem: Problem, chosen: Mask, volunteer: Ints, uncovered: Ints) -> Ints:
    """For each slot the cheaper of staying uncovered and its best arc that is not chosen yet."""
    if not problem.arcs:
        return uncovered
    way = np.where(chosen, LIMIT, problem.arc_cost + volunteer[problem.arc_volunteer])
    rows = np.flatnonzero(np.diff(problem.row))
    slot = uncovered.copy()
    slot[rows] = np.minimum(slot[rows], np.minimum.reduceat(way, problem.row[rows]))
    return slot


def _price_of_closed(problem: Problem, chosen: Mask, slot: Ints, volunteer: Ints) -> Ints:
    """Who has no place to free gets the price at which nobody would gain by one."""
    gain = np.zeros(problem.volunteers, dtype=np.int64)
    free = ~chosen
    np.maximum.at(gain, problem.arc_volunteer[free], slot[problem.arc_slot[free]] - problem.arc_cost[free])
    return np.where(volunteer >= LIMIT, gain, volunteer)
