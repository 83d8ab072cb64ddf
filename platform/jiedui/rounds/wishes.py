"""What a coordinator demands of a round: this pair must be, or must not be."""

from datetime import datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.errors import NotFound
from jiedui.regions.codes import significant
from jiedui.rounds.service import draft_of, note
from jiedui.rounds.tables import Round, Wish
from jiedui.store.columns import Row
from jiedui.store.piccolo_conf import DB


async def wish(
    actor: Actor,
    round_id: UUID,
    household_id: UUID,
    volunteer_id: UUID,
    kind: str,
    reason: str,
    now: datetime,
) -> None:
    """Pin or forbid a pair in this round; the next plan obeys. A newer wish on a pair replaces the older."""
    async with DB.transaction():
        round_row = await draft_of(actor, round_id)
        await refuse_strangers(round_row, household_id, volunteer_id)
        await Wish.raw(
            """
            INSERT INTO wish
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


async def unwish(actor: Actor, round_id: UUID, wish_id: UUID, now: datetime) -> None:
    """Take a pin or a ban back."""
    async with DB.transaction():
        round_row = await draft_of(actor, round_id)
        await Wish.delete().where(Wish.id == wish_id, Wish.round == round_id)
        await note(actor, "round.unwish", round_id, round_row["region_code"], now, wish=wish_id)


async def refuse_strangers(round_row: Row, household_id: UUID | None, volunteer_id: UUID | None) -> None:
    """Raises NotFound for a household or a volunteer outside the round's area; nobody is no stranger."""
    prefix = significant(round_row["region_code"]) + "%"
    for table, one in (("household", household_id), ("volunteer", volunteer_id)):
        query = f"SELECT id FROM {table} WHERE id = {{}} AND region_code LIKE {{}}"  # noqa: S608 -- our words
        if one is not None and not await Round.raw(query, one, prefix):
            raise NotFound
