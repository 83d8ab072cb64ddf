"""The townships and villages of an area as staff see them: counted, narrowed, 50 at a time by code."""

import re
from typing import Any, Literal

import msgspec

from jiedui.actor import Actor
from jiedui.regions import policy
from jiedui.regions.service import named
from jiedui.regions.tables import Region
from jiedui.store.paging import Page, page_of

_COLUMNS = """v.code, v.level, v.short_name AS name, v.lat, v.lng, v.position_source,
    CASE WHEN v.level = 'village' THEN coalesce(t.short_name, '') ELSE '' END AS township,
    coalesce(c.short_name, '') AS county"""
_FROM = """FROM region v LEFT JOIN region t ON t.code = left(v.code, 9) || '000'
    LEFT JOIN region c ON c.code = left(v.code, 6) || '000000'"""


class RegionFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the list is narrowed to; blank means all."""

    q: str = ""
    township: str = ""
    position: Literal["", "known", "unknown"] = ""


class Tree(msgspec.Struct, frozen=True):
    """How much of the region tree an area has; `unplaced` of them have no position."""

    townships: int
    villages: int
    unplaced: int


async def tree_of(actor: Actor) -> Tree:
    """The counts of the actor's area."""
    policy.require(actor, "read")
    rows = await Region.raw(
        "SELECT count(*) FILTER (WHERE level = 'township') AS townships,"
        " count(*) FILTER (WHERE level = 'village') AS villages,"
        " count(*) FILTER (WHERE level IN ('township', 'village') AND lat IS NULL) AS unplaced"
        " FROM region WHERE {}",
        policy.visible(actor),
    )
    return Tree(**rows[0])


async def regions_of(actor: Actor, wanted: RegionFilter, *, after: str = "", before: str = "") -> Page:
    """A page of the townships and villages of the actor's area."""
    policy.require(actor, "read")
    where, values = _where(actor, wanted)
    query = f"SELECT {_COLUMNS} {_FROM} WHERE {where}"
    return await page_of(Region, query, values, {"code": "text"}, after=after, before=before)


def _where(actor: Actor, wanted: RegionFilter) -> tuple[str, list[Any]]:
    conditions: list[str] = ["v.level IN ('township', 'village')", "{}"]
    values: list[Any] = [policy.visible(actor, "v")]
    if wanted.township:
        conditions.append("left(v.code, 9) = {}")
        values.append(wanted.township[:9])
    if wanted.position:
        conditions.append("v.lat IS NULL" if wanted.position == "unknown" else "v.lat IS NOT NULL")
    if re.fullmatch(r"[0-9]{4,12}", wanted.q):
        conditions.append("v.code LIKE {}")
        values.append(wanted.q + "%")
    else:
        naming, names = named(wanted.q)
        conditions += naming
        values += names
    return " AND ".join(conditions), values
