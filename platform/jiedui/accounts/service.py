"""Use cases of accounts: who is this, may they come in."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from jiedui.accounts import codes, passwords
from jiedui.accounts.grants import ABOVE_COUNTY, granted_to
from jiedui.accounts.limits import Limits, Rule
from jiedui.accounts.tables import Account
from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.policies.force import in_force
from jiedui.policies.service import pack_named
from jiedui.store.scope import scope
from jiedui.store.vault import keyed_hash

LOGINS_BY_NAME = Rule("login-name", 10, 15 * 60)
LOGINS_FROM = Rule("login-address", 60, 5 * 60)
LOGINS_IN_ALL = Rule("login-all", 1000, 5 * 60)
NOWHERE = "0" * 12
Entered = TypeVar("Entered")


async def actor_of(account_id: UUID, now: datetime) -> Actor | None:
    """The account as it is now, with what she is shown, or None when it is gone or no longer active."""
    row = (
        await Account.select(Account.role, Account.name, Account.region_code, Account.volunteer_id)
        .where(Account.id == account_id, Account.active.eq(True))
        .first()
    )
    if row is None:
        return None
    actor = Actor(account_id=account_id, **row)
    if actor.role == "volunteer" or actor.level not in ABOVE_COUNTY:
        return actor
    city_runs = actor.level == "city" and (await pack_named(in_force().name)).levels.city_runs_rounds
    granted = await granted_to(account_id, actor.region_code, now)
    return replace(actor, granted=granted, runs_rounds=city_runs)


async def log_in_staff(
    login: str,
    passphrase: str,
    enter: Callable[[Actor], Awaitable[Entered]],
    *,
    address: str,
    limits: Limits,
    now: datetime,
) -> Entered:
    """Let her `enter` and give what that gives. Raises Refused, the same for a wrong name as for a wrong
    passphrase; TooMany.
    """
    login = login.casefold()
    await limits.admit((LOGINS_BY_NAME, login), (LOGINS_FROM, address), (LOGINS_IN_ALL, ""))
    row = (
        await Account.select(Account.id, Account.password_hash)
        .where(Account.login == login, Account.active.eq(True))
        .first()
    )
    right = await passwords.matches(row["password_hash"] if row else None, passphrase)
    if row and right:
        async with scope(Actor.system(), now):
            # Held until her session has begun: whoever changes the passphrase is before that, or ends it.
            same = Account.select(Account.id).where(
                Account.id == row["id"], Account.password_hash == row["password_hash"]
            )
            actor = await actor_of(row["id"], now) if await same.lock_rows("SHARE").first() else None
            if actor is not None:
                await _note_login(actor, now)
                return await enter(actor)
    raise Refused(N_("Login name or passphrase is not right."), field="login")


async def request_login_code(phone: str, *, address: str, limits: Limits, now: datetime) -> None:
    """Send a volunteer her code; somebody unknown gets none, and learns nothing. Raises TooMany."""
    volunteer = await _volunteer_with(phone)
    await codes.request_code(
        phone,
        "login",
        send=volunteer is not None,
        region_code=volunteer["region_code"] if volunteer else NOWHERE,
        address=address,
        limits=limits,
        now=now,
    )


async def log_in_volunteer(phone: str, code: str, *, address: str, limits: Limits, now: datetime) -> Actor:
    """The volunteer whose telephone this is; her first login makes her account. Raises Refused, TooMany."""
    await codes.redeem_code(phone, code, "login", address=address, limits=limits, now=now)
    volunteer = await _volunteer_with(phone)
    async with scope(Actor.system(), now):
        actor = await actor_of(await _account_of(volunteer, now), now) if volunteer else None
        if actor is not None:
            await _note_login(actor, now)
    if actor is None:
        raise Refused(N_("This account is closed. Please ask the women's federation of your area."))
    return actor


async def _volunteer_with(phone: str) -> dict[str, Any] | None:
    # in SQL, because accounts stand below volunteers and do not import them
    rows = await Account.raw(
        "SELECT v.id, v.name, v.region_code, a.id AS account_id FROM volunteer v"
        " LEFT JOIN account a ON a.volunteer_id = v.id"
        " WHERE v.phone_key = {} AND v.state IN ('applied', 'active', 'suspended')"
        " ORDER BY a.id IS NULL, v.state <> 'active', v.created_at, v.id LIMIT 1",
        keyed_hash(phone, "phone"),
    )
    return rows[0] if rows else None


async def _account_of(volunteer: dict[str, Any], now: datetime) -> UUID:
    if volunteer["account_id"] is None:
        account = Account(
            role="volunteer",
            name=volunteer["name"],
            region_code=volunteer["region_code"],
            volunteer_id=volunteer["id"],
            created_at=now,
        )
        await Account.insert(account)
        return account.id
    return cast(UUID, volunteer["account_id"])


async def _note_login(actor: Actor, now: datetime) -> None:
    await record(
        actor,
        action="account.login",
        subject=("account", actor.account_id),
        region_code=actor.region_code,
        now=now,
    )
