"""Vetting has a person behind it: what a ledger states waits, what failed stands until another lifts it."""

import asyncio
import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_region_tree,
    a_volunteer,
    an_account,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_files import identity_number, ledger_file, volunteer_row

from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry
from jiedui.consents.texts import current
from jiedui.errors import Conflict, Forbidden, NotFound, Refused
from jiedui.ledgers.service import import_file
from jiedui.policies.tables import PolicyPack
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import keyed_hash, seal
from jiedui.volunteers import confirming, register, service
from jiedui.volunteers.checks import counting
from jiedui.volunteers.enrolment import SERVICE, Draft, Outcome, enrol
from jiedui.volunteers.intake import RESEMBLES, STANDS_AGAINST, STAYS_KNOWN
from jiedui.volunteers.tables import VettingCheck, Volunteer
from jiedui.wiring import LEDGERS
from jiedui_pairing.policy import standard

NOTHING = {"identified": False, "record_checked_on": None, "trained": False}
CHECKED = date(2026, 6, 1)
EVERYTHING = {"identified": True, "record_checked_on": CHECKED, "trained": True}


async def staff(area: str = COUNTY, role: str = "coordinator") -> Actor:
    return Actor(role, area, "协调员", await an_account(role, area))  # type: ignore[arg-type]


async def take(tmp_path: Any, *rows: Any, actor: Actor, now: datetime = NOW, **options: Any) -> Any:
    await a_region_tree()
    path = ledger_file(tmp_path, "volunteers", *rows)
    return await import_file(actor, LEDGERS["volunteers"], path, **{"dry_run": False, "now": now} | options)


async def her(n: int = 1) -> Any:
    key = keyed_hash(identity_number(n), "identity")
    return await Volunteer.select().where(Volunteer.ledger_key == key).first()


def counted(row: Any) -> dict[str, Any]:
    return {column: row[column] for column in NOTHING}


async def checks(volunteer: Any, standing: str | None = None) -> list[Any]:
    rows = await VettingCheck.select().where(VettingCheck.volunteer == volunteer).order_by(VettingCheck.kind)
    return [row for row in rows if standing in (None, row["standing"])]


async def record(
    actor: Actor, volunteer: Any, passed: bool = True, kind: str = "record", on: date = TODAY
) -> None:
    await service.record_check(
        actor, volunteer, kind=kind, passed=passed, checked_on=on, paper="回函", now=NOW
    )


async def a_policy_that_does_not_trust() -> None:
    body = json.loads((await PolicyPack.select().first())["body"]) | {"version": 2}
    del body["vetting"]
    await PolicyPack(name="standard", version=2, body=json.dumps(body), created_at=NOW).save()


# What a ledger states.


@pytest.mark.parametrize("area", [TOWNSHIP, VILLAGE])
async def test_a_townships_ledger_clears_nobody(db, tmp_path, area):
    await take(tmp_path, volunteer_row(1), actor=await staff(area))
    woman = await her()
    assert (woman["state"], counted(woman)) == ("active", NOTHING)
    stated = await checks(woman["id"])
    assert {check["kind"] for check in stated} == {"identity", "record", "training"}
    assert {(check["standing"], check["recorded_from"]) for check in stated} == {("stated", area)}


async def test_the_table_of_a_county_that_its_policy_trusts_clears(db, tmp_path):
    for n, actor in enumerate((await staff(), Actor.system()), start=1):
        await take(tmp_path, volunteer_row(n), actor=actor)
        woman = await her(n)
        assert counted(woman) == EVERYTHING
        assert {(c["standing"], c["recorded_from"]) for c in await checks(woman["id"])} == {
            ("trusted", COUNTY)
        }


async def test_where_the_policy_does_not_trust_the_county_s_table_it_states_too(db, tmp_path):
    await a_policy_that_does_not_trust()
    await take(tmp_path, volunteer_row(1), actor=await staff())
    assert counted(await her()) == NOTHING


