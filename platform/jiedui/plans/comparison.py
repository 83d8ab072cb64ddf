"""Two runs of a round side by side: what changed for whom."""

from jiedui.actor import Actor
from jiedui.rounds import policy
from jiedui.rounds.tables import Plan
from jiedui.store.columns import Row

MOST_SHOWN = 50


def comparable(one: Row, other: Row) -> bool:
    """Whether the costs of two runs say which is better: they find as many helpers in each colour.

    What is not found is not in the cost, so that of two runs the one that helps fewer may look cheaper.
    """
    return _found(one) == _found(other)


def longer_by(before_m: float, after_m: float) -> int:
    """By how many metres a way is longer as people read both, in tenths of a kilometre; less is negative."""
    return round(1000 * (round(after_m / 1000, 1) - round(before_m / 1000, 1)))


async def only_in(actor: Actor, plan: Row, other: Row) -> tuple[int, list[Row]]:
    """Pairs of a plan that the other lacks: how many, and the first of them for the eye."""
    return await _counted(actor, _ONLY_IN, plan, other)


async def helped_only_in(actor: Actor, plan: Row, other: Row) -> tuple[int, list[Row]]:
    """Families that a plan serves and the other leaves out, the most urgent first."""
    return await _counted(actor, _HELPED_ONLY_IN, plan, other)


def _found(run: Row) -> dict[tuple[int, str], int]:
    return {
        (stage["stage"], colour): got
        for stage in run["stages"]
        for colour, (got, _) in stage["covered"].items()
    }


async def _counted(actor: Actor, question: str, plan: Row, other: Row) -> tuple[int, list[Row]]:
    policy.require(actor, "read", plan)
    policy.require(actor, "read", other)
    rows = await Plan.raw(question, plan["id"], other["id"], MOST_SHOWN)
    return (rows[0]["n"] if rows else 0), rows


_FAMILY = """h.id AS household, h.name AS household_name, h.number AS household_number,
    h.colour, h.village, h.township"""
_ONLY_IN = f"""
SELECT count(*) OVER () AS n, c.distance_m, {_FAMILY}, v.id AS volunteer, v.name AS volunteer_name, v.number
FROM candidate c JOIN plan ON plan.id = c.plan
CROSS JOIN LATERAL round_family(plan."round", c.household) h
CROSS JOIN LATERAL round_helper(plan."round", c.volunteer) v
WHERE c.plan = {{}} AND NOT EXISTS (SELECT FROM candidate o WHERE o.plan = {{}}
    AND o.household = c.household AND o.volunteer = c.volunteer)
ORDER BY h.region_code, c.id LIMIT {{}}
"""  # noqa: S608 -- our own words
_HELPED_ONLY_IN = f"""
SELECT count(*) OVER () AS n, {_FAMILY}
FROM (SELECT DISTINCT plan, household FROM candidate WHERE plan = {{}}) AS c JOIN plan ON plan.id = c.plan
CROSS JOIN LATERAL round_family(plan."round", c.household) h
WHERE NOT EXISTS (SELECT FROM candidate o WHERE o.plan = {{}} AND o.household = c.household)
ORDER BY severity(h.colour), h.region_code, h.id LIMIT {{}}
"""  # noqa: S608 -- our own words
