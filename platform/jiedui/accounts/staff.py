"""Staff accounts: made and closed by whoever is responsible for an area, never by signing up."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from piccolo.querystring import QueryString

from jiedui.accounts import grants, passwords, policy
from jiedui.accounts.grants import ABOVE_COUNTY
from jiedui.accounts.sessions import Sessions
from jiedui.accounts.tables import Account
from jiedui.actor import COUNTRY, LEVELS, STAFF_ROLES, Actor, significant, within
from jiedui.audit.service import record
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.regions.tables import Region
from jiedui.store.columns import Row
from jiedui.store.scope import scope

NEAR_PEOPLE = frozenset({"vetting_officer", "safeguarding_officer"})
"""Roles that are all about people, of whom nobody above a county sees any."""


@dataclass(frozen=True)
class Left:
    """What ended when somebody left, and whether nobody else of her area does all that she did."""

    sessions: int
    grants: int
    alone: bool


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
            closed = await Account.exists().where(
                Account.login == login, Account.active.eq(False), policy.visible(actor, deed="open")
            )
            raise Conflict(_CLOSED if closed else N_("The login name {login} is taken."), login=login)
        await _note(actor, "add", added[0] | {"region_code": region_code}, now, role=role)
    return UUID(str(added[0]["id"]))


async def staff_of(actor: Actor, sessions: Sessions, now: datetime) -> list[Row]:
    """The staff of the actor's area, each with her `place`, `last_login`, and the `grants` and `sessions`
    that are open. Raises Forbidden.
    """
    policy.require(actor, "list")
    return await _listed(policy.visible(actor, "a", "list"), sessions, now)


async def one_of_staff(actor: Actor, login: str, sessions: Sessions, now: datetime) -> Row:
    """The one with this login name. Raises Forbidden, NotFound."""
    policy.require(actor, "list")
    named = QueryString("a.login = {} AND {}", login.casefold(), policy.visible(actor, "a", "list"))
    found = await _listed(named, sessions, now)
    if not found:
        raise NotFound(_UNKNOWN, login=login)
    return found[0]


async def close_staff(actor: Actor, login: str, sessions: Sessions, now: datetime) -> Left:
    """She leaves: what she did stays. Raises Forbidden, NotFound, Conflict, Refused if an area needs her."""
    policy.require(actor, "close")
    async with scope(actor, now):
        # All of them, in one order: of two that leave at once the second one sees that the first is gone.
        staff = await (
            Account.select(Account.id, Account.role, Account.region_code, Account.active)
            .where(Account.login.is_not_null())
            .order_by(Account.id)
            .lock_rows("NO KEY UPDATE")
        )
        account = await _locked(actor, "close", login)
        if not account["active"]:
            raise Conflict(_CLOSED, login=account["login"])
        open_others = [one for one in staff if one["active"] and one["id"] != account["id"]]
        missing = _hats(account) - frozenset[str]().union(
            *(_hats(one) for one in open_others if within(one["region_code"], account["region_code"]))
        )
        if "administrator" in missing:
            raise Refused(
                N_("Without {login} nobody could make accounts there. Please add another administrator."),
                login=account["login"],
            )
        await Account.update({Account.active: False}).where(Account.id == account["id"])
        left = Left(
            sessions=await sessions.end_all(account["id"]),
            grants=await grants.end_all_of(actor, account, now),
            alone=bool(missing),
        )
        await _note(actor, "close", account, now, sessions=left.sessions, grants=left.grants)
    return left


async def open_staff(actor: Actor, login: str, passphrase: str, sessions: Sessions, now: datetime) -> None:
    """She is back, as what she was, with a new passphrase. Raises Forbidden, NotFound, Conflict, Refused."""
    await _set_passphrase(actor, "open", login, passphrase, sessions, now)


async def change_passphrase(
    actor: Actor, login: str, passphrase: str, sessions: Sessions, now: datetime
) -> int:
    """Another passphrase; returns how many logins ended. Raises Forbidden, NotFound, Conflict, Refused."""
    return await _set_passphrase(actor, "passphrase", login, passphrase, sessions, now)


async def staff_login_exists(login: str) -> bool:
    """Whether somebody has this login name."""
    return bool(await Account.exists().where(Account.login == login.casefold()))


async def _set_passphrase(
    actor: Actor, deed: str, login: str, passphrase: str, sessions: Sessions, now: datetime
) -> int:
    policy.require(actor, deed)
    passwords.check_acceptable(passphrase, login=login)
    password_hash = await passwords.hash_passphrase(passphrase)
    async with scope(actor, now):
        account = await _locked(actor, deed, login)
        if account["active"] == (deed == "open"):
            said = N_("The account {login} is open.") if account["active"] else _CLOSED
            raise Conflict(said, login=account["login"])
        await Account.update({Account.password_hash: password_hash, Account.active: True}).where(
            Account.id == account["id"]
        )
        ended = await sessions.end_all(account["id"])
        await _note(actor, deed, account, now, sessions=ended)
    return ended


async def _locked(actor: Actor, deed: str, login: str) -> Row:
    account: Row | None = await (
        Account.select(Account.id, Account.login, Account.role, Account.region_code, Account.active)
        .where(Account.login == login.casefold(), policy.visible(actor, deed=deed))
        .lock_rows("NO KEY UPDATE")
        .first()
    )
    if account is None:
        raise NotFound(_UNKNOWN, login=login)
    return account


async def _listed(which: QueryString, sessions: Sessions, now: datetime) -> list[Row]:
    rows = await Account.raw(_STAFF, now, which)
    return [row | {"sessions": await sessions.open_of(row["id"])} for row in rows]


async def _note(actor: Actor, deed: str, account: Row, now: datetime, **detail: object) -> None:
    await record(
        actor, action=f"account.{deed}", subject=("account", account["id"]),
        region_code=account["region_code"], now=now, detail=detail,
    )  # fmt: skip


def _hats(account: Row) -> frozenset[str]:
    return Actor(role=account["role"], region_code=account["region_code"], name="").hats


_UNKNOWN = N_("There is no account with the login name {login}.")
_CLOSED = N_(
    "The account {login} is closed. Who comes back gets it again by jiedui account-open {login}; "
    "somebody else needs another login name."
)
_STAFF = """
SELECT a.id, a.login, a.name, a.role, a.region_code, a.active, coalesce(r.short_name, '') AS place,
    (SELECT max(e.at) FROM audit_entry e
        WHERE e.subject_id = a.id::text AND e.action = 'account.login') AS last_login,
    (SELECT count(*) FROM case_grant g
        WHERE g.account = a.id AND g.ended_at IS NULL AND g.expires_at > {}) AS grants
FROM account a LEFT JOIN region r ON r.code = a.region_code
WHERE a.login IS NOT NULL AND {} ORDER BY a.region_code, a.login"""
