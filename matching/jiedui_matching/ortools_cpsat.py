"""OR-Tools' CP-SAT: for couplings, which are no flow; without them a second opinion on the flow's answer."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from jiedui_matching import ortools_flow
from jiedui_matching.couplings import Coupling, helpers_of, slots_of, validate
from jiedui_matching.ortools_part import Choice, Part
from jiedui_matching.problem import Ints, Mask, Problem
from jiedui_matching.solution import weight_of

solver_version = ortools_flow.solver_version


def choose(problem: Problem) -> Mask:
    """An optimal set of arcs, every connected part of the problem put to CP-SAT."""
    return choose_coupled(problem, ()).chosen


def choose_coupled(
    problem: Problem,
    couplings: Sequence[Coupling],
    stop: Callable[[], bool] = lambda: False,
    *,
    start: Mask | None = None,
    seed: int = 0,
) -> Choice:
    """The best plan that keeps the couplings: coverage tier by tier, then cost.

    The search starts from the best plan without couplings, the flow's unless another is given: a
    connected part in which that plan keeps them is settled, for nothing can be better there. Once
    `stop` says yes, parts that have no allowed plan yet are left with their pinned pairs.

    Raises ValueError naming a coupling that does not fit, or numbers too large for CP-SAT.
    """
    validate(problem, couplings)
    flow = ortools_flow.choose(problem) if start is None else start
    chosen, status = flow.copy(), "optimal"
    bound = weight_of(problem, flow)
    for arcs, slots, own in _parts(problem, couplings):
        if not _broken(problem, own, arcs[flow[arcs]]) and (couplings or not len(arcs)):
            continue
        if stop():
            chosen[arcs], status = problem.pinned[arcs], "stopped"
            continue
        part = Part(problem, arcs, slots, own, seed)
        answer = part.solve(flow[arcs], stop)
        if answer.status == "infeasible":
            return Choice(problem.pinned, "infeasible", bound)
        bound += answer.bound - part.weight(flow[arcs])
        chosen[arcs] = answer.chosen
        status = "stopped" if answer.status == "stopped" else status
    return Choice(chosen, status, bound)


def _parts(
    problem: Problem, couplings: Sequence[Coupling]
) -> Iterator[tuple[Ints, Ints, tuple[Coupling, ...]]]:
    """What hangs together by arcs or couplings: its arcs, its slots and its couplings."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    linked = [(slots[0], slot) for slots in map(slots_of, couplings) for slot in slots]
    left, right = np.array(linked, dtype=np.int64).reshape(-1, 2).T
    left = np.concatenate([problem.arc_slot, left])
    right = np.concatenate([problem.slots + problem.arc_volunteer, right])
    nodes = problem.slots + problem.volunteers
    graph = coo_array((np.ones(len(left), dtype=np.bool_), (left, right)), shape=(nodes, nodes))
    count, label = connected_components(graph, directed=False) if nodes else (0, np.zeros(0, dtype=np.int64))
    own: dict[int, list[Coupling]] = defaultdict(list)
    for coupling in couplings:
        if slots := slots_of(coupling):
            own[int(label[slots[0]])].append(coupling)
    arcs = _grouped(label[problem.arc_slot], count)
    slots_there = _grouped(label[: problem.slots], count)
    for part in range(count):
        if len(slots_there[part]):
            yield arcs[part], slots_there[part], tuple(own[part])


def _grouped(labels: Ints, count: int) -> list[Ints]:
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.searchsorted(labels[order], np.arange(1, count)))


def _broken(problem: Problem, couplings: Sequence[Coupling], arcs: Ints) -> bool:
    pairs = zip(problem.arc_slot[arcs].tolist(), problem.arc_volunteer[arcs].tolist(), strict=True)
    helpers = helpers_of(pairs)
    return any(coupling.broken(helpers) for coupling in couplings)
