"""Whoever reaches a service function may do there only what her role does, and only in her area."""

from datetime import date

import pytest
from factories import COUNTY, NOW, TODAY, VILLAGE, a_household, a_volunteer, the_volunteer

from jiedui.errors import Forbidden
from jiedui.households.lists import HouseholdFilter, households_of
from jiedui.rounds.service import open_round
from jiedui.volunteers.service import approve, record_check


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
