"""One front door to every solver: a problem in, a plan with its proof out."""

import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from jiedui_matching.certificate import NotOptimalError, prices_of
from jiedui_matching.problem import Mask, Problem
from jiedui_matching.solution import Prices, Solution, cost_of, unassigned_after, uncovered_by_tier

# Each is a module of this name, loaded when first asked: processes that only read plans need neither.
SOLVERS = ("prices", "ortools_flow", "ortools_cpsat")


def solve(
    problem: Problem,
    *,
    solver: str = "auto",
    stop: Callable[[], bool] | None = None,
    seed: int = 0,
    warm: Solution | None = None,
) -> Solution:
    """The best plan and the prices that prove it.

    "auto" is our own engine where numba is there to run it, otherwise OR-Tools. `stop` is asked
    again and again by "prices", before choosing and before proving by "ortools_flow"; once it says
    yes, or the keyboard interrupts "prices", what there is comes back as "stopped". `seed` is for
    solvers that draw lots; these draw none and repeat themselves exactly. From `warm`, an earlier plan
    of the same people, "prices" keeps what is still good and need not begin anew.

    Raises ValueError for an unknown solver or a `warm` of other people, and NotOptimalError if a
    solver's answer has no proof.
    """
    name = _automatic(problem) if solver == "auto" else solver
    if name not in SOLVERS:
        raise ValueError(f"solver is {solver!r}: choose auto or one of {', '.join(SOLVERS)}")
    engine = import_module(f"jiedui_matching.{name}")
    stopped = stop or (lambda: False)
    started = time.perf_counter()
    if stopped():
        chosen, prices, finished = problem.pinned, None, False
    elif name == "prices":
        chosen, prices, finished = engine.plan(problem, stopped, warm)
    else:
        chosen, prices, finished = _chosen_then_proven(problem, engine.choose, stopped)
    return solution_of(
        problem,
        chosen,
        prices or _no_prices(problem),
        "optimal" if finished else "stopped",
        name,
        engine.solver_version(),
        time.perf_counter() - started,
    )


def solution_of(
    problem: Problem,
    chosen: Mask,
    prices: Prices,
    status: str,
    solver: str,
    solver_version: str,
    seconds: float,
) -> Solution:
    """These arcs with everything that follows from them."""
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
        solver=solver,
        solver_version=solver_version,
        seconds=seconds,
    )


def _automatic(problem: Problem) -> str:
    # The engine numbers arcs in 32 bits; beyond that nothing fits into memory anyway.
    return "prices" if find_spec("numba") and problem.arcs < 2**31 else "ortools_flow"


def _chosen_then_proven(
    problem: Problem, choose: Callable[[Problem], Mask], stopped: Callable[[], bool]
) -> tuple[Mask, Prices | None, bool]:
    chosen = choose(problem)
    return (chosen, None, False) if stopped() else (chosen, prices_of(problem, chosen), True)


def _no_prices(problem: Problem) -> Prices:
    """Those that prove a bound without any plan: everyone pays the weight and no place is scarce."""
    return Prices(problem.tier_weight * problem.tier, np.zeros(problem.volunteers, dtype=np.int64))


__all__ = ["SOLVERS", "NotOptimalError", "solve"]
