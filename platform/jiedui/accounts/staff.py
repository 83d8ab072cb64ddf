"""Staff accounts: made by whoever is responsible for an area, never by signing up."""

from datetime import datetime
from uuid import UUID

from jiedui.accounts import passwords
from jiedui.accounts.tables import Account
from jiedui.actor import Actor, within
from jiedui.audit.service import record
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.store.piccolo_conf import DB


async def add_staff(
    actor: Actor, *, role: str, login: str, passphrase: str, name: str, region_code: str, now: datetime
) -> UUID:
    """A coordinator or administrator of an area within the actor's. Raises Refused, NotFound, Conflict."""
    if role not in ("coordinator", "administrator"):
        raise Refused(N_("Staff are coordinators or administrators."), field="role")
    if not within(actor.region_code, region_code):
        raise NotFound(N_("There is no area with the code {code} among yours."), code=region_code)
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
    async with DB.transaction():
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