async def test_a_stored_pack_without_a_word_of_it_trusts_no_table():
    assert standard().vetting.trusts_county_ledger
    assert not type(standard().vetting)().trusts_county_ledger


async def test_what_a_township_stated_counts_once_the_county_s_own_table_says_the_same(db, tmp_path):
    await take(tmp_path, volunteer_row(1), volunteer_row(2), actor=await staff(TOWNSHIP))
    other = volunteer_row(2, record_checked_on="2026-07-01", trained="")
    again = await take(tmp_path, volunteer_row(1), other, actor=await staff())
    assert (again.changes.same, again.changes.changed) == (1, 1)
    assert counted(await her(1)) == EVERYTHING
    assert counted(await her(2)) == EVERYTHING | {"record_checked_on": date(2026, 7, 1), "trained": False}


async def test_a_ledger_takes_its_own_word_back_but_no_word_of_a_higher_level_or_a_person(db, tmp_path):
    county, township = await staff(), await staff(TOWNSHIP)
    await take(tmp_path, volunteer_row(1), actor=county)
    await take(tmp_path, volunteer_row(1, trained="否", record_checked_on=""), actor=township)
    assert counted(await her()) == EVERYTHING, "the county's word stays"
    await take(tmp_path, volunteer_row(1, trained="否", record_checked_on="2026-05-01"), actor=county)
    assert counted(await her()) == EVERYTHING | {"trained": False, "record_checked_on": date(2026, 5, 1)}
    await record(await staff(), (await her())["id"], kind="training", on=CHECKED)
    await take(tmp_path, volunteer_row(1, trained=""), actor=county)
    assert (await her())["trained"], "a person's word stays"


# What a person does about it.


async def test_a_person_of_the_county_confirms_one_by_one_and_stands_on_the_row(db, tmp_path):
    await take(tmp_path, volunteer_row(1), actor=await staff(TOWNSHIP))
    woman, coordinator = await her(), await staff()
    for check in await checks(woman["id"]):
        assert await confirming.confirm(coordinator, check["id"], NOW) == woman["id"]
    assert counted(await her()) == EVERYTHING
    for check in await checks(woman["id"]):
        assert (check["standing"], check["decided_by"], check["decided_from"], check["recorded_from"]) == (
            "confirmed", coordinator.account_id, COUNTY, TOWNSHIP,
        )  # fmt: skip
        with pytest.raises(Conflict):
            await confirming.confirm(coordinator, check["id"], NOW)
    assert await AuditEntry.count().where(AuditEntry.action == "volunteer.confirm") == 3


async def test_neither_township_nor_nobody_nor_another_county_confirms(db, tmp_path):
    await take(tmp_path, volunteer_row(1), actor=await staff(TOWNSHIP))
    (check, *_) = await checks((await her())["id"])
    import_id = check["ledger_import"]
    for deed in (
        lambda actor: confirming.confirm(actor, check["id"], NOW),
        lambda actor: confirming.refuse(actor, check["id"], NOW),
        lambda actor: confirming.confirm_all(actor, import_id, NOW),
    ):
        with pytest.raises(Forbidden):
            await deed(await staff(TOWNSHIP))
        with pytest.raises(Refused):
            await deed(Actor.system())
    stranger = await staff(OTHER_COUNTY)
    for nothing in (check["id"], uuid4()):
        with pytest.raises(NotFound):
            await confirming.confirm(stranger, nothing, NOW)
    assert await confirming.confirm_all(stranger, import_id, NOW) == (0, 0)
    assert (await confirming.stated_checks(stranger, "", "")).matching == 0
    assert counted(await her()) == NOTHING


async def test_the_vetting_officer_confirms_too(db, tmp_path):
    await take(tmp_path, volunteer_row(1), actor=await staff(TOWNSHIP))
    for check in await checks((await her())["id"]):
        await confirming.confirm(await staff(role="vetting_officer"), check["id"], NOW)
    assert counted(await her()) == EVERYTHING


