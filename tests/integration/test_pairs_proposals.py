"""The volunteer's answer to a proposal, and what it sets going."""

import re
from datetime import date, timedelta

import pytest
from factories import (
    NOW,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_volunteer,
    notices_about,
    the_volunteer,
)

from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry
from jiedui.consents.tables import Consent
from jiedui.errors import Conflict, Forbidden, NotFound, Refused
from jiedui.pairs import service
from jiedui.pairs.notifying import hash_of
from jiedui.pairs.tables import HouseholdLink, NeverAgain, Pair
from jiedui.volunteers.tables import Volunteer

pytestmark = pytest.mark.usefixtures("db")


async def a_proposal(*, children: tuple[date, ...] = (), **household) -> tuple[Actor, object, object]:
    """A volunteer, the pair proposed to her, and its household."""
    home = await a_household(children=children, **household)
    volunteer = await a_volunteer()
    return await the_volunteer(volunteer), await a_pair(home, volunteer), home


async def state_of(pair) -> str:
    return (await Pair.select(Pair.state).where(Pair.id == pair).first())["state"]


async def test_accepting_tells_the_household_in_the_same_moment():
    actor, pair, _ = await a_proposal()
    await service.accept_proposal(actor, pair, NOW)

    assert await state_of(pair) == "accepted"
    written = await notices_about(pair)
    assert set(written) == {"household.helper_found", "household.reminder"}
    link = written["household.helper_found"]["params"]["link"]
    token = re.fullmatch(r"http://localhost:8000/h/([A-Za-z0-9_-]{22})", link)[1]
    kept = await HouseholdLink.select().where(HouseholdLink.pair == pair).first()
    assert kept["token_hash"] == hash_of(token)
    assert token not in str(kept)
    assert kept["expires_at"] == NOW + timedelta(days=14)
    assert written["household.reminder"]["params"]["link"] == link
    assert written["household.reminder"]["not_before"] == NOW + timedelta(days=7)


async def test_accepting_keeps_the_volunteers_consent_and_an_audit_entry():
    actor, pair, _ = await a_proposal()
    await service.accept_proposal(actor, pair, NOW)
    consent = await Consent.select().where(Consent.subject_id == pair).first()
    assert (consent["purpose"], consent["given_by"], consent["how"]) == (
        "pairing.volunteer",
        "self",
        "online",
    )
    entry = await AuditEntry.select().where(AuditEntry.subject_id == str(pair)).first()
    assert (entry["action"], entry["account_id"]) == ("pair.accept", actor.account_id)


async def test_a_household_nobody_may_contact_gets_no_link_and_no_notice():
    actor, pair, _ = await a_proposal(contact_way="none")
    await service.accept_proposal(actor, pair, NOW)
    assert await state_of(pair) == "accepted"
    assert await notices_about(pair) == {}
    assert not await HouseholdLink.exists().where(HouseholdLink.pair == pair)
    assert (await Pair.select(Pair.household_deadline).where(Pair.id == pair).first())[
        "household_deadline"
    ] is None


async def test_declining_with_a_reason_frees_the_household_and_is_for_good():
    actor, pair, home = await a_proposal()
    await service.decline_proposal(actor, pair, "too_far", NOW)
    row = await Pair.select().where(Pair.id == pair).first()
    assert (row["state"], row["end_reason"]) == ("declined", "too_far")
    never = await NeverAgain.select().where(NeverAgain.household == home).first()
    assert never["volunteer"] == actor.volunteer_id
    assert await notices_about(pair) == {}


async def test_a_decline_needs_a_reason_of_the_list():
    actor, pair, _ = await a_proposal()
    with pytest.raises(Refused):
        await service.decline_proposal(actor, pair, "because", NOW)
    assert await state_of(pair) == "proposed"


@pytest.mark.parametrize("answer", ["accept", "decline"])
async def test_a_proposal_is_answered_once(answer):
    actor, pair, _ = await a_proposal()
    await service.accept_proposal(actor, pair, NOW)
    with pytest.raises(Conflict):
        if answer == "accept":
            await service.accept_proposal(actor, pair, NOW)
        else:
            await service.decline_proposal(actor, pair, "no_time", NOW)
    assert await state_of(pair) == "accepted"


