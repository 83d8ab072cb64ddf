"""Why somebody is left out, what would help, and where one more volunteer would help most."""

import html
import json
import re
from datetime import date, timedelta

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
    a_volunteer,
)
from planned import a_planned_round, text_of

from jiedui.audit.tables import AuditEntry
from jiedui.policies.service import store_packs
from jiedui.regions.tables import Region
from jiedui.rounds.pins import pin
from jiedui.rounds.publication import publish_round
from jiedui.rounds.service import open_round
from jiedui.rounds.tables import Candidate, LeftOut, Newcomer, Plan

FAR_TOWNSHIP = "500230102000"


@pytest.fixture(autouse=True)
async def policy(db):
    await store_packs(NOW)


async def test_a_family_left_out_hears_what_would_help_it_and_nobody_else_pays(coordinator):
    await a_household(name="田大妹", children=(date(2015, 3, 1),))
    await a_volunteer(name="王丽", trained=True, record_checked_on=TODAY - timedelta(days=400))
    await a_volunteer(name="李梅", trained=False, region_code=FAR_VILLAGE)
    round_id, _ = await a_planned_round()
    shown = text_of(await coordinator.get(f"/rounds/{round_id}/plans/1/left-out"))
    assert re.search(
        r"If 王\* \w+ \(0\.0 km away\) had a record check in date, she could help here\. What if\?", shown
    )
    assert "李梅" not in shown
    file = await coordinator.get(f"/rounds/{round_id}/plans/1/left-out.csv")
    assert re.search(r"If 王\* \w+ \(0\.0 km away\) had a record", file.content.decode("utf-8-sig"))


async def test_where_volunteers_are_too_few_the_page_counts_it_out(coordinator):
    for village in (VILLAGE, FAR_VILLAGE, VILLAGE):
        await a_household(region_code=village)
    await a_volunteer(name="王丽", capacity=2)
    round_id, _ = await a_planned_round()
    shown = text_of(await coordinator.get(f"/rounds/{round_id}/plans/1/left-out"))
    assert re.search(r"If 王\* \w+ \(18\.4 km away\) took one family more, she could help here\.", shown)
    assert (
        "3 families who ask for Companionship in 2 villages (虎威镇, 社坛镇) still want 3 helpers in all. "
        "Only 1 volunteers may be these, and they have 2 places."
    ) in shown


async def test_a_family_that_nobody_could_help_is_led_to_recruiting(coordinator):
    await a_household(needs=("legal",), colour="red")
    await a_volunteer()
    round_id, _ = await a_planned_round()
    plan = f"/rounds/{round_id}/plans/1"
    left_out = await coordinator.get(f"{plan}/left-out")
    assert "Nobody who offers it is one step away: recruit somebody here." in text_of(left_out)
    assert f'href="{plan}/recruit?township={TOWNSHIP}"' in left_out.text
    shown = text_of(await coordinator.get(f"{plan}/recruit?kind=legal"))
    gain = "One Red family more has a helper, for 0.8 km of way Who would gain? 1"
    assert f"虎威镇 Legal help, with Law ● Red {gain}" in shown
    assert "虎威镇" in shown.split("社坛镇")[0]
    narrowed = await coordinator.get(f"{plan}/recruit?kind=legal")
    assert f'href="{plan}/recruit?township={TOWNSHIP}&amp;kind=legal"' in narrowed.text
    everything = await coordinator.get(f"{plan}/recruit?township={TOWNSHIP}")
    assert "1 in all" in everything.text


async def test_a_family_without_a_second_helper_is_listed_with_what_the_first_leaves_open(coordinator):
    await a_household(needs=("companionship", "legal"), colour="red")
    await a_household(needs=("legal",), colour="red", region_code=FAR_VILLAGE)
    await a_volunteer(name="王丽", capacity=3)
    await a_volunteer(name="李梅", region_code=FAR_VILLAGE, offers=["legal"], skills=["法律"], capacity=1)
    round_id, _ = await a_planned_round()
    plan = f"/rounds/{round_id}/plans/1"
    page = await coordinator.get(f"{plan}/left-out?stage=2")
    row = text_of(page).split("What would help")[-1]
    assert "Legal help" in row
    assert "Companionship" not in row
    assert re.search(r"If 李\* \w+ \(18\.4 km away\) took one family more, she could help here\.", row)
    assert "each step alone makes room for a further helper here" in text_of(page)
    assert "what-if?kind" not in page.text


