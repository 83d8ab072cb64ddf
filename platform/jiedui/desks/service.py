"""What waits for a coordinator, counted in one query over her area."""

from dataclasses import dataclass

from jiedui.actor import Actor
from jiedui.desks import policy
from jiedui.followups.tables import FollowUp

_COUNTED = 13
"""So many times the question asks for the area."""


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
    policy.require(actor, "desk")
    here = policy.visible(actor, deed="desk")
    rows = await FollowUp.raw(
        """
        SELECT
            (SELECT count(*) FROM volunteer WHERE {} AND state = 'applied')
                AS applied,
            (SELECT count(*) FROM pair WHERE {} AND state = 'proposed')
                AS proposed,
            (SELECT count(*) FROM pair WHERE {} AND state = 'accepted')
                AS unanswered,
            (SELECT count(*) FROM pair WHERE {} AND state = 'accepted' AND EXISTS (
                SELECT FROM household h WHERE h.id = pair.household AND h.contact_way = 'none'))
                AS nobody_may_call,
            (SELECT count(*) FROM pair WHERE {} AND state = 'paused'
                AND pause_reason = 'safety') AS unsafe,
            (SELECT count(*) FROM concern WHERE {} AND state = 'open') AS concerns,
            (SELECT count(*) FROM notice WHERE {} AND state = 'waiting'
                AND channel = 'call') AS calls,
            (SELECT count(*) FROM notice WHERE {} AND state = 'waiting'
                AND channel = 'village') AS villages,
            (SELECT count(*) FROM notice WHERE {} AND state = 'waiting'
                AND channel = 'letter') AS letters,
            (SELECT count(*) FROM "round" WHERE {} AND state = 'draft') AS drafts,
            (SELECT count(*) FROM pair WHERE {} AND state = 'active') AS active,
            (SELECT count(*) FROM household WHERE {} AND active) AS households,
            (SELECT count(*) FROM volunteer WHERE {} AND state = 'active')
                AS volunteers
        """,
        *[here] * _COUNTED,
    )
    return Waiting(**rows[0])
