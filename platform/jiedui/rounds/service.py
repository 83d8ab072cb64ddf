"""Rounds: opened for an area, planned by a worker as often as wanted, published once."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.audit import service as audit
from jiedui.clock import today
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.jobs import asked
from jiedui.policies.service import pack_named
from jiedui.regions.tables import Region
from jiedui.rounds import policy
from jiedui.rounds.tables import Plan, Round
from jiedui.store.columns import Row
from jiedui.store.scope import in_area, scope

_DAYS_BACK, _DAYS_AHEAD = 3653, 731
"""A day long past repeats an old round, as the demonstration does; a record check lasts a year or two."""


async def open_round(actor: Actor, region_code: str, dated: date, policy_name: str, now: datetime) -> UUID:
    """A draft round for an area and day; the one already open there, if there is one.

    Raises NotFound for an area that is unknown or not the actor's, Refused for a day too far away.
    """
    policy.require(actor, "open")
    refuse_far_day(dated, now)
    pack = await pack_named(policy_name)
    async with scope(actor, now):
        known = await Region.exists().where(Region.code == region_code)
        if not known or not policy.may(actor, "open", {"region_code": region_code}):
            raise NotFound(N_("There is no area with the code {code} among yours."), code=region_code)
        rows = await Round.raw(
            """
            INSERT INTO "round"
                (id, region_code, dated, policy_name, policy_version, state, created_at, created_by)
            VALUES (gen_random_uuid(), {}, {}, {}, {}, 'draft', {}, {})
            ON CONFLICT (region_code, dated) WHERE state = 'draft' DO NOTHING RETURNING id
            """,
            region_code, dated, pack.name, pack.version, now, actor.account_id,
        )  # fmt: skip
        if rows:
            await note(actor, "round.open", rows[0]["id"], region_code, now, dated=dated)
            return UUID(str(rows[0]["id"]))
        row = await Round.select(Round.id).where(
            Round.region_code == region_code, Round.dated == dated, Round.state == "draft"
        ).first()  # fmt: skip
    if row is None:
        raise Conflict
    return UUID(str(row["id"]))


async def queue_plan(actor: Actor, round_id: UUID, now: datetime) -> UUID:
    """Ask a worker for a plan. Raises Conflict while one is running, Refused when nobody can be paired."""
    async with scope(actor, now):
        round_row = await round_of(actor, round_id, deed="plan", lock=True)
        if round_row["state"] != "draft":
            raise Conflict(N_("This round has been published. Open a new one to pair again."))
        await refuse_empty_area(actor, round_row["region_code"])
        await asked.give_up_lost(Plan, "round", round_id, now)
        if await Plan.exists().where(Plan.round == round_id, Plan.state.is_in(list(asked.WAITING))):
            raise Conflict(
                N_("This round is being calculated already. Please wait for it, or stop it first.")
            )
        number = 1 + await Plan.count().where(Plan.round == round_id)
        plan = Plan(round=round_id, region_code=round_row["region_code"], number=number, created_at=now)
        plan_id = await asked.ask("round.run", plan, actor, now)
        await note(actor, "round.run", round_id, round_row["region_code"], now, plan=number)
    return plan_id


async def plan_in_work(actor: Actor, round_id: UUID) -> UUID | None:
    """The plan of a round that is asked for and not answered yet; whose job was lost is nobody's work."""
    policy.require(actor, "read")
    rows = await Plan.raw(
        f'SELECT p.id FROM plan p WHERE p."round" = {{}} AND {{}} AND p.state IN {asked.WAITING} '  # noqa: S608
        f"AND NOT {asked.lost('p')}",
        round_id,
        policy.visible(actor, "p"),
    )
    return rows[0]["id"] if rows else None


async def cancel_round(actor: Actor, round_id: UUID, now: datetime) -> None:
    """Put a draft aside; it stays for the record. Raises Conflict when it is no draft any more."""
    async with scope(actor, now):
        round_row = await draft_of(actor, round_id, "cancel")
        await Round.update({Round.state: "cancelled"}).where(Round.id == round_id, Round.state == "draft")
        await note(actor, "round.cancel", round_id, round_row["region_code"], now)


