"""Who may not meet a family is never active with it and never sees it, whatever changes around the two."""

import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from factories import (
    COUNTY,
    NOW,
    OTHER_VILLAGE,
    TODAY,
    a_coordinator,
    a_household,
    a_pair,
    a_round,
    a_volunteer,
    notices_about,
    the_volunteer,
)

from jiedui.clock import today
from jiedui.errors import Conflict, Refused
from jiedui.followups.service import log_visit, visits_of
from jiedui.households.tables import Household, Member
from jiedui.pairs import safety, service
from jiedui.pairs.links import LinkOver
from jiedui.pairs.tables import NeverAgain, Pair
from jiedui.policies.service import store_packs
from jiedui.policies.tables import PolicyPack
from jiedui.rounds.problem import load
from jiedui.rounds.publication import publish_round
from jiedui.rounds.tables import Candidate, Plan, Round
from jiedui.store.piccolo_conf import DB
from jiedui.volunteers.service import record_check, suspend
from jiedui.volunteers.tables import Volunteer
from jiedui_notifications.tables import Notice

pytestmark = pytest.mark.usefixtures("db")
CHILD = (date(2016, 4, 1),)
Change = Callable[[UUID, UUID], Awaitable[Any]]


async def _suspended(volunteer: UUID, household: UUID) -> None:
    await suspend(a_coordinator(), volunteer, "concern", NOW)


async def _check_failed(volunteer: UUID, household: UUID) -> None:
    await record_check(
        a_coordinator(), volunteer, kind="record", passed=False, checked_on=TODAY, paper="p", now=NOW
    )


async def _check_run_out(volunteer: UUID, household: UUID) -> None:
    await Volunteer.update({Volunteer.record_checked_on: TODAY - timedelta(days=400)}).where(
        Volunteer.id == volunteer
    )


async def _training_lost(volunteer: UUID, household: UUID) -> None:
    await Volunteer.update({Volunteer.trained: False}).where(Volunteer.id == volunteer)


async def _kept_apart(volunteer: UUID, household: UUID) -> None:
    await NeverAgain(
        household=household, volunteer=volunteer, region_code=COUNTY, reason="other", created_at=NOW
    ).save()


async def _found_to_be_one_person(volunteer: UUID, household: UUID) -> None:
    key = await Volunteer.select(Volunteer.ledger_key).where(Volunteer.id == volunteer).first()
    await Household.update({Household.ledger_key: key["ledger_key"]}).where(Household.id == household)


CHANGES = [
    _suspended, _check_failed, _check_run_out, _training_lost, _kept_apart, _found_to_be_one_person
]  # fmt: skip


@pytest.fixture
async def two() -> tuple[UUID, UUID]:
    await store_packs(NOW)
    return await a_volunteer(), await a_household(children=CHILD)


async def _state(pair: UUID) -> tuple[str, str]:
    row = await Pair.select(Pair.state, Pair.pause_reason).where(Pair.id == pair).first()
    return row["state"], row["pause_reason"]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_running_pair_rests_the_moment_its_two_may_no_longer_meet(
    two: tuple[UUID, UUID], change: Change
) -> None:
    volunteer, household = two
    pair = await a_pair(household, volunteer, state="active")
    await change(volunteer, household)
    assert await _state(pair) == ("paused", "safety")
    her = await the_volunteer(volunteer)
    family = await service.family_of(her, pair, NOW)
    assert (family.surname, family.village, family.has_phone) == ("", "", False)
    with pytest.raises(Refused):
        await service.show_phone(her, pair, NOW)
    with pytest.raises(Refused):
        await service.resume(a_coordinator(), pair, NOW)
    with pytest.raises(Refused):
        await log_visit(her, pair, medium="visit", outcome="reached", happened_on=TODAY, now=NOW)
    assert await visits_of(her, pair, NOW) == []


