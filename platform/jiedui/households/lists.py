"""The list of an area's households: filtered and sorted in the database, 50 at a time by key."""

import re
from datetime import datetime
from typing import Any, Literal

import msgspec

from jiedui.accounts.limits import Limits
from jiedui.accounts.searches import search
from jiedui.actor import Actor
from jiedui.audit.service import record as audit
from jiedui.households import policy
from jiedui.households.numbers import typed_number
from jiedui.households.tables import Household
from jiedui.ledgers.identity import identity_number
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import scope
from jiedui.store.vault import keyed_hash

_MOST_FOUND = 50

# Every sort key is a text that grows, so that one comparison pages through all of them.
_KEYS = {
    "village": "h.region_code",
    "colour": "severity(h.colour)::text || h.region_code",
    "recent": "lpad((9999999999 - extract(epoch FROM h.updated_at)::bigint)::text, 10, '0')",
}
# Pairs stand above households, so their view is asked by name.
HELPER_SQL = """CASE WHEN EXISTS (SELECT FROM agreed_pair p WHERE p.household = h.id) THEN 'paired'
    WHEN EXISTS (SELECT FROM live_pair p WHERE p.household = h.id) THEN 'proposed' ELSE 'none' END"""
_COLUMNS = f"""h.id, h.number, h.region_code, masked_name(h.name) AS name, h.colour, h.contact_way,
    h.updated_at, p.village, p.township,
    {HELPER_SQL} AS helper,
    ARRAY(SELECT n.kind FROM need n WHERE n.household = h.id ORDER BY n.position) AS needs,
    (SELECT count(*) FROM member m WHERE m.household = h.id AND m.relation = 'child') AS children"""  # noqa: S608
_FROM = "FROM household h JOIN place p ON p.code = h.region_code JOIN region v ON v.code = h.region_code"


class HouseholdFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a list is narrowed to; blank means all."""

    township: str = ""
    colour: str = ""
    need: str = ""
    contact_way: str = ""
    helper: str = ""
    place: str = ""
    sort: Literal["village", "colour", "recent"] = "village"


async def households_of(actor: Actor, wanted: HouseholdFilter, *, after: str = "", before: str = "") -> Page:
    """A page of the households of the actor's area; a key that means nothing gives the first page."""
    policy.require(actor, "list")
    where, values = _where(actor, wanted)
    query = f"SELECT {_COLUMNS}, {_KEYS[wanted.sort]} AS sort_key {_FROM} WHERE {where}"
    order = {"sort_key": "text", "id": "uuid"}
    found = await page_of(Household, query, values, order, after=after, before=before)
    total = await Household.count().where(Household.active.eq(True), policy.visible(actor))
    return msgspec.structs.replace(found, total=total)


async def export_households(actor: Actor, wanted: HouseholdFilter, now: datetime) -> list[Row]:
    """Every row of the filtered list; that somebody took it, and how much, stays in the records."""
    policy.require(actor, "export")
    where, values = _where(actor, wanted)
    chosen = msgspec.structs.replace(wanted, place="")  # what was typed may be somebody's name
    async with scope(actor, now):
        rows: list[Row] = await Household.raw(
            f"SELECT {_COLUMNS} {_FROM} WHERE {where} ORDER BY {_KEYS[wanted.sort]}, h.id",
            *values,
        )
        await audit(
            actor,
            action="household.export",
            subject=("region", actor.region_code),
            region_code=actor.region_code,
            detail={"rows": len(rows), "filter": msgspec.to_builtins(chosen)},
            now=now,
        )
    return rows


async def find_person(actor: Actor, text: str, *, limits: Limits, now: datetime) -> list[Row]:
    """Households of the area by number, name, telephone or identity number; these stay out of addresses.

    Raises Forbidden, TooMany.
    """
    policy.require(actor, "find")
    plain = identity_number(text)
    number = typed_number(text)
    if len(plain) < 2 and not number:  # one character would list half a county
        return []
    if number:
        condition, value = "h.number LIKE {}", number
    elif re.fullmatch(r"[0-9]{17}[0-9X]", plain):
        condition, value = "h.ledger_key = {}", keyed_hash(plain, "identity")
    elif re.fullmatch(r"[0-9]{7,12}", plain):
        condition, value = "h.phone_key = {}", keyed_hash(plain, "phone")
    else:
        condition, value = "h.name LIKE {}", f"%{_literal(text.strip())}%"

    async def find() -> list[Row]:
        rows: list[Row] = await Household.raw(
            f"SELECT {_COLUMNS} {_FROM} WHERE {{}} AND {condition} "
            f"ORDER BY h.region_code, h.id LIMIT {_MOST_FOUND}",
            policy.visible(actor, "h", "find"),
            value,
        )
        return rows

    return await search(actor, "household.find", value, find, limits=limits, now=now)


async def townships_of(actor: Actor) -> list[tuple[str, str]]:
    """The townships that have households, for the filter."""
    policy.require(actor, "list")
    rows = await Household.raw(
        "SELECT t.code, t.short_name FROM region t WHERE t.level = 'township' AND EXISTS "
        "(SELECT FROM household h WHERE lies_in(h.region_code, t.code) AND {}) ORDER BY t.code",
        policy.visible(actor, "h"),
    )
    return [(row["code"], row["short_name"]) for row in rows]


def _where(actor: Actor, wanted: HouseholdFilter) -> tuple[str, list[Any]]:
    conditions: list[str] = ["h.active", "{}"]
    values: list[Any] = [policy.visible(actor, "h")]
    if wanted.township:
        conditions.append("left(h.region_code, 9) = {}")
        values.append(wanted.township[:9])
    for condition, value in (
        ("severity(h.colour) = severity({})", wanted.colour),
        ("h.contact_way = {}", wanted.contact_way),
        ("EXISTS (SELECT FROM need n WHERE n.household = h.id AND n.kind = {})", wanted.need),
        (f"{HELPER_SQL} = {{}}", wanted.helper),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    if wanted.place:
        like = _literal(wanted.place)
        conditions.append("(p.village LIKE {} OR p.township LIKE {} OR v.initials LIKE {})")
        values += [f"%{like}%", f"%{like}%", f"{like.lower()}%"]
    return " AND ".join(conditions), values


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
