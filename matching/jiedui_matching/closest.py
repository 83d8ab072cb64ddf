"""Of all plans that are equally good, the one that changes least: nobody changes helper for nothing."""

import time

import numpy as np

from jiedui_matching.check import bound_of
from jiedui_matching.problem import Ints, Mask, Problem
from jiedui_matching.solution import Prices, Solution, unassigned_after, weight_of
from jiedui_matching.solve import solution_of


def closest(problem: Problem, solution: Solution, earlier: Mask) -> Solution:
    """The best plan that keeps most of the `earlier` arcs; the prices of `solution` prove it too.

    A plan is best exactly if it agrees with the prices: it takes no arc that costs more than its slot
    pays and every one that costs less, covers who pays less than the weight, and fills the places that
    cost less than their price. What the prices leave open is one flow, with a coin for each pair kept.

    Raises ValueError if the prices do not prove `solution` best, or `earlier` is no mask over the arcs.
    """
    started = time.perf_counter()
    if earlier.shape != (problem.arcs,) or earlier.dtype != np.bool_:
        raise ValueError(f"earlier must be true or false for each of the {problem.arcs} arcs")
    chosen = np.zeros(problem.arcs, dtype=np.bool_)
    chosen[solution.pair_arc] = True
    slot, volunteer = solution.prices.slot, solution.prices.volunteer
    if weight_of(problem, chosen) != bound_of(problem, slot, volunteer):
        raise ValueError("the plan is not proven best by its prices: they cannot say what is as good")
    rises = problem.arc_cost + volunteer[problem.arc_volunteer] - slot[problem.arc_slot]
    open_arcs = np.flatnonzero((rises == 0) & ~problem.pinned)
    open_arcs = open_arcs[_where_kept_less(problem, open_arcs, earlier & ~chosen)]
    if open_arcs.size:
        chosen[open_arcs] = False
        chosen[open_arcs] = _kept_most(problem, solution.prices, chosen, open_arcs, earlier[open_arcs])
    seconds = solution.seconds + time.perf_counter() - started
    return solution_of(
        problem, chosen, solution.prices, "optimal", solution.solver, solution.solver_version, seconds
    )


def _where_kept_less(problem: Problem, arcs: Ints, lost: Mask) -> Mask:
    """Which of the arcs hang together with one that is lost: elsewhere no plan keeps more."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = problem.arc_slot[arcs], problem.slots + problem.arc_volunteer[arcs]
    nodes = problem.slots + problem.volunteers
    if not nodes:
        return np.zeros(0, dtype=np.bool_)
    graph = coo_array((np.ones(len(arcs), dtype=np.bool_), ends), shape=(nodes, nodes))
    count, part = connected_components(graph, directed=False)
    touched = np.zeros(count, dtype=np.bool_)
    touched[part[ends[0][lost[arcs]]]] = True
    there: Mask = touched[part[ends[0]]]
    return there


def _kept_most(problem: Problem, prices: Prices, settled: Mask, arcs: Ints, kept: Mask) -> Mask:
    """Which of the open arcs to take beside the settled ones.

    Going without a helper costs as much as changing one. On top of it, going without and a place that
    need not be filled cost more than all pairs together: so every place is filled that must be, for the
    plan at hand fills it too.
    """
    # Imported here: the web process reads plans and never loads the solver.
    from ortools.graph.python import min_cost_flow

    slots, slot = np.unique(problem.arc_slot[arcs], return_inverse=True)
    volunteers, volunteer = np.unique(problem.arc_volunteer[arcs], return_inverse=True)
    lacking = unassigned_after(problem, settled)[slots]
    may_lack = prices.slot[slots] == problem.tier_weight * problem.tier[slots]
    filled = np.bincount(problem.arc_volunteer[settled], minlength=problem.volunteers)
    places = (np.maximum(bound - filled, 0) for bound in _places(problem, prices.volunteer))
    must_fill, may_fill = (bound[volunteers] for bound in places)
    sink, dear = len(slots) + len(volunteers), int(lacking.sum()) + 1
    flow = min_cost_flow.SimpleMinCostFlow()
    for tail, head, capacity, cost in (
        (slot, len(slots) + volunteer, 1, ~kept),
        (np.arange(len(slots)), sink, np.where(may_lack, lacking, 0), dear + 1),
        (len(slots) + np.arange(len(volunteers)), sink, must_fill, 0),
        (len(slots) + np.arange(len(volunteers)), sink, may_fill - must_fill, dear),
    ):
        columns = np.broadcast_arrays(tail, head, capacity, cost)
        flow.add_arcs_with_capacity_and_unit_cost(*(column.astype(np.int64) for column in columns))
    supply = np.r_[lacking, np.zeros_like(volunteers), -lacking.sum()]
    flow.set_nodes_supplies(np.arange(sink + 1), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"OR-Tools answered {status.name} to a question that the plan itself answers")
    taken: Mask = flow.flows(np.arange(len(arcs))) > 0
    return taken


def _places(problem: Problem, price: Ints) -> tuple[Ints, Ints]:
    """How many places of each volunteer are filled in every best plan, and in some of them at most."""
    if step := problem.load_step:
        least, most = -(-price // step) - problem.held, price // step + 1 - problem.held
    else:
        least, most = (np.where(worth, problem.room, problem.pins) for worth in (price > 0, price >= 0))
    return np.clip(least, problem.pins, problem.room), np.clip(most, problem.pins, problem.room)
