"""Whom a question about a plan is about: found by what somebody knows of her, masked in the answer."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.querystring import QueryString

from jiedui.accounts.limits import Limits
from jiedui.accounts.searches import search
from jiedui.actor import Actor
from jiedui.households import policy as households
from jiedui.households.numbers import typed_number
from jiedui.rounds import policy
from jiedui.rounds.tables import Plan
from jiedui.store.columns import Row
from jiedui.store.scope import in_area
from jiedui.volunteers import policy as volunteers

MOST_FOUND = 20


async def families(
    actor: Actor, round_row: Row, known: UUID | None, text: str, *, limits: Limits, now: datetime
) -> list[Row]:
    """The known family, else those of the round's area with this name or number, or else part of it.

    More than MOST_FOUND of them mean that there are others still. Raises Forbidden, TooMany.
    """
    policy.require(actor, "ask", round_row)
    offered = _both(in_area("h.region_code", round_row["region_code"]), households.visible(actor, "h"))
    if known is not None:
        rows: list[Row] = await Plan.raw(FAMILIES_BY_ID, round_row["id"], [known], offered)
        return rows
    values = [offered, _part(text), typed_number(text)]
    return await _called(actor, "household.find", _FAMILIES, round_row, values, text, limits=limits, now=now)


async def helpers(
    actor: Actor, round_row: Row, known: UUID | None, text: str, *, limits: Limits, now: datetime
) -> list[Row]:
    """The known volunteer, else those of the round's area with this name or number; likewise."""
    policy.require(actor, "ask", round_row)
    offered = _both(in_area("v.region_code", round_row["region_code"]), volunteers.visible(actor, "v"))
    if known is not None:
        rows: list[Row] = await Plan.raw(VOLUNTEERS_BY_ID, round_row["id"], [known], offered)
        return rows
    values = [offered, _part(text)]
    return await _called(
        actor, "volunteer.find", _VOLUNTEERS, round_row, values, text, limits=limits, now=now
    )


async def _called(
    actor: Actor,
    action: str,
    query: str,
    round_row: Row,
    values: list[Any],
    text: str,
    *,
    limits: Limits,
    now: datetime,
) -> list[Row]:
    text = text.strip()
    if not text:
        return []

    async def find() -> list[Row]:
        rows = await Plan.raw(query, text, text.upper(), *values, round_row["id"], MOST_FOUND + 1)
        return [row for row in rows if row["exact"]] or rows

    return await search(actor, action, text, find, limits=limits, now=now)


def _part(text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", text.strip())
    return f"%{escaped}%"


def _both(here: QueryString, seen: QueryString) -> QueryString:
    """Of the round's area, and seen by whoever asks."""
    return QueryString("{} AND {}", here, seen)


_FAMILY = """
SELECT h.id, h.name, h.number, h.colour, h.village, h.township,
    ARRAY(SELECT n.kind FROM need n WHERE n.household = h.id AND h.region_code IS NOT NULL
        ORDER BY n.position) AS needs
"""
_VOLUNTEER = "SELECT v.id, v.name, v.number, v.capacity, v.village, v.township"
FAMILIES_BY_ID = f"""{_FAMILY}
FROM household k CROSS JOIN LATERAL round_family({{}}, k.id) h WHERE k.id = ANY ({{}}) AND {{}}"""
VOLUNTEERS_BY_ID = f"""{_VOLUNTEER}
FROM volunteer k CROSS JOIN LATERAL round_helper({{}}, k.id) v WHERE k.id = ANY ({{}}) AND {{}}"""
# Names are matched where they stand in clear; what comes back is masked.
_FAMILIES = f"""
{_FAMILY}, k.exact FROM (
    SELECT h.id, length(h.name) AS long, h.name = {{}} OR h.number = {{}} AS exact FROM household h
    WHERE {{}} AND h.active AND (concat_ws(' ', h.name, h.number, h.name) ILIKE {{}} OR h.number LIKE {{}})
) AS k CROSS JOIN LATERAL round_family({{}}, k.id) h ORDER BY k.exact DESC, k.long, h.number LIMIT {{}}
"""  # noqa: S608 -- our own words
_VOLUNTEERS = f"""
{_VOLUNTEER}, k.exact FROM (
    SELECT v.id, length(v.name) AS long, v.name = {{}} OR v.number = {{}} AS exact FROM volunteer v
    WHERE {{}} AND concat_ws(' ', v.name, v.number, v.name) ILIKE {{}}
) AS k CROSS JOIN LATERAL round_helper({{}}, k.id) v ORDER BY k.exact DESC, k.long, v.number LIMIT {{}}
"""  # noqa: S608 -- our own words
