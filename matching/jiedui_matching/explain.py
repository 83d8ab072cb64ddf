"""Why this volunteer: what the best plan without a pair would be, for every pair."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jiedui_matching.engine.cycles import alternatives_for, part_some
from jiedui_matching.problem import Ints
from jiedui_matching.repair import LivePlan

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


def runners_up(plan: LivePlan, stop: Callable[[], bool] | None = None) -> RunnersUp:
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
