"""What a coordinator sees of her rounds: lists, counts, runs. Reads only, all within her area."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from jiedui.actor import Actor
from jiedui.errors import NotFound
from jiedui.policies.force import in_force
from jiedui.policies.service import pack_named
from jiedui.policies.tables import PolicyPack
from jiedui.regions.codes import parent, significant
from jiedui.regions.tables import LEVELS, Region
from jiedui.rounds import policy
from jiedui.rounds.problem import IN_PEACE
from jiedui.rounds.service import round_of
from jiedui.rounds.tables import Plan, Round
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import in_area
from jiedui.web.words import percent

_DIGITS = (2, 4, 6, 9, 12)
"""Significant digits of a code at each of LEVELS."""
# The driver sends the calendar's two ends as infinity, and infinity less a day is nothing PostgreSQL knows.
_FIRST_DAY, _LAST_DAY = date.min + timedelta(days=1), date.max - timedelta(days=1)


async def rounds_of(actor: Actor, *, after: str = "", before: str = "") -> Page:
    """A page of the area's rounds, the newest first; a key that means nothing gives the first page."""
    policy.require(actor, "read")
    found = await page_of(
        Round, _ROUNDS, [policy.visible(actor, "r")], {"sort_key": "bigint", "id": "uuid"},
        after=after, before=before, falling=True,
    )  # fmt: skip
    return replace(found, rows=[_with_figures(row) for row in found.rows])


async def areas_of(actor: Actor) -> list[tuple[str, str]]:
    """Where this actor may open a round: her own region and the two steps below it, no single villages."""
    policy.require(actor, "open")
    own = significant(actor.region_code)
    level = _DIGITS.index(len(own)) if own else -1
    rows = await Region.select(Region.code, Region.short_name).where(
        Region.level.is_in(list(LEVELS[max(level, 0) : level + 3])),
        Region.level != "village",
        in_area("code", actor.region_code),
    ).order_by(Region.code)  # fmt: skip
    names = {row["code"]: row["short_name"] for row in rows}
    return [(code, " · ".join(names[step] for step in _steps(code, own) if step in names)) for code in names]


async def policies() -> list[tuple[str, int]]:
    """The policies a round can be run under, each in its newest version."""
    rows = await PolicyPack.raw(
        "SELECT name, max(version) AS version FROM policy_pack GROUP BY name ORDER BY 1"
    )
    return [(row["name"], row["version"]) for row in rows]


async def counts_of(
    actor: Actor, region_code: str, dated: date, policy_name: str, version: int | None = None
) -> Row:
    """Families that wait, by colour, and the places there are for them. Raises NotFound out of the area.

    Those whose colour the policy does not know count as it takes them; `strange` says how many they are.
    """
    policy.require(actor, "read", {"region_code": region_code})
    pack = await pack_named(policy_name, version)
    day = min(max(dated, _FIRST_DAY), _LAST_DAY)
    here = in_area("region_code", region_code)
    rows = await Round.raw(_WAITING, here, pack.ratio, day, pack.consent.rest_days)
    waiting = {colour: {"families": 0, "needs": 0} for colour in pack.colours}
    for row in rows:
        for figure, count in waiting[pack.colour_for(row["colour"]).code].items():
            waiting[pack.colour_for(row["colour"]).code][figure] = count + row[figure]
    places = await Round.raw(_PLACES, day, pack.eligibility.record_check_days, here)
    strange = sum(row["families"] for row in rows if not pack.knows_colour(row["colour"]))
    return {"waiting": waiting, "strange": strange, **places[0]}


async def round_page(actor: Actor, round_id: UUID) -> Row:
    """A round with the names a page says beside it. Raises NotFound."""
    await round_of(actor, round_id)
    rows = await Round.raw(
        """
        SELECT r.*, g.short_name AS area, a.name AS opened_by, b.name AS publisher,
            (SELECT number FROM plan WHERE plan.id = r.published_plan_id) AS published_number,
            (SELECT max(number) FROM plan WHERE plan."round" = r.id AND plan.state = 'ready') AS newest_number
        FROM "round" r LEFT JOIN region g ON g.code = r.region_code
        LEFT JOIN account a ON a.id = r.created_by LEFT JOIN account b ON b.id = r.published_by
        WHERE r.id = {}
        """,
        round_id,
    )
    row: Row = rows[0]
    return row


