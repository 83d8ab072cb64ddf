"""Staff accounts: made by whoever is responsible for an area, never by signing up."""

from datetime import datetime
from uuid import UUID

from jiedui.accounts import passwords, policy
from jiedui.accounts.grants import ABOVE_COUNTY
from jiedui.accounts.tables import Account
from jiedui.actor import COUNTRY, LEVELS, STAFF_ROLES, Actor, significant, within
from jiedui.audit.service import record
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.regions.tables import Region
from jiedui.store.scope import scope

NEAR_PEOPLE = frozenset({"vetting_officer", "safeguarding_officer"})
"""Roles that are all about people, of whom nobody above a county sees any."""


async def add_staff(
    actor: Actor, *, role: str, login: str, passphrase: str, name: str, region_code: str, now: datetime
) -> UUID:
    """Somebody of the staff for an area within the actor's. Raises Forbidden, Refused, NotFound, Conflict."""
    policy.require(actor, "add")
    if role not in STAFF_ROLES:
        raise Refused(N_("Please choose one of the options."), field="role")
    known = region_code == COUNTRY or await Region.exists().where(Region.code == region_code)
    if not known or not within(actor.region_code, region_code):
        raise NotFound(N_("There is no area with the code {code} among yours."), code=region_code)
    if role in NEAR_PEOPLE and LEVELS[len(significant(region_code))] in ABOVE_COUNTY:
        raise Refused(N_("An officer works for a county, a township or a village."), field="region_code")
    login = login.casefold()
    passwords.check_acceptable(passphrase, login=login)
    password_hash = await passwords.hash_passphrase(passphrase)
    account = Account(
        role=role,
        name=name,
        login=login,
        password_hash=password_hash,
        region_code=region_code,
        created_at=now,
    )
    async with scope(actor, now):
        insert = Account.insert(account).on_conflict(target=Account.login, action="DO NOTHING")
        added = await insert.returning(Account.id)
        if not added:
            raise Conflict(N_("The login name {login} is taken."), login=login)
        await record(
            actor,
            action="account.add",
            subject=("account", added[0]["id"]),
            region_code=region_code,
            now=now,
            detail={"role": role},
        )
    return UUID(str(added[0]["id"]))


async def staff_login_exists(login: str) -> bool:
    """Whether somebody has this login name."""
    return bool(await Account.exists().where(Account.login == login.casefold()))
