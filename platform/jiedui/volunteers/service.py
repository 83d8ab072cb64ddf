"""What is done with a volunteer: vetting, approving, pausing, changing what she offers, leaving."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.consents import service as consents
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.store import outbox
from jiedui.store.scope import scope
from jiedui.volunteers import policy, rules
from jiedui.volunteers.tables import CHECKS, VettingCheck, Volunteer
from jiedui.web.words import day_of
from jiedui_pairing.policy import Pack


async def record_check(
    actor: Actor, volunteer_id: UUID, *, kind: str, passed: bool, checked_on: date, paper: str, now: datetime
) -> None:
    """Note the outcome of one check and what paper was seen; never what the paper said. Raises Refused."""
    policy.require(actor, "check")
    if kind not in CHECKS:
        raise Refused(N_("Please choose one of the options."), field="kind")
    rules.check_date(checked_on, day_of(now))
    async with scope(actor, now):
        volunteer = await _locked(actor, volunteer_id)
        check: dict[str, Any] = {"kind": kind, "checked_on": checked_on, "created_at": now}
        newest = rules.latest([*await _checks(volunteer_id), check], kind) is check
        await VettingCheck(
            volunteer=volunteer_id,
            region_code=volunteer["region_code"],
            passed=passed,
            paper=paper,
            recorded_by=actor.account_id,
            **check,
        ).save()
        changed = rules.effect(
            kind,
            passed=passed,
            checked_on=checked_on,
            newest=newest,
            record_checked_on=volunteer["record_checked_on"],
        )
        if changed:
            await _write(volunteer_id, changed, now)
        await _audit(
            actor, "volunteer.check", volunteer, {"kind": kind, "passed": passed, "on": checked_on}, now
        )


async def approve(actor: Actor, volunteer_id: UUID, now: datetime) -> None:
    """An applicant whose identity somebody has seen becomes a volunteer and is told. Raises Refused."""
    policy.require(actor, "approve")
    async with scope(actor, now):
        volunteer = await _locked(actor, volunteer_id)
        await _move(actor, volunteer, "approve", now, checks=await _checks(volunteer_id))
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
    """Lift a suspension. Raises Refused without a standing identity check, Conflict."""
    policy.require(actor, "reinstate")
    async with scope(actor, now):
        volunteer = await _locked(actor, volunteer_id)
        await _move(actor, volunteer, "reinstate", now)


async def set_paused(actor: Actor, volunteer_id: UUID, paused: bool, now: datetime) -> None:
    """A paused volunteer keeps her households and is given no new one. Raises Conflict when already so."""
    policy.require(actor, "pause")
    async with scope(actor, now):
        volunteer = await _locked(actor, volunteer_id)
        if volunteer["state"] != "active" or volunteer["paused"] == paused:
            raise Conflict
        await _write(volunteer_id, {"paused": paused}, now)
        await _audit(actor, "volunteer.pause" if paused else "volunteer.resume", volunteer, {}, now)


async def change_capacity(actor: Actor, volunteer_id: UUID, capacity: int, pack: Pack, now: datetime) -> None:
    """How many households she may hold; the lock keeps a pairing from slipping in between. Raises Refused."""
    policy.require(actor, "capacity")
    async with scope(actor, now):
        volunteer = await _locked(actor, volunteer_id)
        held = (await held_by([volunteer_id]))[volunteer_id]
        rules.check_capacity(volunteer["kind"], capacity, held=held, pack=pack)
        await _write(volunteer_id, {"capacity": capacity}, now)
        await _audit(
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
        volunteer = await _locked(actor, volunteer_id)
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
        await _audit(actor, "volunteer.offer", volunteer, {"from": before, "to": changed}, now)


async def leave(actor: Actor, volunteer_id: UUID, now: datetime) -> None:
    """She stops being a volunteer and her consent ends; households are handed over first. Raises Refused."""
    policy.require(actor, "leave")
    async with scope(actor, now):
        volunteer = await _locked(actor, volunteer_id)
        held = (await held_by([volunteer_id]))[volunteer_id]
        if held:
            raise Refused(
                N_("There are still {held} households. Please ask the coordinator to hand them over first."),
                held=held,
            )
        await _move(actor, volunteer, "leave", now)
        await consents.withdraw(("volunteer", volunteer_id), now=now)


async def held_by(volunteer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many households each of them holds, proposals included."""
    rows = await Volunteer.raw("SELECT * FROM held WHERE volunteer = ANY({})", list(volunteer_ids))
    return dict.fromkeys(volunteer_ids, 0) | {row["volunteer"]: row["households"] for row in rows}


async def _for_a_reason(
    actor: Actor, volunteer_id: UUID, deed: rules.Deed, reason: str, reasons: Mapping[str, str], now: datetime
) -> None:
    policy.require(actor, deed)
    async with scope(actor, now):
        volunteer = await _locked(actor, volunteer_id)
        if reason not in reasons:
            raise Refused(N_("Please choose a reason."), field="reason")
        await _move(actor, volunteer, deed, now, reason=reason)


async def _move(
    actor: Actor,
    volunteer: Mapping[str, Any],
    deed: rules.Deed,
    now: datetime,
    *,
    checks: Sequence[Mapping[str, Any]] = (),
    reason: str | None = None,
) -> None:
    state = rules.next_state(deed, volunteer["state"])
    if deed == "approve" and (in_the_way := rules.before_approval(checks)):
        raise Refused(in_the_way)
    moved = (
        await Volunteer.update({Volunteer.state: state, Volunteer.paused: False, Volunteer.updated_at: now})
        .where(Volunteer.id == volunteer["id"], Volunteer.state == volunteer["state"])
        .returning(Volunteer.id)
    )
    if not moved:
        raise Conflict
    detail = {"from": volunteer["state"], "to": state} | ({"reason": reason} if reason else {})
    await _audit(actor, f"volunteer.{deed}", volunteer, detail, now)


async def _locked(actor: Actor, volunteer_id: UUID) -> dict[str, Any]:
    """Her row, held until the transaction ends. Raises NotFound for nobody and for anybody out of reach."""
    query = Volunteer.select().where(Volunteer.id == volunteer_id, policy.visible(actor))
    row = await query.lock_rows().first()
    if row is None:
        raise NotFound
    return row


async def _checks(volunteer_id: UUID) -> list[dict[str, Any]]:
    return await VettingCheck.select().where(VettingCheck.volunteer == volunteer_id)


async def _write(volunteer_id: UUID, values: Mapping[str, Any], now: datetime) -> None:
    await Volunteer.update(**values, updated_at=now).where(Volunteer.id == volunteer_id)


async def _audit(
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
