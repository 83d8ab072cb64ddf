"""After every event the repaired plan equals a cold solve of what the problem has become, and proves it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import eventful_plan, one_event, small, weight

from jiedui_matching import Problem, check, solve
from jiedui_matching.instances import county
from jiedui_matching.repair import LivePlan


def agrees_with_a_cold_solve(plan):
    problem, solution = plan.problem, plan.solution()
    cold = solve(problem, solver="ortools_flow")
    assert check(problem, solution).violations == {}
    assert (solution.uncovered, solution.cost) == (cold.uncovered, cold.cost)


@given(st.integers(0, 2**32))
def test_any_sequence_of_events_leaves_an_optimal_plan(seed):
    rng = np.random.default_rng(seed)
    plan = LivePlan(small(rng))
    for _ in range(20):
        before = plan.solution()
        try:
            one_event(rng, plan)
        except ValueError:
            assert np.array_equal(plan.solution().pair_arc, before.pair_arc)
        agrees_with_a_cold_solve(plan)


@pytest.mark.parametrize("places", [0.8, 1.1, 2.2])
def test_a_county_stays_optimal_through_a_day_of_events(places):
    rng = np.random.default_rng(5)
    problem = county(400, 200, nearest=12, places_per_slot=places, seed=3)
    plan = LivePlan(problem)
    for _ in range(60):
        solution = plan.solution()
        at = int(rng.integers(len(solution.pair_slot)))
        slot, volunteer = int(solution.pair_slot[at]), int(solution.pair_volunteer[at])
        match rng.integers(6):
            case 0:
                plan.want(slot, 0)
            case 1:
                plan.want(int(rng.integers(problem.slots)), 1)
            case 2:
                plan.forbid(slot, volunteer)
            case 3:
                plan.set_capacity(volunteer, 0)
            case 4:
                plan.set_capacity(volunteer, int(plan.problem.capacity[volunteer]) + 1)
            case 5:
                row = slice(*plan.problem.row[slot : slot + 2])
                reachable = plan.problem.arc_volunteer[row]
                other = reachable[plan.problem.room[reachable] > 0][0]
                plan.pin(slot, int(other))
                agrees_with_a_cold_solve(plan)
                plan.unpin(slot, int(other))
        agrees_with_a_cold_solve(plan)


def example(**changes):
    fields = {
        "tier": [3, 1],
        "wanted": [1, 1],
        "capacity": [1, 1],
        "held": [0, 0],
        "arc_slot": [0, 0, 1],
        "arc_volunteer": [0, 1, 0],
        "arc_cost": [5, 7, 1],
        "tier_weight": 1000,
    }
    return LivePlan(Problem(**fields | changes))


def pairs(plan):
    solution = plan.solution()
    return list(zip(solution.pair_slot.tolist(), solution.pair_volunteer.tolist(), strict=True))


def test_who_declines_is_replaced_and_others_move_for_it():
    plan = example()
    assert pairs(plan) == [(0, 1), (1, 0)]
    plan.forbid(0, 1)
    assert pairs(plan) == [(0, 0)]
    assert plan.solution().uncovered == {3: 0, 1: 1}
    plan.allow(0, 1)
    assert pairs(plan) == [(0, 1), (1, 0)]


def test_a_new_household_takes_the_place_of_a_less_urgent_one():
    plan = example()
    assert plan.add_slot(tier=2, wanted=1, volunteers=[0], costs=[3]) == 2
    assert pairs(plan) == [(0, 1), (2, 0)]
    plan.want(2, 0)
    assert pairs(plan) == [(0, 1), (1, 0)]


def test_a_volunteer_who_leaves_and_returns_changes_nothing_in_the_end():
    plan = example()
    plan.set_capacity(0, 0)
    assert pairs(plan) == [(0, 1)]
    plan.set_capacity(0, 1)
    assert pairs(plan) == [(0, 1), (1, 0)]


def test_a_new_volunteer_relieves_whoever_gains_most():
    plan = example()
    assert plan.add_volunteer(capacity=1, held=0, slots=[0, 1], costs=[4, 2]) == 2
    assert pairs(plan) == [(0, 2), (1, 0)]
    plan.set_capacity(2, 0)
    assert pairs(plan) == [(0, 1), (1, 0)]


def test_a_new_volunteer_who_holds_all_she_can_waits_for_a_place():
    plan = example()
    plan.add_volunteer(capacity=1, held=1, slots=[0], costs=[1])
    assert pairs(plan) == [(0, 1), (1, 0)]
    plan.set_capacity(2, 2)
    assert pairs(plan) == [(0, 2), (1, 0)]


def test_a_pinned_pair_holds_until_it_is_unpinned():
    plan = example()
    plan.pin(0, 0)
    assert pairs(plan) == [(0, 0)]
    plan.unpin(0, 0)
    assert pairs(plan) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("event", "arguments", "sentence"),
    [
        ("want", (9, 1), "slot is 9: there are 2 slots"),
        ("want", (0, -1), "wanted is -1"),
        ("set_capacity", (2, 1), "volunteer is 2: there are 2 volunteers"),
        ("set_capacity", (0, -1), "capacity is -1"),
        ("set_capacity", (0, 2**62), "capacity is"),
        ("pin", (1, 1), "slot 1 and volunteer 1 cannot be paired"),
        ("add_slot", (1, 1, [1, 0], [1, 1]), "rising order"),
        ("add_slot", (1, 1, [2], [1]), r"volunteers\[0\] is 2: there are 2 volunteers"),
        ("add_slot", (1, 1, [0], [-1]), r"costs\[0\] is -1: it cannot be negative"),
        ("add_slot", (0, 1, [0], [1]), "tier is 0"),
        ("add_slot", (1, 1, [0], [1, 2]), "must agree"),
        ("add_slot", (1, 1, [0], [2**60]), "the largest cost"),
        ("add_volunteer", (-1, 0, [0], [1]), "capacity is -1"),
        ("add_volunteer", (1, 2**62, [0], [1]), "held is"),
        ("add_volunteer", (1, 0, [1, 0], [1, 1]), "rising order"),
        ("add_volunteer", (1, 0, [2], [1]), r"slots\[0\] is 2: there are 2 slots"),
        ("add_volunteer", (1, 0, [0], [-1]), r"costs\[0\] is -1: it cannot be negative"),
        ("add_volunteer", (1, 0, [0], [1, 2]), "must agree"),
        ("add_volunteer", (1, 0, [0], [2**60]), "the largest cost"),
    ],
)
def test_an_impossible_event_is_refused_in_words_and_changes_nothing(event, arguments, sentence):
    plan = example()
    with pytest.raises(ValueError, match=sentence):
        getattr(plan, event)(*arguments)
    assert (plan.problem.slots, plan.problem.volunteers) == (2, 2)
    agrees_with_a_cold_solve(plan)


def test_what_is_pinned_cannot_be_forbidden_or_lose_its_place():
    plan = example()
    plan.pin(0, 0)
    with pytest.raises(ValueError, match="unpin them first"):
        plan.forbid(0, 0)
    with pytest.raises(ValueError, match="1 pinned"):
        plan.set_capacity(0, 0)
    with pytest.raises(ValueError, match="slot 0 has 1 pinned helpers"):
        plan.want(0, 0)
    with pytest.raises(ValueError, match="all of them are pinned"):
        plan.pin(0, 1)
    with pytest.raises(ValueError, match="no place left"):
        plan.pin(1, 0)
    plan.unpin(0, 0)
    plan.forbid(0, 0)
    with pytest.raises(ValueError, match="allow them first"):
        plan.pin(0, 0)


def test_a_plan_stopped_before_it_is_complete_cannot_be_repaired():
    with pytest.raises(InterruptedError):
        LivePlan(county(50, 25, nearest=5), stop=lambda: True)


@given(st.integers(0, 2**32))
def test_marginal_values_are_what_full_solves_say(seed):
    plan = eventful_plan(np.random.default_rng(seed))
    problem, values = plan.problem, plan.margins()
    before = weight(problem)
    pins = np.bincount(problem.arc_slot[problem.pinned], minlength=problem.slots)
    for slot in range(problem.slots):
        one = np.eye(problem.slots, dtype=int)[slot]
        assert weight(replace(problem, wanted=problem.wanted + one)) - before == values.one_more[slot]
        if problem.wanted[slot] > pins[slot]:
            assert before - weight(replace(problem, wanted=problem.wanted - one)) == values.one_less[slot]
    for volunteer in range(problem.volunteers):
        one = np.eye(problem.volunteers, dtype=int)[volunteer]
        saved = before - weight(replace(problem, capacity=problem.capacity + one))
        assert saved == values.place_gained[volunteer]


@pytest.mark.parametrize(("held", "load_step"), [(2**61, 5), (1, 2**62 - 1)])
def test_a_place_beyond_any_load_gains_nothing(held, load_step):
    full = example(capacity=[held, 1], held=[held, 0], load_step=load_step)
    assert full.margins().place_gained[0] == 0