async def test_once_everybody_is_helped_a_newcomer_only_shortens_ways(coordinator):
    await a_household()
    await a_volunteer(region_code=FAR_VILLAGE)
    round_id, plan_id = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/recruit"
    shown = text_of(await coordinator.get(page))
    assert "Nobody is left out: one more volunteer would only shorten the ways." in shown
    assert "虎威镇 Companionship The ways would be 17.6 km shorter in all Who would gain? 0" in shown
    assert "1 in all" in text_of(await coordinator.get(f"{page}?township={TOWNSHIP}&gain=-"))
    assert "No newcomer fits all of this." in (await coordinator.get(f"{page}?gain=red")).text
    file = await coordinator.get(f"{page}.csv?gain=-")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Township,Left out there,What she would offer,What that would bring,Kilometres saved"
    assert rows[1] == "虎威镇,0,Companionship,The ways would be 17.6 km shorter in all,17.6"
    assert (await coordinator.get(f"{page}.xlsx")).status_code == 200
    noted = await AuditEntry.select().where(AuditEntry.action == "round.export")
    assert [row["detail"] for row in noted if "newcomers" in row["detail"]]
    await Newcomer.delete().where(Newcomer.plan == plan_id)
    assert "No single newcomer would change this plan." in (await coordinator.get(page)).text


async def test_while_it_is_a_draft_each_row_leads_to_who_would_gain(coordinator):
    await a_household(needs=("tutoring",))
    await a_volunteer(region_code=FAR_VILLAGE, offers=["tutoring"])
    round_id, plan_id = await a_planned_round()
    plan = f"/rounds/{round_id}/plans/1"
    link = f"{plan}/what-if?kind=join&amp;place={TOWNSHIP}&amp;support=tutoring"
    for page in (f"{plan}/recruit?township={TOWNSHIP}", f"{plan}/recruit"):
        assert link in (await coordinator.get(page)).text
    panel = await coordinator.get(f"{plan}/recruit?township={TOWNSHIP}", headers={"hx-request": "true"})
    assert f'{link}&amp;skilled=on"' in panel.text
    form = await coordinator.get(html.unescape(f"{link}&amp;skilled=on"))
    assert re.search(r'name="skilled" value="on" checked', form.text)
    await publish_round(a_coordinator(), round_id, plan_id, NOW)
    assert link not in (await coordinator.get(f"{plan}/recruit?township={TOWNSHIP}")).text


async def test_the_map_marks_each_township_with_its_best_newcomer_and_names_nobody(coordinator):
    await a_household(name="欧阳小花", needs=("legal",), colour="red", region_code=FAR_VILLAGE)
    await a_household(name="田大妹", needs=("legal",), region_code=OTHER_VILLAGE)
    await a_volunteer(name="姚霞琴")
    round_id, _ = await a_planned_round()
    answer = await coordinator.get(f"/rounds/{round_id}/plans/1/recruit.json")
    for name in ("欧阳", "小花", "大妹", "姚"):
        assert name not in answer.text
    drawn = answer.json()
    worth = "Legal help, with Law. One Red family more has a helper"
    assert drawn["newcomers"] == [
        [FAR_TOWNSHIP, 0, f"社坛镇: {worth}, for 1.9 km of way."],
        [TOWNSHIP, 0, f"虎威镇: {worth}, for 17.6 km of way."],
    ]
    assert drawn["townships"][FAR_TOWNSHIP] == ["社坛镇", 30.01, 107.58]
    assert list(drawn["townships"]) == [FAR_TOWNSHIP, TOWNSHIP], "names are written best first"
    assert drawn["outline"]["type"] == "MultiPolygon"
    assert "villages" not in drawn


async def test_the_map_follows_the_filters_but_keeps_the_other_townships(coordinator):
    await a_household(region_code=VILLAGE)
    await a_household(needs=("legal",), colour="red")
    await a_volunteer(region_code=FAR_VILLAGE)
    round_id, _ = await a_planned_round()

    async def marks(query: str) -> list[tuple[str, int | None]]:
        drawn = await coordinator.get(f"/rounds/{round_id}/plans/1/recruit.json{query}")
        return [(code, rank) for code, rank, _ in drawn.json()["newcomers"]]

    assert await marks("?kind=legal") == [(TOWNSHIP, 0), (FAR_TOWNSHIP, 0)]
    assert await marks("?gain=red") == [(TOWNSHIP, 0), (FAR_TOWNSHIP, 0)]
    assert await marks("?gain=-") == [(TOWNSHIP, None), (FAR_TOWNSHIP, None)]
    assert await marks("?kind=companionship") == await marks("?gain=-")
    assert await marks("?gain=green") == []
    assert await marks(f"?kind=legal&township={FAR_TOWNSHIP}") == await marks("?kind=legal")


async def test_a_township_that_has_lost_its_point_is_in_the_table_only(coordinator):
    await a_household(needs=("legal",))
    await a_volunteer()
    round_id, _ = await a_planned_round()
    await Region.update({Region.lat: None, Region.lng: None}).where(Region.code == TOWNSHIP)
    page = f"/rounds/{round_id}/plans/1/recruit"
    drawn = (await coordinator.get(f"{page}.json")).json()
    assert [code for code, *_ in drawn["newcomers"]] == list(drawn["townships"]) == [FAR_TOWNSHIP]
    assert "2 in all" in (await coordinator.get(page)).text


