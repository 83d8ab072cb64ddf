"""Households that are there already learn until when a minor lives in them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-27T18:36:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "minors known of households that are there"

# What the function minor_until says from now on, for the households that are there already.
BACKFILL = """
UPDATE household h SET minor_until = (
    SELECT CASE WHEN bool_or(born IS NULL) THEN NULL ELSE
        max(date_trunc('month', born + interval '18 years' + interval '1 month' - interval '1 day')::date) END
    FROM (SELECT h.born_on AS born
        UNION ALL SELECT m.born_on FROM member m
        WHERE m.household = h.id AND (m.relation <> 'elder' OR m.born_on IS NOT NULL)) AS births)
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def backfill() -> None:
        await engine_finder().current_transaction.get().connection.execute(BACKFILL)

    manager.add_raw(backfill)
    return manager
