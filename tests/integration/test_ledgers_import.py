"""Taking ledgers into the database: once is enough, history stays, other areas are out of reach."""

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_volunteer,
    an_account,
)
from ledger_files import household_row, identity_number, ledger_file, volunteer_row

from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry
from jiedui.errors import Refused
from jiedui.households.file import history_of
from jiedui.households.tables import Household, Member, Need
from jiedui.ledgers.errors import LedgerError
from jiedui.ledgers.saving import OTHER_AREA, SAVING, Changes
from jiedui.ledgers.service import IGNORED, already_applied, import_file, remember_header
from jiedui.ledgers.tables import LedgerChange, LedgerImport
from jiedui.store.vault import keyed_hash, unseal
from jiedui.volunteers import service as volunteers
from jiedui.volunteers.intake import HOLDS_MORE, SIGNED_UP_HERSELF, STANDS_AGAINST
from jiedui.volunteers.tables import VettingCheck, Volunteer
from jiedui.wiring import LEDGERS

FENGDU = Path(__file__).parents[2] / "examples" / "fengdu"
ANSWERS = json.loads((Path(__file__).parents[1] / "instances" / "fengdu" / "answers.json").read_text("utf-8"))
LATER = NOW + timedelta(days=30)


async def take(path: Path, kind: str = "households", actor: Actor | None = None, **options: Any) -> Any:
    await a_region_tree()
    options = {"dry_run": False, "now": NOW} | options
    return await import_file(actor or a_coordinator(), LEDGERS[kind], path, **options)


async def the_household(n: int) -> Any:
    key = keyed_hash(identity_number(n), "identity")
    return await Household.select().where(Household.ledger_key == key).first()


async def the_volunteer(n: int) -> Any:
    key = keyed_hash(identity_number(n), "identity")
    return await Volunteer.select().where(Volunteer.ledger_key == key).first()


async def counts() -> tuple[int, ...]:
    tables = (Household, Member, Need, Volunteer, VettingCheck, LedgerImport, LedgerChange, AuditEntry)
    return tuple([await table.count() for table in tables])


@pytest.mark.parametrize("kind", ["households", "volunteers"])
async def test_fengdu_is_taken_as_the_answers_say_and_again_changes_nothing(db, kind):
    await import_file(Actor.system(), LEDGERS["regions"], FENGDU / "regions.csv", dry_run=False, now=NOW)
    path = FENGDU / f"{kind}.xlsx"
    forecast = await import_file(Actor.system(), LEDGERS[kind], path, dry_run=True, now=NOW)
    first = await import_file(Actor.system(), LEDGERS[kind], path, dry_run=False, now=NOW)
    answers, report = ANSWERS[kind], first.report.as_data()
    assert {name: report[name] for name in ("rows", "accepted", "rejected", "warnings")} == {
        name: answers[name] for name in ("rows", "accepted", "rejected", "warnings")
    }
    assert forecast == first
    assert first.changes == Changes(new=answers["accepted"])
    assert await already_applied(LEDGERS[kind], path)
    table = Household if kind == "households" else Volunteer
    stamped = await table.select(table.updated_at, table.fingerprint).order_by(table.id)
    again = await import_file(Actor.system(), LEDGERS[kind], path, dry_run=False, now=LATER)
    assert again.changes == Changes(same=answers["accepted"])
    assert await table.select(table.updated_at, table.fingerprint).order_by(table.id) == stamped
    assert await LedgerChange.count() == answers["accepted"]
    newest = await LedgerImport.select().order_by(LedgerImport.created_at, ascending=False).first()
    assert newest["region_code"] == COUNTY, "the coordinators of the county see what the command line did"


async def test_fengdu_needs_and_minors_are_those_of_the_answers(db):
    await import_file(Actor.system(), LEDGERS["regions"], FENGDU / "regions.csv", dry_run=False, now=NOW)
    await import_file(
        Actor.system(), LEDGERS["households"], FENGDU / "households.xlsx", dry_run=False, now=NOW
    )
    answers = ANSWERS["households"]
    assert await Need.count() == answers["needs"]
    minors = await Household.raw(
        "SELECT count(DISTINCT household) AS n FROM member WHERE born_on > {} OR born_on IS NULL",
        date(2008, 11, 1),
    )
    assert minors[0]["n"] == answers["households_with_minor"]
    colours = await Household.raw("SELECT colour, count(*) AS n FROM household GROUP BY colour")
    assert {row["colour"]: row["n"] for row in colours} == {
        "red": answers["colours"]["红"],
        "yellow": answers["colours"]["黄"],
        "green": answers["colours"]["绿"],
    }