@pytest.mark.parametrize("change", CHANGES)
async def test_a_familys_yes_does_not_begin_what_may_not_be(two: tuple[UUID, UUID], change: Change) -> None:
    volunteer, household = two
    pair = await a_pair(household, volunteer, state="accepted")
    await change(volunteer, household)
    with pytest.raises(Refused):
        await service.record_household_answer(a_coordinator(), pair, "accepts", "call", NOW)
    with pytest.raises(Refused):
        await service.ask_again(a_coordinator(), pair, NOW)
    assert (await _state(pair))[0] == "accepted"


@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_accepts_whom_she_may_not_meet(two: tuple[UUID, UUID], change: Change) -> None:
    volunteer, household = two
    pair = await a_pair(household, volunteer)
    await change(volunteer, household)
    with pytest.raises(Refused):
        await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    assert (await _state(pair))[0] == "proposed"


async def test_a_family_is_not_told_the_name_of_somebody_who_may_not_come(two: tuple[UUID, UUID]) -> None:
    volunteer, household = two
    pair = await a_pair(household, volunteer)
    await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    await _check_failed(volunteer, household)
    notice = await Notice.select().where(Notice.subject_id == pair).first()
    assert notice is not None
    assert await safety.watch(NOW) == 1
    states = await Notice.select(Notice.state).where(
        Notice.subject_id == pair, Notice.recipient_kind == "household"
    )
    assert {row["state"] for row in states} == {"cancelled"}
    assert await safety.watch(NOW) == 0


async def test_an_open_link_names_nobody_who_may_not_come(two: tuple[UUID, UUID]) -> None:
    volunteer, household = two
    pair = await a_pair(household, volunteer)
    await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    told = (await notices_about(pair))["household.helper_found"]
    token = told["params"]["link"].rsplit("/", 1)[1]
    opened = await service.open_link(token, 1990, NOW)
    await _suspended(volunteer, household)
    for knock in (service.open_link(token, 1990, NOW), service.opened_before(token, opened.proof, NOW)):
        with pytest.raises(LinkOver):
            await knock
    with pytest.raises(Refused):
        await service.household_accepts(token, opened.proof, NOW)


async def test_what_time_alone_changes_is_found_by_the_watch(two: tuple[UUID, UUID]) -> None:
    volunteer, household = two
    pair = await a_pair(household, volunteer, state="active")
    last = datetime(2027, 6, 1, 4, tzinfo=NOW.tzinfo)  # checked on 2026-06-01, 365 days
    assert await safety.watch(last) == 0
    assert await safety.watch(last + timedelta(days=1)) == 1
    assert await _state(pair) == ("paused", "safety")


async def test_she_is_told_a_month_and_a_week_before_her_check_ends(two: tuple[UUID, UUID]) -> None:
    volunteer, household = two
    await a_pair(household, volunteer, state="active")
    ends = datetime(2027, 6, 1, 4, tzinfo=NOW.tzinfo)
    told = [await safety.announce(ends - timedelta(days=days)) for days in (31, 30, 29, 8, 7, 7, 1)]
    assert told == [0, 1, 0, 0, 1, 0, 0]


async def test_without_a_minor_no_check_is_asked_for(two: tuple[UUID, UUID]) -> None:
    volunteer, _ = two
    pair = await a_pair(await a_household(), volunteer, state="active")
    await _check_failed(volunteer, pair)
    await _training_lost(volunteer, pair)
    assert await _state(pair) == ("active", "")


async def test_a_child_that_comes_into_the_ledger_ends_the_visits_of_who_is_not_cleared() -> None:
    await store_packs(NOW)
    household, volunteer = await a_household(), await a_volunteer(trained=False)
    pair = await a_pair(household, volunteer, state="active")
    await Member(household=household, relation="child", name="小孩", born_on=None).save()
    assert await _state(pair) == ("paused", "safety")


@pytest.mark.parametrize(
    ("born", "children", "until"),
    [
        (date(1990, 5, 1), (), date(2008, 5, 1)),
        (date(1990, 5, 2), (), date(2008, 6, 1)),
        (date(1990, 5, 1), (date(2010, 12, 31),), date(2029, 1, 1)),
        (date(1990, 5, 1), (date(2010, 12, 31), date(2012, 2, 29)), date(2030, 3, 1)),
        (date(2012, 3, 15), (), date(2030, 4, 1)),
        (date(1990, 5, 1), (None,), None),
        (None, (), None),
    ],
)
async def test_the_youngest_decides_and_an_unknown_birth_is_a_minors(
    born: date | None, children: tuple[date, ...], until: date | None
) -> None:
    household = await a_household(children=children, born_on=born)
    row = await Household.select(Household.minor_until).where(Household.id == household).first()
    assert row["minor_until"] == until


