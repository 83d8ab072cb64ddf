"""A plan as a map, without any person's name: its pairs by village, or where to recruit by township.

A line stands for all pairs of two villages, a township's mark for the best newcomer there.
"""

from typing import Any

from piccolo.querystring import QueryString

from jiedui.actor import Actor
from jiedui.policies.force import in_force
from jiedui.regions.codes import county
from jiedui.regions.outlines import outline
from jiedui.regions.tables import Region
from jiedui.rounds import policy
from jiedui.rounds.tables import Plan
from jiedui.store.columns import Row
from jiedui.store.scope import in_area
from jiedui.volunteers import policy as volunteers


async def plan_map(actor: Actor, round_row: Row, plan: Row, language: str) -> dict[str, Any]:
    """Everything the map of the pairs draws, in one small document."""
    policy.require(actor, "read", plan)
    lines = await Plan.raw(_LINES, plan["id"])
    left_out = await Plan.raw(_RINGS, plan["id"])
    room = await Plan.raw(_DOTS, plan["id"], plan["round"], _givers(actor, round_row["region_code"]))
    return {
        **await _ground(round_row["region_code"]),
        "villages": {
            code: [row["name"], row["lat"], row["lng"]]
            for row in await Plan.raw(_VILLAGES, list(_villages(lines, left_out, room)))
            for code in [row["code"]]
        },
        "colours": _colours(language),
        "lines": [[row["home"], row["helper"], row["n"]] for row in lines],
        "left_out": [[village, *counts] for village, counts in by_colour(left_out, "village").items()],
        "room": [[row["village"], row["volunteers"], row["places"]] for row in room],
    }


async def recruitment_map(
    actor: Actor, round_row: Row, newcomers: list[Row], language: str
) -> dict[str, Any]:
    """Everything the map of where to recruit draws: `newcomers`, best first, with what is `said` of each."""
    policy.require(actor, "read", round_row)
    ground = await _ground(round_row["region_code"])
    towns = ground["townships"]
    placed = [row for row in newcomers if row["region_code"] in towns]
    # Names are written in this order while there is room: the best townships' first.
    ordered = {row["region_code"]: towns[row["region_code"]] for row in placed} | towns
    rank = in_force().rank
    marks = [
        [row["region_code"], rank(row["colour"]) if row["colour"] else None, row["said"]] for row in placed
    ]
    return {**ground, "townships": ordered, "colours": _colours(language), "newcomers": marks}


async def townships_summary(actor: Actor, plan: Row) -> list[Row]:
    """What the map shows, as a table: per township of the families, pairs, way and families left out.

    Those who have moved out of the round's area come last, without a township.
    """
    policy.require(actor, "read", plan)
    left_out = by_colour(await Plan.raw(_LEFT_OUT, plan["id"]), "township")
    colours = in_force().colours
    return [
        {
            **row,
            "left_out": {
                colour: n for colour, n in zip(colours, left_out.get(row["code"], ()), strict=False) if n
            },
        }
        for row in await Plan.raw(_SUMMARY, plan["id"], plan["id"], plan["round"])
    ]


async def village_on_map(actor: Actor, plan: Row, round_row: Row, code: str) -> Row | None:
    """One village of the round's area: who is left out there and who there has room, or None."""
    policy.require(actor, "read", plan)
    place = await Region.select(Region.code, Region.short_name).where(
        Region.code == code, in_area("code", round_row["region_code"])
    ).first()  # fmt: skip
    if place is None:
        return None
    families = await Plan.raw(
        """
        SELECT h.id AS household, h.name AS household_name, h.number AS household_number, h.colour, c.reasons
        FROM left_out c JOIN family_card h ON h.id = c.household
        WHERE c.plan = {} AND c.stage = 1 AND h.region_code = {}
        ORDER BY severity(h.colour), h.id LIMIT 200
        """,
        plan["id"], code,
    )  # fmt: skip
    helpers = await Plan.raw(
        f"SELECT * FROM ({_ROOM}) AS r WHERE r.room > 0 ORDER BY r.room DESC, r.number LIMIT 200",  # noqa: S608
        plan["id"], plan["round"], _givers(actor, code),
    )  # fmt: skip
    return {**place, "families": families, "volunteers": helpers}


