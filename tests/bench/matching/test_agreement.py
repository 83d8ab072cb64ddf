"""Two exact solvers that share no code must agree, and a checker that knows neither must find nothing."""

import numpy as np
from problems import random_problem

from jiedui_matching import check, solve
from jiedui_matching.instances import county

_SIZES = ((4, 4), (12, 6), (6, 12), (30, 20), (120, 60))


def found(problem, tally):
    ours, theirs = solve(problem, solver="prices"), solve(problem, solver="ortools_flow")
    tally["tried"] += 1
    tally["differ"] += (ours.uncovered, ours.cost) != (theirs.uncovered, theirs.cost)
    tally["violations"] += len(check(problem, ours).violations) + len(check(problem, theirs).violations)


def test_every_optimum_is_that_of_the_flow(say):
    random, counties = ({"tried": 0, "differ": 0, "violations": 0} for _ in range(2))
    for seed in range(600):
        rng = np.random.default_rng(seed)
        slots, volunteers = _SIZES[seed % len(_SIZES)]
        density, dearest = rng.choice([0.1, 0.4, 1.0]), rng.choice([0, 3, 1000, 10**12])
        found(
            random_problem(
                rng, slots=slots, volunteers=volunteers, density=float(density), dearest=int(dearest)
            ),
            random,
        )
    for seed, places in enumerate((0.5, 0.9, 1.1, 2.2)):
        found(county(5_000, nearest=20, places_per_slot=places, seed=seed), counties)
    for name, tally in (("random problems", random), ("counties of 5,000", counties)):
        tried, differ, violations = tally.values()
        say(f"{name}: {tried} tried, {differ} differ, {violations} violations (asked 0)")
        assert (tally["differ"], tally["violations"]) == (0, 0)
