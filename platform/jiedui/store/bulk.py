"""Many rows in one statement. Not by COPY: a table whose rows are guarded one by one refuses it."""

import json
import re
from collections.abc import Sequence
from typing import Any

from piccolo.columns import JSONB, Array, Column
from piccolo.table import Table

from jiedui.store.columns import Row


async def insert(table: type[Table], rows: Sequence[Row]) -> None:
    """Insert rows in one statement, the same columns in each; what is left out has no value."""
    if not rows:
        return
    columns = [_column(table, name) for name in rows[0]]
    named = ", ".join(f'"{name}"' for name in rows[0])
    taken = ", ".join(_taken(column) for column in columns)
    await table.raw(
        f'INSERT INTO "{_name(table)}" ({named}) SELECT {taken} FROM {_given(columns)}',  # noqa: S608 -- our names
        *_values(columns, rows),
    )


async def update(table: type[Table], rows: Sequence[Row]) -> None:
    """Update rows by their `id` in one statement, the same columns in each."""
    if not rows:
        return
    columns = [_column(table, name) for name in rows[0]]
    settings = ", ".join(
        f'"{column._meta.db_column_name}" = {_taken(column)}'
        for column in columns
        if column._meta.db_column_name != "id"
    )
    await table.raw(
        f'UPDATE "{_name(table)}" AS kept SET {settings} FROM {_given(columns)} WHERE kept.id = given.id',  # noqa: S608
        *_values(columns, rows),
    )


async def analyze(*tables: type[Table]) -> None:
    """Tell the planner how much is in tables that were just filled; to be asked in the same transaction.

    It looks by itself now and then, and takes a table for empty whose rows are not committed yet.
    Joins of such tables read every row of one for every row of another: a list of thirty pairs took minutes.
    """
    for table in sorted(tables, key=_name):  # one order, or two who fill tables may wait for each other
        await table.raw(f'ANALYZE "{_name(table)}"')


def _name(table: type[Table]) -> str:
    return str(table._meta.tablename)


def _column(table: type[Table], name: str) -> Column:
    for column in table._meta.columns:
        if column._meta.db_column_name == name:
            return column
    raise ValueError(f"{_name(table)} has no column {name}")


def _given(columns: Sequence[Column]) -> str:
    """The rows as a table of SQL: one array for each column."""
    arrays = ", ".join(f"{{}}::{_sent_as(column)}[]" for column in columns)
    named = ", ".join(f'"{column._meta.db_column_name}"' for column in columns)
    return f"unnest({arrays}) AS given ({named})"


def _values(columns: Sequence[Column], rows: Sequence[Row]) -> list[list[Any]]:
    return [
        [
            json.dumps(row[name]) if isinstance(column, Array) and row[name] is not None else row[name]
            for row in rows
        ]
        for column in columns
        for name in [column._meta.db_column_name]
    ]


def _sent_as(column: Column) -> str:
    """Without its length: a text that is too long must fail, and a cast would cut it."""
    if isinstance(column, Array | JSONB):
        return "text"  # a list of lists would come out flat
    return re.sub(r"\(.*\)", "", column.column_type)


def _taken(column: Column) -> str:
    value = f'given."{column._meta.db_column_name}"'
    if isinstance(column, Array):
        return f"ARRAY(SELECT jsonb_array_elements_text({value}::jsonb))"
    return f"{value}::jsonb" if isinstance(column, JSONB) else value
