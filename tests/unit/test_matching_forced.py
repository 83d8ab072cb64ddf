"""To pair two who are not paired costs exactly what a full solve with that pair pinned costs more."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import eventful_plan, marked, untouched, weight

from jiedui_matching import Problem
from jiedui_matching.instances import county
from jiedui_matching.repair import LivePlan


def pairs_after(plan, forced):
    """The plan's pairs once everybody in the list has moved."""
    solution = plan.solution()
    pairs = set(zip(solution.pair_slot.tolist(), solution.pair_volunteer.tolist(), strict=True))
    for slot, until, then in forced.moved:
        if until >= 0:
            pairs.remove((slot, until))
        if then >= 0:
            assert (slot, then) not in pairs
            pairs.add((slot, then))
    return pairs


def cost_and_lacking(problem, pairs):
    """What these pairs cost, counted one by one, and how many helpers each slot lacks."""
    cost = dict(zip(zip(problem.arc_slot, problem.arc_volunteer, strict=True), problem.arc_cost, strict=True))
    total = sum(int(cost[pair]) for pair in pairs)
    for volunteer, new in Counter(volunteer for _, volunteer in pairs).items():
        assert new <= problem.room[volunteer]
        total += sum(problem.load_step * (int(problem.held[volunteer]) + k) for k in range(new))
    has = Counter(slot for slot, _ in pairs)
    return total, [int(wanted) - has[slot] for slot, wanted in enumerate(problem.wanted)]


def agrees_with_a_full_solve(plan, arc):
    problem, before = plan.problem, untouched(plan)
    slot, volunteer = int(problem.arc_slot[arc]), int(problem.arc_volunteer[arc])
    forced = plan.forced(slot, volunteer)
    assert untouched(plan) == before
    now = weight(problem)
    assert now + forced.weight == weight(replace(problem, pinned=marked(problem.pinned, arc)))
    pairs = pairs_after(plan, forced)
    assert (slot, volunteer) in pairs
    cost, lacking = cost_and_lacking(problem, pairs)
    assert forced.cost == cost - plan.solution().cost
    more = np.array(lacking) - plan.solution().unassigned
    assert min(lacking) >= 0
    assert np.flatnonzero(more > 0).tolist() == ([forced.loses] if forced.loses >= 0 else [])
    assert np.flatnonzero(more < 0).tolist() == ([forced.gains] if forced.gains >= 0 else [])
    assert len({slot for slot, _, _ in forced.moved}) == len(forced.moved)


@given(st.integers(0, 2**32))
def test_the_rise_is_what_full_solves_say(seed):
    rng = np.random.default_rng(seed)
    plan = eventful_plan(rng)
    problem = plan.problem
    pins = np.bincount(problem.arc_slot[problem.pinned], minlength=problem.slots)
    can = (problem.wanted > pins)[problem.arc_slot] & (problem.room > problem.pins)[problem.arc_volunteer]
    for arc in rng.permutation(np.flatnonzero(can | problem.pinned))[:6]:
        agrees_with_a_full_solve(plan, arc)


@pytest.mark.parametrize("places", [0.8, 1.1, 2.2])
def test_the_rise_is_exact_in_a_county(places):
    rng = np.random.default_rng(7)
    plan = LivePlan(county(400, 200, nearest=12, places_per_slot=places, seed=4))
    plan.forbid(*(int(side[0]) for side in (plan.solution().pair_slot, plan.solution().pair_volunteer)))
    problem = plan.problem
    for arc in rng.permutation(np.flatnonzero(problem.room[problem.arc_volunteer]))[:70]:
        agrees_with_a_full_solve(plan, arc)


def village(**changes):
    """Slot 2 is left out; volunteer 2 has a place to spare and is far from slot 0."""
    fields = {
        "tier": [1, 1, 2],
        "wanted": [1, 1, 1],
        "capacity": [1, 1, 1],
        "held": [0, 0, 0],
        "arc_slot": [0, 0, 0, 1, 1, 2],
        "arc_volunteer": [0, 1, 2, 0, 1, 0],
        "arc_cost": [1, 4, 9, 3, 2, 7],
        "tier_weight": 1000,
    }
    return Problem(**fields | changes)


def test_whoever_is_pushed_out_takes_the_place_set_free():
    plan = LivePlan(village(wanted=[1, 1, 0]))
    forced = plan.forced(0, 1)
    assert (forced.weight, forced.cost, forced.loses) == (4, 4, -1)
    assert forced.moved == [(0, 0, 1), (1, 1, 0)]


def test_a_slot_without_helper_gains_one_and_another_goes_without():
    plan = LivePlan(village(capacity=[1, 1, 0], tier=[1, 1, 1]))
    assert plan.solution().unassigned.tolist() == [0, 0, 1]
    forced = plan.forced(2, 0)
    assert (forced.weight, forced.cost, forced.loses, forced.gains) == (6, 6, 0, 2)
    assert forced.moved == [(2, -1, 0), (0, 0, -1)]


def test_coverage_that_is_lost_weighs_on_top_of_the_cost():
    forced = LivePlan(village(capacity=[1, 1, 0])).forced(0, 0)
    assert (forced.weight, forced.cost, forced.loses, forced.gains) == (994, -6, 2, 0)


def test_who_is_paired_already_costs_nothing():
    plan = LivePlan(village())
    assert plan.forced(2, 0).moved == ()
    plan.pin(2, 0)
    assert plan.forced(2, 0).weight == 0


def test_a_plan_that_has_changed_is_asked_anew():
    plan = LivePlan(village(wanted=[1, 1, 0]))
    assert plan.forced(0, 1).cost == 4
    plan.set_capacity(1, 2)
    assert plan.forced(0, 1).cost == 3


@pytest.mark.parametrize(
    ("event", "pair", "sentence"),
    [
        (lambda plan: plan.forbid(0, 1), (0, 1), "forbidden"),
        (lambda plan: plan.pin(0, 2), (0, 1), "all of them are pinned"),
        (lambda plan: plan.pin(1, 1), (0, 1), "no place left"),
        (lambda plan: None, (2, 2), "cannot be paired"),
        (lambda plan: None, (3, 2), "slot is 3"),
        (lambda plan: None, (2, -1), "volunteer is -1"),
    ],
)
def test_a_pair_that_can_never_be_is_refused_in_words(event, pair, sentence):
    plan = LivePlan(village())
    event(plan)
    with pytest.raises(ValueError, match=sentence):
        plan.forced(*pair)
