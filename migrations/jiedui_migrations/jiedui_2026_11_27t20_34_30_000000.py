"""The area of a claim is checked like every other."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-27T20:34:30:000000"
VERSION = "1.38.0"
DESCRIPTION = "areas of claims"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def build() -> None:
        await _ddl(
            "ALTER TABLE claim ADD CONSTRAINT claim_region_code_is_digits CHECK (region_code ~ '^[0-9]{12}$')"
        )

    async def undo() -> None:
        await _ddl("ALTER TABLE claim DROP CONSTRAINT claim_region_code_is_digits")

    manager.add_raw(build)
    manager.add_raw_backwards(undo)
    return manager


async def _ddl(sql: str) -> None:
    transaction = engine_finder().current_transaction.get()
    await transaction.connection.execute(sql)
