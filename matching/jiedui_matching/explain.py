"""Why this volunteer: what the best plan without a pair would be, for every pair."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jiedui_matching.engine.rings import alternatives_for, part_some
from jiedui_matching.problem import Ints, Mask, Problem
from jiedui_matching.repair import Plan
from jiedui_matching.solution import Solution

# Pairs looked at before `stop` is asked again: some hundredths of a second.
_PAIRS = 500


@dataclass(frozen=True, eq=False)
class RunnersUp:
    """For each pair of the plan, in its order: what the best plan without it would be like.

    `weight` and `cost` are by how much those of the plan would rise. `arc` is whom the slot would
    have instead, -1: nobody. `loses` is the slot that would then have a helper less, maybe this one,
    and `gains` one that would have a helper more, -1: none. `moved` counts the other slots whose
    helper would change. A pinned pair has no alternative: -1 and 0.
    """

    weight: Ints
    cost: Ints
    arc: Ints
    loses: Ints
    gains: Ints
    moved: Ints


def runners_up(plan: Plan, stop: Callable[[], bool] | None = None) -> RunnersUp:
    """What every pair of the plan keeps at bay, with everybody else free to move; exact.

    Raises InterruptedError if `stop` said yes before all were found.
    """
    now, problem, pairs = plan.now, plan.problem, plan.solution()
    to_sink, from_sink = now.ways()
    arcs = now.free_pairs()
    free = np.flatnonzero(~problem.pinned[pairs.pair_arc])
    slots = now.slot_number[pairs.pair_slot[free]]
    found = alternatives_for(len(arcs))
    for begin in range(0, len(arcs), _PAIRS):
        if stop and stop():
            raise InterruptedError("the runners-up were stopped before all were found")
        end = min(begin + _PAIRS, len(arcs))
        part_some(now.now(), to_sink, from_sink, now.scratch, now.trail, arcs, slots, begin, end, found)
    loses, gains = now.slots_in_problem(found.loses), now.slots_in_problem(found.gains)

    def for_all(values: Ints, pinned: int) -> Ints:
        every = np.full(len(pairs.pair_arc), pinned, dtype=np.int64)
        every[free] = values
        return every

    tier = np.append(problem.tier, 0)
    return RunnersUp(
        weight=for_all(found.weight, 0),
        cost=for_all(found.weight + problem.tier_weight * (tier[gains] - tier[loses]), 0),
        arc=for_all(now.in_problem(found.arc), -1),
        loses=for_all(loses, -1),
        gains=for_all(gains, -1),
        moved=for_all(found.moved, 0),
    )


@dataclass(frozen=True, eq=False)
class NextBest:
    """For each pair of the plan, in its order: the runner-up's arc (-1: nobody else), what she would
    cost more, and whether she still has room."""

    arc: Ints
    difference: Ints
    has_room: Mask


def runner_up(problem: Problem, solution: Solution) -> NextBest:
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
    return NextBest(arc, difference, has_room)
