"""Vetting and the life of a volunteer, in the database, by whoever may and by whoever may not."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from factories import COUNTY, OTHER_COUNTY, a_coordinator, a_pair, a_region_tree, a_volunteer

from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry
from jiedui.consents import service as consents
from jiedui.consents.texts import current
from jiedui.errors import Conflict, Forbidden, NotFound, Refused
from jiedui.store.paging import PAGE
from jiedui.volunteers import register, service
from jiedui.volunteers.register import Wanted
from jiedui.volunteers.tables import VettingCheck, Volunteer
from jiedui_notifications.tables import Notice
from jiedui_pairing.policy import standard

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
PACK = standard()
HERE = a_coordinator(COUNTY)
ELSEWHERE = a_coordinator(OTHER_COUNTY)


def herself(volunteer_id):
    return Actor("volunteer", COUNTY, "王芳", uuid4(), volunteer_id)


async def applicant(**columns):
    blank = {"state": "applied", "source": "online", "record_checked_on": None, "trained": False}
    return await a_volunteer(**blank | columns)


async def row(volunteer_id):
    return await Volunteer.select().where(Volunteer.id == volunteer_id).first()


async def seen(volunteer_id, actor=HERE, kind="identity", passed=True, on=TODAY):
    await service.record_check(
        actor, volunteer_id, kind=kind, passed=passed, checked_on=on, paper="身份证原件", now=NOW
    )


async def test_an_applicant_is_approved_once_somebody_has_seen_who_she_is(db):
    her = await applicant()
    with pytest.raises(Refused, match="identity check first"):
        await service.approve(HERE, her, NOW)
    assert (await row(her))["state"] == "applied"
    assert await Notice.count() == 0
    await seen(her)
    await service.approve(HERE, her, NOW)
    assert (await row(her))["state"] == "active"
    notices = await Notice.select()
    assert [(n["template"], n["recipient_id"]) for n in notices] == [("volunteer.approved", her)]
    deeds = await AuditEntry.select().where(AuditEntry.subject_id == str(her)).order_by(AuditEntry.at)
    assert sorted(deed["action"] for deed in deeds) == ["volunteer.approve", "volunteer.check"]


async def test_a_failed_identity_check_stands_in_the_way_of_approval(db):
    her = await applicant()
    await seen(her, passed=False)
    with pytest.raises(Refused, match="not passed"):
        await service.approve(HERE, her, NOW)


async def test_checks_are_recorded_with_paper_and_recorder_and_change_what_they_should(db):
    her = await applicant()
    await seen(her, kind="record", on=TODAY - timedelta(30))
    await seen(her, kind="training")
    volunteer = await row(her)
    assert (volunteer["record_checked_on"], volunteer["trained"]) == (TODAY - timedelta(30), True)
    checks = await VettingCheck.select().where(VettingCheck.volunteer == her)
    assert {check["paper"] for check in checks} == {"身份证原件"}
    await seen(her, kind="record", passed=False)
    assert (await row(her))["record_checked_on"] is None


async def test_a_check_dated_tomorrow_or_of_an_unknown_kind_is_refused_and_not_kept(db):
    her = await applicant()
    with pytest.raises(Refused, match="future"):
        await seen(her, kind="record", on=TODAY + timedelta(1))
    with pytest.raises(Refused):
        await seen(her, kind="horoscope")
    assert await VettingCheck.count().where(VettingCheck.volunteer == her) == 0


async def test_today_is_the_day_here_not_the_day_in_greenwich(db):
    her = await applicant()
    late = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # one o'clock in the morning of the 22nd here
    await service.record_check(
        HERE, her, kind="record", passed=True, checked_on=date(2026, 11, 22), paper="", now=late
    )


async def test_refusing_and_suspending_need_a_reason_of_the_list(db):
    her, active = await applicant(), await a_volunteer()
    for reason in ("", "because"):
        with pytest.raises(Refused):
            await service.refuse(HERE, her, reason, NOW)
        with pytest.raises(Refused):
            await service.suspend(HERE, active, reason, NOW)
    await service.refuse(HERE, her, "not_reached", NOW)
    await service.suspend(HERE, active, "concern", NOW)
    assert (await row(her))["state"] == "refused"
    assert (await row(active))["state"] == "suspended"


async def test_a_decision_already_taken_is_not_taken_again(db):
    her = await applicant()
    await service.refuse(HERE, her, "not_reached", NOW)
    for deed in (service.approve(HERE, her, NOW), service.refuse(HERE, her, "identity", NOW)):
        with pytest.raises(Conflict):
            await deed


async def test_pausing_twice_is_said_to_be_done_already(db):
    her = await a_volunteer()
    await service.set_paused(herself(her), her, True, NOW)
    assert (await row(her))["paused"]
    with pytest.raises(Conflict):
        await service.set_paused(HERE, her, True, NOW)
    await service.set_paused(HERE, her, False, NOW)
    assert not (await row(her))["paused"]


async def test_an_applicant_has_nothing_to_pause(db):
    with pytest.raises(Conflict):
        await service.set_paused(HERE, await applicant(), True, NOW)


async def test_the_capacity_never_falls_below_what_she_holds(db):
    her = await a_volunteer(capacity=3)
    for state in ("proposed", "active", "closed"):
        await a_pair(volunteer=her, state=state)
    with pytest.raises(Refused, match="2 households"):
        await service.change_capacity(HERE, her, 1, PACK, NOW)
    await service.change_capacity(HERE, her, 2, PACK, NOW)
    assert (await row(her))["capacity"] == 2
    with pytest.raises(Refused, match="between 1 and 10"):
        await service.change_capacity(HERE, her, 11, PACK, NOW)


async def test_what_she_offers_is_changed_by_herself_and_kept_in_the_records(db):
    her = await a_volunteer(
        offers=["companionship"], skills=["剪纸"], times=["周末"], capacity=2, reach_km=10
    )
    same = {"skills": ["剪纸"], "times": ["周末"], "capacity": 2, "reach_km": 10, "pack": PACK, "now": NOW}
    await service.change_offer(herself(her), her, offers=["companionship"], **same)
    assert await AuditEntry.count().where(AuditEntry.action == "volunteer.offer") == 0
    await service.change_offer(herself(her), her, offers=["tutoring"], **same)
    assert (await row(her))["offers"] == ["tutoring"]
    assert await AuditEntry.count().where(AuditEntry.action == "volunteer.offer") == 1
    await a_pair(volunteer=her)
    await a_pair(volunteer=her)
    with pytest.raises(Refused, match="Hand one over"):
        await service.change_offer(herself(her), her, offers=["tutoring"], **same | {"capacity": 1})


async def test_leaving_needs_empty_hands_and_ends_her_consent(db):
    her = await a_volunteer()
    subject = ("volunteer", her)
    text = current("volunteer.service")
    await consents.give(subject, [text], given_by="self", how="online", region_code=COUNTY, now=NOW)
    pair = await a_pair(volunteer=her, state="active")
    with pytest.raises(Refused, match="hand them over"):
        await service.leave(herself(her), her, NOW)
    assert (await row(her))["state"] == "active"
    await Volunteer.raw("UPDATE pair SET state = 'closed', end_reason = 'moved' WHERE id = {}", pair)
    await service.leave(herself(her), her, NOW)
    assert (await row(her))["state"] == "left"
    assert [given["withdrawn_at"] for given in await consents.given(HERE, subject[1])] == [NOW]


async def test_consent_to_one_version_is_written_once(db):
    her = await a_volunteer()
    texts = [current("volunteer.service"), current("volunteer.record_check")]
    for _ in range(2):
        await consents.give(
            ("volunteer", her), texts, given_by="self", how="online", region_code=COUNTY, now=NOW
        )
    assert len(await consents.given(HERE, her)) == 2
    assert await consents.withdraw(("volunteer", her), purpose="volunteer.record_check", now=NOW) == 1
    await consents.give(("volunteer", her), texts, given_by="self", how="online", region_code=COUNTY, now=NOW)
    assert len(await consents.given(HERE, her)) == 3


DEEDS = {
    "record_check": lambda actor, her: seen(her, actor),
    "approve": lambda actor, her: service.approve(actor, her, NOW),
    "refuse": lambda actor, her: service.refuse(actor, her, "identity", NOW),
    "suspend": lambda actor, her: service.suspend(actor, her, "concern", NOW),
    "reinstate": lambda actor, her: service.reinstate(actor, her, NOW),
    "pause": lambda actor, her: service.set_paused(actor, her, True, NOW),
    "capacity": lambda actor, her: service.change_capacity(actor, her, 2, PACK, NOW),
    "leave": lambda actor, her: service.leave(actor, her, NOW),
    "look": register.one_volunteer,
}


@pytest.mark.parametrize("deed", list(DEEDS))
async def test_a_volunteer_of_another_county_is_not_there(db, deed):
    her = await a_volunteer()
    answers = []
    for volunteer_id in (her, uuid4()):
        with pytest.raises(NotFound) as answer:
            await DEEDS[deed](ELSEWHERE, volunteer_id)
        answers.append((answer.value.msgid, answer.value.params, answer.value.status_code))
    assert answers[0] == answers[1]
    with pytest.raises(NotFound if deed in ("pause", "leave", "look") else Forbidden):
        await DEEDS[deed](herself(uuid4()), her)


async def test_the_list_knows_its_area_its_filters_and_its_numbers(db):
    await a_volunteer(name="王芳", number="Z500230000001")
    await applicant(name="李梅", number="Z500230000002", kind="helper")
    await a_volunteer(name="外县人", number="Z500231000003", region_code="500231100201")

    async def listed(actor=HERE, **wanted):
        found = await register.list_volunteers(actor, Wanted(**wanted))
        return [one["name"] for one in found.rows], found.found, found.total

    assert await listed() == (["李*", "王*"], 2, 2)
    assert await listed(state="applied") == (["李*"], 1, 2)
    assert await listed(kind="helper") == (["李*"], 1, 2)
    assert await listed(township="500230101000") == (["李*", "王*"], 2, 2)
    assert await listed(township="500230102000") == ([], 0, 2)
    assert await listed(township="500231100000") == (["李*", "王*"], 2, 2), (
        "a foreign township narrows nothing"
    )
    assert await listed(state="'; --") == (["李*", "王*"], 2, 2)
    assert (await listed(ELSEWHERE))[0] == ["外*"]
    assert (await register.states_of(HERE))["applied"] == 1


async def test_the_list_goes_on_where_the_page_before_ended(db):
    await a_region_tree()
    for n in range(PAGE + 3):
        await a_volunteer(number=f"Z{n:06}")
    first = await register.list_volunteers(HERE, Wanted())
    rest = await register.list_volunteers(HERE, Wanted(), first.next_after)
    numbers = [one["number"] for one in first.rows + rest.rows]
    assert len(first.rows) == PAGE and rest.next_after == ""
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == PAGE + 3


async def test_identity_numbers_and_hashes_never_leave_the_register(db):
    her = await a_volunteer()
    for one in (
        await register.one_volunteer(HERE, her),
        (await register.list_volunteers(HERE, Wanted())).rows[0],
    ):
        assert not {"identity", "ledger_key", "fingerprint"} & one.keys()


async def test_two_coordinators_approving_at_once_approve_once(clean_db):
    for _ in range(10):
        her = await applicant()
        await seen(her)
        results = await asyncio.gather(
            *(service.approve(HERE, her, NOW) for _ in range(2)), return_exceptions=True
        )
        assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]
    assert await AuditEntry.count().where(AuditEntry.action == "volunteer.approve") == 10
    assert await Notice.count() == 10


async def test_a_smaller_capacity_and_a_new_pair_at_once_never_end_with_too_many(clean_db):
    for _ in range(10):
        her = await a_volunteer(capacity=2)
        await a_pair(volunteer=her)
        results = await asyncio.gather(
            service.change_capacity(HERE, her, 1, PACK, NOW), a_pair(volunteer=her), return_exceptions=True
        )
        held = (await service.held_by([her]))[her]
        assert held <= (await row(her))["capacity"]
        assert sum(isinstance(result, Exception) for result in results) == 1
