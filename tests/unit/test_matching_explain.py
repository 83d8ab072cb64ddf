"""What keeps a pair in the plan: the best plan without it, as full solves find it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import eventful_plan, marked, untouched, weight, without

from jiedui_matching import Problem, runners_up
from jiedui_matching.instances import county
from jiedui_matching.repair import LivePlan


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
def test_every_pair_has_the_alternative_that_full_solves_find(seed):
    alternatives_are_those_of_full_solves(eventful_plan(np.random.default_rng(seed)))


@pytest.mark.parametrize("places", [0.8, 1.1, 2.2])
def test_alternatives_are_exact_in_a_county(places):
    rng = np.random.default_rng(9)
    plan = LivePlan(county(400, 200, nearest=12, places_per_slot=places, seed=8))
    pairs = len(plan.solution().pair_arc)
    alternatives_are_those_of_full_solves(plan, rng.permutation(pairs)[:35])


def test_the_runner_up_may_be_freed_by_others_who_move_on():
    problem = Problem(
        tier=[1, 1], wanted=[1, 1], capacity=[1, 1, 1], held=[0, 0, 0],
        arc_slot=[0, 0, 1, 1], arc_volunteer=[0, 1, 1, 2], arc_cost=[5, 6, 1, 3],
    )  # fmt: skip
    found = runners_up(LivePlan(problem))
    # Slot 0 takes volunteer 1 for one more, whose household goes to volunteer 2 for two more.
    assert (found.cost[0], found.arc[0], found.moved[0], found.loses[0]) == (3, 1, 1, -1)
    assert (found.cost[1], found.arc[1], found.moved[1], found.loses[1]) == (2, 3, 0, -1)


def test_a_pair_that_nobody_can_replace_leaves_its_slot_or_another_without():
    problem = Problem(
        tier=[1, 2, 1], wanted=[1, 1, 1], capacity=[1, 1], held=[0, 0],
        arc_slot=[0, 1, 1, 2], arc_volunteer=[0, 0, 1, 1], arc_cost=[1, 9, 1, 2], tier_weight=100,
    )  # fmt: skip
    found = runners_up(LivePlan(problem))
    # Either way slot 1 ends at volunteer 0, slot 0 without helper, and slot 2, left out, with the other.
    assert (found.weight.tolist(), found.cost.tolist()) == ([9, 9], [9, 9])
    assert (found.arc.tolist(), found.moved.tolist()) == ([-1, 1], [2, 2])
    assert (found.loses.tolist(), found.gains.tolist()) == ([0, 0], [2, 2])


def test_runners_up_can_be_stopped():
    with pytest.raises(InterruptedError, match="before all were found"):
        runners_up(LivePlan(county(50, nearest=5)), stop=lambda: True)


def test_an_empty_plan_has_no_runners_up():
    problem = Problem(tier=[1], wanted=[1], capacity=[], held=[], arc_slot=[], arc_volunteer=[], arc_cost=[])
    assert len(runners_up(LivePlan(problem)).arc) == 0
