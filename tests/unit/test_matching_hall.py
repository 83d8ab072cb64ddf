"""A shortage is a proof that anybody can recount from the problem's arcs, without any plan."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import eventful_plan

from jiedui_matching import Problem, shortages
from jiedui_matching.instances import county
from jiedui_matching.repair import LivePlan


def recount(problem, shortage):
    """(wanted, places) once more, arc by arc: whoever else may help these slots is taken to help."""
    slots, volunteers = set(shortage.slots.tolist()), set(shortage.volunteers.tolist())
    wanted = sum(int(problem.wanted[slot]) for slot in slots)
    arcs_of, places = dict.fromkeys(volunteers, 0), 0
    for slot, volunteer, pinned in zip(
        problem.arc_slot.tolist(), problem.arc_volunteer.tolist(), problem.pinned.tolist(), strict=True
    ):
        if volunteer in volunteers:
            arcs_of[volunteer] += 1
            places -= pinned and slot not in slots
        elif slot in slots:
            wanted -= 1
    for volunteer, arcs in arcs_of.items():
        places += min(max(int(problem.capacity[volunteer] - problem.held[volunteer]), 0), arcs)
    return wanted, places


def is_proven(plan):
    problem, lacking, found = plan.problem, plan.solution().unassigned, shortages(plan)
    assert np.array_equal(found.of >= 0, lacking > 0)
    for number, shortage in enumerate(found.sets):
        assert recount(problem, shortage) == (shortage.wanted, shortage.places)
        # As many more are wanted as these slots lack: not one of them could have been covered besides.
        assert shortage.wanted - shortage.places == lacking[shortage.slots].sum() > 0
        assert set(np.flatnonzero(found.of == number)) <= set(shortage.slots.tolist())
    return len(found.sets)


@given(st.integers(0, 2**32))
def test_every_slot_left_out_has_its_proof(seed):
    is_proven(eventful_plan(np.random.default_rng(seed)))


@pytest.mark.parametrize(("places", "nearest"), [(0.9, 12), (1.1, 3), (0.8, 2)])
def test_a_county_has_its_proofs(places, nearest):
    assert is_proven(LivePlan(county(400, 200, nearest=nearest, places_per_slot=places, seed=6)))


def problem(**changes):
    fields = {
        "tier": [1, 1, 1],
        "wanted": [1, 1, 1],
        "capacity": [1, 1],
        "held": [0, 0],
        "arc_slot": [0, 1, 2],
        "arc_volunteer": [0, 0, 1],
        "arc_cost": [1, 2, 1],
    }
    return Problem(**fields | changes)


def sets(plan):
    return [
        (each.slots.tolist(), each.volunteers.tolist(), each.wanted, each.places)
        for each in shortages(plan).sets
    ]


def test_the_proof_names_nobody_beyond_need():
    plan = LivePlan(problem())
    assert sets(plan) == [([0, 1], [0], 2, 1)]
    assert shortages(plan).of.tolist() == [-1, 0, -1]


def test_slots_with_the_same_volunteers_share_a_proof():
    assert sets(LivePlan(problem(arc_volunteer=[0, 0, 0]))) == [([0, 1, 2], [0], 3, 1)]


def test_a_slot_that_nobody_may_help_proves_itself():
    assert sets(LivePlan(problem(arc_slot=[0, 2, 2], arc_volunteer=[0, 0, 1]))) == [([1], [], 1, 0)]


def test_a_helper_from_outside_is_counted_off_what_is_wanted():
    plan = LivePlan(problem(wanted=[3, 0, 0], arc_slot=[0, 0, 2], arc_volunteer=[0, 1, 1]))
    assert sets(plan) == [([0], [], 1, 0)]


def test_a_place_that_a_pin_gives_to_another_slot_does_not_count():
    plan = LivePlan(problem(pinned=[True, False, False]))
    assert sets(plan) == [([1], [0], 1, 0)]


def test_two_slots_of_one_circle_that_both_lack_are_both_proven():
    plan = LivePlan(
        problem(
            wanted=[2, 2, 0], capacity=[1, 1], arc_slot=[0, 0, 1, 1], arc_volunteer=[0, 1, 0, 1],
            arc_cost=[1, 5, 5, 1],
        )
    )  # fmt: skip
    assert sets(plan) == [([0, 1], [0, 1], 4, 2)]
    assert shortages(plan).of.tolist() == [0, 0, -1]


def test_who_is_left_out_only_for_the_cost_is_in_no_shortage():
    plan = LivePlan(problem(tier_weight=5, arc_cost=[1, 1, 9]))
    assert plan.solution().unassigned.tolist() in ([0, 1, 1], [1, 0, 1])
    assert shortages(plan).of[2] == -1
    assert sets(plan) == [([0, 1], [0], 2, 1)]
