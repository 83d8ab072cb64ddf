from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Array, Varchar
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-27T20:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "what only some rule of a policy asks of people"

_PLAIN = {
    "null": False,
    "primary_key": False,
    "unique": False,
    "index": False,
    "index_method": IndexMethod.btree,
    "choices": None,
    "db_column_name": None,
    "secret": False,
}


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)
    for table, name in (("Household", "household"), ("Volunteer", "volunteer")):
        manager.add_column(
            table_class_name=table,
            tablename=name,
            column_name="more",
            db_column_name="more",
            column_class_name="Array",
            column_class=Array,
            params={"default": list, "base_column": Varchar(length=60, default="", **_PLAIN), **_PLAIN},
            schema=None,
        )
    return manager