async def test_a_round_takes_a_child_of_unknown_birth_for_a_child() -> None:
    await store_packs(NOW)
    await a_household(children=(None,))  # type: ignore[arg-type]  # the ledger knows a name and no birth
    await a_household(born_on=date(2012, 3, 1))
    await a_household()
    round_row = await Round.select().where(Round.id == await a_round()).first()
    assert sorted((await load(round_row)).households.minor.tolist()) == [False, True, True]


async def test_the_database_refuses_a_pair_that_may_not_be(two: tuple[UUID, UUID]) -> None:
    volunteer, household = two
    await _check_failed(volunteer, household)
    async with DB.transaction() as transaction:
        before = await transaction.savepoint()
        with pytest.raises(asyncpg.CheckViolationError, match="may not meet"):
            await a_pair(household, volunteer, state="active")
        await before.rollback_to()
        pair = await a_pair(household, volunteer, state="accepted")
        with pytest.raises(asyncpg.CheckViolationError, match="may not meet"):
            await Pair.update({Pair.state: "active"}).where(Pair.id == pair)
        await before.rollback_to()


async def _a_plan(volunteer: UUID, household: UUID) -> tuple[UUID, UUID]:
    round_id = await a_round()
    plan = Plan(
        round=round_id, region_code=COUNTY, number=1, state="ready", status="optimal", created_at=NOW,
        figures='{"stages": [{"checks": {"arcs": true}}]}',
    )  # fmt: skip
    await plan.save()
    await Candidate(
        id=uuid4(), plan=plan.id, household=household, volunteer=volunteer, region_code=COUNTY, stage=1,
        distance_m=1, cost=1,
    ).save()  # fmt: skip
    return round_id, plan.id


async def test_publication_asks_for_the_day_it_happens_and_names_who_fails(two: tuple[UUID, UUID]) -> None:
    round_id, plan_id = await _a_plan(*two)
    number = (await Volunteer.select(Volunteer.number).where(Volunteer.id == two[0]).first())["number"]
    with pytest.raises(Conflict) as refused:
        await publish_round(a_coordinator(), round_id, plan_id, NOW + timedelta(days=400))
    assert number in refused.value.params["names"]
    assert not await Pair.exists()


async def test_who_may_meet_on_that_day_is_asked(two: tuple[UUID, UUID]) -> None:
    assert await publish_round(a_coordinator(), *await _a_plan(*two), NOW) == 1


@pytest.mark.parametrize("who", [Household, Volunteer])
async def test_a_plan_with_somebody_who_has_moved_away_is_not_published(
    two: tuple[UUID, UUID], who: type[Household | Volunteer]
) -> None:
    round_id, plan_id = await _a_plan(*two)
    moved = two[1] if who is Household else two[0]
    await who.update(region_code=OTHER_VILLAGE).where(who._meta.primary_key == moved)
    with pytest.raises(Conflict):
        await publish_round(a_coordinator(), round_id, plan_id, NOW)
    assert not await Pair.exists()


async def test_a_check_that_runs_out_in_a_pause_for_other_reasons_holds_the_pair_back(
    two: tuple[UUID, UUID],
) -> None:
    volunteer, household = two
    pair, her = await a_pair(household, volunteer, state="active"), await the_volunteer(volunteer)
    await service.pause(a_coordinator(), pair, "away", NOW)
    assert (await service.family_of(her, pair, NOW)).surname == "陶"
    after = datetime(2027, 6, 2, 4, tzinfo=NOW.tzinfo)
    assert await safety.watch(after) == 0
    assert (await service.family_of(her, pair, after)).surname == ""
    with pytest.raises(Refused):
        await service.resume(a_coordinator(), pair, after)
    await record_check(
        a_coordinator(), volunteer, kind="record", passed=True, checked_on=today(after), paper="p", now=after
    )
    await service.resume(a_coordinator(), pair, after)
    assert await _state(pair) == ("active", "")


