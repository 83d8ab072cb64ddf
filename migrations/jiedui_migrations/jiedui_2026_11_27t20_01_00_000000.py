"""Case grants are given in an area, and by somebody."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-27T20:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "references and area of case grants"

WALLS = """
ALTER TABLE case_grant ADD CONSTRAINT case_grant_region_code_is_digits CHECK (region_code ~ '^[0-9]{12}$');
ALTER TABLE case_grant ADD CONSTRAINT case_grant_given_by_fkey
    FOREIGN KEY (given_by) REFERENCES account (id) ON DELETE RESTRICT;
ALTER TABLE case_grant ADD CONSTRAINT case_grant_ended_by_fkey
    FOREIGN KEY (ended_by) REFERENCES account (id) ON DELETE RESTRICT;
"""
UNDO = """
ALTER TABLE case_grant DROP CONSTRAINT case_grant_region_code_is_digits,
    DROP CONSTRAINT case_grant_given_by_fkey, DROP CONSTRAINT case_grant_ended_by_fkey;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def build() -> None:
        await _ddl(WALLS)

    async def undo() -> None:
        await _ddl(UNDO)

    manager.add_raw(build)
    manager.add_raw_backwards(undo)
    return manager


async def _ddl(sql: str) -> None:
    transaction = engine_finder().current_transaction.get()
    await transaction.connection.execute(sql)
