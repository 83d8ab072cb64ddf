"""The runner-up is the next person a coordinator would think of, and the difference is exact."""

import numpy as np

from jiedui_matching import Problem, runner_up, solve


def pairing(**changes):
    fields = {
        "tier": [1, 1],
        "wanted": [1, 1],
        "capacity": [1, 2, 3],
        "held": [0, 0, 1],
        "arc_slot": [0, 0, 0, 1],
        "arc_volunteer": [0, 1, 2, 0],
        "arc_cost": [50, 10, 15, 1],
        "load_step": 7,
    }
    return Problem(**fields | changes)


def test_the_runner_up_has_room_and_the_difference_counts_her_load():
    problem = pairing()
    solution = solve(problem)
    assert solution.pair_arc.tolist() == [1, 3]
    result = runner_up(problem, solution)
    # Slot 0: volunteer 2 holds one household already, so 15 + 7 against 10 + 0.
    assert (result.arc[0], result.difference[0], result.has_room[0]) == (2, 12, True)


def test_a_pair_without_any_alternative_says_so():
    result = runner_up(pairing(), solve(pairing()))
    assert (result.arc[1], result.difference[1], result.has_room[1]) == (-1, 0, False)


def test_somebody_without_room_is_named_only_when_nobody_has_any():
    problem = pairing(capacity=[1, 2, 1])
    result = runner_up(problem, solve(problem))
    # Volunteer 2 is full from the start and cheaper than volunteer 0, who is full by now.
    assert (result.arc[0], result.difference[0], result.has_room[0]) == (2, 5, False)


def test_somebody_with_room_comes_before_somebody_cheaper_without():
    problem = pairing(arc_cost=[12, 10, 15, 1])
    result = runner_up(problem, solve(problem))
    assert (result.arc[0], result.difference[0], result.has_room[0]) == (2, 12, True)


def test_moving_the_pair_to_its_runner_up_changes_the_cost_by_the_difference():
    rng = np.random.default_rng(11)
    n, m = 30, 20
    slot, volunteer = np.divmod(np.flatnonzero(rng.random(n * m) < 0.4), m)
    problem = Problem(
        tier=rng.integers(1, 4, n), wanted=rng.integers(1, 3, n), capacity=rng.integers(1, 9, m),
        held=rng.integers(0, 2, m), arc_slot=slot, arc_volunteer=volunteer,
        arc_cost=rng.integers(0, 900, len(slot)), load_step=40,
    )  # fmt: skip
    solution = solve(problem)
    result = runner_up(problem, solution)
    moved = 0
    for pair in np.flatnonzero(result.has_room):
        arcs = solution.pair_arc.copy()
        arcs[pair] = result.arc[pair]
        assert len(set(arcs.tolist())) == len(arcs)
        load = np.bincount(problem.arc_volunteer[arcs], minlength=m)
        assert (load <= np.maximum(problem.capacity - problem.held, 0)).all()
        places = load * problem.held + load * (load - 1) // 2
        cost = problem.arc_cost[arcs].sum() + 40 * places.sum()
        assert cost - solution.cost == result.difference[pair] >= 0
        moved += 1
    assert moved > 5


def test_an_empty_plan_has_no_runners_up():
    problem = Problem(tier=[1], wanted=[1], capacity=[], held=[], arc_slot=[], arc_volunteer=[], arc_cost=[])
    assert len(runner_up(problem, solve(problem)).arc) == 0
