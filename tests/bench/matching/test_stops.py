"""How long a solver goes on after it was told to stop, whatever it was doing just then."""

import statistics
import time

import pytest

from jiedui_matching import check, solve
from jiedui_matching.instances import county
from jiedui_matching.solve import SOLVERS

ASKED = 0.2


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Compiled before anything is measured."""
    small = county(300, nearest=10)
    for solver in SOLVERS:
        solve(small, solver=solver, warm=solve(small))


def seconds_after(problem, solver, moment, **options):
    """How long the solver went on after its stop rule said yes, and what it had by then."""
    until = time.perf_counter() + moment
    solution = solve(problem, solver=solver, stop=lambda: time.perf_counter() >= until, **options)
    return time.perf_counter() - until, solution


@pytest.mark.parametrize(("slots", "nearest"), [(50_000, 100), (300_000, 20)])
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_ends_at_once(slots, nearest, solver, say):
    problem, late, worst = county(slots, nearest=nearest), [], 0.0
    for moment in (0.0, 0.1, 0.3, 0.6, 1.0, 2.0):
        answers = [seconds_after(problem, solver, moment) for _ in range(3)]
        late.append(statistics.median(seconds for seconds, _ in answers))
        worst = max(worst, *(seconds for seconds, _ in answers))
        for _, solution in answers:
            assert solution.status == "stopped"
            assert check(problem, solution).violations.keys() <= {"optimal"}
    words = ", ".join(f"{seconds:.3f}" for seconds in late)
    say(f"{solver}, {slots} slots, k={nearest}: medians of 3 at six moments {words}; worst {worst:.3f} s")
    assert max(late) <= ASKED
