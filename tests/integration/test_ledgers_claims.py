"""No import answers whether somebody is in the ledger of another area: she is new, and claimed."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    a_household,
    a_pair,
    a_region_tree,
    a_volunteer,
    an_account,
)
from ledger_files import household_row, identity_number, ledger_file, volunteer_row

from jiedui.actor import Actor, above_both
from jiedui.audit.tables import AuditEntry
from jiedui.errors import Conflict, Forbidden, NotFound
from jiedui.households.service import move_household
from jiedui.households.tables import Household
from jiedui.ledgers import claims
from jiedui.ledgers.ledger import subjects
from jiedui.ledgers.service import import_file
from jiedui.ledgers.tables import Claim, LedgerImport
from jiedui.pairs.tables import Pair
from jiedui.store.vault import keyed_hash
from jiedui.volunteers.service import move_volunteer
from jiedui.volunteers.tables import Volunteer
from jiedui.wiring import LEDGERS

SUBJECTS = subjects(LEDGERS)
CITY, FAR_TOWNSHIP = "500200000000", "500230102000"
ROWS = {"households": household_row, "volunteers": volunteer_row}
TABLES: dict[str, Any] = {"households": Household, "volunteers": Volunteer}
KINDS = pytest.mark.parametrize("kind", ["households", "volunteers"])


async def staff(area: str, role: str = "coordinator") -> Actor:
    return Actor(role, area, "协调员", await an_account(role, area))  # type: ignore[arg-type]


async def take(tmp_path: Any, kind: str, *rows: Any, actor: Actor, **options: Any) -> Any:
    await a_region_tree()
    path = ledger_file(tmp_path, kind, *rows)
    return await import_file(actor, LEDGERS[kind], path, **{"dry_run": False, "now": NOW} | options)


async def somebody_of(kind: str, n: int, village: str, **columns: Any) -> Any:
    key = {"ledger_key": keyed_hash(identity_number(n), "identity"), "region_code": village}
    make = a_household if kind == "households" else a_volunteer
    return await make(**key | {"name": "他处人", "phone_key": None} | columns)


async def row_of(kind: str, n: int) -> Any:
    table = TABLES[kind]
    key = keyed_hash(identity_number(n), "identity")
    return await table.select().where(table.ledger_key == key).first()


def told(result: Any) -> Any:
    """Everything an import says, as a file and a page would carry it."""
    return json.dumps([result.report.as_data(), str(result.changes), str(result.unknown_headers)])


@KINDS
@pytest.mark.parametrize(
    ("area", "elsewhere"), [(TOWNSHIP, FAR_VILLAGE), (VILLAGE, "500230101202"), (COUNTY, OTHER_VILLAGE)]
)
async def test_a_person_of_another_area_is_told_like_somebody_really_new(db, tmp_path, kind, area, elsewhere):
    """Row 7, and each time the file is sent again: the same, changed, in other words."""
    await a_region_tree()
    await somebody_of(kind, 1, elsewhere)
    actor, row = await staff(area), ROWS[kind]
    files = [{}, {}, {"remark": "又报一次"}, {"phone": "199-0230 9999"}, {"phone": "19902309999"}]
    for day, changed in enumerate(files):
        for dry_run in (True, False):
            how = {"actor": actor, "dry_run": dry_run, "now": NOW + timedelta(day)}
            taken, fresh = [
                told(await take(tmp_path, kind, row(n, **{"phone": "1"} | changed), **how)) for n in (1, 2)
            ]
            assert taken == fresh, (changed, dry_run)
    held = await row_of(kind, 1)
    assert (held["name"], held["region_code"]) == ("他处人", elsewhere), "nothing has happened to her"
    assert (await row_of(kind, 2))["region_code"] == VILLAGE


@KINDS
async def test_twenty_thousand_numbers_get_twenty_thousand_times_the_same_answer(db, tmp_path, kind):
    await a_region_tree()
    for n in range(1, 40, 2):
        await somebody_of(kind, n, FAR_VILLAGE)
    result = await take(
        tmp_path, kind, *(ROWS[kind](n) for n in range(1, 41)), actor=await staff(TOWNSHIP), dry_run=True
    )
    assert (result.changes.new, result.report.accepted, result.report.rejected) == (40, 40, {})
    assert await Claim.count() == 0, "a dry run writes nothing"


@pytest.mark.parametrize("column", ["state", "source"])
async def test_a_suspended_or_online_volunteer_elsewhere_is_told_like_somebody_new(db, tmp_path, column):
    await a_region_tree()
    value = {"state": "suspended", "source": "online"}[column]
    phone = {"phone_key": keyed_hash("19912300001", "phone"), "name": "测试乙"}
    await somebody_of("volunteers", 1, FAR_VILLAGE, **phone | {column: value})
    actor = await staff(TOWNSHIP)
    for dry_run in (True, False):
        taken, fresh = [
            told(await take(tmp_path, "volunteers", volunteer_row(n), actor=actor, dry_run=dry_run))
            for n in (1, 2)
        ]
        assert taken == fresh


@KINDS
async def test_the_claim_is_held_for_the_level_above_both_and_sealed(db, tmp_path, kind):
    await a_region_tree()
    one, other = await somebody_of(kind, 1, FAR_VILLAGE), await somebody_of(kind, 3, OTHER_VILLAGE)
    await take(tmp_path, kind, ROWS[kind](1), actor=await staff(TOWNSHIP))
    await take(tmp_path, kind, ROWS[kind](3), actor=await staff(COUNTY))
    rows = {row["subject_id"]: row for row in await Claim.select()}
    assert (rows[one]["region_code"], rows[one]["village"]) == (COUNTY, VILLAGE)
    assert (rows[other]["region_code"], rows[other]["state"]) == (CITY, "open")
    name = ROWS[kind](1)["name"]
    for row in rows.values():
        assert not any(str(value).count(name) for value in row.values())
        assert name.encode() not in row["facts"]
        assert await LedgerImport.exists().where(LedgerImport.id == row["ledger_import"])


@KINDS
async def test_who_sees_a_claim(db, tmp_path, kind):
    await a_region_tree()
    await somebody_of(kind, 1, FAR_VILLAGE)
    await somebody_of(kind, 3, OTHER_VILLAGE)
    await take(tmp_path, kind, ROWS[kind](1), actor=await staff(TOWNSHIP))
    await take(tmp_path, kind, ROWS[kind](3), actor=await staff(COUNTY))
    for area, count in ((COUNTY, 1), (CITY, 1), (TOWNSHIP, 0), (FAR_TOWNSHIP, 0), (OTHER_COUNTY, 0)):
        actor = await staff(area)
        found = await claims.claims_of(actor, SUBJECTS)
        assert (len(found.rows), await claims.waiting(actor)) == (count, count), area
    (row,) = (await claims.claims_of(await staff(COUNTY), SUBJECTS)).rows
    assert row["card"]["name"] == "他*" and row["claimed_name"] == "测*"
    (row,) = (await claims.claims_of(await staff(CITY), SUBJECTS)).rows
    assert row["card"]["name"] == "他*", "the city sees this one person of its counties, for this"
    for nobody in (Actor("volunteer", COUNTY, "x", uuid4(), uuid4()), await staff(COUNTY, "reader")):
        with pytest.raises(Forbidden):
            await claims.claims_of(nobody, SUBJECTS)


@KINDS
@pytest.mark.parametrize("decision", claims.DECISIONS)
async def test_one_above_decides_once_and_both_areas_records_say_what_concerns_them(
    db, tmp_path, kind, decision
):
    await a_region_tree()
    one = await somebody_of(kind, 1, FAR_VILLAGE)
    await take(tmp_path, kind, ROWS[kind](1), actor=await staff(TOWNSHIP))
    claim = (await Claim.select().first())["id"]
    for nobody in (await staff(TOWNSHIP), await staff(OTHER_COUNTY), await staff(CITY)):
        with pytest.raises(NotFound):
            await claims.decide(nobody, claim, decision, SUBJECTS, NOW)
    with pytest.raises(NotFound):
        await claims.decide(await staff(COUNTY), claim, "erase", SUBJECTS, NOW)
    county = await staff(COUNTY)
    await claims.decide(county, claim, decision, SUBJECTS, NOW)
    with pytest.raises(Conflict):
        await claims.decide(county, claim, decision, SUBJECTS, NOW)
    row = await row_of(kind, 1)
    assert row["region_code"] == (VILLAGE if decision == "moved" else FAR_VILLAGE)
    kept = await Claim.select().first()
    assert (kept["state"], kept["decided_by"], kept["decided_at"]) == (decision, county.account_id, NOW)
    noted = await AuditEntry.select().where(AuditEntry.subject_id == str(one)).order_by(AuditEntry.action)
    wanted = {(f"claim.{decision}", COUNTY)}
    if decision == "moved":
        subject = kept["subject_kind"]
        wanted |= {(f"{subject}.moved_away", FAR_VILLAGE), (f"{subject}.moved_here", VILLAGE)}
    assert {(entry["action"], entry["region_code"]) for entry in noted} == wanted
    assert {entry["account_id"] for entry in noted} == {county.account_id}
    assert await claims.waiting(county) == 0


async def test_the_city_decides_between_two_counties(db, tmp_path):
    await a_region_tree()
    await somebody_of("households", 1, OTHER_VILLAGE)
    await take(tmp_path, "households", household_row(1), actor=await staff(COUNTY))
    claim = (await Claim.select().first())["id"]
    for nobody in (await staff(COUNTY), await staff(OTHER_COUNTY), await staff("500000000000")):
        with pytest.raises(NotFound):
            await claims.decide(nobody, claim, "moved", SUBJECTS, NOW)
    await claims.decide(await staff(CITY), claim, "moved", SUBJECTS, NOW)
    assert (await row_of("households", 1))["region_code"] == VILLAGE


async def test_who_has_moved_is_an_ordinary_row_of_her_new_area_and_takes_her_pair_along(db, tmp_path):
    await a_region_tree()
    household = await somebody_of("households", 1, FAR_VILLAGE)
    pair = await a_pair(household)
    township = await staff(TOWNSHIP)
    await take(tmp_path, "households", household_row(1), actor=township)
    await claims.decide(await staff(COUNTY), (await Claim.select().first())["id"], "moved", SUBJECTS, NOW)
    result = await take(tmp_path, "households", household_row(1), actor=township, now=NOW + timedelta(1))
    assert (result.changes.new, result.changes.changed) == (0, 1)
    assert (await row_of("households", 1))["name"] == "测试甲"
    assert (await Pair.select().where(Pair.id == pair).first())["region_code"] == VILLAGE
    far = await staff(FAR_TOWNSHIP)
    await take(tmp_path, "households", household_row(1, township="社坛镇", village="石龙门村"), actor=far)
    assert await Claim.count().where(Claim.state == "open", Claim.village == FAR_VILLAGE) == 1


@pytest.mark.parametrize("decision", ["duplicate", "mistake"])
async def test_a_decided_claim_waits_again_only_when_the_ledger_says_something_else(db, tmp_path, decision):
    await a_region_tree()
    await somebody_of("households", 1, FAR_VILLAGE)
    township, county = await staff(TOWNSHIP), await staff(COUNTY)
    await take(tmp_path, "households", household_row(1), actor=township)
    await claims.decide(county, (await Claim.select().first())["id"], decision, SUBJECTS, NOW)
    await take(tmp_path, "households", household_row(1), actor=township)
    assert await claims.waiting(county) == 0
    await take(tmp_path, "households", household_row(1, remark="搬来了"), actor=township)
    assert (await claims.waiting(county), await Claim.count()) == (1, 1)


@pytest.mark.parametrize(("kind", "move"), [("households", move_household), ("volunteers", move_volunteer)])
async def test_a_move_stays_within_the_area_of_whoever_orders_it(db, kind, move):
    await a_region_tree()
    one = await somebody_of(kind, 1, VILLAGE)
    for actor, village in (
        (await staff(FAR_TOWNSHIP), FAR_VILLAGE),
        (await staff(TOWNSHIP), FAR_VILLAGE),
        (await staff(COUNTY), OTHER_VILLAGE),
        (await staff(COUNTY), TOWNSHIP),
        (await staff(COUNTY), "500230101999"),
    ):
        with pytest.raises(NotFound):
            await move(actor, one, village, NOW)
    with pytest.raises(NotFound):
        await move(await staff(COUNTY), uuid4(), FAR_VILLAGE, NOW)
    await move(await staff(COUNTY), one, FAR_VILLAGE, NOW)
    assert (await row_of(kind, 1))["region_code"] == FAR_VILLAGE


@KINDS
async def test_a_claim_on_somebody_who_moves_goes_to_the_level_that_is_above_both_now(db, tmp_path, kind):
    """Of a record under review nobody sees more than before, and nobody decides who is not above both."""
    await a_region_tree()
    one = await somebody_of(kind, 1, FAR_VILLAGE)
    await take(tmp_path, kind, ROWS[kind](1), actor=await staff(TOWNSHIP))
    claim, county, city = (await Claim.select().first())["id"], await staff(COUNTY), await staff(CITY)
    table = TABLES[kind]
    await table.update(region_code=OTHER_VILLAGE).where(table.id == one)
    for decision in claims.DECISIONS:
        with pytest.raises(NotFound):
            await claims.decide(county, claim, decision, SUBJECTS, NOW)
    assert (await claims.waiting(county), await claims.waiting(city)) == (0, 1)
    (row,) = (await claims.claims_of(city, SUBJECTS)).rows
    assert row["card"]["name"] == "他*" and row["claimed_name"] == "测*"
    assert ROWS[kind](1)["phone"] not in str(row) and "他处人" not in str(row)
    await table.update(region_code=FAR_VILLAGE).where(table.id == one)
    assert (await claims.waiting(county), await claims.waiting(city)) == (1, 0)
    await claims.decide(county, claim, "duplicate", SUBJECTS, NOW)
    await table.update(region_code=OTHER_VILLAGE).where(table.id == one)
    assert (await Claim.select().first())["region_code"] == COUNTY, "what is decided stays where it was"


async def test_the_smallest_area_that_holds_both_is_the_same_in_the_database(db):
    codes = [TOWNSHIP, FAR_VILLAGE, VILLAGE, "500230101202", COUNTY, OTHER_VILLAGE, CITY, "510100000000"]
    for one in codes:
        for other in codes:
            (row,) = await Claim.raw("SELECT above_both({}, {}) AS area", one, other)
            assert row["area"] == above_both(one, other), (one, other)


@KINDS
async def test_who_has_moved_away_is_told_to_her_old_area_like_somebody_new(db, tmp_path, kind):
    """It knew her yesterday; where she lives now, or that she is in a ledger at all, it is not told."""
    county, table = await staff(COUNTY), TABLES[kind]
    await take(tmp_path, kind, ROWS[kind](1), actor=county)
    await table.update(region_code=OTHER_VILLAGE).where(table.id == (await row_of(kind, 1))["id"])
    answers = [
        told(await take(tmp_path, kind, ROWS[kind](n), actor=county, dry_run=dry))
        for dry in (True, False)
        for n in (1, 2)
    ]
    assert answers[0] == answers[1] and answers[2] == answers[3]


@KINDS
async def test_a_number_of_the_other_kind_of_ledger_is_told_like_a_new_one(db, tmp_path, kind):
    """A helper's number among the families' and the other way round, here and in another county."""
    await a_region_tree()
    other = "volunteers" if kind == "households" else "households"
    await somebody_of(other, 1, OTHER_VILLAGE)
    await somebody_of(other, 3, FAR_VILLAGE)
    county = await staff(COUNTY)
    answers = {told(await take(tmp_path, kind, ROWS[kind](n), actor=county, dry_run=True)) for n in (1, 2, 3)}
    assert len(answers) == 1


def test_the_smallest_area_that_holds_both():
    assert above_both(TOWNSHIP, FAR_VILLAGE) == COUNTY
    assert above_both(COUNTY, OTHER_VILLAGE) == CITY
    assert above_both(VILLAGE, "500230101202") == TOWNSHIP
    assert above_both(COUNTY, "510100000000") == "000000000000"
