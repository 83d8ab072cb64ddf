"""Bringing the database to this version: Piccolo's migrations, run in process, then its policies."""

import contextlib
import io
from datetime import datetime


async def migrate(now: datetime) -> int:
    """Apply every migration that is missing; says how many. Safe to run at every start."""
    from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
    from piccolo.apps.migrations.tables import Migration

    from jiedui.policies.force import in_force
    from jiedui.policies.service import store_packs
    from jiedui.store import keys, schema
    from jiedui.store.piccolo_conf import DB

    chatter = io.StringIO()
    # Two processes starting at once: the second waits, then finds nothing left to do.
    async with DB.transaction() as transaction:
        await transaction.connection.execute("SELECT pg_advisory_xact_lock(7120001)")
        await Migration.create_table(if_not_exists=True)
        await schema.drop_views(transaction.connection)
        before = await Migration.count()
        with contextlib.redirect_stdout(chatter):
            result = await ForwardsMigrationManager(app_name="jiedui", migration_id="all").run()
        if not result.success:
            raise RuntimeError(f"{result.message}\n{chatter.getvalue()}")
        await schema.install(transaction.connection, in_force().colours)
        await store_packs(now)
        await keys.remember(now)
        applied: int = await Migration.count() - before
    return applied
