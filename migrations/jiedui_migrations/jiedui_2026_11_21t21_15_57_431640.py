"""Notices may wait on a list for a person; an attempt is written before its outcome is known."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Timestamptz
from piccolo.columns.column_types import Varchar
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check

ID = "2026-11-21T21:15:57:431640"
VERSION = "1.38.0"
DESCRIPTION = "notices wait on lists"


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="jiedui", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="Notice",
        tablename="notice",
        column_name="channel",
        db_column_name="channel",
        column_class_name="Varchar",
        column_class=Varchar,
        params={
            "length": 20,
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
        table_class_name="Notice",
        tablename="notice",
        column_name="listed_at",
        db_column_name="listed_at",
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

    manager.drop_column(
        table_class_name="Delivery",
        tablename="delivery",
        column_name="delivered",
        db_column_name="delivered",
        schema=None,
    )

    manager.add_column(
        table_class_name="Delivery",
        tablename="delivery",
        column_name="outcome",
        db_column_name="outcome",
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

    manager.add_constraint(
        table_class_name="Delivery",
        tablename="delivery",
        constraint_name="outcome_known",
        constraint_class=Check,
        params={
            "condition": "\"outcome\" IN ('unknown','sent','waiting','again','refused')"
        },
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Notice",
        tablename="notice",
        constraint_name="held_has_reason",
        constraint_class=Check,
        params={"condition": "(\"state\" = 'held') = (\"hold_reason\" <> '')"},
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Notice",
        tablename="notice",
        constraint_name="state_is_known",
        constraint_class=Check,
        params={"condition": "\"state\" IN ('queued','sending','waiting','sent','held','failed','cancelled')"},
        schema=None,
    )

    manager.drop_constraint(
        table_class_name="Notice",
        tablename="notice",
        constraint_name="state_known",
        schema=None,
    )

    return manager