def by_colour(rows: list[Row], place: str) -> dict[str, list[int]]:
    """The families of each place by how urgent they are, from rows of place, rank (from 1) and n."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row[place], [0] * len(in_force().colours))[row["rank"] - 1] = row["n"]
    return found


def _colours(language: str) -> list[list[str]]:
    """How the map paints, marks and calls families, the most urgent first."""
    return [[one.tone, one.symbol, one.called(language)] for one in in_force().colour]


async def _ground(area: str) -> dict[str, Any]:
    """What lies under every map of a round: its county's outline, its townships' names and points."""
    townships = await Region.select(Region.code, Region.short_name, Region.lat, Region.lng).where(
        Region.level == "township", in_area("code", area), Region.lat.is_not_null()
    ).order_by(Region.code)  # fmt: skip
    return {
        "outline": outline(county(area)),
        "townships": {row["code"]: [row["short_name"], row["lat"], row["lng"]] for row in townships},
    }


def _givers(actor: Actor, area: str) -> QueryString:
    """The volunteers of an area whom she may see."""
    return QueryString("{} AND {}", in_area("v.region_code", area), volunteers.visible(actor, "v"))


def _villages(lines: list[Row], left_out: list[Row], room: list[Row]) -> set[str]:
    ends = {code for row in lines for code in (row["home"], row["helper"])}
    return ends | {row["village"] for row in [*left_out, *room]}


_LINES = """
SELECT h.region_code AS home, v.region_code AS helper, count(*) AS n
FROM candidate c JOIN plan ON plan.id = c.plan
CROSS JOIN LATERAL round_family(plan."round", c.household) h
CROSS JOIN LATERAL round_helper(plan."round", c.volunteer) v
WHERE c.plan = {} AND h.region_code IS NOT NULL AND v.region_code IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""
_RINGS = """
SELECT h.region_code AS village, severity(h.colour) AS rank, count(*) AS n
FROM left_out c JOIN plan ON plan.id = c.plan
CROSS JOIN LATERAL round_family(plan."round", c.household) h
WHERE c.plan = {} AND c.stage = 1 AND h.region_code IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""
_LEFT_OUT = """
SELECT h.township_code AS township, severity(c.colour) AS rank, count(*) AS n
FROM left_out c JOIN plan ON plan.id = c.plan
CROSS JOIN LATERAL round_family(plan."round", c.household) h
WHERE c.plan = {} AND c.stage = 1 GROUP BY 1, 2
"""
_ROOM = """
SELECT v.id, v.number, masked_name(v.name) AS name, v.region_code, v.capacity
    - (SELECT count(DISTINCT c.household) FROM candidate c WHERE c.plan = {} AND c.volunteer = v.id)
    - (SELECT count(DISTINCT q.household) FROM live_pair q WHERE q.volunteer = v.id
       AND q."round" IS DISTINCT FROM {}) AS room
FROM volunteer v WHERE v.state = 'active' AND NOT v.paused AND {}
"""
_DOTS = f"""
SELECT region_code AS village, count(*) AS volunteers, sum(room)::bigint AS places
FROM ({_ROOM}) AS r WHERE room > 0 GROUP BY 1 ORDER BY 1
"""  # noqa: S608 -- our own words
_VILLAGES = "SELECT code, short_name AS name, lat, lng FROM region WHERE code = ANY ({}) AND lat IS NOT NULL"
_SUMMARY = """
SELECT h.township_code AS code, h.township AS name, count(*) FILTER (WHERE f.paired) AS pairs,
    round(avg(f.distance_m) FILTER (WHERE f.paired))::int AS mean_m
FROM (
    SELECT household, distance_m, true AS paired FROM candidate WHERE plan = {}
    UNION ALL SELECT household, 0, false FROM left_out WHERE plan = {} AND stage = 1
) AS f
CROSS JOIN LATERAL round_family({}, f.household) h GROUP BY 1, 2 ORDER BY 1
"""