async def test_a_whole_list_is_confirmed_at_once_but_for_those_who_want_a_look(db, tmp_path):
    township, coordinator = await staff(TOWNSHIP), await staff()
    await a_volunteer(state="suspended", name="别人", phone_key=keyed_hash("19912300003", "phone"))
    await take(tmp_path, *(volunteer_row(n) for n in (1, 2, 3)), actor=township)
    await record(coordinator, (await her(2))["id"], passed=False, on=date(2026, 5, 1))
    (ledger,) = await confirming.stated_ledgers(coordinator)
    assert (ledger["people"], ledger["checks"]) == (3, 9)
    waiting = await confirming.stated_checks(coordinator, ledger["ledger_import"], "")
    assert waiting.matching == 9 and sum(row["alone"] for row in waiting.rows) == 4
    assert await confirming.confirm_all(coordinator, ledger["ledger_import"], NOW) == (5, 4)
    assert counted(await her(1)) == EVERYTHING
    assert counted(await her(2)) == EVERYTHING | {"record_checked_on": None}
    assert counted(await her(3)) == NOTHING, "she resembles somebody who is suspended"
    entry = await AuditEntry.select().where(AuditEntry.action == "volunteer.confirm_all").first()
    assert json.loads(entry["detail"]) == {"confirmed": 5, "left": 4}
    assert (entry["subject_id"], entry["account_id"]) == (
        str(ledger["ledger_import"]), coordinator.account_id,
    )  # fmt: skip
    assert await confirming.confirm_all(coordinator, ledger["ledger_import"], NOW) == (0, 4)


async def test_what_is_not_so_never_counts_and_who_is_not_known_is_an_applicant_again(db, tmp_path):
    await take(tmp_path, volunteer_row(1), actor=await staff(TOWNSHIP))
    woman, coordinator = await her(), await staff()
    by_kind = {check["kind"]: check["id"] for check in await checks(woman["id"])}
    await confirming.refuse(coordinator, by_kind["record"], NOW)
    assert (await her())["state"] == "active"
    await confirming.refuse(coordinator, by_kind["identity"], NOW)
    assert ((await her())["state"], counted(await her())) == ("applied", NOTHING)
    await take(tmp_path, volunteer_row(1), actor=await staff(TOWNSHIP))
    await take(tmp_path, volunteer_row(1), actor=await staff())
    assert counted(await her()) == NOTHING | {"trained": True}, "saying it again does not make it so"


async def test_to_confirm_a_check_after_a_failed_one_takes_another_person(db, tmp_path):
    await take(tmp_path, volunteer_row(1), actor=await staff(TOWNSHIP))
    woman, first, second = await her(), await staff(), await staff()
    await record(first, woman["id"], passed=False, on=date(2026, 5, 1))
    (check,) = [one for one in await checks(woman["id"], "stated") if one["kind"] == "record"]
    with pytest.raises(Refused, match="You decided this yourself"):
        await confirming.confirm(first, check["id"], NOW)
    await confirming.confirm(second, check["id"], NOW)
    assert (await her())["record_checked_on"] == CHECKED


# What failed stands.


async def test_a_check_the_county_recorded_as_failed_outlives_every_import(db, tmp_path):
    await take(tmp_path, volunteer_row(1), actor=await staff())
    woman = await her()
    await record(await staff(), woman["id"], passed=False, on=date(2026, 7, 1))
    for actor in (await staff(TOWNSHIP), await staff(), Actor.system()):
        for said in ("2026-08-01", "2026-10-30"):
            result = await take(tmp_path, volunteer_row(1, record_checked_on=said), actor=actor)
            assert result.report.warnings == {STANDS_AGAINST: 1}
            assert (await her())["record_checked_on"] is None


