"""What one place, one waived rule or one newcomer is worth is what full solves with it say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import eventful_plan, one_hot, untouched, weight

from jiedui_matching import Problem, ortools_flow
from jiedui_matching.instances import county
from jiedui_matching.relief import smallest_changes, value_of_arcs, value_of_newcomers
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import cost_of, unassigned_after


def cost_with_one_place(plan, slot, volunteer):
    """What the plan costs if this slot has one helper more and the volunteer one place, all others as
    many as they have; None if that cannot be."""
    problem, solution = plan.problem, plan.solution()
    used = np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
    changed = replace(
        problem,
        wanted=problem.wanted - solution.unassigned + one_hot(problem.slots, slot),
        capacity=np.minimum(problem.capacity, problem.held + used) + one_hot(problem.volunteers, volunteer),
        tier_weight=10**6,
    )
    chosen = ortools_flow.choose(changed)
    return None if unassigned_after(changed, chosen).any() else cost_of(changed, chosen)


def changes_are_the_smallest(plan, slots):
    problem, solution, before = plan.problem, plan.solution(), untouched(plan)
    used = np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
    full = np.flatnonzero((problem.capacity >= problem.held) & (used >= problem.room))
    found = smallest_changes(plan)
    assert untouched(plan) == before
    assert (found.volunteer[solution.unassigned == 0] == -1).all()
    for slot in slots:
        costs = {int(each): cost_with_one_place(plan, slot, each) for each in full}
        possible = [cost for cost in costs.values() if cost is not None]
        if not possible:
            assert (found.volunteer[slot], found.cost[slot], found.moved[slot]) == (-1, 0, 0)
            continue
        assert found.cost[slot] == min(possible) - solution.cost
        assert costs[int(found.volunteer[slot])] == min(possible)


@given(st.integers(0, 2**32))
def test_the_smallest_change_is_the_best_of_all_places(seed):
    plan = eventful_plan(np.random.default_rng(seed))
    changes_are_the_smallest(plan, np.flatnonzero(plan.solution().unassigned))


def test_the_smallest_change_is_exact_in_a_county():
    plan = LivePlan(county(60, 30, nearest=6, places_per_slot=0.8, seed=5))
    changes_are_the_smallest(plan, np.flatnonzero(plan.solution().unassigned))


def new_arcs_are_worth_what_full_solves_say(rng, plan, most):
    problem, before = plan.problem, untouched(plan)
    known = problem.arc_slot * problem.volunteers + problem.arc_volunteer
    new = np.setdiff1d(np.arange(problem.slots * problem.volunteers), known)
    slot, volunteer = np.divmod(rng.permutation(new)[:most], problem.volunteers)
    cost = rng.integers(0, max(int(problem.arc_cost.max(initial=1)), 1), len(slot))
    values, now = value_of_arcs(plan, slot, volunteer, cost), weight(problem)
    assert untouched(plan) == before
    for one in range(len(slot)):
        assert weight(with_arcs(problem, slot[one], volunteer[one], cost[one])) == now - values[one]
    return values


def with_arcs(problem, slot, volunteer, cost):
    """The same with one more arc."""
    arc = np.append(problem.arc_slot, slot), np.append(problem.arc_volunteer, volunteer)
    order = np.lexsort(arc[::-1])
    return replace(
        problem, arc_slot=arc[0][order], arc_volunteer=arc[1][order],
        arc_cost=np.append(problem.arc_cost, cost)[order], pinned=np.append(problem.pinned, False)[order],
    )  # fmt: skip


@given(st.integers(0, 2**32))
def test_a_new_arc_is_worth_what_full_solves_say(seed):
    rng = np.random.default_rng(seed)
    new_arcs_are_worth_what_full_solves_say(rng, eventful_plan(rng), 8)


@pytest.mark.parametrize("places", [0.8, 1.1, 2.2])
def test_a_new_arc_is_valued_exactly_in_a_county(places):
    rng = np.random.default_rng(3)
    plan = LivePlan(county(400, 200, nearest=12, places_per_slot=places, seed=2))
    assert (new_arcs_are_worth_what_full_solves_say(rng, plan, 40) > 0).any()


def newcomers_are_worth_what_full_solves_say(rng, plan, count, reach):
    """Each newcomer joins with one place, at 0 held, so that the first household has no load."""
    problem, before = plan.problem, untouched(plan)
    reach = min(reach, problem.slots)
    slots = [np.sort(rng.permutation(problem.slots)[:reach]) for _ in range(count)]
    costs = [rng.integers(0, max(int(problem.arc_cost.max(initial=1)), 1), reach) for _ in range(count)]
    found = value_of_newcomers(
        plan, np.repeat(np.arange(count), reach), np.concatenate(slots), np.concatenate(costs)
    )
    assert untouched(plan) == before
    tier = np.append(problem.tier, 0)
    for one in range(count):
        answer = plan.what_if(lambda twin, one=one: twin.add_volunteer(1, 0, slots[one], costs[one]))
        joined = joining(problem, slots[one], costs[one])
        assert weight(problem) - weight(joined) == found.value[one] == -answer.weight
        assert (found.slot[one] >= 0) == (found.value[one] > 0)
        assert found.slot[one] == -1 or found.slot[one] in slots[one]
        assert found.cost[one] == problem.tier_weight * tier[found.gains[one]] - found.value[one]
        if problem.coverage_first:
            assert found.cost[one] == answer.cost


def joining(problem, slots, costs):
    """The same with one volunteer more who has one place."""
    joined = replace(problem, capacity=np.append(problem.capacity, 1), held=np.append(problem.held, 0))
    for slot, cost in zip(slots, costs, strict=True):
        joined = with_arcs(joined, slot, problem.volunteers, cost)
    return joined


@given(st.integers(0, 2**32))
def test_a_newcomer_is_worth_what_full_solves_say(seed):
    rng = np.random.default_rng(seed)
    newcomers_are_worth_what_full_solves_say(rng, eventful_plan(rng), 4, 4)


@pytest.mark.parametrize("places", [0.8, 1.1])
def test_a_newcomer_is_valued_exactly_in_a_county(places):
    plan = LivePlan(county(400, 200, nearest=12, places_per_slot=places, seed=2))
    newcomers_are_worth_what_full_solves_say(np.random.default_rng(4), plan, 15, 10)


def village(**changes):
    """Slot 2 is left out: it knows only volunteer 0, who helps slot 0; volunteer 1 helps slot 1."""
    fields = {
        "tier": [2, 2, 1],
        "wanted": [1, 1, 1],
        "capacity": [1, 1, 0],
        "held": [0, 0, 1],
        "arc_slot": [0, 0, 1, 1, 2],
        "arc_volunteer": [0, 1, 1, 2, 0],
        "arc_cost": [1, 2, 1, 4, 3],
        "tier_weight": 1000,
    }
    return LivePlan(Problem(**fields | changes))


def test_the_place_that_helps_may_be_far_down_a_chain():
    found = smallest_changes(village())
    # Volunteer 0 herself for 3; volunteer 1 would cost 3 + 1, and volunteer 2 holds too much for a place.
    assert (found.volunteer.tolist(), found.cost.tolist(), found.moved.tolist()) == (
        [-1, -1, 0], [0, 0, 3], [0, 0, 0]
    )  # fmt: skip
    # A second household is dear for those two, and now volunteer 2 could take her first: 3 - 1 + 2 - 1 + 4.
    found = smallest_changes(village(load_step=10, held=[0, 0, 0]))
    assert (found.volunteer.tolist(), found.cost.tolist(), found.moved.tolist()) == (
        [-1, -1, 2], [0, 0, 7], [0, 0, 2]
    )  # fmt: skip


def test_a_slot_that_nobody_may_help_needs_more_than_a_place():
    found = smallest_changes(village(arc_slot=[0, 0, 1, 1, 1], arc_volunteer=[0, 1, 0, 1, 2]))
    assert found.volunteer[2] == -1


def test_a_place_that_stands_empty_is_no_change():
    """Slot 2 goes without because volunteer 2, who has a place, would cost more than it weighs."""
    fields = {"arc_slot": [0, 1, 2], "arc_volunteer": [0, 1, 2], "arc_cost": [1, 1, 9]}
    plan = village(tier_weight=5, capacity=[1, 1, 1], held=[0, 0, 0], **fields)
    assert plan.solution().unassigned.tolist() == [0, 0, 1]
    assert smallest_changes(plan).volunteer[2] == -1


def test_a_waived_rule_counts_only_if_it_would_be_used():
    plan = village(capacity=[1, 1, 2])
    slot, volunteer = np.array([2, 2, 0]), np.array([2, 1, 2])
    assert value_of_arcs(plan, slot, volunteer, np.array([5, 5, 9])).tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([3], [0], [1]), r"slot\[0\] is 3: there are 3 slots"),
        (([0], [-1], [1]), r"volunteer\[0\] is -1"),
        (([2], [1], [-1]), r"cost\[0\] is -1"),
        (([2, 0], [1, 0], [1, 1]), r"slot\[1\] is 0: these two can be paired already"),
    ],
)
def test_an_arc_that_cannot_be_new_is_refused_in_words(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        value_of_arcs(village(), *(np.array(each) for each in arguments))


def test_a_newcomer_for_nobody_and_for_no_slot():
    nobody = np.array([], dtype=np.int64)
    assert len(value_of_newcomers(village(), nobody, nobody, nobody).value) == 0
    with pytest.raises(ValueError, match="there are 3 slots"):
        value_of_newcomers(village(), np.array([0]), np.array([3]), np.array([1]))


def test_a_newcomer_may_free_somebody_for_the_slot_left_out():
    found = value_of_newcomers(village(), np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([4, 9, 2]))
    assert found.slot.tolist() == [0, 1]
    assert found.gains.tolist() == [2, 2]
    assert (found.value.tolist(), found.cost.tolist()) == ([994, 995], [6, 5])
