from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Timestamptz
from piccolo.columns.column_types import Varchar
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check

ID = "2026-11-27T19:19:58:287948"
VERSION = "1.38.0"
DESCRIPTION = "one life for everything asked"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="jiedui", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="LedgerImport",
        tablename="ledger_import",
        column_name="decision",
        db_column_name="decision",
        column_class_name="Varchar",
        column_class=Varchar,
        params={
            "length": 10,
            "default": "",
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.add_column(
        table_class_name="LedgerImport",
        tablename="ledger_import",
        column_name="finished_at",
        db_column_name="finished_at",
        column_class_name="Timestamptz",
        column_class=Timestamptz,
        params={
            "default": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.rename_column(
        table_class_name="LedgerImport",
        tablename="ledger_import",
        old_column_name="refusal",
        new_column_name="error",
        old_db_column_name="refusal",
        new_db_column_name="error",
        schema=None,
    )

    manager.add_constraint(
        table_class_name="LedgerImport",
        tablename="ledger_import",
        constraint_name="decision_known",
        constraint_class=Check,
        params={"condition": "\"decision\" IN ('', 'applied', 'discarded')"},
        schema=None,
    )

    return manager
