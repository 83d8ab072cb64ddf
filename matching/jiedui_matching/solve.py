"""One front door to every solver: a problem in, a plan with its proof out."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from jiedui_matching.certificate import NotOptimalError, first_prices, prices_of
from jiedui_matching.check import bound_of
from jiedui_matching.couplings import Coupling, validate
from jiedui_matching.isolated import Stop, run_isolated
from jiedui_matching.problem import Mask, Problem, total
from jiedui_matching.solution import Prices, Solution, cost_of, unassigned_after, uncovered_by_tier

# Each is a module of this name, loaded when first asked: processes that only read plans need neither.
SOLVERS = ("prices", "ortools_flow", "ortools_cpsat")

LARGEST_SEED = 2**31 - 1

# A flow of fewer arcs is over before anybody could stop it.
_LONG = 50_000

# The arcs chosen, prices that prove a bound, the status, and the bound if another one is known.
_Answer = tuple[Mask, Prices, str, int | None]


def solve(
    problem: Problem,
    *,
    solver: str = "auto",
    stop: Callable[[], bool] | None = None,
    seed: int = 0,
    warm: Solution | None = None,
    couplings: Sequence[Coupling] = (),
) -> Solution:
    """The best plan and the prices that prove it.

    "auto" is our own engine where numba is there to run it, otherwise OR-Tools; with `couplings` it is
    "ortools_cpsat", whose plan seldom has such prices: they are those of the best plan without
    couplings, and the bound is its own. `stop` is asked again and again; once it says yes, or Ctrl-C
    comes, what there is comes back as "stopped", with a bound that still holds. Couplings that cannot
    be kept are "infeasible", with the pinned pairs alone. `seed` is for "ortools_cpsat", which draws
    lots; the others repeat themselves exactly. From `warm`, an earlier plan of the same people,
    "prices" keeps what is still good and need not begin anew; the others do not look at it.

    Raises ValueError for an unknown solver, a seed beyond 0 to 2^31 - 1, a `warm` of other people given
    to "prices", couplings that do not fit or a solver that knows none, and NotOptimalError if a solver's
    answer has no proof.
    """
    name = _automatic(problem, couplings) if solver == "auto" else solver
    if name not in SOLVERS:
        raise ValueError(f"solver is {solver!r}: choose auto or one of {', '.join(SOLVERS)}")
    if couplings and name != "ortools_cpsat":
        raise ValueError(f"{name} knows no couplings: choose ortools_cpsat")
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed is {seed}: it must be 0 to {LARGEST_SEED}")
    engine = import_module(f"jiedui_matching.{name}")
    stopped = stop or (lambda: False)
    started = time.perf_counter()
    try:
        if stopped():
            answer = _at_once(problem)
        elif name == "prices":
            answer = _by_prices(problem, engine.plan, stopped, warm)
        elif name == "ortools_flow":
            answer = _by_flow(problem, engine.choose, stopped)
        else:
            answer = _by_cpsat(problem, engine.choose_coupled, stopped, seed, couplings)
    except KeyboardInterrupt:
        answer = _at_once(problem)
    chosen, prices, status, bound = answer
    seconds = time.perf_counter() - started
    return solution_of(problem, chosen, prices, status, name, engine.solver_version(), seconds, bound)


def solve_fully(problem: Problem, *, solver: str = "auto", couplings: Sequence[Coupling] = ()) -> Solution:
    """As `solve`, for whoever has no use for half a plan: Ctrl-C raises KeyboardInterrupt."""
    solution = solve(problem, solver=solver, couplings=couplings)
    if solution.status == "stopped":
        raise KeyboardInterrupt
    return solution


def solution_of(
    problem: Problem,
    chosen: Mask,
    prices: Prices,
    status: str,
    solver: str,
    solver_version: str,
    seconds: float,
    bound: int | None = None,
) -> Solution:
    """These arcs with everything that follows from them; if no bound is known, the one of the prices."""
    arcs = np.flatnonzero(chosen)
    unassigned, cost = unassigned_after(problem, arcs), cost_of(problem, arcs)
    weight = cost + total(problem.tier_weight * problem.tier, unassigned)
    if bound is None:
        bound = weight if status == "optimal" else bound_of(problem, prices.slot, prices.volunteer)
    return Solution(
        pair_arc=arcs,
        pair_slot=problem.arc_slot[arcs],
        pair_volunteer=problem.arc_volunteer[arcs],
        unassigned=unassigned,
        uncovered=uncovered_by_tier(problem.tier, unassigned),
        cost=cost,
        weight=weight,
        bound=bound,
        prices=prices,
        status=status,
        solver=solver,
        solver_version=solver_version,
        seconds=seconds,
    )


def _automatic(problem: Problem, couplings: Sequence[Coupling]) -> str:
    if couplings:
        return "ortools_cpsat"
    # The engine numbers arcs in 32 bits; beyond that nothing fits into memory anyway.
    return "prices" if find_spec("numba") and problem.arcs < 2**31 else "ortools_flow"


def _by_prices(
    problem: Problem, plan: Callable[..., tuple[Mask, Prices, bool]], stopped: Stop, warm: Solution | None
) -> _Answer:
    chosen, prices, finished = plan(problem, stopped, warm)
    return chosen, prices, "optimal" if finished else "stopped", None


def _by_flow(problem: Problem, choose: Callable[[Problem], Mask], stopped: Stop) -> _Answer:
    # It keeps the interpreter to itself until it is done, and listens to nobody.
    if problem.arcs < _LONG:
        return _proven(problem, choose(problem), stopped)
    nothing = _nothing(problem, stopped)
    if stopped():
        return nothing
    chosen = run_isolated(partial(_heedless, choose, problem), stopped, grace=0)
    return nothing if chosen is None else _proven(problem, chosen, stopped)


def _by_cpsat(
    problem: Problem, choose: Callable[..., Any], stopped: Stop, seed: int, couplings: Sequence[Coupling]
) -> _Answer:
    """With couplings from the best plan without them, whose prices it keeps."""
    if not couplings:
        nothing, start = _nothing(problem, stopped), None
    else:
        # Before anything is solved: a coupling that does not fit is told at once.
        validate(problem, couplings)
        free = solve(problem, stop=stopped)
        nothing = problem.pinned, free.prices, "stopped", free.bound
        if free.status != "optimal":
            return nothing
        start = np.isin(np.arange(problem.arcs), free.pair_arc)
    if stopped():
        return nothing
    choice = run_isolated(partial(choose, problem, couplings, start=start, seed=seed), stopped)
    if choice is None:
        return nothing
    if choice.status == "optimal" and not couplings:
        return _proven(problem, choice.chosen, stopped)
    return choice.chosen, nothing[1], choice.status, choice.bound


def _heedless(choose: Callable[[Problem], Mask], problem: Problem, stop: Stop) -> Mask:
    return choose(problem)


def _proven(problem: Problem, chosen: Mask, stopped: Stop) -> _Answer:
    """A plan that is said to be best, with the prices that show it."""
    try:
        return chosen, prices_of(problem, chosen, stopped), "optimal", None
    except (InterruptedError, KeyboardInterrupt):
        return chosen, first_prices(problem), "stopped", None


def _at_once(problem: Problem) -> _Answer:
    """Only pins, with a bound that takes no time: what they cost."""
    nought = Prices(np.zeros(problem.slots, dtype=np.int64), np.zeros(problem.volunteers, dtype=np.int64))
    return problem.pinned, nought, "stopped", cost_of(problem, problem.pinned)


def _nothing(problem: Problem, stopped: Stop) -> _Answer:
    """Only pins, with a bound that needs no plan; stopped even before that, with one that takes no time."""
    prices = first_prices(problem)
    if stopped():
        return _at_once(problem)
    return problem.pinned, prices, "stopped", bound_of(problem, prices.slot, prices.volunteer)


__all__ = ["SOLVERS", "NotOptimalError", "solve"]