async def test_a_dry_run_says_the_same_and_writes_nothing(db, tmp_path):
    path = ledger_file(tmp_path, "households", household_row(1), household_row(2, village="没有村"))
    await a_region_tree()
    before = await counts()
    told = await take(path, dry_run=True)
    assert await counts() == before
    done = await take(path)
    assert told == done
    assert done.changes == Changes(new=1)
    assert done.report.rows == done.report.accepted + sum(done.report.rejected.values()) == 2


async def test_nothing_readable_about_a_person_is_stored_where_it_should_be_sealed(db, tmp_path):
    await take(ledger_file(tmp_path, "households", household_row(1)))
    row = await the_household(1)
    assert unseal(row["identity"], "household.identity") == identity_number(1)
    assert unseal(row["phone"], "household.phone") == "19902300001"
    assert row["born_on"] == date(1980, 1, 1)
    line = await LedgerChange.select().first()
    for value in ("测试甲", identity_number(1), "19902300001"):
        assert value.encode() not in row["identity"] + row["phone"] + line["after"]


async def test_a_changed_row_updates_and_keeps_what_was_there(db, tmp_path):
    await take(ledger_file(tmp_path, "households", household_row(1), household_row(2)))
    before = await the_household(1)
    changed = household_row(
        1, colour="红", needs="法律维权、亲情陪伴", phone="19902399999", children="测试丙 2018.03"
    )
    result = await take(ledger_file(tmp_path, "households", household_row(2), changed), now=LATER)
    assert result.changes == Changes(changed=1, same=1)
    row = await the_household(1)
    assert (row["id"], row["created_at"], row["updated_at"]) == (before["id"], NOW, LATER)
    assert (row["colour"], row["phone_key"]) == ("red", keyed_hash("19902399999", "phone"))
    needs = await Need.select(Need.kind).where(Need.household == row["id"]).order_by(Need.position)
    assert [need["kind"] for need in needs] == ["legal", "companionship"]
    assert [child["name"] for child in await Member.select().where(Member.household == row["id"])] == [
        "测试丙"
    ]
    assert (await the_household(2))["updated_at"] == NOW
    newest, first = await history_of(a_coordinator(), row["id"])
    assert first["first"] and first["cell"] == "台账!A2"
    assert newest["cell"] == "台账!A3"
    assert newest["before"]["colour"] == "yellow" and newest["after"]["colour"] == "red"
    assert set(newest["after"]) == {"colour", "needs", "phone", "children"}


async def test_other_words_for_the_same_change_nothing(db, tmp_path):
    await take(ledger_file(tmp_path, "households", household_row(1, phone="19902300001")))
    result = await take(
        ledger_file(tmp_path, "households", household_row(1, phone="199-0230 0001")), now=LATER
    )
    assert result.changes == Changes(same=1)
    assert (await the_household(1))["updated_at"] == NOW
    assert await LedgerChange.count() == 1


async def test_what_was_changed_on_the_site_stays_until_the_ledger_says_something_new_about_it(db, tmp_path):
    await take(ledger_file(tmp_path, "households", household_row(1)))
    await Household.update({Household.contact_way: "none"}).where(Household.name == "测试甲")
    await take(ledger_file(tmp_path, "households", household_row(1, colour="红")), now=LATER)
    row = await the_household(1)
    assert (row["colour"], row["contact_way"]) == ("red", "none")
    await take(ledger_file(tmp_path, "households", household_row(1, colour="红", contact_way="可电话")))
    assert (await the_household(1))["contact_way"] == "call"


async def test_a_household_missing_from_the_file_stays(db, tmp_path):
    await take(ledger_file(tmp_path, "households", household_row(1), household_row(2)))
    await take(ledger_file(tmp_path, "households", household_row(2)))
    assert (await the_household(1))["active"]


async def test_a_village_outside_the_area_is_refused_with_its_cell(db, tmp_path):
    rows = [household_row(1), household_row(2, township="社坛镇", village="石龙门村")]
    result = await take(ledger_file(tmp_path, "households", *rows), actor=a_coordinator(TOWNSHIP))
    assert result.report.rejected == {OTHER_AREA: 1}
    assert (result.report.rows, result.report.accepted) == (2, 1)
    (refused,) = [one for one in result.report.findings if one.level == "rejected"]
    assert (refused.cell, refused.row) == ("台账!A3", 3)
    assert await the_household(2) is None


