"""Whoever reaches a service function may do there only what her role does, and only in her area."""

from datetime import date
from uuid import uuid4

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_volunteer,
    the_volunteer,
)

from jiedui.actor import Actor
from jiedui.errors import Forbidden, NotFound, Refused
from jiedui.households.lists import HouseholdFilter, households_of
from jiedui.ledgers import uploads
from jiedui.pairs.service import hand_over, list_pairs, pause, raise_concern, takers, whole_pair
from jiedui.rounds.service import open_round
from jiedui.volunteers.service import approve, record_check
from jiedui.wiring import LEDGERS


@pytest.fixture
async def applicant(db):
    return await the_volunteer(await a_volunteer(state="applied"))


async def test_an_applicant_records_no_checks_of_her_own(applicant):
    with pytest.raises(Forbidden):
        await record_check(
            applicant, applicant.volunteer_id, kind="identity", passed=True, checked_on=date(2026, 10, 1),
            paper="身份证", now=NOW,
        )  # fmt: skip


async def test_an_applicant_does_not_approve_herself(applicant):
    with pytest.raises(Forbidden):
        await approve(applicant, applicant.volunteer_id, NOW)


async def test_an_applicant_lists_no_households(applicant):
    await a_household(region_code=VILLAGE)
    with pytest.raises(Forbidden):
        await households_of(applicant, HouseholdFilter())


async def test_an_applicant_opens_no_round(applicant):
    with pytest.raises(Forbidden):
        await open_round(applicant, VILLAGE, TODAY, "standard", NOW)


async def test_an_applicant_appoints_no_staff(applicant):
    from jiedui.accounts.staff import add_staff

    with pytest.raises(Forbidden):
        await add_staff(
            applicant, role="administrator", login="her-sister", passphrase="a sentence nobody guesses",
            name="姐姐", region_code=COUNTY, now=NOW,
        )  # fmt: skip


async def test_a_township_hands_over_to_its_own_volunteers_only(db):
    household = await a_household()
    pair = await a_pair(household, state="active")
    near = await a_volunteer(region_code=VILLAGE, name="本镇人")
    far = await a_volunteer(region_code=FAR_VILLAGE, name="外镇人")
    township, county = a_coordinator(TOWNSHIP), a_coordinator(COUNTY)
    assert [match.volunteer_id for match, _ in await takers(township, pair, NOW)] == [near]
    assert {match.volunteer_id for match, _ in await takers(county, pair, NOW)} == {near, far}
    refused = []
    for nobody in (far, uuid4()):
        with pytest.raises(Refused) as said:
            await hand_over(township, pair, nobody, "illness", NOW)
        refused.append((said.value.msgid, said.value.params, said.value.field))
    assert refused[0] == refused[1]
    await hand_over(county, pair, far, "illness", NOW)


async def test_who_protects_people_sees_the_pairs_that_somebody_worries_about_and_no_others(db):
    officer = Actor("safeguarding_officer", COUNTY, "专员")
    quiet, worrying = await a_pair(state="active"), await a_pair(state="active")
    await raise_concern(a_coordinator(), worrying, "孩子身上有伤", NOW)
    assert (await whole_pair(officer, worrying, NOW)).pair["id"] == worrying
    await pause(officer, worrying, "looked_into", NOW)
    with pytest.raises(NotFound):
        await whole_pair(officer, quiet, NOW)
    with pytest.raises(Forbidden):
        await list_pairs(officer, "running", "", "", NOW)
    with pytest.raises(Forbidden):
        await households_of(officer, HouseholdFilter())


@pytest.mark.parametrize("kind", ["households", "volunteers"])
async def test_who_brings_no_ledgers_is_told_so_before_anything_of_what_she_sends(db, applicant, kind):
    """An empty file, no meanings, no such upload: what is wrong with it is not hers to hear."""
    ledger, nothing = LEDGERS[kind], uuid4()
    for who in (
        applicant, Actor("auditor", COUNTY, ""), Actor("vetting_officer", COUNTY, ""),
        Actor("safeguarding_officer", COUNTY, ""), a_coordinator("500200000000"),
    ):  # fmt: skip
        for deed in (
            uploads.receive(who, ledger, b"", NOW),
            uploads.explain_headers(who, ledger, nothing, {}, NOW),
            uploads.read_again(who, ledger, nothing, NOW),
            uploads.apply(who, ledger, nothing, NOW),
            uploads.discard(who, ledger, nothing, NOW),
            uploads.upload_of(who, ledger, nothing),
            uploads.recent_uploads(who, ledger),
        ):
            with pytest.raises(Forbidden):
                await deed
