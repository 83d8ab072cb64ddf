"""Columns that every table writes the same way, with the defaults of this house instead of the ORM's.

Piccolo's foreign keys cascade and allow null unless told otherwise, and its `choices` are not enforced:
here a row that others point to cannot vanish, and a state is one of its words also for the database.
"""

from collections.abc import Iterable
from typing import Any

from piccolo.columns import UUID, Array, Date, ForeignKey, OnDelete, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table


def key() -> UUID:
    """The primary key: random, so that it tells nothing and needs no central counter."""
    return UUID(primary_key=True)


def belongs_to(table: type[Table], *, null: bool = False, index: bool = True) -> "ForeignKey[Any]":
    """A reference whose target cannot be deleted under it."""
    return ForeignKey(table, on_delete=OnDelete.restrict, null=null, index=index)


def reference(*, null: bool = True, index: bool = False) -> UUID:
    """The id of a row in a folder above this one; the migration adds the foreign key."""
    return UUID(default=None if null else UUID().default, null=null, index=index)


def area() -> Varchar:
    """The 12-digit code of the region a row belongs to; every list is narrowed by it."""
    return Varchar(length=12, index=True)


def word(length: int = 40, *, null: bool = False, unique: bool = False, index: bool = False) -> Varchar:
    """A short text; null means unknown, never empty."""
    return Varchar(length=length, default=None if null else "", null=null, unique=unique, index=index)


def words() -> Array:
    """A list of short texts, empty by default."""
    return Array(Varchar(length=60), default=list)


def moment(*, null: bool = False, index: bool = False) -> Timestamptz:
    """An instant in UTC; services set it from their clock."""
    return Timestamptz(default=None, null=True, index=index) if null else Timestamptz(index=index)


def day(*, null: bool = True) -> Date:
    """A calendar day."""
    return Date(default=None, null=True) if null else Date()


def one_of(column: str, allowed: Iterable[str]) -> Check:
    """The database refuses any other word in this column."""
    listed = ", ".join(f"'{value}'" for value in allowed)
    return Check(f'"{column}" IN ({listed})')


def rule(condition: str) -> Check:
    """A condition every row keeps, as the last wall."""
    return Check(condition)


Row = dict[str, Any]
"""A row as `select()` returns it."""