async def test_nobody_moves_a_household_out_of_another_county(db, tmp_path):
    key = keyed_hash(identity_number(1), "identity")
    await a_household(ledger_key=key, region_code=OTHER_VILLAGE, name="他县")
    result = await take(ledger_file(tmp_path, "households", household_row(1)))
    assert (result.changes, result.report.accepted) == (Changes(new=1), 1), "as if she were new"
    row = await the_household(1)
    assert (row["region_code"], row["name"]) == (OTHER_VILLAGE, "他县")


async def test_a_household_that_moved_within_the_area_moves_along(db, tmp_path):
    await take(ledger_file(tmp_path, "households", household_row(1)))
    await take(ledger_file(tmp_path, "households", household_row(1, township="社坛镇", village="石龙门村")))
    assert (await the_household(1))["region_code"] == FAR_VILLAGE


async def test_a_warning_of_a_row_that_is_refused_in_the_end_is_not_counted(db, tmp_path):
    row = household_row(1, township="社坛镇", village="石龙门村", phone="12")
    result = await take(ledger_file(tmp_path, "households", row), actor=a_coordinator(TOWNSHIP))
    assert result.report.rejected == {OTHER_AREA: 1}
    assert result.report.warnings == {}


async def test_two_imports_at_the_same_time_take_every_row_once(clean_db, tmp_path):
    path = ledger_file(tmp_path, "households", *(household_row(n) for n in range(1, 200)))
    await a_region_tree()
    results = await asyncio.gather(*(take(path) for _ in range(4)))
    assert sorted(result.changes.new for result in results) == [0, 0, 0, 199]
    assert await Household.count() == 199
    assert await Need.count() == 398


async def test_an_import_that_is_stopped_half_way_leaves_nothing(clean_db, tmp_path):
    class Stopped(Exception):
        pass

    async def stop(step: str, done: int, total: int) -> None:
        if step == SAVING and done >= 500:
            raise Stopped

    path = ledger_file(tmp_path, "households", *(household_row(n) for n in range(1, 700)))
    with pytest.raises(Stopped):
        await take(path, on=stop)
    assert await Household.count() == await LedgerImport.count() == 0


async def test_an_imported_volunteer_counts_as_identity_checked_and_brings_her_record_check(db, tmp_path):
    await take(
        ledger_file(
            tmp_path, "volunteers", volunteer_row(1), volunteer_row(2, record_checked_on="", trained="否")
        ),
        "volunteers",
    )
    one, two = await the_volunteer(1), await the_volunteer(2)
    assert (one["state"], one["source"], one["capacity"], one["reach_km"]) == ("active", "ledger", 2, 15)
    assert one["number"].startswith(f"Z{VILLAGE[:6]}") and one["number"] != two["number"]
    checks = await VettingCheck.select().where(VettingCheck.volunteer == one["id"])
    assert {(check["kind"], check["passed"], str(check["checked_on"])) for check in checks} == {
        ("identity", True, "2026-11-01"),
        ("record", True, "2026-06-01"),
        ("training", True, "2026-11-01"),
    }
    assert {check["recorded_by"] for check in checks} == {None}
    assert [
        check["kind"] for check in await VettingCheck.select().where(VettingCheck.volunteer == two["id"])
    ] == ["identity"]


async def test_an_import_never_lifts_a_suspension_or_a_pause(db, tmp_path):
    await take(ledger_file(tmp_path, "volunteers", volunteer_row(1)), "volunteers")
    await Volunteer.update({Volunteer.state: "suspended", Volunteer.paused: True}).where(
        Volunteer.name == "测试乙"
    )
    result = await take(
        ledger_file(tmp_path, "volunteers", volunteer_row(1, remark="又报一次")), "volunteers"
    )
    row = await the_volunteer(1)
    assert result.changes == Changes(changed=1)
    assert (row["remark"], row["state"], row["paused"]) == ("又报一次", "suspended", True)


async def test_a_failed_record_check_outlives_whatever_a_ledger_says(db, tmp_path):
    await take(ledger_file(tmp_path, "volunteers", volunteer_row(1)), "volunteers")
    woman = await the_volunteer(1)
    coordinator = a_coordinator(account_id=await an_account())
    failed = {"kind": "record", "passed": False, "checked_on": date(2026, 10, 20), "paper": "回函"}
    await volunteers.record_check(coordinator, woman["id"], **failed, now=NOW)
    for said in ("2026-10-01", "2026-10-31"):
        path = ledger_file(tmp_path, "volunteers", volunteer_row(1, record_checked_on=said))
        forecast, done = await take(path, "volunteers", dry_run=True), await take(path, "volunteers")
        assert forecast == done and done.report.warnings == {STANDS_AGAINST: 1}
        assert (await the_volunteer(1))["record_checked_on"] is None


