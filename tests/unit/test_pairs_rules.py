"""The steps of a pair's life, from every state and by every role."""

import pytest

from jiedui.pairs import rules
from jiedui.pairs.tables import ENDED, LIVE

ROLES = ("volunteer", "household", "coordinator", "administrator", "safeguarding_officer", "system")
EVERY_STEP = {
    ("proposed", "accept", "accepted"): {"volunteer"},
    ("proposed", "decline", "declined"): {"volunteer"},
    ("proposed", "expire", "expired"): {"system"},
    ("accepted", "agree", "active"): {"household", "coordinator", "administrator"},
    ("accepted", "refuse", "refused"): {"household", "coordinator", "administrator"},
    ("active", "pause", "paused"): {"coordinator", "administrator", "safeguarding_officer"},
    ("paused", "resume", "active"): {"coordinator", "administrator"},
    ("accepted", "close", "closed"): {"coordinator", "administrator"},
    ("active", "close", "closed"): {"coordinator", "administrator"},
    ("paused", "close", "closed"): {"coordinator", "administrator"},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", (*LIVE, *ENDED))
def test_only_the_written_steps_exist_and_only_for_those_who_may_take_them(state, role):
    expected = {
        (begin, step) for (begin, step, _), roles in EVERY_STEP.items() if begin == state and role in roles
    }
    assert {(state, step) for step in rules.possible(state, role)} == expected


def test_every_step_leads_where_it_is_written_to_lead():
    assert {(b, s.name, s.to) for s in rules.STEPS.values() for b in s.takes} == set(EVERY_STEP)


@pytest.mark.parametrize("state", ENDED)
def test_nothing_follows_the_end(state):
    assert all(not rules.possible(state, role) for role in ROLES)


def test_a_volunteer_never_answers_for_a_household():
    assert "volunteer" not in rules.STEPS["agree"].by | rules.STEPS["refuse"].by


@pytest.mark.parametrize("state", ("proposed", "accepted"))
def test_before_both_agree_nothing_that_names_or_places_a_family_is_disclosed(state, may_meet=True):
    assert rules.disclosed(state, may_meet=True) == {"needs", "township", "distance"}


@pytest.mark.parametrize("state", ENDED)
def test_after_the_end_nothing_is_disclosed(state, may_meet=True):
    assert rules.disclosed(state, may_meet=True) == frozenset()


def test_a_resting_pair_keeps_the_name_but_not_the_way_to_the_door():
    assert rules.disclosed("active", may_meet=True) - rules.disclosed("paused", may_meet=True) == {
        "village",
        "phone",
    }


@pytest.mark.parametrize(("metres", "km"), [(0, 1), (499, 1), (1499, 1), (1500, 2), (4321, 4), (29_999, 30)])
def test_distances_are_whole_kilometres_and_never_less_than_one(metres, km):
    assert rules.coarse_km(metres) == km


def test_every_state_has_words_of_its_own():
    assert set(rules.STATES) == {*LIVE, *ENDED}
    assert len(set(rules.STATES.values())) == len(rules.STATES)


def test_a_reasons_code_means_the_same_in_every_list():
    labels = {}
    for catalogue in (rules.DECLINE_REASONS, rules.REFUSE_REASONS, rules.PAUSE_REASONS, rules.CLOSE_REASONS):
        for reason in catalogue:
            assert len(reason.code) <= 60
            assert labels.setdefault(reason.code, reason.label) == reason.label
            assert rules.reason_label(reason.code) == reason.label
    assert rules.reason_label("a code of old") == "a code of old"


@pytest.mark.parametrize(
    ("name", "surname"),
    [("李四", "李"), ("欧阳娜娜", "欧阳"), ("阿依古丽·买买提江", "阿依古丽"), ("王", "王")],
)
def test_a_person_is_addressed_by_surname(name, surname):
    from jiedui.pairs.disclosure import surname as said

    assert said(name) == surname
