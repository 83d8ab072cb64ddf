"""Checks that a ledger states and nobody has confirmed: listed, confirmed or refused, singly or as a list."""

from datetime import datetime
from uuid import UUID

from piccolo.querystring import QueryString

from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.ledgers.saving import in_chunks
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import scope
from jiedui.volunteers import policy
from jiedui.volunteers.checks import area_of, failure, passed
from jiedui.volunteers.service import audit, lock_all, locked, move, recount, refuse_to_overrule
from jiedui.volunteers.stating import checks_of
from jiedui.volunteers.tables import VettingCheck

EARLIER = "earlier"
"""Stands for what was stated before its import was noted with it."""


async def stated_ledgers(actor: Actor) -> list[Row]:
    """The imports whose checks wait, the newest first: how many, of how many people."""
    policy.require(actor, "list")
    rows: list[Row] = await VettingCheck.raw(_LEDGERS, policy.visible(actor, "v", "list"))
    return rows


async def stated_checks(actor: Actor, ledger: UUID | str, after: str) -> Page:
    """The checks that wait, of one import or of the whole area, fifty at a time.

    `alone` says that a check wants a look of its own, and is not confirmed with the list.
    """
    policy.require(actor, "list")
    values = [policy.visible(actor, "v", "list"), _of(ledger)]
    return await page_of(VettingCheck, _STATED, values, {"number": "text", "id": "uuid"}, after=after)


async def confirm(actor: Actor, check_id: UUID, now: datetime) -> UUID:
    """Stand behind a check, which counts from now on. Raises Refused, Conflict; gives whose it is."""
    policy.require(actor, "confirm")
    async with scope(actor, now):
        volunteer, check = await _waiting(actor, check_id)
        decided = _decided(actor, volunteer, "confirmed", now)
        refuse_to_overrule((await checks_of([volunteer["id"]]))[volunteer["id"]], check | decided)
        await bulk.update(VettingCheck, [{"id": check_id, **decided}])
        await recount([volunteer["id"]], now)
        await audit(actor, "volunteer.confirm", volunteer, {"kind": check["kind"]}, now)
    return UUID(str(volunteer["id"]))


async def refuse(actor: Actor, check_id: UUID, now: datetime) -> UUID:
    """What the ledger states is not so. If it is who she is, she is an applicant again. Gives whose it is."""
    policy.require(actor, "confirm")
    async with scope(actor, now):
        volunteer, check = await _waiting(actor, check_id)
        await bulk.update(VettingCheck, [{"id": check_id, **_decided(actor, volunteer, "refused", now)}])
        await recount([volunteer["id"]], now)
        known = passed((await checks_of([volunteer["id"]]))[volunteer["id"]], "identity")
        if check["kind"] == "identity" and known is None and volunteer["state"] == "active":
            await move(actor, volunteer, "doubt", now)
        await audit(actor, "volunteer.refuse_check", volunteer, {"kind": check["kind"]}, now)
    return UUID(str(volunteer["id"]))


async def confirm_all(actor: Actor, ledger: UUID | str, now: datetime) -> tuple[int, int]:
    """Confirm what one import states; gives how many checks, and how many are left for a look of their own.

    Left are those of people who are not active, and of whoever has a check that was not passed.
    """
    policy.require(actor, "confirm")
    confirmed = 0
    async with scope(actor, now):
        _need_a_person(actor)
        values = (policy.visible(actor, "v", "confirm"), _of(ledger))
        rows = await VettingCheck.raw(_STATED, *values)
        rows_of_others = [row for row in rows if not row["alone"] and row["volunteer"] != actor.volunteer_id]
        wanted = {row["id"] for row in rows_of_others}
        for some in in_chunks(sorted({row["volunteer"] for row in rows_of_others})):
            await lock_all(some)
            fine = [
                check
                for noted in (await checks_of(some)).values()
                for check in noted
                if check["id"] in wanted
                and check["standing"] == "stated"
                and failure(noted, check["kind"]) is None
            ]
            decided = [{"id": check["id"], **_decided(actor, check, "confirmed", now)} for check in fine]
            await bulk.update(VettingCheck, decided)
            await recount(some, now)
            confirmed += len(fine)
        left = len(rows) - confirmed
        await record(
            actor,
            action="volunteer.confirm_all",
            subject=("ledger_import", ledger),
            region_code=actor.region_code,
            detail={"confirmed": confirmed, "left": left},
            now=now,
        )
    return confirmed, left


async def _waiting(actor: Actor, check_id: UUID) -> tuple[Row, Row]:
    """The volunteer, held, and her check. Raises NotFound; Conflict when somebody has decided it."""
    of = await VettingCheck.select(VettingCheck.volunteer).where(VettingCheck.id == check_id).first()
    if of is None:
        raise NotFound
    policy.require_other(actor, "confirm", of["volunteer"])
    volunteer = await locked(actor, of["volunteer"])
    _need_a_person(actor)
    (check,) = await VettingCheck.raw("SELECT * FROM vetting_check WHERE id = {}", check_id)
    if check["standing"] != "stated":
        raise Conflict
    return volunteer, check


def _need_a_person(actor: Actor) -> None:
    if actor.account_id is None:
        raise Refused(N_("Only a person with an account of her own can stand behind a check."))


def _decided(actor: Actor, somebody: Row, standing: str, now: datetime) -> Row:
    return {
        "standing": standing,
        "decided_by": actor.account_id,
        "decided_from": area_of(actor, somebody["region_code"]),
        "decided_at": now,
    }


def _of(ledger: UUID | str) -> QueryString:
    if isinstance(ledger, UUID):
        return QueryString("c.ledger_import = {}", ledger)
    return QueryString("c.ledger_import IS NULL" if ledger == EARLIER else "true")


_STATED = """
SELECT c.id, c.volunteer, c.kind, c.checked_on, c.paper, v.number, masked_name(v.name) AS name, v.region_code,
    v.state, v.state <> 'active' OR EXISTS (SELECT FROM vetting_check f
        WHERE f.volunteer = v.id AND f.kind = c.kind AND NOT f.passed
        AND f.standing IN ('recorded', 'confirmed', 'trusted')) AS alone
FROM vetting_check c JOIN volunteer v ON v.id = c.volunteer WHERE c.standing = 'stated' AND {} AND {}
"""
_LEDGERS = """
SELECT c.ledger_import, min(c.created_at) AS stated_at, i.region_code, a.name AS sent_by,
    count(*) AS checks, count(DISTINCT c.volunteer) AS people
FROM vetting_check c JOIN volunteer v ON v.id = c.volunteer
LEFT JOIN ledger_import i ON i.id = c.ledger_import LEFT JOIN account a ON a.id = i.created_by
WHERE c.standing = 'stated' AND {}
GROUP BY c.ledger_import, i.region_code, a.name ORDER BY stated_at DESC
"""
