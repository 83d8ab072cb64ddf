"""The new tables' areas are checked; runners-up that were only compared one by one are forgotten."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T00:21:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "areas of newcomers and questions, runners-up as exact answers"

AREAS = ("newcomer", "what_if")


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def build() -> None:
        for table in AREAS:
            await _ddl(
                f'ALTER TABLE "{table}" ADD CONSTRAINT {table}_region_code_is_digits '
                "CHECK (region_code ~ '^[0-9]{12}$')"
            )
        # They said what else was near, not what would happen: a plan calculated anew says that.
        await _ddl("UPDATE candidate SET runner_up = '{}'")

    async def undo() -> None:
        for table in AREAS:
            await _ddl(f'ALTER TABLE "{table}" DROP CONSTRAINT {table}_region_code_is_digits')

    manager.add_raw(build)
    manager.add_raw_backwards(undo)
    return manager


async def _ddl(sql: str) -> None:
    transaction = engine_finder().current_transaction.get()
    await transaction.connection.execute(sql)
