"""Rounds from rows to rows: planned by a worker, obeying pins, published once or not at all."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TODAY,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_volunteer,
)

from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.jobs.service import Silent, run_one
from jiedui.jobs.tables import Job
from jiedui.pairs.tables import NeverAgain, Pair
from jiedui.plans.document import plan_document
from jiedui.rounds.pins import pin, unpin
from jiedui.rounds.publication import publish_round
from jiedui.rounds.runs import run_plan
from jiedui.rounds.service import cancel_round, newest_plan, open_round, plan_to_show, queue_plan
from jiedui.rounds.tables import Candidate, LeftOut, Plan, Round
from jiedui.rounds.views import counts_of
from jiedui.volunteers.tables import Volunteer
from jiedui_notifications.tables import Notice

pytestmark = pytest.mark.usefixtures("clean_db")
HANDLERS = {"round.run": run_plan}


def now() -> datetime:
    return datetime.now(UTC)


async def a_planned_round(actor: Actor | None = None) -> tuple[UUID, UUID]:
    actor = actor or a_coordinator()
    round_id = await open_round(actor, COUNTY, TODAY, "standard", NOW)
    plan_id = await queue_plan(actor, round_id, now())
    assert await run_one(HANDLERS, "w", now())
    return round_id, plan_id


async def paired(plan_id: UUID) -> set[tuple[UUID, UUID]]:
    rows = await Candidate.select().where(Candidate.plan == plan_id)
    return {(row["household"], row["volunteer"]) for row in rows}


async def test_a_household_gets_the_nearer_of_two_volunteers() -> None:
    household, near = await a_household(), await a_volunteer()
    await a_volunteer(region_code=FAR_VILLAGE)
    _, plan_id = await a_planned_round()
    assert await paired(plan_id) == {(household, near)}


async def test_a_child_makes_clearance_necessary_and_the_reason_is_told() -> None:
    await a_household(children=(date(2015, 3, 1),))
    await a_volunteer(trained=False)
    _, plan_id = await a_planned_round()
    assert await paired(plan_id) == set()
    row = await LeftOut.select().where(LeftOut.plan == plan_id).first()
    reasons = json.loads(row["reasons"])
    (change,) = reasons.pop("changes")
    assert reasons == {"lacking": 1, "offering": 1, "refused": {"minors": 1}, "taken": 0, "shortage": 0}
    assert change["rule"] == "minors"
    assert change["trained"] is False


@pytest.mark.parametrize(
    ("born_on", "minor"), [(date(2008, 11, 1), False), (date(2008, 12, 1), True), (date(2008, 10, 1), False)]
)
async def test_a_child_is_a_minor_until_the_day_it_turns_eighteen(born_on: date, minor: bool) -> None:
    await a_household(children=(born_on,))
    await a_volunteer(trained=False)
    _, plan_id = await a_planned_round()
    assert (await paired(plan_id) == set()) is minor


@pytest.mark.parametrize(
    "columns", [{"state": "applied"}, {"state": "suspended"}, {"state": "left"}, {"paused": True}]
)
async def test_who_is_not_vetted_or_takes_a_break_is_not_paired(columns: dict[str, Any]) -> None:
    await a_household()
    await a_volunteer(region_code=FAR_VILLAGE, reach_km=1)
    await a_volunteer(**columns)
    _, plan_id = await a_planned_round()
    assert await paired(plan_id) == set()


async def test_a_household_that_has_its_helper_and_a_volunteer_who_is_full_stay_out() -> None:
    held, free = await a_household(), await a_household()
    full = await a_volunteer(capacity=1)
    await a_pair(held, full, state="active")
    _, plan_id = await a_planned_round()
    assert await paired(plan_id) == set()
    row = await LeftOut.select().where(LeftOut.plan == plan_id).first()
    assert (row["household"], json.loads(row["reasons"])["refused"]) == (free, {"capacity": 1})


async def test_ended_pairs_free_both_sides_but_never_again_is_kept() -> None:
    household, first = await a_household(), await a_volunteer()
    await a_pair(household, first, state="declined")
    await NeverAgain(household=household, volunteer=first, region_code=COUNTY, reason="other").save()
    second = await a_volunteer(region_code=FAR_VILLAGE)
    _, plan_id = await a_planned_round()
    assert await paired(plan_id) == {(household, second)}


@pytest.mark.parametrize(("days_ago", "asked"), [(179, False), (181, True)])
async def test_a_household_that_wants_no_helper_is_left_in_peace_for_a_while(
    days_ago: int, asked: bool
) -> None:
    household, first, second = await a_household(), await a_volunteer(), await a_volunteer()
    said = NOW - timedelta(days=days_ago)
    await a_pair(household, first, state="refused", end_reason="wants_no_helper", household_answered_at=said)
    await NeverAgain(household=household, volunteer=first, region_code=COUNTY, reason="other").save()
    _, plan_id = await a_planned_round()
    assert await paired(plan_id) == ({(household, second)} if asked else set())
    counted = await counts_of(a_coordinator(), COUNTY, TODAY, "standard", 1)
    assert counted["waiting"]["green"]["families"] == (1 if asked else 0)


async def test_another_countys_people_are_not_in_the_round() -> None:
    household = await a_household()
    await a_household(region_code=OTHER_VILLAGE)
    volunteer = await a_volunteer()
    await a_volunteer(region_code=OTHER_VILLAGE)
    _, plan_id = await a_planned_round()
    assert await paired(plan_id) == {(household, volunteer)}


async def test_a_pin_and_a_ban_are_obeyed_and_can_be_taken_back() -> None:
    actor, household = a_coordinator(), await a_household()
    near, far = await a_volunteer(), await a_volunteer(region_code=FAR_VILLAGE)
    third = await a_volunteer(region_code="500230101202")
    round_id, first = await a_planned_round()
    assert await paired(first) == {(household, near)}

    await pin(actor, round_id, household, near, "forbid", "", NOW)
    second = await queue_plan(actor, round_id, now())
    await run_one(HANDLERS, "w", now())
    assert await paired(second) == {(household, third)}

    await pin(actor, round_id, household, far, "pin", "her aunt's friend", NOW)
    third_plan = await queue_plan(actor, round_id, now())
    await run_one(HANDLERS, "w", now())
    assert await paired(third_plan) == {(household, far)}
    assert (await Candidate.select().where(Candidate.plan == third_plan))[0]["pinned"]

    for row in await Candidate.raw("SELECT id FROM pin"):
        await unpin(actor, round_id, row["id"], NOW)
    fourth = await queue_plan(actor, round_id, now())
    await run_one(HANDLERS, "w", now())
    assert await paired(fourth) == {(household, near)}


async def test_a_pin_that_cannot_be_is_named_with_its_rule() -> None:
    household, volunteer = await a_household(children=(date(2015, 3, 1),)), await a_volunteer(trained=False)
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    await pin(a_coordinator(), round_id, household, volunteer, "pin", "", NOW)
    plan_id = await queue_plan(a_coordinator(), round_id, now())
    await run_one(HANDLERS, "w", now())
    document = await plan_document(a_coordinator(), plan_id)
    assert [pin["rule"] for pin in document["stages"][0]["refused_pins"]] == ["minors"]


async def test_publishing_proposes_every_pair_and_writes_one_notice_per_volunteer() -> None:
    for _ in range(3):
        await a_household()
    await a_volunteer(capacity=2)
    await a_volunteer(capacity=1)
    round_id, plan_id = await a_planned_round()
    assert await publish_round(a_coordinator(), round_id, plan_id, NOW) == 3
    pairs = await Pair.select()
    assert {pair["state"] for pair in pairs} == {"proposed"}
    assert {pair["volunteer_deadline"] for pair in pairs} == {NOW + timedelta(days=7)}
    assert [row["template"] for row in await Notice.select()] == ["volunteer.proposal"] * 2
    published = await Round.select().where(Round.id == round_id).first()
    assert (published["state"], published["published_plan_id"]) == ("published", plan_id)
    assert "round.publish" in {row["action"] for row in await AuditEntry.select()}


async def test_of_two_who_publish_at_once_one_wins_and_nothing_is_doubled() -> None:
    await a_household()
    await a_volunteer()
    round_id, plan_id = await a_planned_round()
    answers = await asyncio.gather(
        *(publish_round(a_coordinator(), round_id, plan_id, NOW) for _ in range(6)), return_exceptions=True
    )
    assert sorted(str(type(a).__name__) for a in answers) == ["Conflict"] * 5 + ["int"]
    assert await Pair.count() == 1
    assert await Notice.count() == 1


@pytest.mark.parametrize("change", ["suspended", "took another", "gone"])
async def test_a_plan_that_the_world_has_overtaken_is_not_published_in_part(change: str) -> None:
    household, other = await a_household(), await a_household()
    volunteer, helper = await a_volunteer(capacity=1), await a_volunteer(capacity=1)
    round_id, plan_id = await a_planned_round()
    if change == "suspended":
        await Volunteer.update({Volunteer.state: "suspended"}).where(Volunteer.id == volunteer)
    elif change == "gone":
        await Volunteer.update({Volunteer.paused: True}).where(Volunteer.id == helper)
    else:
        third = await a_household(active=False)
        await a_pair(third, volunteer, state="active", proposed_at=now())
    with pytest.raises(Conflict):
        await publish_round(a_coordinator(), round_id, plan_id, NOW)
    assert await Pair.count().where(Pair.household.is_in([household, other])) == 0
    assert await Notice.count() == 0
    assert (await Round.select().where(Round.id == round_id).first())["state"] == "draft"


async def test_an_unfinished_plan_or_one_of_another_round_is_not_published() -> None:
    await a_household()
    await a_volunteer()
    actor = a_coordinator()
    round_id = await open_round(actor, COUNTY, TODAY, "standard", NOW)
    plan_id = await queue_plan(actor, round_id, now())
    with pytest.raises(Conflict):
        await publish_round(actor, round_id, plan_id, NOW)
    await run_one(HANDLERS, "w", now())
    another = await open_round(actor, COUNTY, TODAY + timedelta(days=1), "standard", NOW)
    with pytest.raises(NotFound):
        await publish_round(actor, another, plan_id, NOW)


@pytest.mark.parametrize("lacking", ["optimum", "one check", "every check"])
async def test_a_plan_without_its_proof_is_not_published(lacking: str) -> None:
    await a_household()
    await a_volunteer()
    round_id, plan_id = await a_planned_round()
    figures = json.loads((await Plan.select(Plan.figures).where(Plan.id == plan_id).first())["figures"])
    if lacking == "optimum":
        await Plan.update({Plan.status: "stopped"}).where(Plan.id == plan_id)
    else:
        stages = figures["stages"] if lacking == "one check" else []
        for stage in stages[-1:]:
            stage["checks"]["optimal"] = False
        await Plan.update({Plan.figures: json.dumps({"stages": stages})}).where(Plan.id == plan_id)
    with pytest.raises(Refused, match="not proven"):
        await publish_round(a_coordinator(), round_id, plan_id, NOW)
    assert await Pair.count() == 0
    assert (await Round.select().where(Round.id == round_id).first())["state"] == "draft"


async def test_a_round_runs_once_at_a_time_and_not_after_its_end() -> None:
    await a_household()
    await a_volunteer()
    actor = a_coordinator()
    round_id = await open_round(actor, COUNTY, TODAY, "standard", NOW)
    assert await open_round(actor, COUNTY, TODAY, "standard", NOW) == round_id
    answers = await asyncio.gather(
        *(queue_plan(actor, round_id, now()) for _ in range(4)), return_exceptions=True
    )
    assert [type(answer) for answer in answers if not isinstance(answer, UUID)] == [Conflict] * 3
    await run_one(HANDLERS, "w", now())
    await publish_round(actor, round_id, await plan_to_show(actor, round_id), NOW)
    for deed in (queue_plan(actor, round_id, now()), cancel_round(actor, round_id, now())):
        with pytest.raises(Conflict):
            await deed


async def test_an_area_without_volunteers_or_needs_is_refused_in_words() -> None:
    await a_region_tree()
    actor = a_coordinator()
    round_id = await open_round(actor, COUNTY, TODAY, "standard", NOW)
    await a_household()
    with pytest.raises(Refused, match="no volunteer who can be paired"):
        await queue_plan(actor, round_id, now())
    await a_volunteer()
    with pytest.raises(Refused, match="no household with a stated need"):
        await queue_plan(
            a_coordinator(OTHER_COUNTY),
            await _other_round_with_a_volunteer(),
            now(),
        )
    assert await Plan.count() == 0
    assert await Job.count() == 0


async def _other_round_with_a_volunteer() -> UUID:
    await a_volunteer(region_code=OTHER_VILLAGE)
    return await open_round(a_coordinator(OTHER_COUNTY), OTHER_COUNTY, TODAY, "standard", NOW)


@pytest.mark.parametrize("days", [-3653, 0, 731])
async def test_a_round_may_be_for_ten_years_back_to_two_years_ahead(days: int) -> None:
    await a_region_tree()
    dated = TODAY + timedelta(days=days)
    round_id = await open_round(a_coordinator(), COUNTY, dated, "standard", NOW)
    assert (await Round.select().where(Round.id == round_id).first())["dated"] == dated


@pytest.mark.parametrize(
    "dated",
    [
        TODAY + timedelta(days=732), TODAY - timedelta(days=3654), date(26, 11, 1), date.min, date.max,
    ],
)  # fmt: skip
async def test_a_round_for_a_day_beyond_is_refused_with_the_days_that_may_be(dated: date) -> None:
    await a_region_tree()
    with pytest.raises(Refused, match="from 2016-10-31 to 2028-11-01") as refusal:
        await open_round(a_coordinator(), COUNTY, dated, "standard", NOW)
    assert refusal.value.field == "dated"
    assert await Round.count() == 0


async def test_another_countys_round_looks_like_none() -> None:
    await a_household()
    await a_volunteer()
    round_id, plan_id = await a_planned_round()
    stranger = a_coordinator(OTHER_COUNTY)
    for deed in (
        queue_plan(stranger, round_id, now()),
        publish_round(stranger, round_id, plan_id, NOW),
        cancel_round(stranger, round_id, NOW),
        plan_document(stranger, plan_id),
        plan_to_show(stranger, round_id),
        open_round(stranger, COUNTY, TODAY, "standard", NOW),
    ):
        with pytest.raises(NotFound):
            await deed
    assert await newest_plan(stranger, COUNTY, TODAY) is None


async def test_a_worker_killed_in_mid_round_leaves_a_round_that_simply_runs_again() -> None:
    household, volunteer = await a_household(), await a_volunteer()
    actor = a_coordinator()
    round_id = await open_round(actor, COUNTY, TODAY, "standard", NOW)
    plan_id = await queue_plan(actor, round_id, now())
    await Plan.update({Plan.state: "running"}).where(Plan.id == plan_id)
    await Job.update({Job.state: "running", Job.lease_until: now() - timedelta(seconds=1)}).where(
        Job.subject_id == plan_id
    )
    assert await run_one(HANDLERS, "next", now())
    assert await paired(plan_id) == {(household, volunteer)}


async def test_a_job_delivered_twice_writes_its_plan_once() -> None:
    await a_household()
    await a_volunteer()
    _, plan_id = await a_planned_round()
    row = await Job.select().where(Job.subject_id == plan_id).first()
    from jiedui.jobs.service import JobRow

    await run_plan(JobRow(row["id"], "round.run", plan_id, COUNTY, {}, None, 2), Silent())
    assert await Candidate.count().where(Candidate.plan == plan_id) == 1


async def test_the_document_names_keys_and_never_identity_numbers() -> None:
    await a_household(needs=("companionship", "tutoring"))
    await a_volunteer()
    await a_volunteer(region_code=FAR_VILLAGE)
    _, plan_id = await a_planned_round()
    document = await plan_document(a_coordinator(), plan_id)
    (pair,) = document["stages"][0]["pairs"]
    assert pair["needs_met"] == ["亲情陪伴"]
    assert pair["needs_unmet"] == ["学业辅导"]
    assert pair["runner_up"]["difference"] > 0
    assert len(pair["household"]) == 64
    assert document["stages"][0]["covered"] == {"red": [0, 0], "yellow": [0, 0], "green": [1, 1]}
    assert document["status"] == "optimal"
    assert all(document["certificate"]["checks"].values())
