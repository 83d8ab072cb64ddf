"""Why this volunteer: the next best one for every pair, and what the difference is."""

from dataclasses import dataclass

import numpy as np

from jiedui_matching.problem import Ints, Mask, Problem
from jiedui_matching.solution import Solution


@dataclass(frozen=True, eq=False)
class RunnersUp:
    """For each pair of the plan, in its order: the runner-up's arc (-1: nobody else), what she would
    cost more, and whether she still has room."""

    arc: Ints
    difference: Ints
    has_room: Mask


def runner_up(problem: Problem, solution: Solution) -> RunnersUp:
    """The cheapest other volunteer for each pair's slot, everything else left as it is.

    Among the slot's arcs that are not in the plan, those whose volunteer still has room come first,
    each at its cost plus the load of her next place; the difference is against this pair's cost plus
    the load of the last place it fills, so moving this one pair changes the plan's cost by exactly
    that much. If nobody has room, it is the cheapest arc, and the difference compares the arcs alone:
    she would have to give up another household. That nothing better exists once everybody else may
    move is not claimed here.
    """
    new = np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
    room = new < problem.room
    next_load = problem.load_step * (problem.held + new)
    open_arcs = np.ones(problem.arcs, dtype=np.bool_)
    open_arcs[solution.pair_arc] = False
    arcs = np.flatnonzero(open_arcs)
    roomy = room[problem.arc_volunteer[arcs]]
    cost = problem.arc_cost[arcs] + np.where(roomy, next_load[problem.arc_volunteer[arcs]], 0)
    order = np.lexsort((cost, ~roomy, problem.arc_slot[arcs]))
    slots, first = np.unique(problem.arc_slot[arcs][order], return_index=True)

    best = np.full(problem.slots, -1, dtype=np.int64)
    best[slots] = order[first]
    picked = best[solution.pair_slot]
    there = picked >= 0
    has_room = np.zeros(len(picked), dtype=np.bool_)
    has_room[there] = roomy[picked[there]]
    last_load = next_load[solution.pair_volunteer] - problem.load_step
    now = problem.arc_cost[solution.pair_arc] + np.where(has_room, last_load, 0)
    arc = np.full(len(picked), -1, dtype=np.int64)
    difference = np.zeros(len(picked), dtype=np.int64)
    arc[there] = arcs[picked[there]]
    difference[there] = cost[picked[there]] - now[there]
    return RunnersUp(arc, difference, has_room)