async def test_a_failed_check_is_lifted_by_another_person_of_the_level_that_set_it(db):
    volunteer, first, second, township = (
        await a_volunteer(),
        await staff(),
        await staff(),
        await staff(TOWNSHIP),
    )
    await record(first, volunteer, passed=False, on=date(2026, 10, 1))
    with pytest.raises(Refused, match="You decided this yourself"):
        await record(first, volunteer)
    with pytest.raises(Refused, match="level above yours"):
        await record(township, volunteer)
    with pytest.raises(Refused, match="account of her own"):
        await record(a_coordinator(), volunteer)
    assert [check["passed"] for check in await checks(volunteer) if check["kind"] == "record"] == [
        True,
        False,
    ]
    await record(second, volunteer)
    row = await Volunteer.select().where(Volunteer.id == volunteer).first()
    assert row["record_checked_on"] == TODAY
    await record(first, volunteer)


@pytest.mark.parametrize("area", [COUNTY, TOWNSHIP])
async def test_a_suspension_is_lifted_by_another_person_of_the_level_that_set_it(db, area):
    volunteer, first, second = await a_volunteer(), await staff(area), await staff(area)
    await service.suspend(first, volunteer, "concern", NOW)
    row = await Volunteer.select().where(Volunteer.id == volunteer).first()
    assert (row["barred_by"], row["barred_from"]) == (first.account_id, area)
    with pytest.raises(Refused, match="You decided this yourself"):
        await service.reinstate(first, volunteer, NOW)
    if area == COUNTY:
        with pytest.raises(Refused, match="level above yours"):
            await service.reinstate(await staff(TOWNSHIP), volunteer, NOW)
    await service.reinstate(second if area == TOWNSHIP else await staff(), volunteer, NOW)
    row = await Volunteer.select().where(Volunteer.id == volunteer).first()
    assert (row["state"], row["barred_by"], row["barred_from"]) == ("active", None, "")


def a_draft(phone: str, **changed: Any) -> Draft:
    return Draft(
        **{
            "kind": "caring_mother", "offers": ["companionship"], "skills": [], "capacity": 1,
            "reach_km": None, "region_code": VILLAGE, "times": ["周末"], "name": "测试乙", "phone": phone,
            "agreed": {SERVICE: current(SERVICE).version},
        } | changed
    )  # fmt: skip


async def test_leaving_and_signing_up_again_does_not_lift_a_suspension(db):
    phone = "19912309999"
    volunteer = await a_volunteer(
        name="测试乙",
        source="online",
        phone=seal(phone, "volunteer.phone"),
        phone_key=keyed_hash(phone, "phone"),
    )
    first, second = await staff(), await staff()
    await service.suspend(first, volunteer, "concern", NOW)
    await service.leave(second, volunteer, NOW)
    assert (await enrol(a_draft(phone), standard(), NOW)).outcome is Outcome.AGAIN
    for wrong in (first, await staff(TOWNSHIP)):
        with pytest.raises(Refused):
            await service.approve(wrong, volunteer, NOW)
    await service.approve(second, volunteer, NOW)


# Who resembles somebody.


async def somebody_barred(how: str, **columns: Any) -> tuple[Any, Actor]:
    by, one = await staff(), await a_volunteer(**columns)
    if how == "suspended":
        await service.suspend(by, one, "concern", NOW)
    elif how == "failed":
        await record(by, one, passed=False)
    else:
        await Volunteer.update({Volunteer.state: "applied"}).where(Volunteer.id == one)
        await service.refuse(by, one, "not_suitable", NOW)
    return one, by


def resembling(by: str) -> dict[str, Any]:
    if by == "telephone":
        return {"name": "别的名", "phone_key": keyed_hash("19912300001", "phone"), "region_code": FAR_VILLAGE}
    if by == "birth date":
        number = identity_number(77)
        return {"name": "测试乙", "identity": seal(number, "volunteer.identity"), "region_code": FAR_VILLAGE}
    return {"name": "测试乙", "region_code": VILLAGE}