async def test_the_last_moment_is_in_time_and_the_next_is_not():
    actor, pair, _ = await a_proposal()
    late = NOW + timedelta(days=7)
    with pytest.raises(Conflict, match="run out"):
        await service.accept_proposal(actor, pair, late)
    await service.accept_proposal(actor, pair, late - timedelta(seconds=1))
    assert await state_of(pair) == "accepted"


async def test_somebody_elses_proposal_looks_like_none_at_all():
    _, pair, _ = await a_proposal()
    stranger = await the_volunteer(await a_volunteer())
    for call in (
        service.accept_proposal(stranger, pair, NOW),
        service.decline_proposal(stranger, pair, "no_time", NOW),
        service.family_of(stranger, pair, NOW),
        service.show_phone(stranger, pair, NOW),
        service.raise_concern(stranger, pair, "?", NOW),
    ):
        with pytest.raises(NotFound):
            await call


async def test_a_coordinator_does_not_say_yes_for_a_volunteer():
    _, pair, _ = await a_proposal()
    with pytest.raises(Forbidden):
        await service.accept_proposal(a_coordinator(), pair, NOW)


@pytest.mark.parametrize(
    "lapsed", [{"record_checked_on": date(2025, 10, 31)}, {"record_checked_on": None}, {"trained": False}]
)
async def test_a_volunteer_whose_clearance_has_lapsed_cannot_accept_a_home_with_a_child(lapsed):
    actor, pair, _ = await a_proposal(children=(date(2015, 3, 1),))
    await Volunteer.update(lapsed).where(Volunteer.id == actor.volunteer_id)
    with pytest.raises(Refused) as refusal:
        await service.accept_proposal(actor, pair, NOW)
    assert "child" not in str(refusal.value)
    assert await state_of(pair) == "proposed"
    assert await notices_about(pair) == {}


async def test_without_children_no_record_check_is_needed():
    actor, pair, _ = await a_proposal()
    await Volunteer.update({Volunteer.record_checked_on: None}).where(Volunteer.id == actor.volunteer_id)
    await service.accept_proposal(actor, pair, NOW)
    assert await state_of(pair) == "accepted"


async def test_a_suspended_volunteer_cannot_accept():
    actor, pair, _ = await a_proposal()
    await Volunteer.update({Volunteer.state: "suspended"}).where(Volunteer.id == actor.volunteer_id)
    with pytest.raises(Refused):
        await service.accept_proposal(actor, pair, NOW)


async def test_proposals_run_out_and_the_volunteer_is_told():
    actor, pair, _ = await a_proposal()
    assert await service.expire_overdue(NOW + timedelta(days=7) - timedelta(seconds=1)) == 0
    assert await service.expire_overdue(NOW + timedelta(days=7)) == 1
    assert await service.expire_overdue(NOW + timedelta(days=7)) == 0
    assert await state_of(pair) == "expired"
    assert set(await notices_about(pair)) == {"volunteer.not_now"}
    assert not await NeverAgain.exists().where(NeverAgain.volunteer == actor.volunteer_id)


async def test_only_proposals_run_out():
    pairs = [await a_pair(state=state) for state in ("accepted", "active", "paused")]
    assert await service.expire_overdue(NOW + timedelta(days=400)) == 0
    assert [await state_of(pair) for pair in pairs] == ["accepted", "active", "paused"]


async def test_proposals_are_listed_with_the_most_urgent_first_and_answered_ones_are_not():
    volunteer = await a_volunteer(capacity=3)
    later = await a_pair(volunteer=volunteer, volunteer_deadline=NOW + timedelta(days=5))
    sooner = await a_pair(volunteer=volunteer, volunteer_deadline=NOW + timedelta(days=2))
    await a_pair(volunteer=volunteer, state="active", region_code=VILLAGE)
    proposals = await service.proposals_of(await the_volunteer(volunteer), NOW)
    assert [family.pair_id for family in proposals] == [sooner, later]
