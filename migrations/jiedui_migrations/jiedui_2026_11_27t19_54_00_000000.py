from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

ID = "2026-11-27T19:54:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "no check without a standing"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="jiedui", description=DESCRIPTION
    )

    manager.add_constraint(
        table_class_name="VettingCheck",
        tablename="vetting_check",
        constraint_name="somebody_confirmed",
        constraint_class=Check,
        params={
            "condition": '"standing" <> \'confirmed\' OR "decided_by" IS NOT NULL'
        },
        schema=None,
    )

    manager.add_constraint(
        table_class_name="VettingCheck",
        tablename="vetting_check",
        constraint_name="standing_known",
        constraint_class=Check,
        params={
            "condition": "\"standing\" IN ('recorded', 'confirmed', 'trusted', 'stated', 'refused', 'withdrawn', 'lifted')"
        },
        schema=None,
    )

    return manager
