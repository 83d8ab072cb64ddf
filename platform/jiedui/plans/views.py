"""A plan as a whole: its figures, the pins it could not obey, its policy. Reads only."""

from uuid import UUID

from jiedui.actor import Actor
from jiedui.policies.service import pack_named
from jiedui.rounds import policy
from jiedui.rounds.pins import pins_against
from jiedui.rounds.tables import Plan
from jiedui.store.columns import Row
from jiedui_pairing.policy import Pack


async def plan_summary(actor: Actor, plan: Row) -> Row:
    """Pairs, people and distances of a plan; `against` counts the pins it goes against."""
    policy.require(actor, "read", plan)
    rows = await Plan.raw(_SUMMARY, plan["id"], plan["id"])
    return {**rows[0], "against": await pins_against(plan["id"])}


async def refused_pins(actor: Actor, plan: Row) -> list[Row]:
    """Pins this plan could not obey, with the people and the name of the rule."""
    policy.require(actor, "read", plan)
    pins = [pin for stage in plan["stages"] for pin in stage["refused_pins"]]
    if not pins:
        return []
    rows = await Plan.raw(
        """
        SELECT h.id AS household, h.name AS household_name, h.number AS household_number,
            v.id AS volunteer, v.name AS volunteer_name, v.number
        FROM unnest({}::uuid[], {}::uuid[]) AS pin (household, volunteer)
        JOIN family_card h ON h.id = pin.household JOIN helper_card v ON v.id = pin.volunteer
        """,
        [UUID(pin["household"]) for pin in pins], [UUID(pin["volunteer"]) for pin in pins],
    )  # fmt: skip
    names = {(str(row["household"]), str(row["volunteer"])): row for row in rows}
    first = {(pin["household"], pin["volunteer"]): pin["rule"] for pin in reversed(pins)}
    return [{**names[who], "rule": rule} for who, rule in first.items() if who in names]


async def pack_of(round_row: Row) -> Pack:
    """The policy a round was opened under."""
    return await pack_named(round_row["policy_name"], round_row["policy_version"])


_SUMMARY = """
SELECT count(*) AS pairs, count(DISTINCT c.household) AS households,
    count(DISTINCT c.volunteer) AS volunteers,
    round(avg(c.distance_m))::int AS mean_m, max(c.distance_m) AS max_m,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY c.distance_m) AS median_m,
    (SELECT count(DISTINCT l.household) FROM left_out l WHERE l.plan = {} AND l.stage = 1) AS left_out
FROM candidate c WHERE c.plan = {}
"""
