from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Unique

ID = "2026-11-27T18:23:06:741516"
VERSION = "1.38.0"
DESCRIPTION = "wishes become pins"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="jiedui", description=DESCRIPTION
    )

    manager.rename_table(
        old_class_name="Wish",
        old_tablename="wish",
        new_class_name="Pin",
        new_tablename="pin",
        schema=None,
    )

    manager.drop_constraint(
        table_class_name="Pin",
        tablename="pin",
        constraint_name="one_wish_per_pair",
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Pin",
        tablename="pin",
        constraint_name="one_pin_per_pair",
        constraint_class=Unique,
        params={
            "columns": ["round", "household", "volunteer"],
            "nulls_distinct": True,
        },
        schema=None,
    )

    return manager
