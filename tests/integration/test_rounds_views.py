"""What the rounds' pages count and list, asked without a browser: edges of dates, places and areas."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_round,
    a_volunteer,
)
from hypothesis import given
from hypothesis import strategies as st

from jiedui.errors import NotFound, Refused
from jiedui.plans.comparison import comparable, longer_by
from jiedui.plans.lists import LeftOutFilter, PairFilter, left_out_of, pairs_of
from jiedui.plans.views import plan_summary
from jiedui.plans.words import next_best, offer, shortage, smallest_change, why_left_out, worth
from jiedui.policies.service import store_packs
from jiedui.regions.outlines import outline
from jiedui.regions.tables import Region
from jiedui.rounds.service import refuse_empty_area
from jiedui.rounds.tables import Candidate, LeftOut, Plan
from jiedui.rounds.views import areas_of, counts_of, plan_at, rounds_of
from jiedui.web.words import km
from jiedui_pairing.policy import standard
from jiedui_pairing.rules import CAPACITY, DISTANCE, FORBIDDEN, MINORS


@pytest.fixture(autouse=True)
async def policy(db):
    await store_packs(NOW)


async def counted(region: str = COUNTY):
    return await counts_of(a_coordinator(), region, TODAY, "standard")


@pytest.mark.parametrize(
    ("checked", "trained", "cleared"),
    [
        (TODAY - timedelta(days=365), True, 1),
        (TODAY - timedelta(days=366), True, 0),
        (TODAY, True, 1),
        (TODAY + timedelta(days=1), True, 0),
        (TODAY, False, 0),
        (None, True, 0),
    ],
)
async def test_clearance_is_counted_to_the_day_as_the_round_will_judge_it(checked, trained, cleared):
    await a_volunteer(record_checked_on=checked, trained=trained, capacity=2)
    counts = await counted()
    assert (counts["with_room"], counts["cleared"], counts["cleared_places"]) == (1, cleared, 2 * cleared)


@pytest.mark.parametrize(
    ("state", "places"),
    [("proposed", 1), ("accepted", 1), ("active", 1), ("paused", 1), ("declined", 2), ("closed", 2)],
)
async def test_a_place_is_free_once_its_pair_has_ended_and_not_before(state, places):
    helper = await a_volunteer(capacity=2)
    await a_pair(await a_household(), helper, state=state)
    counts = await counted()
    assert counts["places"] == places
    assert counts["waiting"]["green"]["families"] == (1 if places == 2 else 0)


async def test_a_family_that_wants_two_helpers_waits_until_it_has_both():
    household = await a_household(wanted_helpers=2)
    await a_pair(household, await a_volunteer(), state="active")
    assert (await counted())["waiting"]["green"]["families"] == 1
    await a_pair(household, await a_volunteer(), state="proposed")
    assert (await counted())["waiting"]["green"]["families"] == 0


async def test_families_without_a_need_or_no_longer_in_the_ledger_do_not_wait():
    await a_household(needs=())
    await a_household(active=False)
    assert (await counted())["waiting"]["green"] == {"families": 0, "needs": 0}


async def test_counts_stop_at_the_areas_edge():
    await a_household()
    await a_household(region_code=FAR_VILLAGE)
    await a_household(region_code=OTHER_VILLAGE)
    assert (await counted())["waiting"]["green"]["families"] == 2
    assert (await counted(TOWNSHIP))["waiting"]["green"]["families"] == 1
    with pytest.raises(NotFound):
        await counted(OTHER_COUNTY)


async def test_an_area_outside_is_missing_whether_it_has_people_or_not():
    await a_household(region_code=OTHER_VILLAGE)
    for area in (OTHER_COUNTY, "500232000000"):
        with pytest.raises(NotFound):
            await refuse_empty_area(a_coordinator(), area)
    with pytest.raises(Refused):
        await refuse_empty_area(a_coordinator(OTHER_COUNTY), OTHER_COUNTY)


async def test_areas_are_ones_own_and_two_steps_below_but_no_villages():
    await a_region_tree()
    await Region.insert(
        Region(code="500000000000", name="重庆市", short_name="重庆市", level="province"),
        Region(code="000000000000", name="—", short_name="—", level="province"),
    ).on_conflict(action="DO NOTHING")
    assert await areas_of(a_coordinator(TOWNSHIP)) == [(TOWNSHIP, "虎威镇")]
    county = await areas_of(a_coordinator(COUNTY))
    assert [code for code, _ in county] == [COUNTY, TOWNSHIP, "500230102000"]
    assert [name for _, name in county] == ["丰都县", "虎威镇", "社坛镇"]
    city = dict(await areas_of(replace(a_coordinator("500200000000"), runs_rounds=True)))
    assert {COUNTY, OTHER_COUNTY, TOWNSHIP} <= city.keys()
    assert VILLAGE not in city


async def test_rounds_of_a_township_are_seen_from_the_county_and_not_the_other_way_round():
    await a_round(region_code=TOWNSHIP)
    await a_round(region_code=COUNTY)
    assert len((await rounds_of(a_coordinator(COUNTY))).rows) == 2
    assert [row["region_code"] for row in (await rounds_of(a_coordinator(TOWNSHIP))).rows] == [TOWNSHIP]
    assert (await rounds_of(a_coordinator(OTHER_COUNTY))).rows == []


async def a_plan_with(round_id: UUID, **columns) -> dict:
    number = 1 + await Plan.count().where(Plan.round == round_id)
    plan = Plan(round=round_id, region_code=COUNTY, number=number, state="ready", created_at=NOW, **columns)
    await plan.save()
    _, row = await plan_at(a_coordinator(), round_id, number)
    return row


async def test_a_plan_without_any_pair_has_a_summary_of_nothing():
    plan = await a_plan_with(await a_round())
    summary = await plan_summary(a_coordinator(), plan)
    assert (summary["pairs"], summary["households"], summary["mean_m"], summary["left_out"]) == (
        0,
        0,
        None,
        0,
    )
    assert (await pairs_of(a_coordinator(), plan, PairFilter())).rows == []


async def test_the_load_counts_running_pairs_and_this_plan_once():
    helper, round_id = await a_volunteer(capacity=9), await a_round()
    plan = await a_plan_with(round_id)
    await a_pair(await a_household(), helper, state="active")
    await a_pair(await a_household(), helper, state="closed")
    for _ in range(2):
        family = await a_household()
        await Candidate(plan=plan["id"], household=family, volunteer=helper, region_code=COUNTY, stage=1,
                        distance_m=100, cost=100, needs_met=["companionship"]).save()  # fmt: skip
        await a_pair(family, helper, round=round_id)  # as publishing makes them
    assert {row["load"] for row in (await pairs_of(a_coordinator(), plan, PairFilter())).rows} == {3}


async def test_families_left_out_come_red_first_and_each_stage_by_itself():
    plan = await a_plan_with(await a_round())
    for colour, stage in (("green", 1), ("red", 1), ("yellow", 1), ("red", 2)):
        household = await a_household(colour=colour)
        row = LeftOut(plan=plan["id"], household=household, region_code=COUNTY, colour=colour, stage=stage)
        row.reasons = '{"offering": 0, "refused": {}, "taken": 0}'
        await row.save()
    first = await left_out_of(a_coordinator(), plan, LeftOutFilter())
    assert [row["colour"] for row in first.rows] == ["red", "yellow", "green"]
    assert (first.matching, first.total) == (3, 3)
    assert (await left_out_of(a_coordinator(), plan, LeftOutFilter(stage=2))).matching == 1


SOMEBODY = {
    "volunteer": "v",
    "distance_m": 4200,
    "difference": 2300,
    "loses": None,
    "gains": None,
    "moved": 0,
}
NOBODY = SOMEBODY | {"volunteer": None, "distance_m": None, "loses": "this one"}


@pytest.mark.parametrize(
    ("runner_up", "said"),
    [
        (None, "Pinned: nobody else is asked"),
        ({}, "Not worked out in this run"),
        (SOMEBODY, "王* Z1 (4.2 km away): the whole plan would be worse by as much as 2.3 km of way"),
        (SOMEBODY | {"difference": 0}, "王* Z1 (4.2 km away), just as good"),
        (SOMEBODY | {"difference": 0, "moved": 1200},
         "王* Z1 (4.2 km away), just as good; 1,200 other families would change helper"),
        (SOMEBODY | {"loses": "another"},
         "王* Z1 (4.2 km away), but then 田* H1 in 回龙村 would lose its helper"),
        (NOBODY, "Nobody else: this family would go without a helper"),
        (NOBODY | {"gains": "another"},
         "Nobody else: this family would go without, and another would get a helper"),
    ],
)  # fmt: skip
def test_the_next_best_is_said_with_what_it_would_do_to_everybody(runner_up, said):
    assert next_best(_pair(1, runner_up), "en") == said


@pytest.mark.parametrize(
    ("runner_up", "said"),
    [
        (SOMEBODY | {"loses": "another"},
         "王* Z1 (4.2 km away), but then 田* H1 in 回龙村 would lose a further helper"),
        (NOBODY, "Nobody else: this family would have no further helper"),
        (NOBODY | {"gains": "another"},
         "Nobody else: this family would have no further helper, and another would get one"),
    ],
)  # fmt: skip
def test_of_second_helpers_it_is_said_that_they_are_second(runner_up, said):
    assert next_best(_pair(2, runner_up), "en") == said


def _pair(stage, runner_up):
    return {
        "stage": stage,
        "runner_up": runner_up,
        "next_name": "王*",
        "next_number": "Z1",
        "loser_name": "田*",
        "loser_number": "H1",
        "loser_village": "回龙村",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "capacity"}, "If 王丽 (3.2 km away) took one family more, she could help here."),
        ({"rule": "minors", "trained": True},
         "If 王丽 (3.2 km away) had a record check in date, she could help here."),
        ({"rule": "minors", "trained": False},
         "If 王丽 (3.2 km away) had the training and a record check in date, she could help here."),
        ({"rule": "distance", "limit_m": 3000},
         "If 王丽 came 3.2 km, not 3.0 km at most, she could help here."),
        ({"rule": "forbidden"},
         "If 王丽 (3.2 km away) were not ruled out for this family, she could help here."),
    ],
)  # fmt: skip
def test_the_smallest_change_is_said_with_name_and_way(change, said):
    assert smallest_change({"name": "王丽", "distance_m": 3200, "cost": 3200} | change, "en") == said


def test_every_rule_that_could_be_lifted_has_its_sentence():
    for rule in (CAPACITY, DISTANCE, FORBIDDEN, MINORS):
        change = {"rule": rule.name, "name": "王丽", "distance_m": 1, "limit_m": 1, "trained": True}
        assert "王丽" in smallest_change(change, "en")


def test_a_shortage_is_said_with_few_places_and_all_counts():
    found = {"families": 1014, "wanted": 14, "volunteers": 6, "places": 9, "villages": 3, "kinds": [],
             "towns": ["虎威镇", "社坛镇"], "more_townships": 0, "with_children": True}  # fmt: skip
    kinds = {"legal": "Legal help", "material": "Material help"}
    assert shortage(found, kinds, "en") == (
        "1,014 families with children in 3 villages (虎威镇, 社坛镇) still want 14 helpers in all. "
        "Only 6 volunteers may be these, and they have 9 places."
    )
    larger = shortage(found | {"more_townships": 7, "with_children": False}, kinds, "en")
    assert larger.startswith("1,014 families in 3 villages (虎威镇, 社坛镇 and 7 more townships) still want")
    asking = shortage(found | {"kinds": ["legal", "material"]}, kinds, "en")
    assert asking.startswith(
        "1,014 families with children who ask for Legal help, Material help in 3 villages"
    )


@pytest.mark.parametrize(
    ("kind", "skilled", "said"),
    [
        ("companionship", False, "Companionship"),
        ("counselling", False, "Counselling, with Psychological counselling"),
        ("health_escort", False, "Health escort"),
        ("health_escort", True, "Health escort, with Medicine or Nursing"),
    ],
)
def test_a_newcomers_offer_names_the_skills_that_count(kind, skilled, said):
    assert offer(standard(), kind, skilled, "en") == said


@pytest.mark.parametrize(
    ("colour", "saved", "said"),
    [
        ("", 3200, "The ways would be 3.2 km shorter in all"),
        ("red", -3200, "One Red family more has a helper, for 3.2 km of way"),
        ("red", -50, "One Red family more has a helper, for 0.1 km of way"),
        ("red", -49, "One Red family more has a helper"),
        ("red", 49, "One Red family more has a helper"),
        ("red", 50, "One Red family more has a helper, and the ways get 0.1 km shorter"),
        ("green", 3200, "One Green family more has a helper, and the ways get 3.2 km shorter"),
    ],
)
def test_a_newcomers_worth_is_a_family_or_a_way(colour, saved, said):
    assert worth({"colour": colour, "saved_m": saved}, "en") == said


def test_reasons_add_up_in_one_sentence_the_largest_first():
    reasons = {"lacking": 1, "offering": 1041, "refused": {"capacity": 11, "minors": 1000}, "taken": 30}
    assert why_left_out(reasons, "en") == (
        "1,041 volunteers offer it: 1,000 are not cleared to meet children; 11 have no free place; "
        "30 could come, but their places went to other families."
    )


METRES = st.integers(0, 500_000)


@given(METRES, METRES)
def test_a_way_is_longer_by_what_the_figures_shown_differ(before, after):
    shown = [round(10 * float(km(metres, language="en").removesuffix(" km"))) for metres in (before, after)]
    assert longer_by(before, after) == 100 * (shown[1] - shown[0])


@pytest.mark.parametrize(("before", "after", "by"), [(3449, 3351, 0), (3449, 3451, 100), (3451, 3449, -100)])
def test_two_ways_that_read_alike_are_the_same(before, after, by):
    assert longer_by(before, after) == by


def a_run(red: int, green: int, second: int = 0) -> dict:
    stages = [{"stage": 1, "covered": {"red": [red, 9], "green": [green, 9]}},
              {"stage": 2, "covered": {"red": [second, 9]}}]  # fmt: skip
    return {"stages": stages if second else stages[:1]}


@pytest.mark.parametrize(
    ("other", "known"),
    [(a_run(3, 5), True), (a_run(3, 4), False), (a_run(4, 4), False), (a_run(3, 5, second=1), False)],
)
def test_costs_are_compared_between_runs_that_find_as_many_helpers_in_each_colour(other, known):
    assert comparable(a_run(3, 5), other) is known


def test_a_county_without_an_outline_has_a_map_without_one():
    assert outline("500230000000")["type"] == "MultiPolygon"
    assert outline("110101000000") is None


def test_outlines_lie_where_their_county_lies():
    shape = outline(COUNTY)
    points = [point for polygon in shape["coordinates"] for ring in polygon for point in ring]
    assert all(107 < lng < 109 and 29 < lat < 31 for lng, lat in points)
