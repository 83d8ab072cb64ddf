"""Who has moved out of a round's area: its old plans name her still, and never say where she lives now."""

import json
import re
from datetime import UTC, datetime

import pytest
from factories import COUNTY, NOW, OTHER_VILLAGE, VILLAGE, a_coordinator, a_household, a_volunteer
from planned import a_planned_round, answered, text_of

from jiedui.households.tables import Household
from jiedui.plans.document import plan_document
from jiedui.plans.questions import Change, ask
from jiedui.policies.service import store_packs
from jiedui.rounds.pins import pin
from jiedui.rounds.views import plan_at
from jiedui.volunteers.tables import Volunteer

NEW_PLACE = re.compile(f"明月村|新民镇|{OTHER_VILLAGE}|500231100")
WORDS = {"zh_CN": "已迁出", "en": "has moved away"}


@pytest.fixture
async def everybody_gone(app, db):
    """A round of two runs with pins and answered questions, and all of its people in another county since."""
    await store_packs(NOW)
    families = [await a_household(colour="red") for _ in range(3)]
    await a_household(needs=("legal",))
    helpers = [await a_volunteer(capacity=1) for _ in range(2)] + [await a_volunteer(trained=False)]
    actor = a_coordinator()
    round_id, _ = await a_planned_round(actor)
    await pin(actor, round_id, families[0], helpers[0], "forbid", "", NOW)
    _, plan_id = await a_planned_round(actor, round_id)
    _, plan = await plan_at(actor, round_id, 2)
    questions = [
        await ask(actor, plan, change, datetime.now(UTC))
        for change in (
            Change("drop", families[1]),
            Change("leave", volunteer=helpers[1]),
            Change("capacity", families[2], helpers[0], 2),
        )
    ]
    for question in questions:
        await answered(question)
    here = f"/rounds/{round_id}/plans/2"
    return plan_id, here, [
        f"/rounds/{round_id}", f"/rounds/{round_id}/compare?a=1&b=2", f"{here}/what-if?kind=drop",
        f"/rounds/{round_id}/compare?a=2&b=1",
        *(f"{here}{view}" for view in (
            "", "?sort=village", "?sort=near", "/left-out", "/left-out?stage=2", "/recruit", "/recruit.json",
            "/map", "/map.json", f"/village/{VILLAGE}", "/pairs.csv", "/left-out.csv", "/recruit.csv",
        )),
        *(f"{here}/what-if/{question}" for question in questions),
    ]  # fmt: skip


async def move(table, village=OTHER_VILLAGE):
    await table.update({table.region_code: village}, force=True)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("gone", [(Household,), (Volunteer,), (Household, Volunteer)])
async def test_the_old_area_is_not_told_where_anybody_lives_now(login_as, everybody_gone, gone, language):
    plan_id, plan, addresses = everybody_gone
    coordinator = await login_as("coordinator", COUNTY)
    coordinator.headers["accept-language"] = language
    for table in gone:
        await move(table)
    panels = sorted(set(re.findall(r'hx-get="([^"]+/pair/[^"]+)"', (await coordinator.get(plan)).text)))
    assert len(panels) > 1
    told = 0
    for address in [*addresses, *panels]:
        answer = await coordinator.get(address)
        assert answer.status_code == 200, address
        assert not NEW_PLACE.search(answer.text), address
        told += WORDS[language] in answer.text
    print(f"{len(addresses) + len(panels)} pages, {told} say it")
    assert told >= (7 if Household in gone else 3)
    if Household in gone:
        assert WORDS[language] in text_of(await coordinator.get(plan))
    assert not NEW_PLACE.search(json.dumps(await plan_document(a_coordinator(), plan_id), ensure_ascii=False))


async def test_nor_by_asking_for_the_pairs_between_two_places(login_as, everybody_gone):
    _, plan, _ = everybody_gone
    coordinator = await login_as("coordinator", COUNTY)
    assert (await coordinator.get(f"{plan}/between/{VILLAGE}/{VILLAGE}")).status_code == 200
    await move(Household)
    for two in (f"{OTHER_VILLAGE}/{VILLAGE}", f"{VILLAGE}/{VILLAGE}", f"{OTHER_VILLAGE}/{OTHER_VILLAGE}"):
        assert (await coordinator.get(f"{plan}/between/{two}")).status_code == 404
    assert (await coordinator.get(f"{plan}/village/{OTHER_VILLAGE}")).status_code == 404
    found = await coordinator.get(plan, params={"township": "500231100000"})
    assert "/pair/" not in found.text


async def test_on_the_map_nobody_who_is_gone_has_a_place_and_the_table_counts_her_still(
    login_as, everybody_gone
):
    _, plan, _ = everybody_gone
    coordinator = await login_as("coordinator", COUNTY)
    before = (await coordinator.get(f"{plan}/map.json")).json()
    assert before["lines"] and before["left_out"]
    await move(Household)
    drawn = (await coordinator.get(f"{plan}/map.json")).json()
    assert (drawn["lines"], drawn["left_out"]) == ([], [])
    assert WORDS["zh_CN"] in text_of(await coordinator.get(f"{plan}/map"))


async def test_what_a_family_that_is_gone_needs_now_is_its_new_areas_business(login_as, everybody_gone):
    _, plan, _ = everybody_gone
    coordinator = await login_as("coordinator", COUNTY)
    left_out = f"{plan}/left-out.csv"
    assert "法律维权" in (await coordinator.get(left_out)).text
    await move(Household)
    assert "法律维权" not in (await coordinator.get(left_out)).text


async def test_who_has_moved_within_the_area_is_shown_where_she_lives(login_as, everybody_gone):
    _, plan, _ = everybody_gone
    coordinator = await login_as("coordinator", COUNTY)
    await move(Household, "500230102201")
    assert "石龙门村" in (await coordinator.get(plan)).text
