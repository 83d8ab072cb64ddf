"""The runner-up is the next person a coordinator would think of, and the difference is exact."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import eventful_plan, marked, untouched, weight, without

from jiedui_matching import Problem, runner_up, runners_up, solve
from jiedui_matching.instances import county
from jiedui_matching.repair import Plan


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


def alternatives_are_those_of_full_solves(plan, only=None):
    problem, before = plan.problem, untouched(plan)
    solution, found, now = plan.solution(), runners_up(plan), weight(problem)
    assert untouched(plan) == before
    tier = np.append(problem.tier, 0)
    for pair in range(len(solution.pair_arc)) if only is None else only:
        arc, slot = solution.pair_arc[pair], solution.pair_slot[pair]
        answer = [getattr(found, name)[pair] for name in ("weight", "cost", "arc", "loses", "gains", "moved")]
        if problem.pinned[arc]:
            assert answer == [0, 0, -1, -1, -1, 0]
            continue
        rise, cost, instead, loses, gains, moved = answer
        rest = without(problem, arc)
        assert rise == weight(rest) - now
        assert cost == rise + problem.tier_weight * (tier[gains] - tier[loses])
        if instead < 0:
            assert loses == slot
            continue
        assert problem.arc_slot[instead] == slot
        assert instead not in solution.pair_arc
        # With this helper pinned instead the best plan weighs the same.
        assert weight(without(replace(problem, pinned=marked(problem.pinned, instead)), arc)) == now + rise
        if moved == 0:
            assert rise == simple_rise(problem, solution, pair, instead)


def simple_rise(problem, solution, pair, instead):
    """What it costs that this slot alone changes its helper for one who has room."""
    new = np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
    other, helper = problem.arc_volunteer[instead], solution.pair_volunteer[pair]
    assert new[other] < problem.room[other]
    load = problem.held[other] + new[other] - (problem.held[helper] + new[helper] - 1)
    return problem.arc_cost[instead] - problem.arc_cost[solution.pair_arc[pair]] + problem.load_step * load


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_every_pair_has_the_alternative_that_full_solves_find(seed):
    alternatives_are_those_of_full_solves(eventful_plan(np.random.default_rng(seed)))


@pytest.mark.parametrize("places", [0.8, 1.1, 2.2])
def test_alternatives_are_exact_in_a_county(places):
    rng = np.random.default_rng(9)
    plan = Plan(county(400, 200, nearest=12, places_per_slot=places, seed=8))
    pairs = len(plan.solution().pair_arc)
    alternatives_are_those_of_full_solves(plan, rng.permutation(pairs)[:35])


def test_the_runner_up_may_be_freed_by_others_who_move_on():
    problem = Problem(
        tier=[1, 1], wanted=[1, 1], capacity=[1, 1, 1], held=[0, 0, 0],
        arc_slot=[0, 0, 1, 1], arc_volunteer=[0, 1, 1, 2], arc_cost=[5, 6, 1, 3],
    )  # fmt: skip
    found = runners_up(Plan(problem))
    # Slot 0 takes volunteer 1 for one more, whose household goes to volunteer 2 for two more.
    assert (found.cost[0], found.arc[0], found.moved[0], found.loses[0]) == (3, 1, 1, -1)
    assert (found.cost[1], found.arc[1], found.moved[1], found.loses[1]) == (2, 3, 0, -1)


def test_a_pair_that_nobody_can_replace_leaves_its_slot_or_another_without():
    problem = Problem(
        tier=[1, 2, 1], wanted=[1, 1, 1], capacity=[1, 1], held=[0, 0],
        arc_slot=[0, 1, 1, 2], arc_volunteer=[0, 0, 1, 1], arc_cost=[1, 9, 1, 2], tier_weight=100,
    )  # fmt: skip
    found = runners_up(Plan(problem))
    # Either way slot 1 ends at volunteer 0, slot 0 without helper, and slot 2, left out, with the other.
    assert (found.weight.tolist(), found.cost.tolist()) == ([9, 9], [9, 9])
    assert (found.arc.tolist(), found.moved.tolist()) == ([-1, 1], [2, 2])
    assert (found.loses.tolist(), found.gains.tolist()) == ([0, 0], [2, 2])


def test_runners_up_can_be_stopped():
    with pytest.raises(InterruptedError, match="before all were found"):
        runners_up(Plan(county(50, nearest=5)), stop=lambda: True)