@pytest.mark.parametrize("by", ["telephone", "birth date", "village"])
@pytest.mark.parametrize("how", ["suspended", "refused", "failed"])
async def test_a_barred_person_under_another_number_enters_as_an_applicant(db, tmp_path, how, by):
    one, first = await somebody_barred(how, **resembling(by))
    forecast = await take(tmp_path, volunteer_row(1), actor=await staff(), dry_run=True)
    done = await take(tmp_path, volunteer_row(1), actor=await staff())
    assert forecast == done and done.report.warnings == {RESEMBLES: 1}
    woman = await her()
    assert woman["state"] == "applied"
    coordinator, township = await staff(), await staff(TOWNSHIP)
    (other,) = await register.resembling(coordinator, woman)
    assert other["id"] == one
    await record(coordinator, woman["id"], kind="identity")
    for wrong in (township, first):
        with pytest.raises(Refused):
            await service.approve(wrong, woman["id"], NOW)
    await service.approve(coordinator, woman["id"], NOW)
    entry = await AuditEntry.select().where(AuditEntry.action == "volunteer.approve").first()
    assert json.loads(entry["detail"])["resembles"] == [other["number"]]


async def test_who_signs_up_online_and_resembles_somebody_barred_is_not_approved_by_whoever_likes(db):
    _, first = await somebody_barred("suspended", name="测试乙", region_code=VILLAGE)
    enrolled = await enrol(a_draft("19912307777"), standard(), NOW)
    await record(await staff(), enrolled.volunteer_id, kind="identity")
    for wrong in (first, await staff(TOWNSHIP)):
        with pytest.raises(Refused):
            await service.approve(wrong, enrolled.volunteer_id, NOW)
    await service.approve(await staff(), enrolled.volunteer_id, NOW)


async def test_nobody_new_resembles_somebody_who_is_fine(db, tmp_path):
    await a_volunteer(**resembling("village"))
    reinstated, _ = await somebody_barred("suspended", **resembling("telephone"))
    await service.reinstate(await staff(), reinstated, NOW)
    done = await take(tmp_path, volunteer_row(1), actor=await staff())
    assert done.report.warnings == {} and (await her())["state"] == "active"


async def test_of_a_barred_person_of_another_area_a_report_says_nothing(db, tmp_path):
    await a_region_tree()
    await a_volunteer(state="suspended", region_code=OTHER_VILLAGE, name="别的名",
                      phone_key=keyed_hash("19912300001", "phone"))  # fmt: skip
    results = [await take(tmp_path, volunteer_row(n), actor=await staff(), dry_run=dry)
               for n in (1, 2) for dry in (True, False)]  # fmt: skip
    assert all(result.report == results[0].report for result in results)
    assert [(await her(n))["state"] for n in (1, 2)] == ["applied", "active"]
    (other,) = await register.resembling(await staff(), await her(1))
    assert other["id"] is None


async def test_of_who_signed_up_online_in_another_area_a_report_says_nothing(db, tmp_path):
    await a_region_tree()
    await a_volunteer(source="online", region_code=OTHER_VILLAGE, name="测试乙", ledger_key=None,
                      phone_key=keyed_hash("19912300001", "phone"))  # fmt: skip
    results = [await take(tmp_path, volunteer_row(n), actor=await staff(), dry_run=True) for n in (1, 2)]
    assert results[0] == results[1]


# Herself, races, any order.


async def test_nobody_vets_or_approves_herself(db):
    volunteer = await a_volunteer(state="applied")
    herself = Actor("coordinator", COUNTY, "她", await an_account(), volunteer)
    with pytest.raises(Forbidden):
        await record(herself, volunteer, kind="identity")
    await record(await staff(), volunteer, kind="identity")
    with pytest.raises(Forbidden):
        await service.approve(herself, volunteer, NOW)


async def test_nobody_lifts_her_own_suspension_though_another_set_it(db):
    volunteer = await a_volunteer()
    await service.suspend(await staff(), volunteer, "concern", NOW)
    herself = Actor("coordinator", COUNTY, "她", await an_account(), volunteer)
    with pytest.raises(Forbidden):
        await service.reinstate(herself, volunteer, NOW)
    assert (await Volunteer.select().where(Volunteer.id == volunteer).first())["state"] == "suspended"