async def test_a_child_comes_of_age_between_plan_and_answer_at_midnight_here() -> None:
    """Born on 15 November 2008: of age from the first of December, Shanghai's."""
    await store_packs(NOW)
    household, volunteer = await a_household(children=(date(2008, 11, 15),)), await a_volunteer(trained=False)
    pair = await a_pair(household, volunteer, volunteer_deadline=NOW + timedelta(days=90))
    her, midnight = await the_volunteer(volunteer), datetime(2026, 11, 30, 16, tzinfo=NOW.tzinfo)
    for early in (NOW, midnight - timedelta(days=15), midnight - timedelta(seconds=1)):
        with pytest.raises(Refused):
            await service.accept_proposal(her, pair, early)
    await service.accept_proposal(her, pair, midnight)


async def test_who_is_suspended_meets_nobody_under_another_number_either(two: tuple[UUID, UUID]) -> None:
    """One person in two rows: of the ledger, and as she had signed up online before."""
    volunteer, household = two
    row = await Volunteer.select(Volunteer.name, Volunteer.phone_key).where(Volunteer.id == volunteer).first()
    other = await a_volunteer(**row, ledger_key=None, source="online")
    namesake = await a_volunteer(name=row["name"])
    pairs = [await a_pair(household, one, state="active") for one in (volunteer, other, namesake)]
    await suspend(a_coordinator(), volunteer, "concern", NOW)
    paused = ("paused", "safety")
    assert [await _state(pair) for pair in pairs] == [paused, paused, ("active", "")]
    with pytest.raises(Refused):
        await service.resume(a_coordinator(), pairs[1], NOW)
    round_row = await Round.select().where(Round.id == await a_round()).first()
    assert sorted((await load(round_row)).volunteers.active.tolist()) == [False, False, True]


async def test_who_takes_the_familys_telephone_number_is_looked_at_at_once(two: tuple[UUID, UUID]) -> None:
    """Kin that shows only later: the number she gives is the household's."""
    volunteer, household = two
    pair = await a_pair(household, volunteer, state="active")
    row = await Household.select(Household.phone_key).where(Household.id == household).first()
    await Volunteer.update({Volunteer.phone_key: row["phone_key"]}).where(Volunteer.id == volunteer)
    assert await _state(pair) == ("paused", "safety")


async def test_when_the_last_child_comes_of_age_nothing_speaks_against_them_any_more(
    two: tuple[UUID, UUID],
) -> None:
    """Nobody decides it for them: a coordinator is told that they may, and lets the pair go on."""
    volunteer, _ = two
    pair = await a_pair(await a_household(children=(date(2008, 11, 15),)), volunteer, state="active")
    await _training_lost(volunteer, pair)
    assert await _state(pair) == ("paused", "safety")
    assert (await service.whole_pair(a_coordinator(), pair, NOW)).against != []
    december = datetime(2026, 12, 1, 4, tzinfo=NOW.tzinfo)
    await safety.watch(december)
    assert await _state(pair) == ("paused", "safety")
    assert (await service.whole_pair(a_coordinator(), pair, december)).against == []
    await service.resume(a_coordinator(), pair, december)


@pytest.mark.parametrize("days", [0, 1])
async def test_a_stricter_policy_is_asked_for_pairs_of_the_old_one_too(
    two: tuple[UUID, UUID], days: int
) -> None:
    """A new version says 100 days: a check of 1 June is then too old, whatever version a pair began under."""
    volunteer, household = two
    pair = await a_pair(household, volunteer, state="active")
    body = json.loads((await PolicyPack.select().first())["body"])
    body |= {"version": 2, "eligibility": body["eligibility"] | {"record_check_days": 153 - days}}
    await PolicyPack(name="standard", version=2, body=json.dumps(body), created_at=NOW).save()
    assert await safety.watch(NOW) == days
    assert (await _state(pair))[0] == ("paused" if days else "active")
