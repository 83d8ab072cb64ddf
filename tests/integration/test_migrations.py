"""Migrations meet rows that are already there."""

from importlib import import_module

import pytest
from asyncpg import CheckViolationError
from factories import a_household, a_volunteer

from jiedui.households.rows import facts_in
from jiedui.households.tables import Household
from jiedui.store.piccolo_conf import DB
from jiedui.volunteers.tables import Volunteer

pytestmark = pytest.mark.usefixtures("db")


async def ddl(sql: str) -> None:
    await DB.current_transaction.get().connection.execute(sql)


async def migrated(name: str) -> None:
    """Run this migration here, whatever has run before."""
    manager = await import_module(f"jiedui_migrations.jiedui_{name}").forwards()
    manager.wrap_in_transaction = False
    await manager.run()


async def test_of_those_who_were_there_nothing_more_is_said():
    await a_household()
    await a_volunteer()
    await ddl("ALTER TABLE household DROP COLUMN more; ALTER TABLE volunteer DROP COLUMN more")
    await migrated("2026_11_27t20_50_00_000000")
    (household,) = await Household.select()
    (volunteer,) = await Volunteer.select()
    assert household["more"] == volunteer["more"] == []
    (facts,) = await facts_in([household])
    assert not [field for field in facts if field.startswith("more")]


async def test_families_keep_their_colour_and_may_have_another_one():
    await a_household(colour="yellow")
    await ddl(
        "ALTER TABLE household DROP CONSTRAINT colour_stated,"
        " ADD CONSTRAINT colour_known CHECK (\"colour\" IN ('red', 'yellow', 'green'))"
    )
    await migrated("2026_11_27t22_10_00_000000")
    await a_household(colour="raised")
    rows = await Household.select(Household.colour).order_by(Household.number)
    assert [row["colour"] for row in rows] == ["yellow", "raised"]
    with pytest.raises(CheckViolationError):
        await a_household(colour="")
