"""Signing up online: a draft that survives the telephone's confirmation, then a volunteer with an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

import msgspec

from jiedui.accounts.tables import Account
from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.consents import service as consents
from jiedui.consents.texts import current, text_of
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.regions.service import village
from jiedui.store import vault
from jiedui.store.piccolo_conf import DB
from jiedui.volunteers import rules
from jiedui.volunteers.tables import KINDS, Volunteer
from jiedui_pairing.policy import Pack

SERVICE, RECORD_CHECK = "volunteer.service", "volunteer.record_check"


class Outcome(StrEnum):
    """Somebody nobody knew, somebody already registered, somebody who had left."""

    NEW = "new"
    KNOWN = "known"
    AGAIN = "again"


class Draft(msgspec.Struct, frozen=True):
    """What she wrote, before her telephone is confirmed; it travels sealed in her own browser."""

    kind: str
    offers: list[str]
    skills: list[str]
    capacity: int
    reach_km: int | None
    region_code: str
    times: list[str]
    name: str
    phone: str
    agreed: dict[str, str]
    """Purpose and version of each text she ticked."""


@dataclass(frozen=True)
class Enrolled:
    """Whom the confirmed telephone belongs to."""

    account_id: UUID
    volunteer_id: UUID
    outcome: Outcome


async def check_draft(draft: Draft, pack: Pack) -> None:
    """Whether this can be signed up, before a code is sent for it. Raises Refused naming the field."""
    if draft.kind not in KINDS:
        raise Refused(N_("Please choose one of the options."), field="kind")
    rules.check_wishes(_wishes(draft), pack)
    rules.check_capacity(draft.kind, draft.capacity, held=0, pack=pack)
    await village(draft.region_code)
    if draft.agreed.get(SERVICE) != current(SERVICE).version:
        raise Refused(N_("Without your consent we may not keep your data."), field="consent")


async def enrol(draft: Draft, pack: Pack, now: datetime) -> Enrolled:
    """Sign up whoever has just confirmed this telephone; however often she does, she stays one row."""
    await check_draft(draft, pack)
    phone_key = vault.keyed_hash(draft.phone, "phone")
    async with DB.transaction():
        # Two taps on "confirm", or two devices: the second waits and finds her known.
        await Volunteer.raw("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))", phone_key)
        own = rules.own_row(await _registered(phone_key), draft.name)
        if own is None:
            volunteer_id, outcome = await _add(draft, phone_key, now), Outcome.NEW
        else:
            volunteer_id = own["id"]
            outcome = Outcome.AGAIN if own["state"] == "left" else Outcome.KNOWN
        if outcome is Outcome.AGAIN:
            await Volunteer.update(**_wishes(draft), state="applied", updated_at=now).where(
                Volunteer.id == volunteer_id, Volunteer.state == "left"
            )
        region_code = draft.region_code if own is None or outcome is Outcome.AGAIN else own["region_code"]
        account_id = await _account(volunteer_id, own["name"] if own else draft.name, region_code, now)
        await consents.give(
            ("volunteer", volunteer_id),
            [text_of(purpose, version) for purpose, version in draft.agreed.items()],
            given_by="self",
            how="online",
            region_code=region_code,
            now=now,
        )
        await record(
            Actor("volunteer", region_code, draft.name, account_id, volunteer_id),
            action="volunteer.sign_up",
            subject=("volunteer", volunteer_id),
            region_code=region_code,
            detail={"outcome": outcome},
            now=now,
        )
    return Enrolled(account_id, volunteer_id, outcome)


async def next_number(region_code: str) -> str:
    """The next public number, e.g. Z500230000017: her county and a count; it tells nothing else about her."""
    row = (await Volunteer.raw("SELECT nextval('volunteer_number') AS n"))[0]
    return f"Z{region_code[:6]}{row['n']:06d}"


async def _registered(phone_key: str) -> list[dict[str, Any]]:
    rows = await Volunteer.select(
        Volunteer.id, Volunteer.name, Volunteer.state, Volunteer.source, Volunteer.region_code
    ).where(Volunteer.phone_key == phone_key)
    accounts = await Account.select(Account.volunteer_id).where(
        Account.volunteer_id.is_in([row["id"] for row in rows] or [None])
    )
    with_account = {account["volunteer_id"] for account in accounts}
    return [row | {"has_account": row["id"] in with_account} for row in rows]


async def _add(draft: Draft, phone_key: str, now: datetime) -> UUID:
    volunteer = Volunteer(
        **_wishes(draft),
        number=await next_number(draft.region_code),
        name=draft.name,
        phone=vault.seal(draft.phone, "volunteer.phone"),
        phone_key=phone_key,
        state="applied",
        source="online",
        created_at=now,
        updated_at=now,
    )
    await Volunteer.insert(volunteer)
    return volunteer.id


def _wishes(draft: Draft) -> dict[str, Any]:
    return {
        "region_code": draft.region_code,
        "kind": draft.kind,
        "offers": draft.offers,
        "skills": draft.skills,
        "capacity": draft.capacity,
        "reach_km": draft.reach_km,
        "times": draft.times,
    }


async def _account(volunteer_id: UUID, name: str, region_code: str, now: datetime) -> UUID:
    row = await Account.select(Account.id, Account.active).where(Account.volunteer_id == volunteer_id).first()
    if row is None:
        account = Account(
            role="volunteer", name=name, region_code=region_code, volunteer_id=volunteer_id, created_at=now
        )
        await Account.insert(account)
        return account.id
    if not row["active"]:
        raise Refused(N_("This account is closed. Please ask the women's federation of your area."))
    return cast(UUID, row["id"])