async def round_of(actor: Actor, round_id: UUID, *, deed: str = "read", lock: bool = False) -> Row:
    """One round of the actor's area, for this deed. Raises Forbidden, NotFound."""
    policy.require(actor, deed)
    query = Round.select().where(Round.id == round_id, policy.visible(actor, deed=deed))
    row = await (query.lock_rows("UPDATE") if lock else query).first()
    if row is None:
        raise NotFound
    return row


async def plan_of(actor: Actor, plan_id: UUID) -> Row:
    """One plan of the actor's area. Raises Forbidden, NotFound."""
    policy.require(actor, "read")
    row = await Plan.select().where(Plan.id == plan_id, policy.visible(actor)).first()
    if row is None:
        raise NotFound
    return row


async def newest_plan(actor: Actor, region_code: str, dated: date) -> UUID | None:
    """The published plan of an area and day, else its newest ready one."""
    policy.require(actor, "read")
    rows = await Plan.raw(
        'SELECT p.id FROM plan p JOIN "round" r ON r.id = p."round"'
        " WHERE {} AND r.region_code = {} AND r.dated = {} AND p.state = 'ready'"
        " ORDER BY r.published_plan_id = p.id DESC NULLS LAST, p.created_at DESC LIMIT 1",
        policy.visible(actor, "r"),
        region_code,
        dated,
    )
    return rows[0]["id"] if rows else None


async def plan_to_show(actor: Actor, round_id: UUID) -> UUID:
    """The published plan of a round, else its newest ready one. Raises NotFound, Refused when it has none."""
    round_row = await round_of(actor, round_id)
    if round_row["published_plan_id"]:
        return UUID(str(round_row["published_plan_id"]))
    row = await Plan.select(Plan.id).where(Plan.round == round_id, Plan.state == "ready").order_by(
        Plan.number, ascending=False
    ).first()  # fmt: skip
    if row is None:
        raise Refused(N_("This round has not been calculated yet: run it first."))
    return UUID(str(row["id"]))


async def draft_of(actor: Actor, round_id: UUID, deed: str) -> Row:
    """A round that may still change, locked, for this deed. Raises Conflict once it is published."""
    round_row = await round_of(actor, round_id, deed=deed, lock=True)
    if round_row["state"] != "draft":
        raise Conflict(N_("This round has been published. Open a new one to pair again."))
    return round_row


def days_allowed(now: datetime) -> tuple[date, date]:
    """The first and the last day for which a round may be opened."""
    day = today(now)
    return day - timedelta(days=_DAYS_BACK), day + timedelta(days=_DAYS_AHEAD)


def refuse_far_day(dated: date, now: datetime) -> None:
    """Raises Refused for a day outside `days_allowed`."""
    first, last = days_allowed(now)
    if not first <= dated <= last:
        raise Refused(
            N_("Please choose a day from {first} to {last}."),
            field="dated", first=first.isoformat(), last=last.isoformat(),
        )  # fmt: skip


async def refuse_empty_area(actor: Actor, region_code: str) -> None:
    """Raises Refused when an area has nobody to pair, NotFound when it is not the actor's."""
    policy.require(actor, "open")
    if not policy.may(actor, "open", {"region_code": region_code}):
        raise NotFound(N_("There is no area with the code {code} among yours."), code=region_code)
    here = in_area("region_code", region_code)
    counts = await Round.raw(
        """
        SELECT (SELECT count(*) FROM volunteer
                WHERE {} AND state = 'active' AND NOT paused) AS volunteers,
               (SELECT count(*) FROM household h WHERE {} AND active
                   AND EXISTS (SELECT FROM need WHERE need.household = h.id)) AS households
        """,
        here, here,
    )  # fmt: skip
    if not counts[0]["volunteers"]:
        raise Refused(
            N_(
                "This area has no volunteer who can be paired yet. "
                "Import the volunteers' ledger or approve sign-ups first."
            )
        )
    if not counts[0]["households"]:
        raise Refused(
            N_("This area has no household with a stated need. Import the households' ledger first.")
        )


async def note(
    actor: Actor, action: str, round_id: UUID, region_code: str, now: datetime, **detail: Any
) -> None:
    """One audit entry about a round."""
    await audit.record(
        actor, action=action, subject=("round", round_id), region_code=region_code, now=now, detail=detail
    )
