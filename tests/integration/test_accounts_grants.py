"""Above a county there are figures; a county shows a colleague one case at a time, for a reason."""

import json
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_volunteer,
    an_account,
)

from jiedui.accounts import grants
from jiedui.accounts.limits import Limits
from jiedui.accounts.service import actor_of
from jiedui.accounts.staff import add_staff
from jiedui.accounts.tables import Account, CaseGrant
from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry
from jiedui.errors import Forbidden, NotFound, Refused
from jiedui.households.file import household_file, open_card
from jiedui.households.lists import HouseholdFilter, households_of
from jiedui.households.tables import Household
from jiedui.policies.service import pack_named
from jiedui.policies.tables import PolicyPack
from jiedui.regions.tables import Region
from jiedui.volunteers.tables import Volunteer

CITY, OTHER_CITY = "500200000000", "510100000000"
pytestmark = pytest.mark.usefixtures("db")


async def county() -> Actor:
    await a_region_tree()
    return a_coordinator(COUNTY, account_id=await an_account())


async def in_the_city() -> Actor:
    return await actor_of(await an_account(region_code=CITY), NOW)


async def test_a_city_sees_no_household_until_its_county_shows_it(redis):
    mine, city, household = await county(), await in_the_city(), await a_household()
    with pytest.raises(Forbidden):
        await household_file(city, household)
    await grants.give(mine, city.account_id, "household", household, "市里复核红色家庭", 30, NOW)
    city = await actor_of(city.account_id, NOW)
    assert (await household_file(city, household))["id"] == household
    with pytest.raises(NotFound):
        await household_file(city, await a_household())
    with pytest.raises(Forbidden):
        await households_of(city, HouseholdFilter())
    with pytest.raises(Forbidden):
        await open_card(city, household, "contact", limits=Limits(redis, b"x" * 32), now=NOW)
    assert [row["subject_id"] for row in await grants.shown_to(city, NOW)] == [household]


@pytest.mark.parametrize("days", [1, 30])
async def test_a_grant_ends_with_its_days(days):
    mine, city, household = await county(), await in_the_city(), await a_household()
    await grants.give(mine, city.account_id, "household", household, "复核", days, NOW)
    almost, over = NOW + timedelta(days=days, seconds=-1), NOW + timedelta(days=days)
    assert (await actor_of(city.account_id, almost)).granted == {household}
    assert (await actor_of(city.account_id, over)).granted == frozenset()
    assert await grants.shown_to(city, over) == []


async def test_a_grant_that_the_county_ends_is_over_at_once_and_noted_on_both_sides():
    mine, city, household = await county(), await in_the_city(), await a_household()
    grant = await grants.give(mine, city.account_id, "household", household, "复核", 7, NOW)
    await grants.end(mine, grant, NOW)
    await grants.end(mine, grant, NOW)
    assert (await actor_of(city.account_id, NOW)).granted == frozenset()
    entries = await AuditEntry.select().where(AuditEntry.subject_id == str(grant))
    assert sorted((row["action"], row["region_code"]) for row in entries) == [
        ("grant.end", CITY), ("grant.end", COUNTY), ("grant.give", CITY), ("grant.give", COUNTY),
    ]  # fmt: skip
    assert all(json.loads(row["detail"])["kind"] == "household" for row in entries)
    assert "复核" not in str(entries)
    assert [row["open"] for row in (await grants.given_by(mine, NOW)).rows] == [False]


async def test_volunteers_and_pairs_are_shown_too_each_from_where_it_is():
    mine, city = await county(), await in_the_city()
    for kind, subject in (("volunteer", await a_volunteer()), ("pair", await a_pair())):
        await grants.give(mine, city.account_id, kind, subject, "复核", 7, NOW)
    for kind, subject in (
        ("household", await a_household(region_code=OTHER_VILLAGE)),
        ("volunteer", await a_volunteer(region_code=OTHER_VILLAGE)),
        ("pair", await a_pair(household=await a_household(region_code=OTHER_VILLAGE))),
        ("concern", await a_pair()),
    ):
        with pytest.raises(NotFound):
            await grants.give(mine, city.account_id, kind, subject, "复核", 7, NOW)