async def test_a_corrected_record_check_date_of_the_ledger_counts(db, tmp_path):
    await take(ledger_file(tmp_path, "volunteers", volunteer_row(1)), "volunteers")
    await take(
        ledger_file(tmp_path, "volunteers", volunteer_row(1, record_checked_on="2025-03-01")), "volunteers"
    )
    assert (await the_volunteer(1))["record_checked_on"] == date(2025, 3, 1)


async def test_a_capacity_below_the_households_she_holds_is_refused_with_its_cell(db, tmp_path):
    await take(ledger_file(tmp_path, "volunteers", volunteer_row(1)), "volunteers")
    woman = await the_volunteer(1)
    for _ in range(2):
        await a_pair(volunteer=woman["id"], state="active")
    path = ledger_file(tmp_path, "volunteers", volunteer_row(1, capacity="1", remark="少一些"))
    result = await take(path, "volunteers")
    assert result.report.rejected == {HOLDS_MORE.format(held=2): 1}
    assert result.report.rows == result.report.accepted + 1 == 1
    assert ((await the_volunteer(1))["capacity"], (await the_volunteer(1))["remark"]) == (2, "")


async def test_who_signed_up_online_keeps_her_own_words(db, tmp_path):
    key = keyed_hash("19912300001", "phone")
    await a_volunteer(source="online", ledger_key=None, phone_key=key, name="测试乙", capacity=1)
    result = await take(ledger_file(tmp_path, "volunteers", volunteer_row(1)), "volunteers")
    assert result.changes == Changes(same=1)
    assert result.report.warnings == {SIGNED_UP_HERSELF: 1}
    assert await Volunteer.count() == 1


async def test_a_header_explained_once_is_understood_in_the_whole_county(db, tmp_path):
    await a_region_tree()
    path = ledger_file(tmp_path, "households", household_row(1), headers={"identity_number": "身份ID"})
    with pytest.raises(LedgerError):
        await take(path)
    await remember_header(a_coordinator(TOWNSHIP), LEDGERS["households"], "身份 ID", "identity_number", NOW)
    assert (await take(path)).changes == Changes(new=1)
    with pytest.raises(LedgerError):
        await take(path, actor=a_coordinator(OTHER_COUNTY))


async def test_a_county_s_word_is_understood_above_it_while_no_other_county_means_something_else(
    db, tmp_path
):
    await a_region_tree()
    path = ledger_file(tmp_path, "households", household_row(1), headers={"identity_number": "身份ID"})
    await remember_header(a_coordinator(), LEDGERS["households"], "身份ID", "identity_number", NOW)
    above = (Actor.system(), a_coordinator("500200000000", runs_rounds=True))
    for actor in above:
        assert (await take(path, actor=actor, dry_run=True)).changes == Changes(new=1)
    with pytest.raises(LedgerError):
        await take(path, actor=a_coordinator("510100000000", runs_rounds=True))
    await remember_header(a_coordinator(OTHER_COUNTY), LEDGERS["households"], "身份ID", "remark", NOW)
    for actor in above:
        with pytest.raises(LedgerError):
            await take(path, actor=actor)
    assert (await take(path, dry_run=True)).changes == Changes(new=1), "in the county itself nothing changed"
    await remember_header(above[1], LEDGERS["households"], "身份ID", "identity_number", NOW)
    assert (await take(path, actor=above[1])).changes == Changes(new=1), "what she says herself counts"


async def test_a_header_that_nobody_needs_is_no_longer_mentioned(db, tmp_path):
    await a_region_tree()
    headers = {"remark": "包户干部"}
    path = ledger_file(tmp_path, "households", household_row(1, remark="某某"), headers=headers)
    assert [header.text for header in (await take(path, dry_run=True)).unknown_headers] == ["包户干部"]
    await remember_header(a_coordinator(), LEDGERS["households"], "包户干部", IGNORED, NOW)
    assert (await take(path, dry_run=True)).unknown_headers == []


@pytest.mark.parametrize(("header", "field"), [("身份ID", "no_such_field"), ("()", "name")])
async def test_a_header_cannot_mean_what_no_ledger_has(db, header, field):
    with pytest.raises(Refused):
        await remember_header(a_coordinator(), LEDGERS["households"], header, field, NOW)
