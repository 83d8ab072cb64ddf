"""What is done with a volunteer: vetting, approving, pausing, changing what she offers, moving, leaving."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from jiedui.actor import Actor, within
from jiedui.audit.service import record
from jiedui.consents import service as consents
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.regions.moves import move_to
from jiedui.store import bulk, outbox
from jiedui.store.columns import Row
from jiedui.store.scope import scope
from jiedui.volunteers import checks, policy, rules
from jiedui.volunteers.alike import alike, person_of
from jiedui.volunteers.stating import checks_of
from jiedui.volunteers.tables import CHECKS, VettingCheck, Volunteer
from jiedui.web.words import day_of
from jiedui_pairing.policy import Pack

_UNBARRED = {"barred_by": None, "barred_from": ""}


async def record_check(
    actor: Actor, volunteer_id: UUID, *, kind: str, passed: bool, checked_on: date, paper: str, now: datetime
) -> None:
    """Note the outcome of one check and what paper was seen; never what the paper said. Raises Refused."""
    policy.require_other(actor, "check", volunteer_id)
    if kind not in CHECKS:
        raise Refused(N_("Please choose one of the options."), field="kind")
    rules.check_date(checked_on, day_of(now))
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        check: Row = {
            "kind": kind,
            "passed": passed,
            "checked_on": checked_on,
            "standing": "recorded",
            "recorded_by": actor.account_id,
            "recorded_from": checks.area_of(actor, volunteer["region_code"]),
            "decided_at": None,
            "created_at": now,
        }
        refuse_to_overrule((await checks_of([volunteer_id]))[volunteer_id], check)
        await VettingCheck(
            volunteer=volunteer_id, region_code=volunteer["region_code"], paper=paper, **check
        ).save()
        await recount([volunteer_id], now)
        await audit(
            actor, "volunteer.check", volunteer, {"kind": kind, "passed": passed, "on": checked_on}, now
        )


async def recount(volunteer_ids: Collection[UUID], now: datetime) -> None:
    """Let the columns that safety reads say what of these volunteers' checks counts."""
    rows = await lock_all(volunteer_ids)
    noted = await checks_of(volunteer_ids)
    counted = [{"id": row["id"], **checks.counting(noted[row["id"]])} for row in rows]
    changed = [{**new, "updated_at": now} for row, new in zip(rows, counted, strict=True) if row != new]
    await bulk.update(Volunteer, changed)


async def lock_all(volunteer_ids: Collection[UUID]) -> list[Row]:
    """Hold these volunteers until the transaction ends, in one order for everybody; what counts of each."""
    rows: list[Row] = await Volunteer.raw(
        "SELECT id, identified, record_checked_on, trained FROM volunteer WHERE id = ANY({})"
        " ORDER BY id FOR UPDATE",
        list(volunteer_ids),
    )
    return rows


async def approve(actor: Actor, volunteer_id: UUID, now: datetime) -> None:
    """An applicant whose identity somebody has seen becomes a volunteer and is told. Raises Refused.

    Whom she resembles says who may: what bars a person is lifted for nobody who looks like her, either.
    """
    policy.require_other(actor, "approve", volunteer_id)
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        rules.next_state("approve", volunteer["state"])
        in_the_way = rules.before_approval((await checks_of([volunteer_id]))[volunteer_id])
        if in_the_way:
            raise Refused(in_the_way)
        others = (await alike([person_of(volunteer)])).get(volunteer_id, [])
        for other in others:
            _refuse_to_lift(actor, other.set_by, other.set_from)
        if volunteer["barred_from"]:
            _refuse_to_lift(actor, *checks.bar(volunteer))
        numbers = sorted({other.number for other in others if within(actor.region_code, other.region_code)})
        said = {"resembles": numbers} if numbers else None
        await move(actor, volunteer, "approve", now, columns=_UNBARRED, said=said)
        await outbox.enqueue(
            template="volunteer.approved",
            params={},
            recipient=("volunteer", volunteer_id),
            region_code=volunteer["region_code"],
            subject_id=None,
            dedupe_key=f"volunteer.approved:{volunteer_id}:{now:%Y%m%d%H%M%S}",
            now=now,
        )


