"""From people to a problem: costs to the metre, pins, running pairs, second helpers, reasons."""

import datetime as dt

import numpy as np
import pytest

from jiedui_matching import check, solve
from jiedui_pairing import candidates as module
from jiedui_pairing.candidates import everybody, first_helpers, further_helpers
from jiedui_pairing.costs import TERMS, breakdown
from jiedui_pairing.people import Households, Volunteers, kinds_mask, kinds_of
from jiedui_pairing.policy import standard
from jiedui_pairing.reasons import why_left_out

PACK = standard()
ON = dt.date(2026, 11, 1)
TALK, TEACH, LAW, FARM = "companionship", "tutoring", "legal", "practical"


def families(*rows):
    """Households from (needs, changes); everybody lives at the same spot unless a row says otherwise."""
    people = [
        {"lat": 30.0, "lng": 107.7, "colour": "green", "minor": False, "wanted": 1, "identity_key": None,
         "phone_key": None, "needs": kinds_mask(PACK, needs)} | changes
        for needs, changes in rows
    ]  # fmt: skip
    return Households.of(ids=range(len(people)), **columns(people))


def givers(*rows):
    """Volunteers from (offers, changes), cleared for minors, with one place unless a row says otherwise."""
    people = [
        {"lat": 30.0, "lng": 107.7, "capacity": 1, "held": 0, "reach_m": None, "active": True,
         "skills": set(), "record_check": ON, "trained": True, "identity_key": None, "phone_key": None,
         "offers": kinds_mask(PACK, offers)} | changes
        for offers, changes in rows
    ]  # fmt: skip
    return Volunteers.of(ids=range(len(people)), **columns(people))


def columns(people):
    return {name: [person[name] for person in people] for name in people[0]}


def stage_one(households, volunteers, **lists):
    return everybody(first_helpers(households, volunteers, PACK, ON, **lists))


def pairs(candidates, solution):
    chosen = candidates.chosen(solution)
    return list(zip(chosen.household.tolist(), chosen.volunteer.tolist(), strict=True))


def test_each_unmet_need_costs_three_kilometres():
    one = stage_one(
        families(([TALK, FARM, LAW], {})), givers(([TALK], {}), ([TALK, FARM], {"skills": {"维修"}}))
    )
    assert one.problem.arc_cost.tolist() == [6000, 3000]
    assert [kinds_of(PACK, mask) for mask in one.needs_met.tolist()] == [[TALK], [TALK, FARM]]


def test_a_welcome_skill_that_is_missing_costs_one_kilometre_per_need_met():
    one = stage_one(
        families(([TEACH, FARM], {})),
        givers(([TEACH, FARM], {}), ([TEACH, FARM], {"skills": {"英语"}}), ([TEACH], {"skills": {"手工"}})),
    )
    assert one.problem.arc_cost.tolist() == [2000, 1000, 3000 + 1000]


def test_another_helper_today_costs_three_kilometres():
    one = stage_one(
        families(([TALK], {"wanted": 2}), ([TALK], {})),
        givers(([TALK], {}), ([TALK], {"held": 1})),
        running=[(0, 1)],
    )
    assert pairs(one, solve(one.problem)) in ([(0, 0)], [(1, 0)])
    assert one.problem.arc_cost.tolist() == [3000, 0]


def test_the_breakdown_adds_up_to_the_cost_of_each_arc():
    one = stage_one(
        families(([TALK, TEACH], {"lat": 30.02}), ([FARM], {})),
        givers(([TEACH, FARM], {}), ([TALK], {"lat": 30.1})),
    )
    parts = breakdown(one.arc(np.arange(one.problem.arcs)))
    assert list(parts) == [term.name for term in TERMS]
    assert sum(parts.values()).tolist() == one.problem.arc_cost.tolist()
    assert parts["distance"].tolist() == one.distance_m.tolist()
    assert parts["distance"].max() > 0


