"""The region tree: kept up to date from the official list, found by what a person types."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from jiedui.actor import COUNTRY, Actor
from jiedui.audit.service import record
from jiedui.errors import NotFound
from jiedui.ledgers.saving import Changes
from jiedui.regions import policy
from jiedui.regions.codes import parent, significant, township
from jiedui.regions.names import initials, short_name
from jiedui.regions.tables import Region
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.scope import in_area, scope

_AT_ONCE = 1000
_ENDS = (2, 4, 6, 9, 12)
_LONGEST_QUESTION = 40


class RegionRecord(Protocol):
    """A line of the official list, as a ledger reader hands it over."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def lat(self) -> float | None: ...
    @property
    def lng(self) -> float | None: ...
    @property
    def position_source(self) -> str: ...


@dataclass(frozen=True)
class Place:
    """A region as people name it, with the township it lies in."""

    code: str
    name: str
    level: str
    township: str = ""
    county: str = ""

    @property
    def label(self) -> str:
        """南天湖镇 · 九溪沟村."""
        return f"{self.township} · {self.name}" if self.township else self.name


async def save_regions(actor: Actor, records: Iterable[RegionRecord], now: datetime) -> Changes:
    """Make the table say what the list says; doing it again changes nothing, and no region is removed."""
    wanted = list(records)
    _refuse_others(actor, wanted)
    async with scope(actor, now):
        touched, result = await _compare(wanted)
        for start in range(0, len(touched), _AT_ONCE):
            await Region.insert(*(Region(**row) for row in touched[start : start + _AT_ONCE])).on_conflict(
                target=Region.code,
                action="DO UPDATE",
                values=[column for column in Region.all_columns() if column is not Region.code],
            )
        await bulk.analyze(Region)
        if touched:
            await record(
                actor,
                action="regions.save",
                subject=("region", actor.region_code),
                region_code=actor.region_code,
                detail={"new": result.new, "changed": result.changed},
                now=now,
            )
    return result


async def forecast_regions(actor: Actor, records: Iterable[RegionRecord]) -> Changes:
    """What saving the list would change; writes nothing. Raises Forbidden, NotFound as saving does."""
    wanted = list(records)
    _refuse_others(actor, wanted)
    _, result = await _compare(wanted)
    return result


async def find_villages(
    text: str, within: str | None = None, township: str | None = None, limit: int = 8
) -> list[Place]:
    """Villages by a piece of their name, their township's name or pinyin initials, the likeliest first.

    Several words narrow each other down: 南天湖 九溪沟, nth jxg. A question of nothing finds nothing,
    unless a township is given: then its villages.
    """
    words = _words(text)
    if not words and township is None:
        return []
    naming, values = named(text)
    conditions = ["v.level = 'village'", "{}", *naming]
    given: list[Any] = [in_area("v.code", township or within or COUNTRY), *values]
    last = words[-1] if words else ""
    where = " AND ".join(conditions)  # our own fragments; what was typed is a parameter
    rows = await Region.raw(
        "SELECT v.code, v.short_name, t.short_name AS township, c.short_name AS county FROM region v "  # noqa: S608
        "JOIN region t ON t.code = left(v.code, 9) || '000' "
        "LEFT JOIN region c ON c.code = left(v.code, 6) || '000000' "
        f"WHERE {where} "
        "ORDER BY CASE WHEN v.short_name IN ({}, {}, {}) THEN 0 WHEN v.short_name LIKE {} THEN 1 "
        "WHEN v.initials LIKE {} THEN 2 WHEN v.short_name LIKE {} THEN 3 WHEN v.initials LIKE {} THEN 4 "
        "ELSE 5 END, v.code LIMIT {}",
        *given,
        *(last, f"{last}村", f"{last}社区"),
        *(f"{_literal(last)}%", f"{_literal(last)}%", f"%{_literal(last)}%", f"% {_literal(last)}%"),
        limit,
    )
    return [
        Place(row["code"], row["short_name"], "village", row["township"], row["county"] or "") for row in rows
    ]


def named(text: str) -> tuple[list[str], list[str]]:
    """What every word typed asks of a region `v` in its township `t`: conditions of SQL, and their values."""
    conditions, values = [], []
    for word in _words(text):
        condition, arguments = _matches(word)
        conditions.append(condition)
        values += arguments
    return conditions, values


async def village(code: str) -> Place:
    """The village of this code. Raises NotFound when it is none."""
    found = await villages([code])
    if not found:
        raise NotFound
    return found[0]


