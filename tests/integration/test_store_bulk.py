"""Many rows in one statement: what goes in comes out, and nothing is cut, skipped or half done."""

import json
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from factories import (
    NOW,
    TODAY,
    VILLAGE,
    a_coordinator,
    a_household,
    a_region_tree,
    a_round,
    a_volunteer,
    an_account,
)
from planned import a_planned_round

from jiedui.actor import Actor
from jiedui.households import service as households
from jiedui.households.tables import Need
from jiedui.pairs.tables import Pair
from jiedui.regions.service import save_regions
from jiedui.regions.tables import Region
from jiedui.rounds.publication import publish_round
from jiedui.rounds.tables import Candidate, LeftOut, Plan
from jiedui.store import bulk
from jiedui.store.piccolo_conf import DB
from jiedui.volunteers import intake as volunteers
from jiedui.volunteers.tables import Volunteer


def a_row(n, **changed):
    return {
        "id": uuid4(), "number": f"B{n}", "region_code": VILLAGE, "name": "测试\\\"',{}", "kind": "helper",
        "identity": bytes(range(256)), "phone": None, "skills": ["a,b", "{c}", '"d"', ""], "offers": [],
        "capacity": n, "reach_km": None, "state": "active", "paused": False, "source": "ledger",
        "record_checked_on": TODAY if n % 2 else None, "created_at": NOW, "updated_at": NOW,
    } | changed  # fmt: skip


async def stored():
    return await Volunteer.select().order_by(Volunteer.capacity)


async def test_every_kind_of_value_arrives_as_it_was(db):
    await a_region_tree()
    rows = [a_row(n) for n in range(1, 4)]
    await bulk.insert(Volunteer, rows)
    assert [
        {name: kept[name] for name in row} for row, kept in zip(rows, await stored(), strict=True)
    ] == rows


async def test_json_arrives_as_it_was(db):
    plan = Plan(round=await a_round(), region_code=VILLAGE, number=1, state="ready", created_at=NOW)
    await plan.save()
    reasons = [{"said": "a 'b' {c}"}]
    row = {"id": uuid4(), "plan": plan.id, "household": await a_household(), "region_code": VILLAGE,
           "colour": "red", "stage": 1, "reasons": json.dumps(reasons)}  # fmt: skip
    await bulk.insert(LeftOut, [row])
    assert json.loads((await LeftOut.select().first())["reasons"]) == reasons


async def test_more_rows_than_a_statement_has_places_for_parameters(db):
    household = await a_household(needs=())
    await bulk.insert(
        Need, [{"id": uuid4(), "household": household, "kind": str(n), "position": n} for n in range(40_000)]
    )
    rows = await Need.select()
    await bulk.update(Need, [{"id": row["id"], "position": row["position"] + 1} for row in rows])
    summed = await Need.raw("SELECT sum(position) AS n FROM need")
    assert summed[0]["n"] == 40_000 * 40_001 // 2


async def test_an_update_touches_the_named_rows_and_columns_alone(db):
    await a_region_tree()
    rows = [a_row(n) for n in range(1, 4)]
    await bulk.insert(Volunteer, rows)
    await bulk.update(
        Volunteer,
        [{"id": row["id"], "skills": ["new"], "updated_at": NOW + timedelta(1)} for row in rows[:2]],
    )
    one, two, three = await stored()
    assert (one["skills"], two["skills"], three["skills"]) == (["new"], ["new"], rows[2]["skills"])
    assert (one["updated_at"], three["updated_at"]) == (NOW + timedelta(1), NOW)
    assert one["offers"] == [] and one["record_checked_on"] == TODAY


async def test_nothing_to_do_is_nothing_done(db):
    await bulk.insert(Volunteer, [])
    await bulk.update(Volunteer, [])
    assert await Volunteer.count() == 0


async def test_a_column_the_table_has_not_is_refused_before_the_database_hears_of_it(db):
    her = await a_volunteer()
    for work in (bulk.insert, bulk.update):
        with pytest.raises(ValueError, match="no column"):
            await work(Volunteer, [{"id": her, "name\" = 'x', \"name": "x"}])


async def test_a_text_that_is_too_long_fails_instead_of_being_cut(db):
    await a_region_tree()
    async with DB.transaction() as transaction:
        savepoint = await transaction.savepoint()
        with pytest.raises(asyncpg.StringDataRightTruncationError):
            await bulk.insert(Volunteer, [a_row(1, name="名" * 101)])
        await savepoint.rollback_to()
    assert await Volunteer.count() == 0


async def test_rows_go_into_a_table_that_guards_each_of_them(db):
    """COPY is refused there; a row that the guard does not admit fails the whole statement."""
    await a_region_tree()
    async with DB.transaction() as transaction:
        await transaction.connection.execute(
            "ALTER TABLE volunteer ENABLE ROW LEVEL SECURITY; ALTER TABLE volunteer FORCE ROW LEVEL SECURITY;"
            "CREATE POLICY few ON volunteer USING (true) WITH CHECK (capacity < 3)"
        )
        await bulk.insert(Volunteer, [a_row(1), a_row(2)])
        savepoint = await transaction.savepoint()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await bulk.insert(Volunteer, [a_row(3, capacity=1), a_row(4)])
        await savepoint.rollback_to()
        assert await Volunteer.count() == 2


async def test_a_planner_that_looked_before_the_commit_is_told_better(clean_db):
    async with DB.transaction():
        await bulk.insert(Region, [a_village(n) for n in range(1000)])
        await DB._run_in_new_connection("ANALYZE region")  # as it does by itself, and sees nobody's rows
        assert await believed("region") == 0
        await bulk.analyze(Region)
    assert await believed("region") == 1000


async def test_whoever_fills_tables_at_once_tells_the_planner(db):
    await a_region_tree()
    actor = a_coordinator(account_id=await an_account())
    for _ in range(3):
        await a_household()
        await a_volunteer()
    await save_regions(Actor.system(), [], NOW)
    await households.save_records(actor, [], uuid4(), NOW)
    await volunteers.save_records(actor, [], uuid4(), NOW)
    assert await believed("region") == await Region.count()
    assert await believed("household") == await believed("volunteer") == 3
    round_id, plan_id = await a_planned_round(actor)
    assert await believed("candidate") == await Candidate.count() > 0
    await publish_round(actor, round_id, plan_id, NOW)
    assert await believed("pair") == await Pair.count() > 0


def a_village(n):
    return {
        "code": f"50023010{n:04d}",
        "name": "某村",
        "short_name": "某村",
        "level": "village",
        "position_source": "",
    }


async def believed(table):
    return (await Region.raw("SELECT reltuples::int AS n FROM pg_class WHERE relname = {}", table))[0]["n"]
