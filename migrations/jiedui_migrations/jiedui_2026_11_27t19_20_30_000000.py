"""What became of an import is told apart from how its last reading went."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-27T19:20:30:000000"
VERSION = "1.38.0"
DESCRIPTION = "imports live as plans and questions do"

BUILD = """
ALTER TABLE ledger_import DROP CONSTRAINT state_known;
UPDATE ledger_import SET
    decision = CASE WHEN state IN ('applied', 'discarded') THEN state ELSE '' END,
    error = CASE WHEN error = '' THEN ''
        ELSE json_build_array(error::json -> 'msgid', error::json -> 'params')::text END,
    finished_at = CASE WHEN state = 'queued' THEN NULL ELSE coalesce(applied_at, created_at) END,
    state = CASE state WHEN 'queued' THEN 'queued' WHEN 'refused' THEN 'failed' WHEN 'discarded' THEN 'stopped'
        ELSE 'ready' END;
ALTER TABLE ledger_import ADD CONSTRAINT state_known
    CHECK (state IN ('queued', 'running', 'ready', 'failed', 'stopped'));
"""
UNDO = """
ALTER TABLE ledger_import DROP CONSTRAINT state_known;
UPDATE ledger_import SET
    error = CASE WHEN error = '' THEN ''
        ELSE json_build_object('msgid', error::json -> 0, 'params', error::json -> 1)::text END,
    state = CASE WHEN decision <> '' THEN decision
        WHEN state = 'ready' THEN 'checked' WHEN state = 'failed' THEN 'refused' ELSE 'queued' END;
ALTER TABLE ledger_import ADD CONSTRAINT state_known
    CHECK (state IN ('queued', 'checked', 'applied', 'discarded', 'refused'));
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def build() -> None:
        await _ddl(BUILD)

    async def undo() -> None:
        await _ddl(UNDO)

    manager.add_raw(build)
    manager.add_raw_backwards(undo)
    return manager


async def _ddl(sql: str) -> None:
    transaction = engine_finder().current_transaction.get()
    await transaction.connection.execute(sql)
