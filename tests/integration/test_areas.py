"""Whoever moves takes everything along: pairs, contacts, worries and messages are the new area's."""

import random
from datetime import date
from uuid import UUID

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    VILLAGE,
    a_check,
    a_coordinator,
    a_household,
    a_pair,
    a_round,
    a_volunteer,
    the_volunteer,
)

from jiedui.accounts.service import actor_of
from jiedui.accounts.tables import Account
from jiedui.actor import significant, within
from jiedui.audit.tables import AuditEntry
from jiedui.consents.tables import Consent
from jiedui.errors import NotFound
from jiedui.followups.service import ensure_due, log_visit, overdue_by_township, visits_of
from jiedui.followups.tables import FollowUp, Visit
from jiedui.households.tables import Household
from jiedui.pairs import service
from jiedui.pairs.tables import Concern, NeverAgain, Pair
from jiedui.policies.service import store_packs
from jiedui.rounds.pins import pin, pins_of
from jiedui.volunteers.tables import VettingCheck, Volunteer
from jiedui_notifications.tables import Notice

pytestmark = pytest.mark.usefixtures("db")
OLD, NEW = a_coordinator(), a_coordinator(OTHER_COUNTY)


async def _areas(table: type, condition: object) -> set[str]:
    return {row["region_code"] for row in await table.select(table.region_code).where(condition)}  # type: ignore[attr-defined]


@pytest.fixture
async def family() -> tuple[UUID, UUID]:
    """A household with all that belongs to it, moved to another county."""
    await store_packs(NOW)
    household, volunteer = await a_household(), await a_volunteer()
    her = await the_volunteer(volunteer)
    pair = await a_pair(household, volunteer)
    await service.accept_proposal(her, pair, NOW)
    await service.record_household_answer(OLD, pair, "accepts", "call", NOW)
    await log_visit(her, pair, medium="call", outcome="reached", happened_on=date(2026, 10, 30), now=NOW)
    await ensure_due(NOW)
    await service.raise_concern(her, pair, "She coughs.", NOW)
    await NeverAgain(
        household=household, volunteer=await a_volunteer(), region_code=VILLAGE, reason="x", created_at=NOW
    ).save()
    await Household.update({Household.region_code: OTHER_VILLAGE}).where(Household.id == household)
    return household, pair


async def test_a_household_that_moves_takes_its_rows_along(family: tuple[UUID, UUID]) -> None:
    household, pair = family
    for table, condition in (
        (Pair, Pair.id == pair),
        (FollowUp, FollowUp.pair == pair),
        (Visit, Visit.pair == pair),
        (Concern, Concern.household == household),
        (NeverAgain, NeverAgain.household == household),
        (Notice, (Notice.recipient_kind == "household") & (Notice.recipient_id == household)),
    ):
        assert await _areas(table, condition) == {OTHER_VILLAGE}, table


async def test_the_old_area_finds_nothing_and_the_new_one_everything(family: tuple[UUID, UUID]) -> None:
    _, pair = family
    with pytest.raises(NotFound):
        await service.whole_pair(OLD, pair, NOW)
    with pytest.raises(NotFound):
        await visits_of(OLD, pair, NOW)
    assert (await service.whole_pair(NEW, pair, NOW)).concerns
    assert [len(await visits_of(NEW, pair, NOW)), await service.count_open_concerns(OLD)] == [1, 0]
    assert await service.count_open_concerns(NEW) == 1
    assert await overdue_by_township(OLD, date(2027, 11, 1)) == []


async def test_a_move_stands_in_both_areas_records_and_tells_neither_the_other_village(
    family: tuple[UUID, UUID],
) -> None:
    household, _ = family
    entries = await AuditEntry.select().where(
        AuditEntry.subject_id == str(household), AuditEntry.action.like("%moved%")
    )
    assert {(entry["action"], entry["region_code"]) for entry in entries} == {
        ("household.moved_away", VILLAGE), ("household.moved_here", OTHER_VILLAGE),
    }  # fmt: skip
    assert {entry["detail"] for entry in entries} == {"{}"}


async def test_a_volunteer_who_moves_takes_account_and_checks_along() -> None:
    volunteer = await a_volunteer()
    her = await the_volunteer(volunteer)
    await VettingCheck(
        volunteer=volunteer, region_code=VILLAGE, kind="identity", passed=True, checked_on=date(2026, 1, 1),
        paper="x", standing="recorded", created_at=NOW,
    ).save()  # fmt: skip
    await Volunteer.update({Volunteer.region_code: OTHER_VILLAGE}).where(Volunteer.id == volunteer)
    assert await _areas(Account, Account.volunteer_id == volunteer) == {OTHER_VILLAGE}
    assert await _areas(VettingCheck, VettingCheck.volunteer == volunteer) == {OTHER_VILLAGE}
    assert her.account_id is not None
    assert (await actor_of(her.account_id, NOW)).region_code == OTHER_VILLAGE  # type: ignore[union-attr]


async def test_a_new_row_takes_its_area_from_its_person_whatever_is_written() -> None:
    household, volunteer = await a_household(region_code=OTHER_VILLAGE), await a_volunteer()
    pair = await a_pair(household, volunteer, region_code=FAR_VILLAGE)
    said = {"region_code": FAR_VILLAGE, "created_at": NOW}
    contact = {"pair": pair, "medium": "call", "region_code": FAR_VILLAGE}
    family = {"household": household, "region_code": FAR_VILLAGE}
    for row in (
        NeverAgain(household=household, volunteer=volunteer, reason="x", **said),
        Concern(pair=pair, raised_by="coordinator", body="x", state="open", raised_at=NOW, **family),
        Concern(raised_by="household", body="x", state="open", raised_at=NOW, **family),
        FollowUp(due_on=date(2026, 11, 30), state="due", created_at=NOW, **contact),
        Visit(outcome="reached", happened_on=date(2026, 10, 30), logged_at=NOW, **contact),
    ):
        await row.save()
    for table in (Pair, NeverAgain, Concern, FollowUp, Visit):
        assert await _areas(table, table.id.is_not_null()) == {OTHER_VILLAGE}, table
    await VettingCheck.delete(force=True)
    await a_check(volunteer, region_code=FAR_VILLAGE)
    assert await _areas(VettingCheck, VettingCheck.volunteer == volunteer) == {VILLAGE}


