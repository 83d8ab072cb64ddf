"""General minimum-cost flow networks: solved by OR-Tools directly, or read as a pairing if they are one."""

import os
import time
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import numpy as np

from jiedui_matching.isolated import Stop, run_isolated
from jiedui_matching.ortools_flow import solver_version
from jiedui_matching.problem import LIMIT, Ints, Problem, total


@dataclass(frozen=True, eq=False, kw_only=True)
class FlowNetwork:
    """Node i gives `supply[i]` (takes, if negative); arcs carry `low` to `capacity` at `cost` each.

    Raises ValueError where supplies or lower bounds add up to 2^62, beyond which nobody counts right.
    """

    supply: Ints
    tail: Ints
    head: Ints
    low: Ints
    capacity: Ints
    cost: Ints

    def __post_init__(self) -> None:
        for name, values in (("supply", np.abs(self.supply)), ("low", self.low)):
            if total(np.ones_like(values), values) >= LIMIT:
                at = next(at for at, sum_ in enumerate(accumulate(values.tolist())) if sum_ >= LIMIT)
                raise ValueError(
                    f"{name}[{at}] is {getattr(self, name)[at]}: all must add up to less than 2^62"
                )


@dataclass(frozen=True, eq=False, kw_only=True)
class Flow:
    """What each arc carries and what that costs; a network without one carries nothing."""

    status: str
    objective: int | None
    carried: Ints
    solver: str = "ortools_flow"
    solver_version: str
    seconds: float


@dataclass(frozen=True)
class Pairing:
    """A network as a Problem, each of whose arcs costs `shift` less than the network's."""

    problem: Problem
    shift: int


def as_pairing(network: FlowNetwork) -> Pairing | None:
    """The same question as a Problem, if every arc leads from a giver to a taker and can carry one, and
    no cost is too large for a Problem.

    Slots are the nodes that give, volunteers those that take, both in the order of the nodes. Of several
    arcs between two of whom one gives or takes only one, the cheapest is enough.
    """
    open_arcs = np.flatnonzero(network.capacity > 0)
    tail, head = network.tail[open_arcs], network.head[open_arcs]
    most = np.minimum(network.supply[tail], -network.supply[head])
    fits = (most >= 1) & ((most == 1) | (network.capacity[open_arcs] == 1))
    if network.low.any() or network.supply.sum() or not fits.all():
        return None
    order = np.lexsort((network.cost[open_arcs], head, tail))
    tail, head, most, cost = tail[order], head[order], most[order], network.cost[open_arcs][order]
    again = np.r_[False, (np.diff(tail) == 0) & (np.diff(head) == 0)][: len(tail)]
    if (again & (most > 1)).any():
        return None
    tail, head, cost = tail[~again], head[~again], cost[~again]
    givers, takers = np.flatnonzero(network.supply > 0), np.flatnonzero(network.supply < 0)
    least = int(cost.min(initial=0))
    try:
        problem = Problem(
            tier=np.ones(len(givers), dtype=np.int64),
            wanted=network.supply[givers],
            capacity=-network.supply[takers],
            held=np.zeros(len(takers), dtype=np.int64),
            arc_slot=np.searchsorted(givers, tail),
            arc_volunteer=np.searchsorted(takers, head),
            arc_cost=cost - least,
        )
    except ValueError:  # a network need not weigh who is left out, so its costs may be larger
        return None
    return Pairing(problem, least)


def solve_network(network: FlowNetwork, stopped: Stop = lambda: False) -> Flow:
    """The cheapest flow, or the status infeasible or stopped.

    Raises ValueError if the numbers are too large for OR-Tools.
    """
    started = time.perf_counter()
    nothing = np.zeros(len(network.tail), dtype=np.int64)
    answer = (
        ("stopped", nothing) if stopped() else run_isolated(partial(_cheapest, network), stopped, grace=0)
    )
    status, carried = answer or ("stopped", nothing)
    return Flow(
        status=status,
        objective=total(carried, network.cost) if status == "optimal" else None,
        carried=carried,
        solver_version=solver_version(),
        seconds=time.perf_counter() - started,
    )


def _cheapest(network: FlowNetwork, _: Stop) -> tuple[str, Ints]:
    """OR-Tools' status in our words, and what each arc carries; in a process of its own."""
    # Imported here: the web process reads plans and never loads the solver.
    from ortools.graph.python import min_cost_flow

    nothing = np.zeros(len(network.tail), dtype=np.int64)
    supply = network.supply.copy()
    np.subtract.at(supply, network.tail, network.low)
    np.add.at(supply, network.head, network.low)
    if supply.sum():
        return "infeasible", nothing
    # What its log says comes back as its answer, and stderr is ours.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    flow = min_cost_flow.SimpleMinCostFlow()
    room = network.capacity - network.low
    flow.add_arcs_with_capacity_and_unit_cost(network.tail, network.head, room, network.cost)
    flow.set_nodes_supplies(np.arange(len(supply)), supply)
    answer = flow.solve()
    if answer == flow.OPTIMAL:
        return "optimal", network.low + flow.flows(np.arange(len(network.tail)))
    if answer in (flow.INFEASIBLE, flow.UNBALANCED):
        return "infeasible", nothing
    name, values = ("cost", network.cost) if answer == flow.BAD_COST_RANGE else ("capacity", network.capacity)
    at = int(np.abs(values).argmax())
    raise ValueError(f"{name}[{at}] is {values[at]}: too large for OR-Tools, which answers {answer.name}")