def test_a_household_without_a_need_is_not_in_the_round():
    one = stage_one(families(([], {}), ([TALK], {})), givers(([TALK], {})))
    assert one.household.tolist() == [1]
    assert one.problem.slots == 1


def test_running_pairs_are_kept_and_not_asked_for_again():
    people = families(([TALK], {"wanted": 1}), ([TALK], {"wanted": 2}))
    one = stage_one(
        people, givers(([TALK], {"capacity": 9, "held": 2}), ([TALK], {})), running=[(0, 0), (1, 0)]
    )
    assert one.household.tolist() == [1]
    assert one.problem.wanted.tolist() == [1]
    assert pairs(one, solve(one.problem)) == [(1, 1)]


def test_two_helpers_wanted_are_two_people():
    one = stage_one(
        families(([TALK], {"wanted": 2})), givers(([TALK], {"capacity": 5}), ([TALK], {"lat": 30.1}))
    )
    assert pairs(one, solve(one.problem)) == [(0, 0), (0, 1)]


def test_a_pin_wins_against_a_nearer_volunteer():
    people = families(([TALK], {})), givers(([TALK], {}), ([TALK], {"lat": 30.1}))
    free, pinned = stage_one(*people), stage_one(*people, pinned=[(0, 1)])
    assert pairs(free, solve(free.problem)) == [(0, 0)]
    assert pairs(pinned, solve(pinned.problem)) == [(0, 1)]
    assert pinned.refused_pins == ()


def test_a_forbidden_pair_is_not_made():
    people = families(([TALK], {})), givers(([TALK], {}), ([TALK], {"lat": 30.1}))
    one = stage_one(*people, forbidden=[(0, 0)])
    assert pairs(one, solve(one.problem)) == [(0, 1)]


def test_a_pin_cannot_override_a_rule_and_says_which():
    people = (
        families(([TALK], {"minor": True}), ([TALK], {}), ([], {})),
        givers(([TALK], {"trained": False}), ([LAW], {}), ([TALK], {})),
    )
    one = stage_one(*people, pinned=[(0, 0), (1, 1), (1, 2), (0, 2), (1, 0), (1, 2)], forbidden=[])
    assert one.refused_pins == (
        (0, 0, "minors"), (1, 1, "offers"), (0, 2, "capacity"), (1, 0, "not_wanted"),
    )  # fmt: skip
    assert (1, 2) in pairs(one, solve(one.problem))


def test_the_second_helper_brings_what_the_first_does_not():
    one = stage_one(
        families(([TALK, FARM], {"colour": "red"}), ([TALK, FARM], {"colour": "green"})),
        givers(
            ([TALK], {"capacity": 4}),
            ([FARM], {"skills": {"农技"}, "lat": 30.2}),
            ([TALK], {"lat": 30.19, "capacity": 3}),
        ),
    )
    plan = solve(one.problem)
    assert pairs(one, plan) == [(0, 0), (1, 0)]
    two = everybody(further_helpers(2, one, plan))
    assert two.household.tolist() == [0]
    assert [kinds_of(PACK, mask) for mask in two.needs.tolist()] == [[FARM]]
    second = solve(two.problem)
    assert pairs(two, second) == [(0, 1)]
    # The way only: no unmet need is left, and the helper of stage one is not charged as "another" one.
    assert second.cost == two.distance_m[0]
    assert two.problem.held.tolist() == [2, 0, 0]
    assert check(two.problem, second).passed


def test_a_household_with_two_helpers_gets_no_third():
    people = families(([TALK, FARM], {"colour": "red", "wanted": 2}))
    one = stage_one(people, givers(([TALK], {}), ([TALK], {}), ([FARM], {"lat": 30.2, "reach_m": 1})))
    plan = solve(one.problem)
    assert len(plan.pair_arc) == 2
    assert everybody(further_helpers(2, one, plan)).problem.slots == 0


def test_a_household_left_out_by_stage_one_waits_for_the_next_round():
    one = stage_one(families(([TALK, FARM], {"colour": "red"})), givers(([LAW], {})))
    assert everybody(further_helpers(2, one, solve(one.problem))).problem.slots == 0


