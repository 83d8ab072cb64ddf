"""Follow-ups fall due by the policy's cadence, and only a real contact settles them."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest
from factories import NOW, OTHER_COUNTY, TODAY, a_coordinator, a_household, a_pair, a_volunteer, an_account

from jiedui.actor import Actor
from jiedui.errors import NotFound, Refused
from jiedui.followups.service import (
    due_of,
    ensure_due,
    log_visit,
    overdue_by_township,
    overdue_items,
    visits_of,
)
from jiedui.followups.tables import FollowUp, Visit
from jiedui.pairs.service import close
from jiedui.pairs.tables import Pair


async def an_active_pair(colour: str = "green") -> tuple[UUID, Actor]:
    volunteer = await a_volunteer()
    pair = await a_pair(await a_household(colour=colour), volunteer, state="active")
    account = await an_account("volunteer", volunteer_id=volunteer)
    return pair, Actor("volunteer", "500230101201", "姚霞琴", account_id=account, volunteer_id=volunteer)


async def due_days(actor: Actor) -> dict[str, date]:
    return {row["medium"]: row["due_on"] for row in await due_of(actor)}


@pytest.mark.parametrize(("colour", "call", "visit"), [("green", 30, 91), ("yellow", 14, 30), ("red", 7, 14)])
async def test_the_first_items_fall_due_by_colour(db: None, colour: str, call: int, visit: int) -> None:
    _, actor = await an_active_pair(colour)
    assert await ensure_due(NOW) == 2
    assert await due_days(actor) == {
        "call": TODAY + timedelta(days=call),
        "visit": TODAY + timedelta(days=visit),
    }


async def test_looking_again_adds_nothing(db: None) -> None:
    await an_active_pair()
    await ensure_due(NOW)
    assert await ensure_due(NOW + timedelta(days=200)) == 0


async def test_a_call_that_was_answered_moves_the_next_call_and_not_the_visit(db: None) -> None:
    pair, actor = await an_active_pair("red")
    await ensure_due(NOW)
    later = NOW + timedelta(days=6)
    await log_visit(
        actor, pair, medium="call", outcome="reached", happened_on=TODAY + timedelta(days=5), now=later
    )
    assert await due_days(actor) == {"call": TODAY + timedelta(days=12), "visit": TODAY + timedelta(days=14)}


async def test_a_visit_counts_as_a_call_too(db: None) -> None:
    pair, actor = await an_active_pair("red")
    await ensure_due(NOW)
    later = NOW + timedelta(days=3)
    await log_visit(
        actor, pair, medium="visit", outcome="reached", happened_on=TODAY + timedelta(days=3), now=later
    )
    assert await due_days(actor) == {"call": TODAY + timedelta(days=10), "visit": TODAY + timedelta(days=17)}


@pytest.mark.parametrize(("medium", "outcome"), [("call", "no_answer"), ("message", "reached")])
async def test_tried_without_answer_or_written_is_not_a_contact(db: None, medium: str, outcome: str) -> None:
    pair, actor = await an_active_pair()
    await ensure_due(NOW)
    before = await due_days(actor)
    await log_visit(actor, pair, medium=medium, outcome=outcome, happened_on=TODAY, now=NOW)
    assert await due_days(actor) == before
    assert [row["outcome"] for row in await visits_of(actor, pair, NOW)] == [outcome]


async def test_the_same_form_sent_twice_is_one_contact(db: None) -> None:
    pair, actor = await an_active_pair()
    ids = {
        await log_visit(
            actor, pair, medium="call", outcome="reached", happened_on=TODAY, once="form-1", now=NOW
        )
        for _ in range(2)
    }
    assert len(ids) == 1
    assert await Visit.count().where(Visit.pair == pair) == 1


@pytest.mark.parametrize("days", [1, -61])
async def test_a_contact_tomorrow_or_long_ago_is_refused_at_its_field(db: None, days: int) -> None:
    pair, actor = await an_active_pair()
    with pytest.raises(Refused) as refusal:
        await log_visit(
            actor, pair, medium="call", outcome="reached", happened_on=TODAY + timedelta(days=days), now=NOW
        )
    assert refusal.value.field == "happened_on"


@pytest.mark.parametrize("state", ["proposed", "accepted", "closed", "declined"])
async def test_nothing_can_be_logged_before_both_agreed_or_after_the_end(db: None, state: str) -> None:
    volunteer = await a_volunteer()
    pair = await a_pair(volunteer=volunteer, state=state)
    actor = Actor("volunteer", "500230101201", "姚霞琴", volunteer_id=volunteer)
    with pytest.raises(Refused):
        await log_visit(actor, pair, medium="call", outcome="reached", happened_on=TODAY, now=NOW)


async def test_somebody_elses_pair_looks_like_none(db: None) -> None:
    pair, _ = await an_active_pair()
    _, stranger = await an_active_pair()
    for actor in (stranger, a_coordinator(OTHER_COUNTY)):
        with pytest.raises(NotFound):
            await log_visit(actor, pair, medium="call", outcome="reached", happened_on=TODAY, now=NOW)
        with pytest.raises(NotFound):
            await visits_of(actor, pair, NOW)


async def test_a_paused_pair_owes_nothing_and_on_return_counts_from_that_day(db: None) -> None:
    pair, actor = await an_active_pair("red")
    await ensure_due(NOW)
    await Pair.update({Pair.state: "paused"}).where(Pair.id == pair)
    await ensure_due(NOW + timedelta(days=20))
    assert await due_of(actor) == []

    await Pair.update({Pair.state: "active"}).where(Pair.id == pair)
    await ensure_due(NOW + timedelta(days=30))
    assert (await due_days(actor))["call"] == TODAY + timedelta(days=37)


async def test_overdue_items_are_grouped_by_township_for_their_own_county_only(db: None) -> None:
    await an_active_pair("red")
    await an_active_pair("green")
    await ensure_due(NOW)
    on = TODAY + timedelta(days=8)
    grouped = await overdue_by_township(a_coordinator(), on)
    assert [(row["name"], row["items"], row["urgent"]) for row in grouped] == [("虎威镇", 1, 1)]
    assert [row["medium"] for row in (await overdue_items(a_coordinator(), on)).rows] == ["call"]
    assert await overdue_by_township(a_coordinator(OTHER_COUNTY), on) == []
    assert (await overdue_items(a_coordinator(OTHER_COUNTY), on)).rows == []


async def test_an_item_is_overdue_the_day_after_its_due_day(db: None) -> None:
    await an_active_pair("red")
    await ensure_due(NOW)
    assert (await overdue_items(a_coordinator(), TODAY + timedelta(days=7))).rows == []
    assert (await overdue_items(a_coordinator(), TODAY + timedelta(days=8))).matching == 1


async def test_pages_of_overdue_items_follow_each_other_without_gap_or_repeat(db: None) -> None:
    for _ in range(30):
        await an_active_pair("red")
    await ensure_due(NOW)
    on = TODAY + timedelta(days=30)
    first = await overdue_items(a_coordinator(), on)
    rest = await overdue_items(a_coordinator(), on, after=first.after)
    assert (len(first.rows), len(rest.rows), rest.after) == (50, 10, "")
    assert len({row["id"] for row in (*first.rows, *rest.rows)}) == 60


async def test_two_workers_at_once_make_one_item_each(clean_db: None) -> None:
    pair, _ = await an_active_pair()
    await asyncio.gather(*(ensure_due(NOW) for _ in range(6)))
    assert await FollowUp.count().where(FollowUp.pair == pair) == 2


async def test_after_the_end_a_volunteer_reads_nothing_of_the_family_any_more(db: None) -> None:
    pair, her = await an_active_pair()
    await log_visit(her, pair, medium="call", outcome="reached", happened_on=TODAY, note="x", now=NOW)
    assert len(await visits_of(her, pair, NOW)) == 1
    await close(a_coordinator(), pair, "goal_reached", "", NOW)
    assert await visits_of(her, pair, NOW) == []
    assert len(await visits_of(a_coordinator(), pair, NOW)) == 1
