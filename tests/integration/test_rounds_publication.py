"""A plan is not published against newer pins, bans or people; what does not touch it does no harm."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from factories import (
    FAR_VILLAGE,
    NOW,
    OTHER_VILLAGE,
    TODAY,
    a_coordinator,
    a_household,
    a_pair,
    a_round,
    a_volunteer,
)
from planned import a_planned_round

from jiedui.errors import Conflict, Refused
from jiedui.households.tables import Household
from jiedui.pairs.tables import Pair
from jiedui.rounds.pins import pin, pins_against, unpin
from jiedui.rounds.publication import publish_round
from jiedui.rounds.tables import Pin, Round
from jiedui.volunteers.tables import Volunteer
from jiedui_notifications.tables import Notice

pytestmark = pytest.mark.usefixtures("clean_db")
ACTOR = a_coordinator()


async def known(round_id: UUID, household: UUID, volunteer: UUID, kind: str) -> None:
    await pin(ACTOR, round_id, household, volunteer, kind, "", datetime.now(UTC))


async def published(round_id: UUID, plan_id: UUID) -> int:
    assert await pins_against(plan_id) == 0
    return await publish_round(ACTOR, round_id, plan_id, NOW)


async def refused(round_id: UUID, plan_id: UUID) -> None:
    """Asked to publish it, the round stays the draft it was."""
    assert await pins_against(plan_id) == 1
    with pytest.raises(Conflict, match="goes against pins or bans"):
        await publish_round(ACTOR, round_id, plan_id, NOW)
    assert (await Round.select().where(Round.id == round_id).first())["state"] == "draft"
    assert (await Pair.count(), await Notice.count()) == (0, 0)


async def test_a_pair_that_was_ruled_out_after_the_run_is_not_published_until_the_ban_is_taken_back() -> None:
    household, volunteer = await a_household(), await a_volunteer()
    round_id, plan_id = await a_planned_round()
    await known(round_id, household, volunteer, "forbid")
    await refused(round_id, plan_id)
    await unpin(ACTOR, round_id, (await Pin.select().first())["id"], NOW)
    assert await published(round_id, plan_id) == 1


async def test_a_pair_that_was_pinned_after_the_run_must_be_in_what_is_published() -> None:
    household, near = await a_household(), await a_volunteer()
    far = await a_volunteer(region_code=FAR_VILLAGE)
    round_id, plan_id = await a_planned_round()
    await known(round_id, household, far, "pin")
    await refused(round_id, plan_id)
    _, again = await a_planned_round(round_id=round_id)
    assert await published(round_id, again) == 1
    assert (await Pair.select().first())["volunteer"] == far != near


async def test_pins_that_do_not_touch_the_plan_leave_it_as_it_is() -> None:
    household, near = await a_household(), await a_volunteer()
    far = await a_volunteer(region_code=FAR_VILLAGE)
    round_id, plan_id = await a_planned_round()
    await known(round_id, household, near, "pin")
    await known(round_id, household, far, "forbid")
    assert await published(round_id, plan_id) == 1


async def test_a_ban_in_another_round_is_none_of_its_business() -> None:
    household, volunteer = await a_household(), await a_volunteer()
    round_id, plan_id = await a_planned_round()
    await known(await a_round(dated=TODAY + timedelta(days=1)), household, volunteer, "forbid")
    assert await published(round_id, plan_id) == 1


async def test_a_pin_that_the_run_could_not_keep_does_not_hold_it_back_even_said_twice() -> None:
    left_out, volunteer = await a_household(children=(date(2015, 3, 1),)), await a_volunteer(trained=False)
    await a_household()
    round_id, _ = await a_planned_round()
    await known(round_id, left_out, volunteer, "pin")
    _, again = await a_planned_round(round_id=round_id)
    await known(round_id, left_out, volunteer, "pin")
    assert await published(round_id, again) == 1


async def test_a_pinned_family_that_has_left_the_ledger_does_not_hold_the_next_run_back() -> None:
    gone, volunteer = await a_household(), await a_volunteer(capacity=1)
    await a_household(colour="red")
    round_id, before = await a_planned_round()
    await known(round_id, gone, volunteer, "pin")
    await refused(round_id, before)
    await Household.update({Household.active: False}).where(Household.id == gone)
    _, again = await a_planned_round(round_id=round_id)
    assert await published(round_id, again) == 1


async def test_of_a_ban_and_a_publication_at_once_one_comes_too_late() -> None:
    household, volunteer = await a_household(), await a_volunteer()
    round_id, plan_id = await a_planned_round()
    answers = await asyncio.gather(
        known(round_id, household, volunteer, "forbid"),
        publish_round(ACTOR, round_id, plan_id, NOW),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers].count(Conflict) == 1
    assert await Pair.count() + await Pin.count() == 1


@pytest.mark.parametrize(
    "change", ["family gone", "family moved", "family helped", "helper resting", "helper moved"]
)
async def test_a_plan_whose_people_have_changed_since_is_not_published(change: str) -> None:
    household, volunteer = await a_household(), await a_volunteer()
    other = await a_household(region_code=FAR_VILLAGE)
    await a_volunteer(region_code=FAR_VILLAGE)
    round_id, plan_id = await a_planned_round()
    if change == "family helped":
        await a_pair(household, await a_volunteer(), proposed_at=datetime.now(UTC))
    elif change.startswith("family"):
        changed = {"family gone": {"active": False}, "family moved": {"region_code": OTHER_VILLAGE}}[change]
        await Household.update(**changed).where(Household.id == household)
    else:
        changed = {"helper resting": {"paused": True}, "helper moved": {"region_code": OTHER_VILLAGE}}[change]
        await Volunteer.update(**changed).where(Volunteer.id == volunteer)
    with pytest.raises(Conflict, match="people or pairs in it have changed"):
        await publish_round(ACTOR, round_id, plan_id, NOW)
    assert (await Round.select().where(Round.id == round_id).first())["state"] == "draft"
    assert await Pair.count().where(Pair.household == other) == 0


async def test_a_plan_without_a_pair_is_not_published_and_the_round_can_run_again() -> None:
    await a_household(children=(date(2015, 3, 1),))
    helper = await a_volunteer(trained=False)
    round_id, plan_id = await a_planned_round()
    with pytest.raises(Refused, match="holds no pair"):
        await publish_round(ACTOR, round_id, plan_id, NOW)
    assert (await Round.select().where(Round.id == round_id).first())["state"] == "draft"
    await Volunteer.update(trained=True).where(Volunteer.id == helper)
    _, again = await a_planned_round(round_id=round_id)
    assert await published(round_id, again) == 1


async def test_a_round_is_published_once_even_when_every_proposal_of_it_has_ended() -> None:
    """Nothing of the first publication is live any more: only the round's state holds the second back."""
    await a_household()
    await a_volunteer()
    round_id, plan_id = await a_planned_round()
    assert await published(round_id, plan_id) == 1
    await Pair.update(state="declined", end_reason="other", closed_at=NOW).where(Pair.round == round_id)
    with pytest.raises(Conflict, match="published already"):
        await publish_round(ACTOR, round_id, plan_id, NOW)
    assert (await Pair.count(), await Notice.count()) == (1, 1)
