"""What the rounds' pages count and list, asked without a browser: edges of dates, places and areas."""

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

from jiedui.errors import NotFound, Refused
from jiedui.policies.service import store_standard
from jiedui.regions.outlines import outline
from jiedui.regions.tables import Region
from jiedui.rounds.lists import LeftOutFilter, PairFilter, left_out_of, pairs_of
from jiedui.rounds.service import refuse_empty_area
from jiedui.rounds.tables import Candidate, LeftOut, Plan
from jiedui.rounds.views import areas_of, counts_of, plan_at, plan_summary, rounds_of
from jiedui.rounds.words import next_best, why_left_out


@pytest.fixture(autouse=True)
async def policy(db):
    await store_standard(NOW)


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
    province = dict(await areas_of(a_coordinator("500000000000")))
    assert {COUNTY, OTHER_COUNTY} <= province.keys()
    assert VILLAGE not in province
    assert TOWNSHIP not in province


async def test_rounds_of_a_township_are_seen_from_the_county_and_not_the_other_way_round():
    await a_round(region_code=TOWNSHIP)
    await a_round(region_code=COUNTY)
    assert len((await rounds_of(a_coordinator(COUNTY)))[0]) == 2
    assert [row["region_code"] for row in (await rounds_of(a_coordinator(TOWNSHIP)))[0]] == [TOWNSHIP]
    assert (await rounds_of(a_coordinator(OTHER_COUNTY)))[0] == []


async def a_plan_with(round_id: UUID, **columns) -> dict:
    number = 1 + await Plan.count().where(Plan.round == round_id)
    plan = Plan(round=round_id, region_code=COUNTY, number=number, state="ready", created_at=NOW, **columns)
    await plan.save()
    _, row = await plan_at(a_coordinator(), round_id, number)
    return row


async def test_a_plan_without_any_pair_has_a_summary_of_nothing():
    plan = await a_plan_with(await a_round())
    summary = await plan_summary(plan["id"])
    assert (summary["pairs"], summary["households"], summary["mean_m"], summary["left_out"]) == (
        0,
        0,
        None,
        0,
    )
    assert (await pairs_of(plan, PairFilter())).rows == []


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
    assert {row["load"] for row in (await pairs_of(plan, PairFilter())).rows} == {3}


async def test_families_left_out_come_red_first_and_each_stage_by_itself():
    plan = await a_plan_with(await a_round())
    for colour, stage in (("green", 1), ("red", 1), ("yellow", 1), ("red", 2)):
        household = await a_household(colour=colour)
        row = LeftOut(plan=plan["id"], household=household, region_code=COUNTY, colour=colour, stage=stage)
        row.reasons = '{"offering": 0, "refused": {}, "taken": 0}'
        await row.save()
    first = await left_out_of(plan, LeftOutFilter())
    assert [row["colour"] for row in first.rows] == ["red", "yellow", "green"]
    assert (first.matching, first.total) == (3, 3)
    assert (await left_out_of(plan, LeftOutFilter(stage="2"))).matching == 1


@pytest.mark.parametrize(
    ("distance", "runner_up", "said"),
    [
        (1000, None, "Nobody else could"),
        (1000, {"distance_m": 3300, "difference": 2300, "has_room": True}, "The next one is 2.3 km farther"),
        (3300, {"distance_m": 1000, "difference": 700, "has_room": True},
         "The next one is 2.3 km nearer, but fits less well"),
        (3300, {"distance_m": 1000, "difference": -2300, "has_room": False},
         "The next one is 2.3 km nearer, but her places are taken"),
        (1000, {"distance_m": 1010, "difference": 0, "has_room": True}, "The next one is as near"),
    ],
)  # fmt: skip
def test_the_next_best_is_compared_in_words(distance, runner_up, said):
    assert next_best(distance, runner_up, "en") == said


def test_reasons_add_up_in_one_sentence_the_largest_first():
    reasons = {"lacking": 1, "offering": 1041, "refused": {"capacity": 11, "minors": 1000}, "taken": 30}
    assert why_left_out(reasons, "en") == (
        "1,041 volunteers offer it: 1,000 are not cleared to meet children; 11 have no free place; "
        "30 could come, but their places went to other families."
    )


def test_a_county_without_an_outline_has_a_map_without_one():
    assert outline("500230000000")["type"] == "MultiPolygon"
    assert outline("110101000000") is None


def test_outlines_lie_where_their_county_lies():
    shape = outline(COUNTY)
    points = [point for polygon in shape["coordinates"] for ring in polygon for point in ring]
    assert all(107 < lng < 109 and 29 < lat < 31 for lng, lat in points)
