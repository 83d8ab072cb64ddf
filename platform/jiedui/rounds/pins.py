"""What a coordinator demands of a round: this pair must be, or must not be."""

from datetime import datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.errors import NotFound
from jiedui.households.tables import Household
from jiedui.rounds import policy
from jiedui.rounds.service import draft_of, note
from jiedui.rounds.tables import Pin, Plan, Round
from jiedui.store.columns import Row
from jiedui.store.scope import in_area, scope
from jiedui.volunteers.tables import Volunteer


async def pin(
    actor: Actor,
    round_id: UUID,
    household_id: UUID,
    volunteer_id: UUID,
    kind: str,
    reason: str,
    now: datetime,
) -> None:
    """Pin or forbid a pair in this round; the next plan obeys. A newer pin on a pair replaces the older."""
    async with scope(actor, now):
        round_row = await draft_of(actor, round_id, "pin")
        await refuse_strangers(round_row, household_id, volunteer_id)
        await Pin.raw(
            """
            INSERT INTO pin
                (id, "round", household, volunteer, region_code, kind, reason, created_at, created_by)
            VALUES (gen_random_uuid(), {}, {}, {}, {}, {}, {}, {}, {})
            ON CONFLICT ("round", household, volunteer)
            DO UPDATE SET kind = excluded.kind, reason = excluded.reason, created_at = excluded.created_at
            """,
            round_id, household_id, volunteer_id, round_row["region_code"], kind, reason, now,
            actor.account_id,
        )  # fmt: skip
        await note(actor, f"round.{kind}", round_id, round_row["region_code"], now,
                    household=household_id, volunteer=volunteer_id)  # fmt: skip


async def unpin(actor: Actor, round_id: UUID, pin_id: UUID, now: datetime) -> None:
    """Take a pin or a ban back."""
    async with scope(actor, now):
        round_row = await draft_of(actor, round_id, "pin")
        await Pin.delete().where(Pin.id == pin_id, Pin.round == round_id)
        await note(actor, "round.unpin", round_id, round_row["region_code"], now, pin=pin_id)


async def refuse_strangers(round_row: Row, household_id: UUID | None, volunteer_id: UUID | None) -> None:
    """Raises NotFound for a household or a volunteer outside the round's area; nobody is no stranger."""
    for table, one in ((Household, household_id), (Volunteer, volunteer_id)):
        here = in_area("region_code", round_row["region_code"])
        if one is not None and not await table.exists().where(table.id == one, here):
            raise NotFound


async def pins_against(plan_id: UUID) -> int:
    """How many bans of its round a plan breaks, and how many newer pins it neither keeps nor refused."""
    rows = await Plan.raw(_AGAINST, plan_id)
    return int(rows[0]["n"])


async def pins_of(actor: Actor, round_id: UUID) -> list[Row]:
    """The pins and bans of a round of the actor's area, the newest first. Raises Forbidden."""
    policy.require(actor, "read")
    rows: list[Row] = await Round.raw(
        """
        SELECT w.*, h.name AS household_name, h.number AS household_number, h.colour, h.village, h.township,
            v.name AS volunteer_name, v.number, a.name AS pinned_by
        FROM pin w JOIN "round" r ON r.id = w."round"
        CROSS JOIN LATERAL round_family(r.id, w.household) h
        CROSS JOIN LATERAL round_helper(r.id, w.volunteer) v
        LEFT JOIN account a ON a.id = w.created_by
        WHERE w."round" = {} AND {} ORDER BY w.created_at DESC, w.id
        """,
        round_id, policy.visible(actor, "r"),
    )  # fmt: skip
    return rows


# A pin older than the run is no reason: the run kept or refused it, or its people have left the round.
_AGAINST = """
SELECT count(*) AS n
FROM plan p JOIN pin w ON w."round" = p."round"
LEFT JOIN candidate c ON c.plan = p.id AND c.household = w.household AND c.volunteer = w.volunteer
WHERE p.id = {} AND CASE w.kind
    WHEN 'forbid' THEN c.id IS NOT NULL
    ELSE c.id IS NULL AND w.created_at > p.created_at AND NOT p.figures @> jsonb_build_object(
        'stages', jsonb_build_array(jsonb_build_object(
            'refused_pins', jsonb_build_array(jsonb_build_object(
                'household', w.household::text, 'volunteer', w.volunteer::text)))))
END
"""
