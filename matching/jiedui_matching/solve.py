"""One front door to every solver: a problem in, a plan with its proof out."""

import time
from collections.abc import Callable

import numpy as np

from jiedui_matching import ortools_flow
from jiedui_matching.certificate import NotOptimalError, prices_of
from jiedui_matching.problem import Problem
from jiedui_matching.solution import Prices, Solution, cost_of, unassigned_after, uncovered_by_tier

SOLVERS = {"ortools_flow": ortools_flow}


def solve(
    problem: Problem,
    *,
    solver: str = "auto",
    stop: Callable[[], bool] | None = None,
    seed: int = 0,
) -> Solution:
    """The best plan and the prices that prove it.

    `stop` is asked before each step (choosing, proving): once it says yes, the plan comes back as
    "stopped", with the pinned pairs or the unproven choice. `seed` is for solvers that draw lots;
    the flow draws none and repeats itself exactly.

    Raises ValueError for an unknown solver and NotOptimalError if a solver's answer has no proof.
    """
    name = "ortools_flow" if solver == "auto" else solver
    if name not in SOLVERS:
        raise ValueError(f"solver is {solver!r}: choose auto or one of {', '.join(SOLVERS)}")
    engine = SOLVERS[name]
    stopped = stop or (lambda: False)
    started = time.perf_counter()
    chosen, status = problem.pinned, "stopped"
    prices = Prices(problem.tier_weight * problem.tier, np.zeros(problem.volunteers, dtype=np.int64))
    if not stopped():
        chosen = engine.choose(problem)
        if not stopped():
            prices, status = prices_of(problem, chosen), "optimal"
    unassigned = unassigned_after(problem, chosen)
    arcs = np.flatnonzero(chosen)
    return Solution(
        pair_arc=arcs,
        pair_slot=problem.arc_slot[arcs],
        pair_volunteer=problem.arc_volunteer[arcs],
        unassigned=unassigned,
        uncovered=uncovered_by_tier(problem, unassigned),
        cost=cost_of(problem, chosen),
        prices=prices,
        status=status,
        solver=name,
        solver_version=engine.solver_version(),
        seconds=time.perf_counter() - started,
    )


__all__ = ["SOLVERS", "NotOptimalError", "solve"]
