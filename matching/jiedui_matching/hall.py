"""Why nobody is left for a slot: these slots may be helped by these volunteers only, who have too few places.

By Hall's theorem a set like this exists exactly when somebody must go without; anyone can recount it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from jiedui_matching.engine.reach import reach
from jiedui_matching.problem import Ints, Mask, Problem
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import Solution


@dataclass(frozen=True, eq=False)
class Shortage:
    """Slots, and the volunteers who alone may give them the helpers they want: `wanted` > `places`.

    `wanted` counts the helpers wanted by these slots, without one for each other volunteer who may
    help one of them: all of those do already. `places` counts what these volunteers have room for,
    without the places that pins give to other slots.
    """

    slots: Ints
    volunteers: Ints
    wanted: int
    places: int


@dataclass(frozen=True, eq=False)
class Shortages:
    """`of` says for each slot left out which of `sets` proves it, -1 for all others."""

    of: Ints
    sets: Sequence[Shortage]


def shortages(plan: LivePlan) -> Shortages:
    """The smallest proof for each slot that lacks a helper; slots that have the same volunteers share one.

    Where coverage does not come first a slot may also be left out because it would cost more than it
    weighs; there is no shortage then, and `of` says -1.
    """
    problem, chosen = plan.problem, np.zeros(plan.problem.arcs, dtype=np.bool_)
    solution = plan.solution()
    chosen[solution.pair_arc] = True
    free = np.bincount(solution.pair_volunteer, minlength=problem.volunteers) < problem.room
    of = np.full(problem.slots, -1, dtype=np.int64)
    sets: list[Shortage] = []
    for slots, volunteers, left_out in _reached(problem, chosen, np.flatnonzero(solution.unassigned)):
        if not free[volunteers].any():
            of[left_out] = len(sets)
            sets.append(_counted(problem, solution, slots, volunteers))
    return Shortages(of, sets)


def _counted(problem: Problem, solution: Solution, slots: Ints, volunteers: Ints) -> Shortage:
    """What these slots want of these volunteers, and what they have."""
    ours, theirs = np.zeros(problem.slots, np.bool_), np.zeros(problem.volunteers, np.bool_)
    ours[slots] = theirs[volunteers] = True
    inner, among = ours[solution.pair_slot], theirs[solution.pair_volunteer]
    wanted = problem.wanted[slots].sum() - (inner & ~among).sum()
    places = problem.room[volunteers].sum() - (among & ~inner).sum()
    return Shortage(slots, volunteers, int(wanted), int(places))


def _reached(problem: Problem, chosen: Mask, lacking: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """For all who reach the same volunteers: the slots and volunteers reached, and who they are."""
    graph = _graph(problem, chosen)
    parts, part = connected_components(graph, connection="strong")
    before, after = np.repeat(part, np.diff(graph.indptr)), part[graph.indices]
    across = before != after
    steps = csr_array((across[across], (before[across], after[across])), shape=(parts, parts))
    has_volunteers = np.zeros(parts, dtype=np.bool_)
    has_volunteers[part[problem.slots :]] = True

    members = np.split(np.argsort(part, kind="stable"), np.cumsum(np.bincount(part))[:-1])
    starts_of: dict[bytes, list[int]] = {}
    seen, found = np.full(parts, -1), np.empty(parts, dtype=part.dtype)

    def reached(start: int) -> Ints:
        return np.sort(found[: reach(steps.indptr, steps.indices, start, seen, found)])

    for start in np.unique(part[lacking]).tolist():
        there = reached(start)
        starts_of.setdefault(there[has_volunteers[there]].tobytes(), []).append(start)
    seen[:] = -1
    for starts in starts_of.values():
        # From any of them the same volunteers are reached, and so the same slots that these help.
        nodes = np.sort(np.concatenate([members[p] for p in np.union1d(reached(starts[0]), starts)]))
        split = np.searchsorted(nodes, problem.slots)
        yield nodes[:split], nodes[split:] - problem.slots, lacking[np.isin(part[lacking], starts)]


def _graph(problem: Problem, chosen: Mask) -> csr_array:
    """A slot leads to whoever may help it and does not, a volunteer to the slots that she may leave."""
    nodes = problem.slots + problem.volunteers
    leave = np.flatnonzero(chosen & ~problem.pinned)
    leave = leave[np.argsort(problem.arc_volunteer[leave], kind="stable")]
    degree = np.concatenate(
        [
            np.bincount(problem.arc_slot[~chosen], minlength=problem.slots),
            np.bincount(problem.arc_volunteer[leave], minlength=problem.volunteers),
        ]
    )
    far = np.concatenate([problem.arc_volunteer[~chosen] + problem.slots, problem.arc_slot[leave]])
    start = np.concatenate([[0], np.cumsum(degree)])
    return csr_array((np.ones(len(far), np.int8), far, start), shape=(nodes, nodes))