async def test_only_a_county_shows_and_only_to_a_colleague_above_it():
    mine, city, household = await county(), await in_the_city(), await a_household()
    for who in (
        a_coordinator(TOWNSHIP), city, Actor("vetting_officer", COUNTY, ""), Actor("auditor", COUNTY, ""),
        replace(mine, role="volunteer"),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            await grants.give(who, city.account_id, "household", household, "复核", 7, NOW)
    for whom in (
        await an_account(region_code=COUNTY),
        await an_account(region_code=OTHER_CITY),
        await an_account("auditor", region_code=CITY),
        await an_account(region_code=CITY, active=False),
    ):
        with pytest.raises(Refused):
            await grants.give(mine, whom, "household", household, "复核", 7, NOW)


@pytest.mark.parametrize(("reason", "days"), [(" ", 7), ("长" * 201, 7), ("复核", 0), ("复核", 31)])
async def test_a_grant_has_a_reason_and_thirty_days_at_most(reason, days):
    mine, city, household = await county(), await in_the_city(), await a_household()
    with pytest.raises(Refused):
        await grants.give(mine, city.account_id, "household", household, reason, days, NOW)


async def test_the_database_too_keeps_to_thirty_days():
    city = await in_the_city()
    with pytest.raises(asyncpg.CheckViolationError):
        await CaseGrant(
            region_code=COUNTY, subject_kind="household", subject_id=await a_household(), reason="复核",
            account=city.account_id, given_at=NOW, expires_at=NOW + timedelta(days=31),
        ).save()  # fmt: skip


async def test_a_city_whose_policy_says_so_runs_its_rounds_and_sees_its_people():
    await a_household()
    pack = await pack_named("standard")
    row = await PolicyPack.select().where(PolicyPack.name == "standard").first()
    body = json.loads(row["body"])
    assert pack.levels.city_runs_rounds is False
    body |= {"levels": {"city_runs_rounds": True}, "version": pack.version + 1}
    await PolicyPack(name="standard", version=pack.version + 1, body=json.dumps(body), created_at=NOW).save()
    city, province = await in_the_city(), await actor_of(await an_account(region_code="500000000000"), NOW)
    assert (await households_of(city, HouseholdFilter())).matching == 1
    with pytest.raises(Forbidden):
        await households_of(province, HouseholdFilter())


@pytest.mark.parametrize("role", ["vetting_officer", "safeguarding_officer"])
async def test_an_officer_works_for_a_county_or_less(role):
    await a_region_tree()
    await Region(code=CITY, name="某市", short_name="某市", level="city").save()
    how = {"login": role, "passphrase": "a sentence nobody guesses", "name": "专员", "now": NOW}
    await add_staff(Actor.system(), role=role, region_code=COUNTY, **how)
    with pytest.raises(Refused):
        await add_staff(Actor.system(), role=role, region_code=CITY, **how | {"login": "other"})


@pytest.mark.parametrize(("village", "shown"), [(OTHER_VILLAGE, False), (FAR_VILLAGE, True)])
async def test_what_a_county_shows_ends_when_the_person_lives_in_another_one(village, shown):
    mine, city = await county(), await in_the_city()
    household, volunteer = await a_household(), await a_volunteer()
    cases = {"household": household, "volunteer": volunteer, "pair": await a_pair(household, volunteer)}
    for kind, subject in cases.items():
        await grants.give(mine, city.account_id, kind, subject, "复核", 30, NOW)
    await Household.update({Household.region_code: village}).where(Household.id == household)
    await Volunteer.update({Volunteer.region_code: village}).where(Volunteer.id == volunteer)
    expected = frozenset(cases.values()) if shown else frozenset()
    city = await actor_of(city.account_id, NOW)
    assert city.granted == expected
    assert {row["subject_id"] for row in await grants.shown_to(city, NOW)} == expected


async def test_a_case_that_was_ended_before_the_person_moved_ended_when_it_did():
    mine, city, household = await county(), await in_the_city(), await a_household()
    grant = await grants.give(mine, city.account_id, "household", household, "复核", 30, NOW)
    await grants.end(mine, grant, NOW)
    await Household.update({Household.region_code: OTHER_VILLAGE}).where(Household.id == household)
    row = await CaseGrant.select().where(CaseGrant.id == grant).first()
    assert (row["ended_at"], row["ended_by"]) == (NOW, mine.account_id)


async def test_another_county_neither_sees_nor_ends_what_this_one_shows():
    mine, city, household = await county(), await in_the_city(), await a_household()
    grant = await grants.give(mine, city.account_id, "household", household, "复核", 30, NOW)
    other = a_coordinator(OTHER_COUNTY, account_id=await an_account(region_code=OTHER_COUNTY))
    assert (await grants.given_by(other, NOW)).rows == []
    with pytest.raises(NotFound):
        await grants.end(other, grant, NOW)
    assert (await actor_of(city.account_id, NOW)).granted == {household}


async def test_who_works_for_another_city_now_is_shown_nothing_of_the_old_one():
    mine, city, household = await county(), await in_the_city(), await a_household()
    await grants.give(mine, city.account_id, "household", household, "复核", 30, NOW)
    for changed in ({"region_code": OTHER_CITY}, {"region_code": OTHER_CITY[:2] + "0" * 10}):
        await Account.update(**changed).where(Account.id == city.account_id)
        there = await actor_of(city.account_id, NOW)
        assert there.granted == frozenset() and await grants.shown_to(there, NOW) == []
    await Account.update(region_code=CITY, role="auditor").where(Account.id == city.account_id)
    assert "granted" not in (await actor_of(city.account_id, NOW)).hats


async def test_a_case_of_a_giver_who_has_left_can_be_ended_by_her_colleague():
    mine, city, household = await county(), await in_the_city(), await a_household()
    grant = await grants.give(mine, city.account_id, "household", household, "复核", 30, NOW)
    await Account.update(active=False).where(Account.id == mine.account_id)
    await grants.end(await county(), grant, NOW)
    assert (await actor_of(city.account_id, NOW)).granted == frozenset()
