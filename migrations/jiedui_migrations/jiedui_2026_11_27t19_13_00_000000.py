"""Families that are there already are numbered in the order in which they came; a number stays."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Varchar
from piccolo.constraints import Check
from piccolo.engine import engine_finder

ID = "2026-11-27T19:13:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "families have numbers: those that are there"

NUMBERED = """
UPDATE household h SET number = 'H' || n.county || '-' || lpad(n.place::text, greatest(5, length(n.place::text)), '0')
FROM (SELECT id, left(region_code, 6) AS county,
    row_number() OVER (PARTITION BY left(region_code, 6) ORDER BY created_at, id) AS place FROM household) AS n
WHERE n.id = h.id;
INSERT INTO number_series (county, last) SELECT left(region_code, 6), count(*) FROM household GROUP BY 1;
"""

KEPT = """
CREATE FUNCTION number_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a household keeps its number' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_kept';
END $$;
CREATE TRIGGER number_kept BEFORE UPDATE OF number ON household
    FOR EACH ROW WHEN (NEW.number IS DISTINCT FROM OLD.number) EXECUTE FUNCTION number_kept();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def number() -> None:
        connection = engine_finder().current_transaction.get().connection
        await connection.execute(NUMBERED)
        await connection.execute(KEPT)

    async def forget() -> None:
        await engine_finder().current_transaction.get().connection.execute("DROP FUNCTION number_kept CASCADE")

    manager.add_raw(number)
    manager.add_raw_backwards(forget)
    manager.alter_column(
        table_class_name="Household",
        tablename="household",
        column_name="number",
        db_column_name="number",
        params={"null": False, "default": ""},
        old_params={"null": True, "default": None},
        column_class=Varchar,
        old_column_class=Varchar,
        schema=None,
    )
    manager.add_constraint(
        table_class_name="Household",
        tablename="household",
        constraint_name="number_known",
        constraint_class=Check,
        params={"condition": "\"number\" ~ '^H[0-9]{6}-[0-9]{5,}$'"},
        schema=None,
    )
    return manager