async def villages(codes: Iterable[str]) -> list[Place]:
    """The villages among these codes, with their townships."""
    rows = await Region.select().where(Region.code.is_in(list(codes)), Region.level == "village")
    names = await region_names(township(row["code"]) for row in rows)
    return [Place(row["code"], row["short_name"], "village", names[township(row["code"])]) for row in rows]


async def region_name(code: str) -> str:
    """The short name of a region; the code itself when the tree does not know it."""
    return (await region_names([code]))[code]


async def region_names(codes: Iterable[str]) -> dict[str, str]:
    """Short names for a page of rows in one question."""
    asked = list(dict.fromkeys(codes))
    if not asked:
        return {}
    rows = await Region.select(Region.code, Region.short_name).where(Region.code.is_in(asked))
    return {code: code for code in asked} | {row["code"]: row["short_name"] for row in rows}


async def path_name(code: str) -> str:
    """From the county down: 丰都县 · 南天湖镇 · 九溪沟村; above a county just its own name."""
    return (await path_names([code]))[code]


async def path_names(codes: Iterable[str]) -> dict[str, str]:
    """Path names for a page of rows in one question."""
    paths = {code: _path(code) for code in codes}
    names = await region_names(step for path in paths.values() for step in path)
    return {code: " · ".join(names[step] for step in path) for code, path in paths.items()}


async def children(code: str) -> list[Place]:
    """The regions one step below that the tree has (a municipality's counties have no city above them)."""
    digits = significant(code)
    for end in (end for end in _ENDS if end > len(digits)):
        rows = (
            await Region.select(Region.code, Region.short_name, Region.level)
            .where(Region.code.like(digits.ljust(end, "_").ljust(12, "0")), Region.code != code)
            .order_by(Region.code)
        )
        if rows:
            return [Place(row["code"], row["short_name"], row["level"]) for row in rows]
    return []


async def townships(within: str | None = None) -> list[Place]:
    """Every township of an area, for those who would rather choose than type."""
    rows = (
        await Region.select(Region.code, Region.short_name)
        .where(Region.level == "township", in_area("code", within or COUNTRY))
        .order_by(Region.code)
    )
    return [Place(row["code"], row["short_name"], "township") for row in rows]


def _refuse_others(actor: Actor, records: Iterable[RegionRecord]) -> None:
    policy.require(actor, "save")
    for one in records:
        policy.require(actor, "save", {"code": one.code})


async def _compare(records: Iterable[RegionRecord]) -> tuple[list[Row], Changes]:
    """The rows to write, and how many of them are new, changed or as they were.

    A line without a position leaves the one that is known: most lists have none, and rounds need it.
    """
    wanted = [_row(one) for one in records]
    codes = [row["code"] for row in wanted]
    stored = {
        row["code"]: row for row in await Region.raw("SELECT * FROM region WHERE code = ANY({})", codes)
    }
    for row in wanted:
        if row["lat"] is None and row["code"] in stored:
            row |= {name: stored[row["code"]][name] for name in ("lat", "lng", "position_source")}
    new = [row for row in wanted if row["code"] not in stored]
    changed = [row for row in wanted if row["code"] in stored and row != stored[row["code"]]]
    return new + changed, Changes(len(new), len(changed), len(wanted) - len(new) - len(changed))


def _row(one: RegionRecord) -> Row:
    short = short_name(one.name)
    return {
        "code": one.code,
        "name": one.name,
        "short_name": short,
        "initials": initials(short),
        "level": one.level,
        "lat": one.lat,
        "lng": one.lng,
        "position_source": one.position_source,
    }


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).lower()[:_LONGEST_QUESTION].replace("\x00", " ")
    return [short_name(word) for word in re.split(r"[\s·•・,,、/]+", plain) if word]


def _matches(word: str) -> tuple[str, list[str]]:
    like = _literal(word)
    if word.isascii():
        return (
            "(v.initials LIKE {} OR v.initials LIKE {} OR t.initials LIKE {} OR t.initials LIKE {})",
            [f"{like}%", f"% {like}%"] * 2,
        )
    # 南天湖镇九溪沟 and 南天湖九溪沟, written in one go, are township and village as well.
    return (
        "(t.short_name || v.short_name LIKE {} "
        "OR regexp_replace(t.short_name, '(镇|乡|街道)$', '') || v.short_name LIKE {})",
        [f"%{like}%"] * 2,
    )


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _path(code: str) -> list[str]:
    path = [code]
    while (above := parent(path[0])) and len(significant(path[0])) > len("500230"):
        path.insert(0, above)
    return path
