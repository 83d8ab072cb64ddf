"""What waits for a coordinator, counted in one query over her area."""

from dataclasses import dataclass

from jiedui.actor import Actor
from jiedui.followups.tables import FollowUp
from jiedui.regions.codes import significant


@dataclass(frozen=True)
class Waiting:
    """Counts of what needs a person; `people` tells whether the ledgers hold anybody at all."""

    applied: int
    proposed: int
    unanswered: int
    nobody_may_call: int
    unsafe: int
    concerns: int
    calls: int
    villages: int
    letters: int
    drafts: int
    active: int
    households: int
    volunteers: int


async def waiting(actor: Actor) -> Waiting:
    """The counts of the actor's area as of now."""
    rows = await FollowUp.raw(
        """
        WITH area(prefix) AS (SELECT {}::text)
        SELECT
            (SELECT count(*) FROM volunteer, area WHERE region_code LIKE prefix AND state = 'applied')
                AS applied,
            (SELECT count(*) FROM pair, area WHERE region_code LIKE prefix AND state = 'proposed')
                AS proposed,
            (SELECT count(*) FROM pair, area WHERE region_code LIKE prefix AND state = 'accepted')
                AS unanswered,
            (SELECT count(*) FROM pair p JOIN household h ON h.id = p.household, area
                WHERE p.region_code LIKE prefix AND p.state = 'accepted' AND h.contact_way = 'none')
                AS nobody_may_call,
            (SELECT count(*) FROM pair, area WHERE region_code LIKE prefix AND state = 'paused'
                AND pause_reason = 'safety') AS unsafe,
            (SELECT count(*) FROM concern, area WHERE region_code LIKE prefix AND state = 'open') AS concerns,
            (SELECT count(*) FROM notice, area WHERE region_code LIKE prefix AND state = 'waiting'
                AND channel = 'call') AS calls,
            (SELECT count(*) FROM notice, area WHERE region_code LIKE prefix AND state = 'waiting'
                AND channel = 'village') AS villages,
            (SELECT count(*) FROM notice, area WHERE region_code LIKE prefix AND state = 'waiting'
                AND channel = 'letter') AS letters,
            (SELECT count(*) FROM "round", area WHERE region_code LIKE prefix AND state = 'draft') AS drafts,
            (SELECT count(*) FROM pair, area WHERE region_code LIKE prefix AND state = 'active') AS active,
            (SELECT count(*) FROM household, area WHERE region_code LIKE prefix AND active) AS households,
            (SELECT count(*) FROM volunteer, area WHERE region_code LIKE prefix AND state = 'active')
                AS volunteers
        """,
        significant(actor.region_code) + "%",
    )
    return Waiting(**rows[0])