async def refuse(actor: Actor, volunteer_id: UUID, reason: str, now: datetime) -> None:
    """An applicant does not become a volunteer, for a reason of the list. Raises Refused, Conflict."""
    await _for_a_reason(actor, volunteer_id, "refuse", reason, rules.REFUSE_REASONS, now)


async def suspend(actor: Actor, volunteer_id: UUID, reason: str, now: datetime) -> None:
    """She is given no household until somebody lifts it; her pairs are the coordinator's next step."""
    await _for_a_reason(actor, volunteer_id, "suspend", reason, rules.SUSPEND_REASONS, now)


async def reinstate(actor: Actor, volunteer_id: UUID, now: datetime) -> None:
    """Lift a suspension: at the level that set it or above, by another person. Raises Refused, Conflict."""
    policy.require_other(actor, "reinstate", volunteer_id)
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        rules.next_state("reinstate", volunteer["state"])
        _refuse_to_lift(actor, *checks.bar(volunteer))
        await move(actor, volunteer, "reinstate", now, columns=_UNBARRED)


async def set_paused(actor: Actor, volunteer_id: UUID, paused: bool, now: datetime) -> None:
    """A paused volunteer keeps her households and is given no new one. Raises Conflict when already so."""
    policy.require(actor, "pause")
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        if volunteer["state"] != "active" or volunteer["paused"] == paused:
            raise Conflict
        await _write(volunteer_id, {"paused": paused}, now)
        await audit(actor, "volunteer.pause" if paused else "volunteer.resume", volunteer, {}, now)


async def change_capacity(actor: Actor, volunteer_id: UUID, capacity: int, pack: Pack, now: datetime) -> None:
    """How many households she may hold; the lock keeps a pairing from slipping in between. Raises Refused."""
    policy.require(actor, "capacity")
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        held = (await held_by([volunteer_id]))[volunteer_id]
        rules.check_capacity(volunteer["kind"], capacity, held=held, pack=pack)
        await _write(volunteer_id, {"capacity": capacity}, now)
        await audit(
            actor, "volunteer.capacity", volunteer, {"from": volunteer["capacity"], "to": capacity}, now
        )


async def change_offer(
    actor: Actor,
    volunteer_id: UUID,
    *,
    offers: Sequence[str],
    skills: Sequence[str],
    capacity: int,
    reach_km: int | None,
    times: Sequence[str],
    pack: Pack,
    now: datetime,
) -> None:
    """What she offers from now on; running pairs stay as they are. Raises Refused naming the field."""
    policy.require(actor, "offer")
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        if volunteer["state"] not in ("applied", "active"):
            raise Conflict
        wanted: dict[str, Any] = {
            "offers": list(offers),
            "skills": list(skills),
            "capacity": capacity,
            "reach_km": reach_km,
            "times": list(times),
        }
        changed = {name: value for name, value in wanted.items() if value != volunteer[name]}
        if not changed:
            return
        rules.check_wishes(changed, pack, before=volunteer)
        if "capacity" in changed:
            held = (await held_by([volunteer_id]))[volunteer_id]
            rules.check_capacity(volunteer["kind"], capacity, held=held, pack=pack)
        await _write(volunteer_id, changed, now)
        before = {name: volunteer[name] for name in changed}
        await audit(actor, "volunteer.offer", volunteer, {"from": before, "to": changed}, now)


async def leave(actor: Actor, volunteer_id: UUID, now: datetime) -> None:
    """She stops being a volunteer and her consent ends; households are handed over first. Raises Refused."""
    policy.require(actor, "leave")
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        held = (await held_by([volunteer_id]))[volunteer_id]
        if held:
            raise Refused(
                N_("There are still {held} households. Please ask the coordinator to hand them over first."),
                held=held,
            )
        await move(actor, volunteer, "leave", now)
        await consents.withdraw(("volunteer", volunteer_id), now=now)


