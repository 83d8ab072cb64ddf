"""The lists of a plan: its pairs and the families left out, filtered in the database, 50 at a time by key."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from jiedui.actor import Actor
from jiedui.plans.words import NOBODY_OFFERS, SHORTER, TAKEN
from jiedui.rounds import policy
from jiedui.rounds.service import note
from jiedui.rounds.tables import Candidate, LeftOut, Plan
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import scope

Stage = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class PairFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the pairs are narrowed to; blank means all. `unmet` is a kind of support or `any`."""

    township: str = ""
    colour: str = ""
    unmet: str = ""
    pin: Literal["", "pin", "forbid"] = ""
    sort: Literal["far", "near", "cost", "village"] = "far"


class LeftOutFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the families left out are narrowed to; `reason` is a rule's name, `taken` or `offers`."""

    township: str = ""
    colour: str = ""
    reason: str = ""
    stage: Stage = 1


class NewcomerFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the newcomers are narrowed to; `gain` is a colour, or SHORTER where nobody more gets a helper."""

    township: str = ""
    kind: str = ""
    gain: str = ""


Filter = TypeVar("Filter", PairFilter, LeftOutFilter, NewcomerFilter)


async def pairs_of(actor: Actor, plan: Row, wanted: PairFilter, *, after: str = "", before: str = "") -> Page:
    """A page of a plan's pairs; a key that means nothing gives the first page."""
    policy.require(actor, "read", plan)
    where, values = _pairs_where(plan, wanted)
    found = await _page(_PAIRS, where, values, _PAIR_KEYS[wanted.sort], after, before)
    total = await Candidate.count().where(Candidate.plan == plan["id"])
    return replace(found, rows=[_pair(row) for row in found.rows], total=total)


async def left_out_of(
    actor: Actor, plan: Row, wanted: LeftOutFilter, *, after: str = "", before: str = ""
) -> Page:
    """A page of the families a plan could not serve, the most urgent first."""
    policy.require(actor, "read", plan)
    where, values = _left_out_where(plan, wanted)
    found = await _page(_LEFT_OUT, where, values, _LEFT_OUT_KEY, after, before)
    total = await LeftOut.count().where(LeftOut.plan == plan["id"], LeftOut.stage == wanted.stage)
    return replace(found, rows=await _with_advice(plan, found.rows), total=total)


async def pair_at(actor: Actor, plan: Row, candidate_id: UUID) -> Row | None:
    """One pair of a plan, with everything the list says."""
    policy.require(actor, "read", plan)
    rows = await Plan.raw(f"{_PAIRS} WHERE c.plan = {{}} AND c.id = {{}}", plan["id"], candidate_id)
    return _pair(rows[0]) if rows else None


async def between(actor: Actor, plan: Row, home: str, helper: str = "") -> list[Row]:
    """The pairs of a plan that link these two villages; without a helper's village, all of the family's."""
    policy.require(actor, "read", plan)
    where, values = "c.plan = {} AND h.region_code = {}", [plan["id"], home]
    if helper:
        where, values = where + " AND v.region_code = {}", [*values, helper]
    rows = await Plan.raw(f"{_PAIRS} WHERE {where} ORDER BY c.distance_m, c.id LIMIT 200", *values)
    return [_pair(row) for row in rows]


async def export_pairs(
    actor: Actor, round_row: Row, plan: Row, wanted: PairFilter, now: datetime
) -> list[Row]:
    """Every pair of the filtered list; that it was taken, and by whom, stays in the records."""
    policy.require(actor, "export", plan)
    where, values = _pairs_where(plan, wanted)
    order = f"{_PAIR_KEYS[wanted.sort]}, c.id"
    async with scope(actor, now):
        rows = await Plan.raw(f"{_PAIRS} WHERE {where} ORDER BY {order}", *values)
        await _note_export(actor, round_row, plan, "pairs", len(rows), now)
    return [_pair(row) for row in rows]


async def export_left_out(
    actor: Actor, round_row: Row, plan: Row, wanted: LeftOutFilter, now: datetime
) -> list[Row]:
    """Every family of the filtered list of those left out; noted likewise."""
    policy.require(actor, "export", plan)
    where, values = _left_out_where(plan, wanted)
    async with scope(actor, now):
        rows = await Plan.raw(f"{_LEFT_OUT} WHERE {where} ORDER BY {_LEFT_OUT_KEY}, c.id", *values)
        await _note_export(actor, round_row, plan, "left_out", len(rows), now)
    return await _with_advice(plan, rows)


async def newcomers_of(
    actor: Actor, plan: Row, wanted: NewcomerFilter, *, after: str = "", before: str = ""
) -> Page:
    """What one more volunteer would bring: the best sort per township, or all sorts of one township."""
    policy.require(actor, "read", plan)
    query, values = _newcomers(plan, wanted)
    order = {"sort_key": "bigint", "id": "uuid"}
    return await page_of(Plan, query, values, order, after=after, before=before)


