"""Solvers measured against each other on made-up counties: turn by turn, medians and ratios of one run."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from jiedui_matching.couplings import Share
from jiedui_matching.problem import Problem
from jiedui_matching.solution import Solution
from jiedui_matching.solve import solve_fully

_FIRST = Problem(tier=[1], wanted=[1], capacity=[1], held=[0], arc_slot=[0], arc_volunteer=[0], arc_cost=[1])  # type: ignore[arg-type]  # lists are understood


@dataclass(frozen=True)
class Timing:
    """One solver's seconds, run by run, and its last answer."""

    solver: str
    seconds: tuple[float, ...]
    solution: Solution

    @property
    def median(self) -> float:
        """The middle one of its runs."""
        return statistics.median(self.seconds)


def make_ready(solver: str, *, coupled: bool = False) -> None:
    """Load and compile what the solver needs when first used: that is not its speed."""
    solve_fully(_FIRST, solver=solver, couplings=[Share((0,), 0)] if coupled else ())


def measure(problem: Problem, solvers: Sequence[str], runs: int) -> list[Timing]:
    """Every solver once in each turn, so that a slow moment of the machine meets all of them.

    Raises ArithmeticError if two solvers do not agree on coverage and cost, and KeyboardInterrupt.
    """
    for name in solvers:
        make_ready(name)
    answers: dict[str, list[Solution]] = {name: [] for name in solvers}
    for _ in range(runs):
        for name in solvers:
            answers[name].append(solve_fully(problem, solver=name))
    timings = [
        Timing(name, tuple(answer.seconds for answer in runs_), runs_[-1]) for name, runs_ in answers.items()
    ]
    found = {(tuple(each.solution.uncovered.items()), each.solution.cost) for each in timings}
    if len(found) > 1:
        raise ArithmeticError(f"the solvers disagree on the optimum: {sorted(found)}")
    return timings


def machine() -> dict[str, str]:
    """Where and with what was measured."""
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        **{name: _version(name) for name in ("numpy", "ortools", "numba")},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
