"""Each rule from both sides, on the exact day and the exact metre."""

import datetime as dt

import msgspec
import numpy as np
import pytest

from jiedui_pairing import rules
from jiedui_pairing.people import EARTH_RADIUS_M, Households, PairSet, Setting, Volunteers, kinds_mask
from jiedui_pairing.policy import standard
from jiedui_pairing.rules import RULES, refusals
from jiedui_pairing.traits import Pairs

PACK = standard()
ON = dt.date(2026, 11, 1)


def north(metres):
    """Degrees of latitude for so many road metres."""
    return float(np.degrees(metres / PACK.eligibility.road_factor / EARTH_RADIUS_M))


def household(**changes):
    fields = {
        "ids": ["h"], "lat": [30.0], "lng": [107.7], "colour": ["green"], "minor": [False],
        "needs": [kinds_mask(PACK, ["companionship", "counselling"])], "wanted": [1],
        "identity_key": ["hid"], "phone_key": ["hphone"],
    }  # fmt: skip
    return Households.of(**fields | {name: [value] for name, value in changes.items()})


def volunteer(**changes):
    fields = {
        "ids": ["v"], "lat": [30.0], "lng": [107.7], "offers": [kinds_mask(PACK, ["companionship"])],
        "skills": [set()], "capacity": [2], "held": [0], "reach_m": [None], "active": [True],
        "record_check": [None], "trained": [False], "identity_key": ["vid"], "phone_key": ["vphone"],
    }  # fmt: skip
    return Volunteers.of(**fields | {name: [value] for name, value in changes.items()})


def against(family=None, giver=None, pack=PACK, **setting):
    """Names of the rules against the only pair there is."""
    people = Setting(
        households=family or household(), volunteers=giver or volunteer(), pack=pack, on=ON, **setting
    )
    return [rule.name for rule in refusals(people, 0, 0)]


def test_an_ordinary_pair_is_refused_by_no_rule():
    assert against() == []


def test_a_volunteer_who_is_not_vetted_or_takes_a_break_is_not_paired():
    assert against(giver=volunteer(active=False)) == ["available"]


def test_a_volunteer_who_offers_nothing_wanted_is_not_paired():
    assert against(giver=volunteer(offers=kinds_mask(PACK, ["legal", "practical"]))) == ["offers"]


@pytest.mark.parametrize(("kind", "skill"), [("counselling", "心理咨询"), ("legal", "法律")])
def test_some_kinds_count_only_with_the_skill_they_require(kind, skill):
    wants = household(needs=kinds_mask(PACK, [kind]))
    offers = kinds_mask(PACK, [kind])
    assert against(wants, volunteer(offers=offers)) == ["offers"]
    assert against(wants, volunteer(offers=offers, skills={"手工"})) == ["offers"]
    assert against(wants, volunteer(offers=offers, skills={"手工", skill})) == []
    assert against(wants, volunteer(offers=0, skills={skill})) == ["offers"]


@pytest.mark.parametrize(
    ("days_ago", "allowed"), [(-1, False), (0, True), (364, True), (365, True), (366, False)]
)
def test_the_record_check_must_lie_in_the_last_365_days_and_not_ahead(days_ago, allowed):
    giver = volunteer(record_check=ON - dt.timedelta(days=days_ago), trained=True)
    assert against(household(minor=True), giver) == ([] if allowed else ["minors"])
    assert against(household(minor=False), giver) == []


def test_a_volunteer_without_training_never_meets_a_child():
    assert against(household(minor=True), volunteer(record_check=ON, trained=False)) == ["minors"]


def test_a_volunteer_without_a_record_check_never_meets_a_child():
    assert against(household(minor=True), volunteer(record_check=None, trained=True)) == ["minors"]


@pytest.mark.parametrize(("metres", "allowed"), [(29_999, True), (30_000, True), (30_001, False)])
def test_the_policy_reaches_thirty_kilometres_to_the_metre(metres, allowed):
    giver = volunteer(lat=30.0 + north(metres))
    assert against(giver=giver) == ([] if allowed else ["distance"])


@pytest.mark.parametrize(("metres", "allowed"), [(4_999, True), (5_000, True), (5_001, False)])
def test_her_own_reach_counts_to_the_metre_too(metres, allowed):
    giver = volunteer(lat=30.0 + north(metres), reach_m=5_000)
    assert against(giver=giver) == ([] if allowed else ["distance"])