async def best_newcomers(actor: Actor, plan: Row, wanted: NewcomerFilter) -> list[Row]:
    """The best newcomer of every township there is one for, best first, whichever is chosen."""
    policy.require(actor, "read", plan)
    return await _every_newcomer(plan, replace(wanted, township=""))


async def export_newcomers(
    actor: Actor, round_row: Row, plan: Row, wanted: NewcomerFilter, now: datetime
) -> list[Row]:
    """Every row of the filtered list of newcomers; noted likewise."""
    policy.require(actor, "export", plan)
    async with scope(actor, now):
        rows = await _every_newcomer(plan, wanted)
        await _note_export(actor, round_row, plan, "newcomers", len(rows), now)
    return rows


async def townships_of(actor: Actor, plan: Row) -> list[tuple[str, str]]:
    """The townships that have families in a plan, paired or left out, for the filter."""
    policy.require(actor, "read", plan)
    rows = await Plan.raw(
        """
        SELECT DISTINCT h.township_code, h.township FROM (
            SELECT household FROM candidate WHERE plan = {}
            UNION SELECT household FROM left_out WHERE plan = {}
        ) AS c CROSS JOIN LATERAL round_family({}, c.household) h WHERE h.region_code IS NOT NULL ORDER BY 1
        """,
        plan["id"], plan["id"], plan["round"],
    )  # fmt: skip
    return [(row["township_code"], row["township"]) for row in rows]


_PAIRS = """
SELECT c.id, c.household, c.volunteer, c.stage, c.distance_m, c.cost, c.needs_met, c.needs_unmet, c.pinned,
    c.runner_up, h.name AS household_name, h.number AS household_number, h.colour,
    h.region_code, h.village, h.township,
    v.name AS volunteer_name, v.number, v.capacity, v.village AS volunteer_village,
    w.kind AS pin, w.id AS pin_id, masked_name(n.name) AS next_name,
    n.number AS next_number, l.name AS loser_name, l.number AS loser_number, l.village AS loser_village,
    (SELECT count(DISTINCT o.household) FROM candidate o WHERE o.plan = c.plan AND o.volunteer = c.volunteer)
    + (SELECT count(DISTINCT q.household) FROM live_pair q WHERE q.volunteer = c.volunteer
       AND q."round" IS DISTINCT FROM plan."round") AS load
FROM candidate c JOIN plan ON plan.id = c.plan
    CROSS JOIN LATERAL round_family(plan."round", c.household) h
    CROSS JOIN LATERAL round_helper(plan."round", c.volunteer) v
    LEFT JOIN volunteer n ON n.id = (c.runner_up ->> 'volunteer')::uuid
    LEFT JOIN LATERAL round_family(plan."round", (c.runner_up ->> 'loses')::uuid) l ON true
    LEFT JOIN pin w ON w."round" = plan."round" AND w.household = c.household AND w.volunteer = c.volunteer
"""
_LEFT_OUT = """
SELECT c.id, c.household, c.colour, c.stage, c.reasons, h.name AS household_name,
    h.number AS household_number, h.region_code, h.village, h.township,
    ARRAY(
        SELECT n.kind FROM need n
        WHERE n.household = h.id AND h.region_code IS NOT NULL AND (c.stage = 1 OR NOT EXISTS (
            SELECT FROM candidate f
            WHERE f.plan = c.plan AND f.household = h.id AND f.stage < c.stage AND n.kind = ANY (f.needs_met)
            UNION ALL SELECT FROM live_pair q
            WHERE q.household = h.id AND n.kind = ANY (q.needs)
        )) ORDER BY n.position
    ) AS needs
FROM left_out c JOIN plan ON plan.id = c.plan
    CROSS JOIN LATERAL round_family(plan."round", c.household) h
"""
_BY_VILLAGE = "coalesce(h.region_code::bigint, 999999999999)"  # who has moved away comes last
_PAIR_KEYS = {
    "far": "-c.distance_m::bigint",
    "near": "c.distance_m::bigint",
    "cost": "-c.cost",
    "village": _BY_VILLAGE,
}
_LEFT_OUT_KEY = f"severity(c.colour) * 1000000000000 + {_BY_VILLAGE}"


_NEWCOMERS = """
SELECT c.*, coalesce(l.n, 0) AS left_out FROM (
    SELECT DISTINCT ON ({each}) c.id, c.region_code, c.kind, c.skilled, c.colour, c.saved_m,
        t.short_name AS township, {key} AS sort_key
    FROM newcomer c JOIN region t ON t.code = c.region_code WHERE {where}
    ORDER BY {each}, sort_key, c.id
) AS c LEFT JOIN (
    SELECT left(h.region_code, 9) AS town, count(*) AS n
    FROM left_out o JOIN household h ON h.id = o.household WHERE o.plan = {{}} AND o.stage = 1 GROUP BY 1
) AS l ON l.town = left(c.region_code, 9)
"""
_NEWCOMER_KEY = "CASE c.colour WHEN '' THEN 1000 ELSE severity(c.colour) END * 1000000000000 - c.saved_m"