async def plans_of(actor: Actor, round_id: UUID) -> list[Row]:
    """The runs of a round of the actor's area, the newest first. Raises Forbidden."""
    policy.require(actor, "read")
    mine = Plan.select().where(Plan.round == round_id, policy.visible(actor))
    rows = await mine.order_by(Plan.number, ascending=False)
    return [_with_figures(row) for row in rows]


async def plan_at(actor: Actor, round_id: UUID, number: int) -> tuple[Row, Row]:
    """A round of the area and its plan of this number. Raises NotFound."""
    round_row = await round_page(actor, round_id)
    query = Plan.select().where(Plan.round == round_id, Plan.number == number)
    row = await query.first() if 0 < number < 2**31 else None
    if row is None:
        raise NotFound
    return round_row, _with_figures(row)


def _steps(code: str, own: str) -> list[str]:
    """The regions from below one's own down to this one."""
    steps = [code]
    while (above := parent(steps[0])) and len(significant(above)) > len(own):
        steps.insert(0, above)
    return steps


def _coverage(counts: dict[str, list[int]]) -> list[Row]:
    return [
        {"colour": colour, "got": got, "wanted": wanted, "share": percent(got, wanted)}
        for colour in sorted(counts, key=in_force().rank)
        for got, wanted in [counts[colour]]
    ]


def _with_figures(row: Row) -> Row:
    """The figures of a run laid open: `covered` by colour, `further` helpers found, `checks` by name."""
    stages: list[dict[str, Any]] = json.loads(row["figures"]).get("stages", []) if row["figures"] else []
    first = stages[0] if stages else None
    checks: dict[str, bool] = {}
    for stage in stages:
        for name, passed in stage["checks"].items():
            checks[name] = checks.get(name, True) and passed
    return {
        **row,
        "stages": stages,
        "covered": _coverage(first["covered"]) if first else [],
        "found": first["pairs"] if first else 0,
        "further": sum(stage["pairs"] for stage in stages[1:]),
        "pairs": sum(stage["pairs"] for stage in stages),
        "checks": checks,
    }


_ROUNDS = """
SELECT r.*, (extract(epoch FROM r.created_at) * 1000000)::bigint AS sort_key,
    g.short_name AS area, a.name AS opened_by, b.name AS publisher, p.number, p.figures,
    (SELECT count(*) FROM plan q WHERE q."round" = r.id) AS runs,
    EXISTS (SELECT FROM plan q WHERE q."round" = r.id AND q.state IN ('queued', 'running')) AS running
FROM "round" r LEFT JOIN region g ON g.code = r.region_code
LEFT JOIN LATERAL (
    SELECT number, figures FROM plan WHERE plan."round" = r.id AND plan.state = 'ready'
    AND plan.id = coalesce(r.published_plan_id, plan.id) ORDER BY number DESC LIMIT 1
) p ON true
LEFT JOIN account a ON a.id = r.created_by LEFT JOIN account b ON b.id = r.published_by
WHERE {}
"""
_WAITING = f"""
SELECT h.colour, count(*) AS families, coalesce(sum(n.needs), 0)::bigint AS needs
FROM household h
JOIN LATERAL (SELECT count(*) AS needs FROM need WHERE need.household = h.id) n ON n.needs > 0
WHERE h.active AND {{}} AND greatest(h.wanted_helpers, {{}}) > (
    SELECT count(*) FROM live_pair p WHERE p.household = h.id) AND NOT {IN_PEACE}
GROUP BY h.colour
"""  # noqa: S608 -- our own words
_PLACES = """
SELECT count(*) AS volunteers, count(*) FILTER (WHERE room > 0) AS with_room,
    coalesce(sum(room), 0)::bigint AS places, count(*) FILTER (WHERE room > 0 AND cleared) AS cleared,
    coalesce(sum(room) FILTER (WHERE cleared), 0)::bigint AS cleared_places
FROM (
    SELECT cleared_on(v, {}, {}) AS cleared, greatest(v.capacity - coalesce(held.households, 0), 0) AS room
    FROM volunteer v LEFT JOIN held ON held.volunteer = v.id
    WHERE {} AND v.state = 'active' AND NOT v.paused
) AS helper
"""
