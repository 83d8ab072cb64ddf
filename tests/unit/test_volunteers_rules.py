"""The life of a volunteer as rules: what may follow what, what is missing, what may be offered."""

from datetime import date, timedelta

import pytest

from jiedui.errors import Conflict, Refused
from jiedui.volunteers import rules
from jiedui.volunteers.tables import STATES
from jiedui_pairing.policy import standard

TODAY = date(2026, 11, 21)
PACK = standard()

ALLOWED = {
    ("approve", "applied"): "active",
    ("refuse", "applied"): "refused",
    ("suspend", "active"): "suspended",
    ("reinstate", "suspended"): "active",
    ("doubt", "active"): "applied",
    ("leave", "applied"): "left",
    ("leave", "active"): "left",
    ("leave", "suspended"): "left",
    ("reapply", "left"): "applied",
}


def vetted(**columns):
    return {"state": "active", "identified": True, "record_checked_on": TODAY, "trained": True} | columns


@pytest.mark.parametrize("deed", list(rules.MOVES))
@pytest.mark.parametrize("state", STATES)
def test_a_deed_starts_only_from_its_own_states(deed, state):
    if (deed, state) in ALLOWED:
        assert rules.next_state(deed, state) == ALLOWED[deed, state]
        assert deed in rules.allowed_deeds(state)
    else:
        assert deed not in rules.allowed_deeds(state)
        with pytest.raises(Conflict):
            rules.next_state(deed, state)


def test_every_state_a_deed_ends_in_is_a_state_of_the_table():
    assert {target for _, target in rules.MOVES.values()} <= {*STATES}


@pytest.mark.parametrize(
    ("days", "refused"), [(-365, False), (-1, False), (0, False), (1, True), (400, True)]
)
def test_a_check_cannot_have_happened_tomorrow(days, refused):
    if refused:
        with pytest.raises(Refused, match="future"):
            rules.check_date(TODAY + timedelta(days), TODAY)
    else:
        rules.check_date(TODAY + timedelta(days), TODAY)


def test_a_check_of_the_last_century_is_a_slip_of_the_pen():
    with pytest.raises(Refused, match="too long ago"):
        rules.check_date(date(1999, 12, 31), TODAY)
    rules.check_date(date(2000, 1, 1), TODAY)


def missing(**columns):
    return [one.code for one in rules.before_children(vetted(**columns), PACK, TODAY)]


def test_a_vetted_volunteer_may_meet_children():
    assert missing() == []


@pytest.mark.parametrize(
    ("days_ago", "expected"), [(0, []), (364, []), (365, []), (366, ["record"]), (-1, ["record"])]
)
def test_the_record_check_counts_for_365_days_and_never_from_the_future(days_ago, expected):
    assert missing(record_checked_on=TODAY - timedelta(days_ago)) == expected


def test_a_volunteer_whom_nobody_has_identified_never_meets_a_child():
    assert missing(identified=False) == ["identity"]


def test_a_volunteer_without_training_never_meets_a_child():
    assert missing(trained=False) == ["training"]


def test_a_volunteer_without_record_check_never_meets_a_child():
    assert missing(record_checked_on=None) == ["record"]


@pytest.mark.parametrize("state", [state for state in STATES if state != "active"])
def test_only_an_active_volunteer_meets_children(state):
    assert missing(state=state) == ["active"]


def test_the_clearance_ends_when_the_rule_says():
    assert rules.cleared_until(vetted(record_checked_on=TODAY), PACK) == date(2027, 11, 21)
    assert rules.cleared_until(vetted(record_checked_on=None), PACK) is None


GOOD = {"offers": ["companionship"], "skills": ["英语"], "times": ["周末"], "reach_km": 10}


def test_what_the_catalogue_knows_may_be_offered():
    rules.check_wishes(GOOD, PACK)
    rules.check_wishes(GOOD | {"reach_km": None, "skills": []}, PACK)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offers", []),
        ("offers", ["companionship", "flying"]),
        ("skills", ["魔法"]),
        ("times", []),
        ("times", ["never"]),
        ("reach_km", 4),
        ("reach_km", -3),
    ],
)
def test_what_it_does_not_know_is_refused_at_its_field(field, value):
    with pytest.raises(Refused) as refusal:
        rules.check_wishes(GOOD | {field: value}, PACK)
    assert refusal.value.field == field


def test_words_her_ledger_brought_along_stay_allowed():
    rules.check_wishes({"skills": ["剪纸", "英语"]}, PACK, before={"skills": ["剪纸"]})
    with pytest.raises(Refused):
        rules.check_wishes({"skills": ["剪纸", "英语"]}, PACK, before={"skills": ["英语"]})


@pytest.mark.parametrize(
    ("kind", "capacity", "held", "fine"),
    [
        ("helper", 1, 0, True),
        ("helper", 10, 0, True),
        ("helper", 11, 0, False),
        ("women_entrepreneur", 20, 0, True),
        ("women_entrepreneur", 21, 0, False),
        ("helper", 0, 0, False),
        ("helper", -1, 0, False),
        ("helper", 3, 3, True),
        ("helper", 2, 3, False),
    ],
)
def test_the_capacity_stays_between_what_she_holds_and_the_policys_most(kind, capacity, held, fine):
    if fine:
        rules.check_capacity(kind, capacity, held=held, pack=PACK)
    else:
        with pytest.raises(Refused) as refusal:
            rules.check_capacity(kind, capacity, held=held, pack=PACK)
        assert refusal.value.field == "capacity"


def person(name="王芳", source="ledger", has_account=False):
    return {"name": name, "source": source, "has_account": has_account}


def test_a_telephone_nobody_has_is_a_new_person():
    assert rules.own_row([], "王芳") is None


def test_a_telephone_of_one_person_is_hers():
    assert rules.own_row([person("王芬")], "王芳")["name"] == "王芬"


def test_of_a_family_sharing_a_telephone_the_one_of_this_name_is_meant():
    assert rules.own_row([person("李强"), person("王芳")], "王芳")["name"] == "王芳"


def test_of_a_family_sharing_a_telephone_nobody_else_is_taken_for_her():
    assert rules.own_row([person("李强"), person("李梅")], "王芳") is None


def test_who_logs_in_with_the_telephone_already_owns_it():
    assert rules.own_row([person("李强", has_account=True), person("王芳")], "王芳")["name"] == "李强"


def test_a_telephone_signs_up_online_once():
    assert rules.own_row([person("李强", source="online"), person("李梅")], "王芳")["name"] == "李强"