def test_a_wide_reach_does_not_widen_the_policy():
    assert against(giver=volunteer(lat=30.0 + north(30_001), reach_m=90_000)) == ["distance"]


def test_distance_is_rounded_to_the_nearest_metre_before_it_is_judged():
    assert against(giver=volunteer(lat=30.0 + north(30_000.4))) == []
    assert against(giver=volunteer(lat=30.0 + north(30_000.6))) == ["distance"]


def test_distance_follows_the_great_circle_in_every_direction():
    far = Setting(
        households=household(lat=0.0, lng=0.0), volunteers=volunteer(lat=0.0, lng=90.0), pack=PACK, on=ON
    )
    quarter = Pairs(far, np.array([0]), np.array([0])).distance_m[0]
    assert quarter == round(EARTH_RADIUS_M * np.pi / 2 * 1.3)


def test_kinds_that_need_no_nearness_waive_the_distance_only_if_nothing_else_is_shared():
    pack = msgspec.structs.replace(
        PACK, eligibility=msgspec.structs.replace(PACK.eligibility, remote_kinds=["companionship"])
    )
    family = household(needs=kinds_mask(PACK, ["companionship", "practical"]))
    far = {"lat": 31.0, "reach_m": 1000}
    assert against(family, volunteer(**far), pack=pack) == []
    both = volunteer(**far, offers=kinds_mask(PACK, ["companionship", "practical"]))
    assert against(family, both, pack=pack) == ["distance"]
    assert against(family, volunteer(**far)) == ["distance"]
    nothing = volunteer(**far, offers=kinds_mask(PACK, ["legal"]))
    assert against(family, nothing, pack=pack) == ["offers", "distance"]


@pytest.mark.parametrize("name", ["never_again", "forbidden", "running"])
def test_pairs_on_a_list_are_refused_and_their_neighbours_are_not(name):
    rule = "already" if name == "running" else name
    assert against(**{name: PairSet.of([(0, 0)])}) == [rule]
    assert against(**{name: PairSet.of([])}) == []
    people = two_by_two(**{name: PairSet.of([(0, 1)])})
    assert [[len(refusals(people, h, v)) for v in (0, 1)] for h in (0, 1)] == [[0, 1], [0, 0]]


def test_nobody_is_paired_with_herself_or_with_her_own_telephone():
    assert against(household(identity_key="same"), volunteer(identity_key="same")) == ["same_person"]
    assert against(household(phone_key="same"), volunteer(phone_key="same")) == ["same_person"]
    assert against(household(identity_key="same"), volunteer(phone_key="same")) == []
    assert against(household(identity_key=None), volunteer(identity_key=None)) == []


@pytest.mark.parametrize(("held", "allowed"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_volunteer_needs_a_free_place(held, allowed):
    assert against(giver=volunteer(held=held, capacity=2)) == ([] if allowed else ["capacity"])


def test_every_reason_is_named_not_only_the_first():
    giver = volunteer(active=False, lat=31.0, held=2)
    assert against(household(minor=True), giver) == ["available", "minors", "distance", "capacity"]


def test_every_rule_has_a_name_of_its_own_and_two_sentences():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.refuses.endswith(".") and "{n}" in rule.counts for rule in RULES)
    objects = {rule.name for rule in vars(rules).values() if isinstance(rule, rules.Rule)}
    assert objects == {rule.name for rule in RULES}


def test_a_column_of_the_wrong_length_is_named():
    with pytest.raises(ValueError, match="skills has 2 entries for 1 Volunteers"):
        Volunteers(**{**vars(volunteer()), "skills": [set(), set()]})


def test_a_place_nobody_knows_is_refused_with_its_row():
    with pytest.raises(ValueError, match=r"lat\[0\] is unknown"):
        household(lat=float("nan"))


def two_by_two(**setting):
    pair = {name: list(value) * 2 for name, value in vars(household()).items()}
    givers = {name: list(value) * 2 for name, value in vars(volunteer()).items()}
    return Setting(
        households=Households(**pair), volunteers=Volunteers(**givers), pack=PACK, on=ON, **setting
    )