async def _every_newcomer(plan: Row, wanted: NewcomerFilter) -> list[Row]:
    query, values = _newcomers(plan, wanted)
    rows: list[Row] = await Plan.raw(f"{query} ORDER BY sort_key, id", *values)
    return rows


def _newcomers(plan: Row, wanted: NewcomerFilter) -> tuple[str, list[Any]]:
    conditions = [
        ("c.region_code = {}", wanted.township),
        ("c.kind = {}", wanted.kind),
        ("c.colour = {}", "" if wanted.gain == SHORTER else wanted.gain),
    ]
    where, values = _where(plan, conditions)
    where += " AND c.colour = ''" if wanted.gain == SHORTER else ""
    each = "c.id" if wanted.township else "c.region_code"
    return _NEWCOMERS.format(each=each, key=_NEWCOMER_KEY, where=where), [*values, plan["id"]]


def _pairs_where(plan: Row, wanted: PairFilter) -> tuple[str, list[Any]]:
    conditions = [
        ("left(h.region_code, 9) = {}", wanted.township[:9]),
        ("severity(h.colour) = severity({})", wanted.colour),
        ("{} = ANY (c.needs_unmet)", "" if wanted.unmet == "any" else wanted.unmet),
        ("w.kind = {}", wanted.pin),
    ]
    where, values = _where(plan, conditions)
    return where + (" AND cardinality(c.needs_unmet) > 0" if wanted.unmet == "any" else ""), values


def _left_out_where(plan: Row, wanted: LeftOutFilter) -> tuple[str, list[Any]]:
    plain = {
        NOBODY_OFFERS: " AND (c.reasons ->> 'offering')::int = 0",
        TAKEN: " AND (c.reasons ->> 'taken')::int > 0",
    }
    conditions = [
        ("left(h.region_code, 9) = {}", wanted.township[:9]),
        ("c.colour = {}", wanted.colour),
        ("c.stage = {}::int", wanted.stage),
        ("jsonb_exists(c.reasons -> 'refused', {})", "" if wanted.reason in plain else wanted.reason),
    ]
    where, values = _where(plan, conditions)
    return where + plain.get(wanted.reason, ""), values


def _where(plan: Row, conditions: list[tuple[str, Any]]) -> tuple[str, list[Any]]:
    asked = [(condition, value) for condition, value in conditions if value]
    return (
        " AND ".join(["c.plan = {}", *(condition for condition, _ in asked)]),
        [plan["id"], *(value for _, value in asked)],
    )


async def _page(select: str, where: str, values: list[Any], key: str, after: str, before: str) -> Page:
    query = f"{select.replace('SELECT', f'SELECT {key} AS sort_key,', 1)} WHERE {where}"
    order = {"sort_key": "bigint", "id": "uuid"}
    return await page_of(Plan, query, values, order, after=after, before=before)


def _pair(row: Row) -> Row:
    return {**row, "runner_up": json.loads(row["runner_up"]) if row["runner_up"] else None}


async def _with_advice(plan: Row, rows: list[Row]) -> list[Row]:
    """The reasons laid open: each change with its volunteer, the shortage with its townships' names."""
    told = [{**row, "reasons": json.loads(row["reasons"])} for row in rows]
    changes = [change for row in told for change in row["reasons"].get("changes", ())]
    helpers = [UUID(change["volunteer"]) for change in changes]
    names = await _named("helper_card", "id", "name || ' ' || number", helpers)
    for change in changes:
        change["name"] = names[UUID(change["volunteer"])]
    short = {stage["stage"]: stage.get("shortages", []) for stage in plan["stages"]}
    codes = [code for found in short.values() for one in found for code in one["townships"]]
    towns = await _named("region", "code", "short_name", codes)
    for row in told:
        at = row["reasons"].get("shortage")
        one = None if at is None else short[row["stage"]][at]
        row["shortage"] = one and {**one, "towns": [towns.get(code, code) for code in one["townships"]]}
    return told


async def _named(table: str, key: str, name: str, wanted: list[Any]) -> dict[Any, str]:
    query = f'SELECT {key} AS key, {name} AS name FROM "{table}" WHERE {key} = ANY ({{}})'  # noqa: S608
    return {row["key"]: row["name"] for row in await Plan.raw(query, list(set(wanted)))}


async def _note_export(actor: Actor, round_row: Row, plan: Row, what: str, rows: int, now: datetime) -> None:
    await note(actor, "round.export", round_row["id"], round_row["region_code"], now,
               plan=plan["number"], what=what, rows=rows)  # fmt: skip
