"""Which colours there are is said by the policy packs, and no longer by a wall of the table."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

ID = "2026-11-27T22:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "colours are the policy's"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)
    manager.drop_constraint(
        table_class_name="Household", tablename="household", constraint_name="colour_known", schema=None
    )
    # Under another name: a changed wall of the same name would stay as it was.
    manager.add_constraint(
        table_class_name="Household",
        tablename="household",
        constraint_name="colour_stated",
        constraint_class=Check,
        params={"condition": "\"colour\" <> ''"},
        schema=None,
    )
    return manager