async def move_volunteer(actor: Actor, volunteer_id: UUID, village: str, now: datetime) -> None:
    """To another village of the actor's area. Raises NotFound for what is not in it."""
    policy.require(actor, "move")
    await move_to(actor, Volunteer, policy.visible(actor, deed="move"), volunteer_id, village, now)


async def volunteer_cards(actor: Actor, volunteer_ids: Sequence[UUID]) -> list[Row]:
    """Volunteers of the area as staff tell them apart, the name masked."""
    policy.require(actor, "move")
    rows: list[Row] = await Volunteer.raw(
        "SELECT id, number, name, village, township FROM helper_card WHERE id = ANY({}) AND {}",
        list(volunteer_ids),
        policy.visible(actor, deed="move"),
    )
    return rows


async def held_by(volunteer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many households each of them holds, proposals included."""
    rows = await Volunteer.raw("SELECT * FROM held WHERE volunteer = ANY({})", list(volunteer_ids))
    return dict.fromkeys(volunteer_ids, 0) | {row["volunteer"]: row["households"] for row in rows}


def refuse_to_overrule(noted: Sequence[Row], check: Row) -> None:
    """Raises Refused where a passed check would come after one that was not, and not everybody may."""
    failed = checks.failure(noted, check["kind"])
    if failed is not None and check["passed"] and check["checked_on"] >= failed["checked_on"]:
        why = checks.cannot_lift(*checks.behind(check), *checks.behind(failed))
        if why:
            raise Refused(why, field="kind")


async def locked(actor: Actor, volunteer_id: UUID) -> Row:
    """Her row, held until the transaction ends. Raises NotFound for nobody and for anybody out of reach."""
    query = Volunteer.select().where(Volunteer.id == volunteer_id, policy.visible(actor))
    row: Row | None = await query.lock_rows().first()
    if row is None:
        raise NotFound
    return row


def _refuse_to_lift(actor: Actor, set_by: UUID | None, set_from: str) -> None:
    """Raises Refused for whoever may not lift what somebody set."""
    why = checks.cannot_lift(actor.account_id, actor.region_code, set_by, set_from)
    if why:
        raise Refused(why)


async def _for_a_reason(
    actor: Actor, volunteer_id: UUID, deed: rules.Deed, reason: str, reasons: Mapping[str, str], now: datetime
) -> None:
    policy.require(actor, deed)
    async with scope(actor, now):
        volunteer = await locked(actor, volunteer_id)
        if reason not in reasons:
            raise Refused(N_("Please choose a reason."), field="reason")
        barred = {
            "barred_by": actor.account_id,
            "barred_from": checks.area_of(actor, volunteer["region_code"]),
        }
        await move(actor, volunteer, deed, now, columns=barred, said={"reason": reason})


async def move(
    actor: Actor,
    volunteer: Row,
    deed: rules.Deed,
    now: datetime,
    *,
    columns: Mapping[str, Any] | None = None,
    said: Mapping[str, Any] | None = None,
) -> None:
    """Take her from one state to the next, with a line in the records. Raises Conflict."""
    state = rules.next_state(deed, volunteer["state"])
    moved = (
        await Volunteer.update(state=state, paused=False, updated_at=now, **(columns or {}))
        .where(Volunteer.id == volunteer["id"], Volunteer.state == volunteer["state"])
        .returning(Volunteer.id)
    )
    if not moved:
        raise Conflict
    detail = {"from": volunteer["state"], "to": state, **(said or {})}
    await audit(actor, f"volunteer.{deed}", volunteer, detail, now)


async def _write(volunteer_id: UUID, values: Mapping[str, Any], now: datetime) -> None:
    await Volunteer.update(**values, updated_at=now).where(Volunteer.id == volunteer_id)


async def audit(
    actor: Actor, action: str, volunteer: Mapping[str, Any], detail: dict[str, Any], now: datetime
) -> None:
    await record(
        actor,
        action=action,
        subject=("volunteer", volunteer["id"]),
        region_code=volunteer["region_code"],
        detail=detail,
        now=now,
    )
