"""A question changes nothing, and its answer is the difference between two full solves."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import eventful_plan, one_event, untouched, weight

from jiedui_matching import Problem, check, ortools_flow
from jiedui_matching.instances import county
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import unassigned_after, uncovered_by_tier


def pairs(plan):
    solution = plan.solution()
    return set(zip(solution.pair_slot.tolist(), solution.pair_volunteer.tolist(), strict=True))


def dearest(plan):
    """What the worst-off pair costs; None without any."""
    costs = plan.problem.arc_cost[plan.solution().pair_arc]
    return int(costs.max()) if len(costs) else None


def agrees_with_full_solves(plan, change):
    """The answer about `change`, after which the plan is as it was."""
    before, problem = untouched(plan), plan.problem
    then = []

    def watched(twin):
        change(twin)
        then.append(twin)

    answer = plan.what_if(watched)
    (after,) = then
    assert untouched(plan) == before
    assert answer.weight == weight(after.problem) - weight(problem)
    assert answer.cost == after.solution().cost - plan.solution().cost
    for problem_, uncovered in (
        (problem, answer.uncovered_before),
        (after.problem, answer.uncovered_after),
    ):
        assert uncovered == uncovered_by_tier(
            problem_.tier, unassigned_after(problem_, ortools_flow.choose(problem_))
        )
    for side, worst in ((plan, answer.dearest_before), (after, answer.dearest_after)):
        assert (worst and worst[2]) == dearest(side)
        assert worst is None or worst[:2] in pairs(side)
    moved = pairs(plan)
    for slot, until, then_ in answer.moved:
        moved -= {(slot, until)}
        moved |= {(slot, then_)} - {(slot, -1)}
    assert moved == pairs(after)
    assert len(answer.moved) == len(set(answer.moved))
    return answer


@given(st.integers(0, 2**32))
def test_any_events_are_answered_and_none_of_them_stays(seed):
    rng = np.random.default_rng(seed)
    plan = eventful_plan(rng)

    def change(twin):
        for _ in range(int(rng.integers(0, 4))):
            with suppress(ValueError):
                one_event(rng, twin)

    for _ in range(3):
        agrees_with_full_solves(plan, change)
    # What happens next finds everything in order.
    for _ in range(3):
        with suppress(ValueError):
            one_event(rng, plan)
        assert check(plan.problem, plan.solution()).violations == {}


@pytest.mark.parametrize("places", [0.9, 1.1])
def test_one_ban_in_a_county_is_answered_exactly(places):
    rng = np.random.default_rng(2)
    plan = LivePlan(county(400, 200, nearest=12, places_per_slot=places, seed=9))
    solution = plan.solution()
    for pair in rng.permutation(len(solution.pair_arc))[:15]:
        ban = int(solution.pair_slot[pair]), int(solution.pair_volunteer[pair])
        answer = agrees_with_full_solves(plan, lambda twin, ban=ban: twin.forbid(*ban))
        assert ban in {(slot, until) for slot, until, _ in answer.moved}


def example():
    return LivePlan(
        Problem(
            tier=[3, 1], wanted=[1, 1], capacity=[1, 1], held=[0, 0],
            arc_slot=[0, 0, 1], arc_volunteer=[0, 1, 0], arc_cost=[5, 7, 1], tier_weight=1000,
        )
    )  # fmt: skip


def test_the_answer_says_what_is_lost_and_who_moves():
    answer = example().what_if(lambda plan: plan.forbid(0, 1))
    assert (answer.weight, answer.cost) == (997, -3)
    assert (answer.uncovered_before, answer.uncovered_after) == ({3: 0, 1: 0}, {3: 0, 1: 1})
    assert (answer.dearest_before, answer.dearest_after) == ((0, 1, 7), (0, 0, 5))
    assert answer.moved == [(0, 1, 0), (1, 0, -1)]


def test_somebody_new_is_answered_too():
    answer = example().what_if(lambda plan: plan.add_volunteer(1, 0, [0, 1], [2, 2]))
    assert (answer.weight, answer.moved) == (-5, [(0, 1, 2)])


def test_the_last_helper_lost_leaves_no_worst_off_pair():
    def nobody_left(plan):
        plan.set_capacity(0, 0)
        plan.set_capacity(1, 0)

    answer = example().what_if(nobody_left)
    assert (answer.dearest_after, answer.moved) == (None, [(0, 1, -1), (1, 0, -1)])


def test_a_question_that_cannot_be_changes_nothing_either():
    plan = example()
    before = untouched(plan)

    def impossible(twin):
        twin.set_capacity(1, 0)
        twin.pin(1, 1)

    with pytest.raises(ValueError, match="cannot be paired"):
        plan.what_if(impossible)
    assert untouched(plan) == before
    assert plan.problem.capacity.tolist() == [1, 1]


@pytest.mark.parametrize(("who", "then"), [(0, {(0, 0), (1, 0), (2, 1)}), (1, {(0, 0), (2, 1), (3, 1)})])
def test_places_asked_about_are_not_taken_for_real_ones(who, then):
    slot, volunteer = np.divmod(np.arange(8), 2)
    plan = LivePlan(
        Problem(
            tier=[1] * 4, wanted=[1] * 4, capacity=[1, 1], held=[0, 0],
            arc_slot=slot, arc_volunteer=volunteer, arc_cost=[1, 5, 2, 5, 5, 1, 5, 2], tier_weight=1000,
        )
    )  # fmt: skip
    plan.what_if(lambda twin: twin.set_capacity(who, 4))
    plan.what_if(lambda twin: twin.add_slot(1, 1, [0, 1], [1, 1]))
    plan.set_capacity(who, 2)
    assert pairs(plan) == then
    assert check(plan.problem, plan.solution()).violations == {}
