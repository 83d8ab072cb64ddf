"""Which checks count: a person, or a table its county trusts, stands behind them."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiedui.volunteers import rules
from jiedui.volunteers.checks import COUNTING, cannot_lift, counting, failure, may_lift, passed
from jiedui.volunteers.tables import CHECKS, STANDINGS

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
CITY, COUNTY, TOWNSHIP = "500200000000", "500230000000", "500230101000"
ANNA, BERTA, CLARA = (UUID(int=n) for n in (1, 2, 3))
NOTHING = {"identified": False, "record_checked_on": None, "trained": False}


def check(kind="record", passed=True, on=TODAY, by=ANNA, area=COUNTY, standing="recorded", at=NOON, **more):
    return {
        "kind": kind, "passed": passed, "checked_on": on, "standing": standing, "recorded_by": by,
        "recorded_from": area, "decided_by": None, "decided_from": "", "decided_at": None, "created_at": at,
    } | more  # fmt: skip


def ago(days):
    return TODAY - timedelta(days)


def test_without_checks_nothing_counts():
    assert counting([]) == NOTHING


@pytest.mark.parametrize("standing", STANDINGS)
def test_only_what_somebody_stands_behind_counts(standing):
    more = (
        {"decided_by": BERTA, "decided_from": COUNTY, "decided_at": NOON} if standing == "confirmed" else {}
    )
    noted = [check(kind, standing=standing, **more) for kind in CHECKS]
    everything = {"identified": True, "record_checked_on": TODAY, "trained": True}
    assert counting(noted) == (everything if standing in ("recorded", "confirmed", "trusted") else NOTHING)


def test_the_latest_record_check_counts_and_an_older_one_found_later_changes_nothing():
    noted = [check(on=ago(30)), check(on=ago(400), at=NOON + timedelta(1))]
    assert counting(noted)["record_checked_on"] == ago(30)


def test_a_check_that_was_not_passed_takes_an_older_clearance_away():
    assert counting([check(on=ago(30)), check(passed=False)]) == NOTHING


def test_of_two_checks_on_one_day_the_one_noted_last_decides():
    failed, fine = check(passed=False, at=NOON), check(by=BERTA, at=NOON + timedelta(hours=1))
    assert counting([failed, fine])["record_checked_on"] == TODAY
    assert counting([failed | {"created_at": NOON + timedelta(hours=2)}, fine]) == NOTHING


FAILED = check(passed=False, on=ago(10), by=ANNA, area=COUNTY)


@pytest.mark.parametrize(
    ("later", "counts"),
    [
        (check(by=BERTA), True),
        (check(by=BERTA, area=CITY), True),
        (check(by=ANNA), False),
        (check(by=BERTA, area=TOWNSHIP), False),
        (check(by=None), False),
        (check(by=None, standing="trusted"), False),
        (check(by=None, standing="stated", area=TOWNSHIP), False),
        (check(by=None, standing="confirmed", area=TOWNSHIP, decided_by=BERTA, decided_from=COUNTY), True),
        (check(by=None, standing="confirmed", area=TOWNSHIP, decided_by=ANNA, decided_from=COUNTY), False),
        (check(by=BERTA, on=ago(11)), False),
    ],
    ids=["another of the county", "the city", "herself", "a township", "nobody", "a trusted table",
         "a township's table", "a table and another", "a table and herself", "an older one"],
)  # fmt: skip
def test_a_failed_check_of_the_county_is_lifted_by_another_person_of_the_county_or_above(later, counts):
    assert (counting([FAILED, later])["record_checked_on"] is not None) is counts
    assert (failure([FAILED, later], "record") is None) is counts


def test_once_it_is_lifted_whoever_set_it_may_renew_the_check():
    noted = [FAILED, check(by=BERTA, on=ago(5)), check(by=ANNA)]
    assert counting(noted)["record_checked_on"] == TODAY


def test_a_failed_check_of_one_kind_says_nothing_of_another():
    assert counting([check("training", passed=False), check("record")])["record_checked_on"] == TODAY


@pytest.mark.parametrize(
    ("who", "where", "says"),
    [
        (BERTA, COUNTY, None),
        (BERTA, CITY, None),
        (ANNA, COUNTY, "somebody else"),
        (BERTA, TOWNSHIP, "level above"),
        (None, COUNTY, "account of her own"),
    ],
)
def test_why_somebody_may_not_lift_what_anna_of_the_county_set(who, where, says):
    said = cannot_lift(who, where, ANNA, COUNTY)
    assert (said is None) is may_lift(who, where, ANNA, COUNTY) is (says is None)
    assert said is None or says in said


def test_nobody_is_approved_before_a_person_saw_who_she_is():
    for noted in ([], [check("record")], [check("identity", standing="trusted", by=None)]):
        assert "identity check first" in rules.before_approval(noted)
    assert rules.before_approval([check("identity")]) is None
    assert "not passed" in rules.before_approval([check("identity", passed=False)])


people = st.sampled_from([ANNA, BERTA, CLARA, None])
areas = st.sampled_from([CITY, COUNTY, TOWNSHIP])


@st.composite
def checks(draw):
    standing = draw(st.sampled_from(STANDINGS))
    at = NOON + timedelta(minutes=draw(st.integers(0, 10_000)))
    decided = standing in ("confirmed", "refused")
    return check(
        draw(st.sampled_from(CHECKS)), draw(st.booleans()), ago(draw(st.integers(0, 30))), draw(people),
        draw(areas), standing, at, decided_by=draw(people.filter(bool)) if decided else None,
        decided_from=draw(areas) if decided else "", decided_at=at + timedelta(1) if decided else None,
    )  # fmt: skip


@given(st.lists(checks(), max_size=12), st.randoms())
def test_no_order_of_events_makes_a_stated_or_failed_check_count(noted, chance):
    counted = counting(noted)
    shuffled = list(noted)
    chance.shuffle(shuffled)
    assert counting(shuffled) == counted
    behind = [one for one in noted if one["standing"] in COUNTING]
    assert counting(behind) == counted, "what nobody stands behind makes no difference"
    for kind in CHECKS:
        fine = passed(noted, kind)
        if fine is not None:
            assert fine["passed"] and fine["standing"] in COUNTING
            for failed in (one for one in behind if one["kind"] == kind and not one["passed"]):
                assert any(
                    one["passed"]
                    and one["checked_on"] >= failed["checked_on"]
                    and may_lift(*setter(one), *setter(failed))
                    for one in behind
                    if one["kind"] == kind
                )


def setter(one):
    if one["standing"] == "confirmed":
        return one["decided_by"], one["decided_from"]
    return one["recorded_by"], one["recorded_from"]


@given(st.lists(checks(), max_size=12), checks())
def test_one_more_failed_check_never_clears_anybody(noted, further):
    before, after = counting(noted), counting([*noted, further | {"passed": False}])
    for column, none in NOTHING.items():
        assert after[column] in (none, before[column])