async def test_a_family_that_moves_twice_and_comes_back_is_again_the_first_areas_alone() -> None:
    await store_packs(NOW)
    household, volunteer = await a_household(), await a_volunteer()
    her = await the_volunteer(volunteer)
    pair = await a_pair(household, volunteer, state="active")
    for village in (OTHER_VILLAGE, FAR_VILLAGE, VILLAGE):
        await Household.update({Household.region_code: village}).where(Household.id == household)
        await service.raise_concern(her, pair, f"Said in {village}.", NOW)
    assert await _areas(Concern, Concern.household == household) == {VILLAGE}
    assert len((await service.whole_pair(a_coordinator(VILLAGE), pair, NOW)).concerns) == 3
    for elsewhere in (OTHER_COUNTY, "500230102000"):
        with pytest.raises(NotFound):
            await service.whole_pair(a_coordinator(elsewhere), pair, NOW)
    moved = AuditEntry.count().where(
        AuditEntry.subject_id == str(household), AuditEntry.action.like("%moved%")
    )
    assert await moved == 6


async def test_a_message_lies_where_its_recipient_lives_whatever_it_is_about() -> None:
    await store_packs(NOW)
    volunteer = await a_volunteer(region_code=OTHER_VILLAGE)
    pair = await a_pair(await a_household(), volunteer)
    await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    await service.close(OLD, pair, "goal_reached", "", NOW)
    areas = {row["recipient_kind"]: row["region_code"] for row in await Notice.select()}
    assert areas == {"household": VILLAGE, "volunteer": OTHER_VILLAGE}


@pytest.mark.parametrize("who", [Household, Volunteer])
async def test_of_who_has_moved_away_the_pins_of_a_round_say_no_village(
    who: type[Household | Volunteer],
) -> None:
    household, volunteer = await a_household(), await a_volunteer()
    round_id = await a_round()
    await pin(OLD, round_id, household, volunteer, "forbid", "They quarrelled.", NOW)
    (before,) = await pins_of(OLD, round_id)
    moved = household if who is Household else volunteer
    await who.update(region_code=OTHER_VILLAGE).where(who._meta.primary_key == moved)
    (after,) = await pins_of(OLD, round_id)
    assert after == before | ({"village": None, "township": None} if who is Household else {})


async def test_python_and_the_database_agree_on_what_lies_in_an_area() -> None:
    codes = [OTHER_VILLAGE, VILLAGE, "500230101000", COUNTY, "500200000000", "500000000000", "0" * 12,
             "510100000000", "500230000001"]  # fmt: skip
    for area in codes:
        for code in codes:
            (row,) = await Pair.raw("SELECT lies_in({}, {}) AS inside", code, area)
            assert row["inside"] == within(area, code), (area, code)


async def test_a_move_changes_where_a_consent_lies_and_not_a_word_of_it() -> None:
    await store_packs(NOW)
    household, volunteer = await a_household(), await a_volunteer()
    pair = await a_pair(household, volunteer)
    await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    await service.record_household_answer(OLD, pair, "accepts", "call", NOW)
    before = await Consent.select().order_by(Consent.id)
    await Household.update({Household.region_code: OTHER_VILLAGE}).where(Household.id == household)
    after = await Consent.select().order_by(Consent.id)
    assert len(before) >= 2
    assert after == [row | {"region_code": OTHER_VILLAGE} for row in before]
    await Volunteer.update({Volunteer.region_code: FAR_VILLAGE}).where(Volunteer.id == volunteer)
    assert await Consent.select().order_by(Consent.id) == after, "a pair's consents are where its family is"


@pytest.mark.parametrize("who", [Household, Volunteer])
async def test_what_somebody_agreed_to_for_herself_moves_with_her_and_nobody_elses(
    who: type[Household | Volunteer],
) -> None:
    kind, make = ("household", a_household) if who is Household else ("volunteer", a_volunteer)
    moved, stays = await make(), await make()
    for one in (moved, stays):
        await Consent(
            subject_kind=kind, subject_id=one, purpose="service", text_version="1", given_by="self",
            how="online", given_at=NOW, region_code=VILLAGE,
        ).save()  # fmt: skip
    await who.update(region_code=OTHER_VILLAGE).where(who._meta.primary_key == moved)
    assert await _areas(Consent, Consent.subject_id == moved) == {OTHER_VILLAGE}
    assert await _areas(Consent, Consent.subject_id == stays) == {VILLAGE}


async def test_python_and_the_database_read_the_same_out_of_a_code() -> None:
    chance = random.Random(20261101)
    codes = ["0" * 12, *("".join(chance.choice("0001") for _ in range(end)).ljust(12, "0")
                         for end in (2, 4, 6, 9, 12) for _ in range(200))]  # fmt: skip
    rows = await Household.raw(
        "SELECT code, significant(code) AS digits FROM unnest({}::text[]) AS t (code)", codes
    )
    assert [row["digits"] for row in rows] == [significant(code) for code in codes]
    assert {len(row["digits"]) for row in rows} == {0, 2, 4, 6, 9, 12}
