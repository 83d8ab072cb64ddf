"""Whose rows: where an area narrows a query, a deed asks for a hat, a transaction says who acts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresTransaction
from piccolo.querystring import QueryString

from jiedui.actor import Actor, significant, within
from jiedui.clock import today
from jiedui.errors import Forbidden, NotFound
from jiedui.store.piccolo_conf import DB

Hats = frozenset[str]
_WITHOUT_AREA: Hats = frozenset({"volunteer", "granted"})
_SETTINGS = ("jiedui.actor", "jiedui.area", "jiedui.role", "jiedui.today")
_SAID = "SELECT " + ", ".join(f"current_setting('{name}', true)" for name in _SETTINGS)
_SAY = "SELECT " + ", ".join(
    f"set_config('{name}', coalesce(${at}, current_setting('{name}', true), ''), true)"
    for at, name in enumerate(_SETTINGS, 1)
)
"""What is null stays as it is."""


@dataclass(frozen=True)
class Policy:
    """Who may do what with the rows of one concept: for each deed the hats that may do it.

    A row is reached through its area by most hats, through `own` by the volunteer it is about, and through
    its id by whom a county shows it to. What is not named here nobody may do.
    """

    deeds: Mapping[str, Hats]
    own: str = ""
    """The column that names the volunteer whose row it is."""
    area: str = "region_code"

    def may(self, actor: Actor, deed: str, row: Mapping[str, Any] | None = None) -> bool:
        """Whether she may do this, to this row or at all."""
        hats = actor.hats & self.deeds.get(deed, frozenset())
        return bool(hats) and (row is None or self._reaches(actor, hats, row))

    def require(self, actor: Actor, deed: str, row: Mapping[str, Any] | None = None) -> None:
        """Raises Forbidden for a wrong role, whatever the row; NotFound for a row that is not hers."""
        if not self.may(actor, deed):
            raise Forbidden
        if row is not None and not self.may(actor, deed, row):
            raise NotFound

    def visible(self, actor: Actor, table: str = "", deed: str = "read") -> QueryString:
        """The condition that leaves the rows she may do this to, for `where()` and for `{}` in raw SQL."""
        hats, of = actor.hats & self.deeds.get(deed, frozenset()), f"{table}." if table else ""
        if hats - _WITHOUT_AREA:
            return in_area(f"{of}{self.area}", actor.region_code)
        if "volunteer" in hats and self.own:
            return QueryString(f"{of}{self.own} = {{}}", actor.volunteer_id)
        if "granted" in hats:
            return QueryString(f"{of}id = ANY({{}})", list(actor.granted))
        return QueryString("false")

    def _reaches(self, actor: Actor, hats: Hats, row: Mapping[str, Any]) -> bool:
        if hats - _WITHOUT_AREA:
            return within(actor.region_code, row[self.area])
        if "volunteer" in hats:
            return bool(self.own) and actor.volunteer_id is not None and row[self.own] == actor.volunteer_id
        return row["id"] in actor.granted


def by(*hats: str) -> Hats:
    """Those who may do a deed, and the system for whoever asked it."""
    return frozenset(hats) | {"system"}


def in_area(column: str, region_code: str) -> QueryString:
    """The condition that a column's area code lies in a region, for `where()` and for `{}` in raw SQL."""
    return QueryString(f"{column} LIKE {{}}", significant(region_code) + "%")


@asynccontextmanager
async def scope(actor: Actor, now: datetime | None = None) -> AsyncIterator[PostgresTransaction]:
    """One use case: a transaction in which the database knows who acts, where, as what, and on which day.

    Inside another one it joins that, and gives its words back when it leaves.
    """
    nested = DB.transaction_exists()
    day = str(today(now)) if now else None
    acting = (str(actor.account_id or ""), significant(actor.region_code), actor.role, day)
    async with DB.transaction() as transaction:
        connection = transaction.connection
        before = await connection.fetchrow(_SAID) if nested else ()
        await connection.fetchrow(_SAY, *acting)
        try:
            yield transaction
        finally:
            if nested:
                # A transaction that an error has ended takes the words with it: nothing to give back.
                with suppress(asyncpg.InFailedSQLTransactionError):
                    await connection.fetchrow(_SAY, *(word or "" for word in before))
