"""An area in figures, a row for each area one step below it: what a level above the county sees of people."""

from dataclasses import dataclass

from jiedui.actor import LEVELS, Actor, significant
from jiedui.desks import policy
from jiedui.desks.rules import shown, tells_of_few
from jiedui.pairs.tables import Pair
from jiedui.regions.service import children
from jiedui.store.scope import in_area

COLUMNS = ("households", "urgent", "volunteers", "pairs", "waiting")
"""Households, the most urgent ones, active volunteers, running pairs, households in need without a helper."""
PARTS = frozenset({"urgent", "waiting"})
"""What is counted among the households."""


@dataclass(frozen=True)
class Figures:
    """Of one area, in the order of COLUMNS; None stands for fewer than five."""

    code: str
    name: str
    counts: tuple[int | None, ...]


async def figures_of(actor: Actor) -> tuple[Figures, list[Figures]]:
    """The figures of the actor's area, and of the areas one step below. Raises Forbidden."""
    policy.require(actor, "read")
    below = [] if actor.level == "village" else await children(actor.region_code)
    length = len(significant(below[0].code)) if below else max(LEVELS)
    rows = await Pair.raw(_COUNTS, length, in_area("region_code", actor.region_code))
    counted = {row["area"]: [row[column] for column in COLUMNS] for row in rows}
    none = [0] * len(COLUMNS)
    table = [counted.get(significant(place.code).ljust(length, "0"), none) for place in below]
    columns = list(zip(*table, strict=True))
    told = [
        shown(column, columns[0] if name in PARTS else None)
        for name, column in zip(COLUMNS, columns, strict=False)
    ]
    parts = [
        Figures(place.code, place.name, tuple(column[at] for column in told))
        for at, place in enumerate(below)
    ]
    sums = [sum(row[at] for row in counted.values()) for at in range(len(COLUMNS))]
    whole = [
        None if tells_of_few(n, sums[0] if name in PARTS else None) else n
        for name, n in zip(COLUMNS, sums, strict=True)
    ]
    return Figures(actor.region_code, "", tuple(whole)), parts


_COUNTS = """
WITH people AS (
    SELECT h.region_code, 1 AS households, (severity(h.colour) = 1)::int AS urgent, 0 AS volunteers,
        (SELECT count(*) FROM agreed_pair p WHERE p.household = h.id) AS pairs,
        (EXISTS (SELECT FROM need n WHERE n.household = h.id)
            AND NOT EXISTS (SELECT FROM live_pair p WHERE p.household = h.id))::int AS waiting
    FROM household h WHERE h.active
    UNION ALL SELECT region_code, 0, 0, 1, 0, 0 FROM volunteer WHERE state = 'active'
)
SELECT left(region_code, {}) AS area, sum(households)::bigint AS households, sum(urgent)::bigint AS urgent,
    sum(volunteers)::bigint AS volunteers, sum(pairs)::bigint AS pairs, sum(waiting)::bigint AS waiting
FROM people WHERE {} GROUP BY 1
"""