def test_a_running_first_helper_counts_in_stage_two():
    one = stage_one(
        families(([TALK, FARM], {"colour": "yellow"})),
        givers(([TALK], {"active": False, "held": 1}), ([TALK, FARM], {})),
        running=[(0, 0)],
    )
    assert one.problem.slots == 0
    two = everybody(further_helpers(2, one, solve(one.problem)))
    second = solve(two.problem)
    assert pairs(two, second) == [(0, 1)]
    # A welcome skill is missing, and the family knew another helper before the round.
    assert second.cost == 1000 + 3000


def test_a_pin_that_stage_one_has_taken_is_not_asked_for_again_in_stage_two():
    people = families(([TALK, FARM], {"colour": "red"})), givers(([TALK], {}), ([FARM], {}))
    one = stage_one(*people, pinned=[(0, 0)])
    two = everybody(further_helpers(2, one, solve(one.problem), pinned=[(0, 0), (0, 1)]))
    assert two.refused_pins == ()
    assert two.problem.pinned.tolist() == [True]


def test_the_reasons_count_each_volunteer_once_under_the_first_rule_against_her():
    people = (
        families(([TALK], {"minor": True, "colour": "red"}), ([TALK], {"minor": True})),
        givers(
            ([TALK], {}),
            ([TALK], {"trained": False, "held": 1}),
            ([TALK], {"lat": 31.0}),
            ([TALK], {"held": 1}),
            ([LAW], {}),
            ([TALK], {"active": False}),
        ),
    )
    one = stage_one(*people)
    (left,) = why_left_out(one, solve(one.problem))
    assert (left.household, left.lacking, left.offering, left.taken) == (1, 1, 4, 1)
    assert left.refused == (("minors", 1), ("distance", 1), ("capacity", 1))


def test_a_helper_already_given_is_not_counted_among_those_who_went_to_others():
    one = stage_one(families(([TALK], {"wanted": 3})), givers(([TALK], {}), ([LAW], {})))
    (left,) = why_left_out(one, solve(one.problem))
    assert (left.lacking, left.offering, left.taken) == (2, 1, 0)


@pytest.mark.parametrize(("households", "volunteers"), [(0, 3), (3, 0), (0, 0)])
def test_a_side_with_nobody_gives_an_empty_plan(households, volunteers):
    none = {name: [] for name in vars(families(([], {})))}, {name: [] for name in vars(givers(([], {})))}
    one = stage_one(
        families(*[([TALK], {})] * households) if households else Households(**none[0]),
        givers(*[([TALK], {})] * volunteers) if volunteers else Volunteers(**none[1]),
    )
    plan = solve(one.problem)
    assert len(plan.pair_arc) == 0
    assert len(why_left_out(one, plan)) == households
    assert everybody(further_helpers(2, one, plan)).problem.slots == 0


def test_portions_give_the_same_candidates_as_all_at_once(monkeypatch):
    rng = np.random.default_rng(5)
    people = (
        families(*[([TALK, FARM], {"lat": 30 + rng.random() / 5}) for _ in range(23)]),
        givers(*[([TALK], {"lat": 30 + rng.random() / 5, "reach_m": 9000}) for _ in range(11)]),
    )
    whole = stage_one(*people)
    monkeypatch.setattr(module, "_AT_ONCE", 40)
    portions = stage_one(*people)
    assert max(len(p) for p in module.in_portions(portions.setting, portions.household)) <= 40
    for name in ("arc_slot", "arc_volunteer", "arc_cost"):
        assert getattr(whole.problem, name).tolist() == getattr(portions.problem, name).tolist()
    assert 0 < whole.problem.arcs < 23 * 11


def test_a_kind_the_policy_does_not_know_is_an_error_not_a_silent_nothing():
    with pytest.raises(KeyError, match="juggling"):
        kinds_mask(PACK, ["juggling"])
