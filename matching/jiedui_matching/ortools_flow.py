"""The reference solver: OR-Tools' minimum-cost flow, exact for everything a Problem can say."""

from importlib.metadata import version

import numpy as np

from jiedui_matching.problem import Ints, Mask, Problem


def solver_version() -> str:
    """The version that goes with every answer."""
    return f"ortools {version('ortools')}"


def choose(problem: Problem) -> Mask:
    """An optimal set of arcs: slots → volunteers → sink, and an uncovered arc from each slot.

    Pinned arcs are taken out beforehand together with the place each of them fills.
    Raises RuntimeError if OR-Tools gives up, which a valid Problem should never cause.
    """
    # Imported here: the web process reads plans and never loads the solver.
    from ortools.graph.python import min_cost_flow

    free = np.flatnonzero(~problem.pinned)
    lacking = problem.wanted - np.bincount(problem.arc_slot[problem.pinned], minlength=problem.slots)
    sink = problem.slots + problem.volunteers
    pairs = (
        problem.arc_slot[free],
        problem.slots + problem.arc_volunteer[free],
        np.ones(len(free), dtype=np.int64),
        problem.arc_cost[free],
    )
    uncovered = (
        np.arange(problem.slots),
        np.full(problem.slots, sink),
        lacking,
        problem.tier_weight * problem.tier,
    )
    volunteer, places, load = _places(problem)
    room = (problem.slots + volunteer, np.full(len(volunteer), sink), places, load)

    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        *(np.concatenate(column).astype(np.int64) for column in zip(pairs, uncovered, room, strict=True))
    )
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[: problem.slots] = lacking
    supply[sink] = -lacking.sum()
    flow.set_nodes_supplies(np.arange(sink + 1), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"OR-Tools answered {status.name} to a problem that always has an answer")
    chosen = problem.pinned.copy()
    chosen[free] = flow.flows(np.arange(len(free))) > 0
    return chosen


def _places(problem: Problem) -> tuple[Ints, Ints, Ints]:
    """Arcs to the sink as (volunteer, places, cost of each): one per place, since each costs more."""
    left = problem.room - problem.pins
    if not problem.load_step:
        everyone = np.arange(problem.volunteers)
        return everyone, left, np.zeros(problem.volunteers, dtype=np.int64)
    volunteer = np.repeat(np.arange(problem.volunteers), left)
    first = np.repeat(np.cumsum(left) - left, left)
    nth = np.arange(len(volunteer)) - first + problem.pins[volunteer]
    return volunteer, np.ones_like(volunteer), problem.load_step * (problem.held[volunteer] + nth)