async def test_a_mark_opens_its_townships_rows_under_the_same_filters(coordinator):
    await a_household(region_code=VILLAGE)
    await a_household(needs=("legal",), colour="red")
    await a_volunteer(region_code=FAR_VILLAGE)
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/recruit"
    opened = await coordinator.get(f"{page}?township={TOWNSHIP}", headers={"hx-request": "true"})
    assert "<html" not in opened.text
    shown = text_of(opened)
    assert "虎威镇 What one more volunteer who lives here would bring: ● Red Legal help, with Law" in shown
    assert "Companionship The ways would be" in shown
    assert "Left out there · 1" in shown
    assert f'href="{page}?township={TOWNSHIP}"' in opened.text
    narrowed = await coordinator.get(f"{page}?township={TOWNSHIP}&gain=-", headers={"hx-request": "true"})
    assert "Legal help" not in narrowed.text
    assert f'href="{page}?township={TOWNSHIP}&amp;gain=-"' in narrowed.text
    nothing = await coordinator.get(f"{page}?township={TOWNSHIP}&gain=green", headers={"hx-request": "true"})
    assert text_of(nothing).strip() == "No newcomer fits all of this."


async def test_the_page_has_a_map_where_there_is_something_to_mark(coordinator):
    await a_household(needs=("legal",))
    await a_volunteer()
    round_id, plan_id = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/recruit"
    whole = await coordinator.get(f"{page}?kind=legal&township={TOWNSHIP}")
    assert f'data-url="{page}.json?township={TOWNSHIP}&amp;kind=legal"' in whole.text
    assert "The map needs JavaScript. The table below says the same." in whole.text
    assert "map approval number" in whole.text
    assert "style=" not in whole.text
    assert 'id="map"' not in (await coordinator.get(f"{page}?gain=red")).text
    await Newcomer.delete().where(Newcomer.plan == plan_id)
    assert 'id="map"' not in (await coordinator.get(page)).text


async def test_calculating_twice_values_newcomers_once(coordinator):
    await a_household()
    await a_volunteer(region_code=FAR_VILLAGE)
    round_id, plan_id = await a_planned_round()
    first = await Newcomer.count().where(Newcomer.plan == plan_id)
    assert first > 0
    _, second = await a_planned_round(round_id=round_id)
    assert await Newcomer.count().where(Newcomer.plan == second) == first


async def test_another_county_sees_none_of_it(login_as):
    await a_household()
    await a_volunteer()
    round_id, _ = await a_planned_round()
    stranger = await login_as("coordinator", OTHER_COUNTY)
    for path in ("recruit", "recruit.json", "recruit.csv", "recruit.xlsx", "what-if"):
        assert (await stranger.get(f"/rounds/{round_id}/plans/1/{path}")).status_code == 404, path


async def test_the_card_names_who_would_lose_her_helper(coordinator):
    await a_household(name="田大妹", colour="red")
    await a_household(name="欧阳小花", colour="green", region_code=FAR_VILLAGE)
    await a_volunteer(name="王丽", capacity=1, reach_km=1)
    await a_volunteer(name="李梅", capacity=1)
    round_id, _ = await a_planned_round()
    page = await coordinator.get(f"/rounds/{round_id}/plans/1?colour=red")
    shown = text_of(page)
    assert re.search(
        r"李\* \w+ \(0\.0 km away\), but then 欧阳\* [\w-]+ in 石龙门村 would lose its helper", shown
    )
    assert "小花" not in page.text
    file = await coordinator.get(f"/rounds/{round_id}/plans/1/pairs.csv?colour=red")
    assert re.search(
        r"but then 欧阳\* [\w-]+ in 石龙门村 would lose its helper", file.content.decode("utf-8-sig")
    )


async def test_a_pinned_pair_has_no_runner_up(coordinator):
    household, volunteer = await a_household(), await a_volunteer()
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    await pin(a_coordinator(), round_id, household, volunteer, "pin", "", NOW)
    await a_planned_round(round_id=round_id)
    assert "Pinned: nobody else is asked" in (await coordinator.get(f"/rounds/{round_id}/plans/1")).text


async def test_runs_of_before_say_that_these_reasons_were_not_worked_out(coordinator):
    await a_household()
    await a_household(needs=("legal",))
    await a_volunteer()
    round_id, plan_id = await a_planned_round()
    await Candidate.update({Candidate.runner_up: "{}"}).where(Candidate.plan == plan_id)
    await LeftOut.update({LeftOut.reasons: '{"lacking": 1, "offering": 0, "refused": {}, "taken": 0}'}).where(
        LeftOut.plan == plan_id
    )
    figures = json.loads((await Plan.select(Plan.figures).first())["figures"])
    for stage in figures["stages"]:
        del stage["shortages"]
    await Plan.update({Plan.figures: json.dumps(figures)}).where(Plan.id == plan_id)
    for path in ("", "/left-out"):
        shown = await coordinator.get(f"/rounds/{round_id}/plans/1{path}")
        assert "Not worked out in this run" in shown.text, path
