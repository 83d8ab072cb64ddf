"""A round planned again starts from the pairs of its last plan."""

from datetime import UTC, datetime, timedelta

import pytest
from factories import COUNTY, NOW, TODAY, a_coordinator, a_household, a_round, a_volunteer

from jiedui.jobs.service import run_one
from jiedui.rounds.problem import Inputs, ids_of, load
from jiedui.rounds.runs import run_plan
from jiedui.rounds.service import open_round, queue_plan
from jiedui.rounds.tables import Candidate, Plan, Round
from jiedui_pairing.stages import plan

pytestmark = pytest.mark.usefixtures("clean_db")


async def inputs_of(round_id: object) -> Inputs:
    (row,) = await Round.raw('SELECT * FROM "round" WHERE id = {}', round_id)
    return await load(row)


async def a_plan(round_id: object) -> object:
    now = datetime.now(UTC)
    plan_id = await queue_plan(a_coordinator(), round_id, now)
    assert await run_one({"round.run": run_plan}, "w", now)
    return plan_id


async def test_the_last_plan_that_is_ready_is_kept_to_by_stage() -> None:
    for _ in range(2):
        await a_household(needs=("companionship", "practical"), colour="red")
    for offers in (["companionship"], ["practical"]):
        await a_volunteer(offers=offers)
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    assert (await inputs_of(round_id)).earlier == {1: (), 2: ()}
    first = await inputs_of(round_id)
    await a_plan(round_id)
    last = await a_plan(round_id)
    await Plan(round=round_id, region_code=COUNTY, number=3, state="failed", created_at=NOW).save()
    again = await inputs_of(round_id)
    for stage in (1, 2):
        rows = await Candidate.select().where(Candidate.plan == last, Candidate.stage == stage)
        assert rows
        assert set(ids_of(again, again.earlier[stage])) == {(r["household"], r["volunteer"]) for r in rows}
    assert again.hash == first.hash
    for stage in plan(again, lambda _: None, lambda: False):
        chosen = stage.candidates.chosen(stage.solution)
        both = zip(chosen.household.tolist(), chosen.volunteer.tolist(), strict=True)
        assert tuple(both) == again.earlier[stage.number]


async def test_the_plan_of_another_round_is_none_of_its_business() -> None:
    await a_household()
    await a_volunteer()
    await a_plan(await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW))
    other = await a_round(dated=TODAY + timedelta(days=1))
    assert (await inputs_of(other)).earlier == {1: (), 2: ()}