async def test_nobody_confirms_her_own_checks_singly_or_with_the_list(db, tmp_path):
    await take(tmp_path, volunteer_row(1), volunteer_row(2), actor=await staff(TOWNSHIP))
    woman = await her(1)
    herself = Actor("coordinator", COUNTY, "她", await an_account(), woman["id"])
    stated = await checks(woman["id"])
    for check in stated:
        for deed in (confirming.confirm, confirming.refuse):
            with pytest.raises(Forbidden):
                await deed(herself, check["id"], NOW)
    assert await confirming.confirm_all(herself, stated[0]["ledger_import"], NOW) == (3, 3)
    assert counted(await her(1)) == NOTHING, "hers wait for somebody else"
    assert counted(await her(2)) == EVERYTHING


@pytest.mark.parametrize("between", ["refuses", "notes a failed one"])
async def test_what_somebody_decides_while_a_list_is_confirmed_is_not_confirmed(
    db, tmp_path, monkeypatch, between
):
    """The list is read before its people are held: it is judged once more afterwards."""
    await take(tmp_path, volunteer_row(1), actor=await staff(TOWNSHIP))
    woman, colleague, hold = await her(), await staff(), confirming.lock_all
    (check,) = [one for one in await checks(woman["id"]) if one["kind"] == "record"]

    async def after_a_colleague(volunteers: Any) -> Any:
        if between == "refuses":
            await confirming.refuse(colleague, check["id"], NOW)
        else:
            await record(colleague, woman["id"], passed=False, on=date(2026, 5, 1))
        return await hold(volunteers)

    monkeypatch.setattr(confirming, "lock_all", after_a_colleague)
    assert await confirming.confirm_all(await staff(), check["ledger_import"], NOW) == (2, 1)
    assert counted(await her()) == EVERYTHING | {"record_checked_on": None}
    (kept,) = [one for one in await checks(woman["id"]) if one["id"] == check["id"]]
    assert kept["standing"] == ("refused" if between == "refuses" else "stated")


async def test_a_refusal_and_a_trusted_table_at_once_never_end_with_what_was_refused(clean_db, tmp_path):
    for n in range(1, 9):
        await take(tmp_path, volunteer_row(n), actor=await staff(TOWNSHIP))
        (check,) = [one for one in await checks((await her(n))["id"]) if one["kind"] == "training"]
        path = tmp_path / str(n)
        path.mkdir()
        await asyncio.gather(
            confirming.refuse(await staff(), check["id"], NOW),
            take(path, volunteer_row(n), actor=await staff()),
            return_exceptions=True,
        )
        (check,) = await VettingCheck.select().where(VettingCheck.id == check["id"])
        assert (await her(n))["trained"] is (check["standing"] == "trusted")


EVENTS = st.tuples(
    st.sampled_from(["county", "township", "record", "fail", "confirm", "refuse", "suspend", "reinstate"]),
    st.integers(0, 11),
    st.integers(0, 11),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(EVENTS, min_size=5, max_size=14))
@pytest.mark.usefixtures("database")
async def test_no_order_of_imports_records_and_confirmations_makes_a_stated_or_failed_check_count(
    tmp_path: Any, events: list[tuple[str, int, int]]
) -> None:
    async with DB.transaction() as transaction:
        await a_region_tree()
        people = [await staff(), await staff(), await staff(TOWNSHIP)]
        await take(tmp_path, volunteer_row(1), actor=people[2])
        woman, now = await her(), NOW
        for name, a, b in events:
            now += timedelta(minutes=1)
            who, kind = people[b % 3], ("record", "training", "identity")[a % 3]
            row = volunteer_row(1, record_checked_on=f"2026-0{1 + a % 9}-01", trained="是" if b % 2 else "")
            stated = await checks(woman["id"], "stated")
            before = await transaction.savepoint()
            try:
                if name in ("county", "township"):
                    await take(tmp_path, row, actor=people[name == "township" and 2], now=now)
                elif name in ("record", "fail"):
                    await service.record_check(
                        who, woman["id"], kind=kind, passed=name == "record", paper="",
                        checked_on=date(2026, 1 + b % 10, 1), now=now,
                    )  # fmt: skip
                elif name in ("confirm", "refuse") and stated:
                    await getattr(confirming, name)(who, stated[a % len(stated)]["id"], now)
                elif name == "suspend":
                    await service.suspend(who, woman["id"], "concern", now)
                elif name == "reinstate":
                    await service.reinstate(who, woman["id"], now)
            except (Refused, Conflict, Forbidden, NotFound):
                await before.rollback_to()
            noted = await checks(woman["id"])
            assert counted(await her()) == counting(noted)
            standing = [one for one in noted if one["standing"] in ("recorded", "confirmed", "trusted")]
            for column, of in (
                ("identified", "identity"),
                ("record_checked_on", "record"),
                ("trained", "training"),
            ):
                if (await her())[column]:
                    passed = [one for one in standing if one["kind"] == of and one["passed"]]
                    failed = [one for one in standing if one["kind"] == of and not one["passed"]]
                    assert passed
                    for one in failed:
                        assert any(
                            other["checked_on"] >= one["checked_on"]
                            and (other["decided_by"] or other["recorded_by"])
                            not in (None, one["recorded_by"])
                            for other in passed
                        ), (name, of)
        await transaction.rollback()


@pytest.mark.parametrize("how", ["suspended", "refused", "failed"])
async def test_a_ledger_that_renames_somebody_barred_does_not_let_her_in_anew(db, tmp_path, how):
    """First her row gets another name, telephone and village, then she comes under another number."""
    township, county = await staff(TOWNSHIP), await staff()
    await take(tmp_path, volunteer_row(1), actor=township)
    woman = await her()
    if how == "failed":
        await record(county, woman["id"], passed=False)
    elif how == "suspended":
        await service.suspend(county, woman["id"], "concern", NOW)
    else:
        await Volunteer.update(state="applied").where(Volunteer.id == woman["id"])
        await service.refuse(county, woman["id"], "not_suitable", NOW)
    other = volunteer_row(1, name="别的名", phone="19912388888", village="大溪村", capacity="3")
    for _ in range(2):
        forecast = await take(tmp_path, other, actor=township, dry_run=True)
        done = await take(tmp_path, other, actor=township)
        assert forecast == done and done.report.warnings[STAYS_KNOWN] == 1
    now = await her()
    assert [now[column] == woman[column] for column in ("name", "phone_key", "region_code")] == [True] * 3
    assert now["capacity"] == 3
    await take(tmp_path, volunteer_row(2), actor=township)
    assert (await her(2))["state"] == "applied"


async def test_what_was_not_heard_of_somebody_barred_is_heard_once_nothing_bars_her(db, tmp_path):
    county = await staff()
    await take(tmp_path, volunteer_row(1), actor=county)
    await service.suspend(county, (await her())["id"], "concern", NOW)
    renamed = volunteer_row(1, name="别的名")
    await take(tmp_path, renamed, actor=county)
    await service.reinstate(await staff(), (await her())["id"], NOW)
    done = await take(tmp_path, renamed, actor=county)
    assert (await her())["name"] == "别的名" and done.report.warnings == {}


async def test_a_suspension_moves_along_and_the_new_township_lifts_it_no_more_than_the_old(db):
    volunteer = await a_volunteer()
    await service.suspend(await staff(), volunteer, "concern", NOW)
    await Volunteer.update(region_code=OTHER_VILLAGE).where(Volunteer.id == volunteer)
    with pytest.raises(Refused):
        await service.reinstate(await staff("500231100000"), volunteer, NOW)
    with pytest.raises(NotFound):
        await service.reinstate(await staff(), volunteer, NOW)


async def test_a_check_that_a_ledger_dates_ahead_does_not_count_today(db, tmp_path):
    await take(tmp_path, volunteer_row(1, record_checked_on="2026-12-01"), actor=await staff())
    woman = await her()
    if woman is not None:
        (row,) = await Volunteer.raw("SELECT cleared_on(v, {}, 365) AS cleared FROM volunteer v", TODAY)
        assert not row["cleared"]
