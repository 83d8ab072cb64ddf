"""Staff joining and leaving: who may end an account, what ends with it and what stays."""

import asyncio
import json
import subprocess
from contextvars import Context
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from commands import COUNTY, JIEDUI, PATIENCE, done, environment, refused, servers_up
from factories import (
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_region_tree,
    a_volunteer,
    an_account,
)
from redis.asyncio import Redis

from jiedui.accounts import grants, passwords
from jiedui.accounts.limits import Limits
from jiedui.accounts.service import actor_of, log_in_staff
from jiedui.accounts.sessions import Sessions
from jiedui.accounts.staff import (
    add_staff,
    change_passphrase,
    close_staff,
    one_of_staff,
    open_staff,
    staff_of,
)
from jiedui.accounts.tables import Account, CaseGrant
from jiedui.actor import COUNTRY, Actor
from jiedui.audit.tables import AuditEntry
from jiedui.clock import utc_now
from jiedui.errors import Conflict, Forbidden, NotFound, Refused
from jiedui.launcher.servers import running_servers

CITY = "500200000000"
OLD, NEW = "seven quiet rivers", "eleven loud mountains"
SYSTEM = Actor.system()


@pytest.fixture
def sessions(redis):
    return Sessions(redis, lambda: NOW)


def in_order(redis):
    """What a login needs beside name and passphrase."""
    return {"address": "127.0.0.1", "limits": Limits(redis, b"only for tests"), "now": NOW}


async def nothing(actor):
    return actor


async def entries(action: str) -> list[dict]:
    rows = await AuditEntry.select().where(AuditEntry.action == action).order_by(AuditEntry.region_code)
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]


async def test_who_leaves_is_out_at_once_and_what_she_did_stays(db, sessions, redis):
    her = await an_account(login="lihua", name="李华", password_hash=await passwords.hash_passphrase(OLD))
    other = await an_account(login="tan")
    household = await a_household()
    await grants.give(a_coordinator(account_id=her), await an_account(region_code=CITY), "household",
                      household, "复核", 7, NOW)  # fmt: skip
    await log_in_staff("lihua", OLD, nothing, **in_order(redis))
    for _ in range(2):
        await sessions.begin(her, "coordinator")
    spared = await sessions.begin(other, "coordinator")
    left = await close_staff(SYSTEM, "LiHua", sessions, NOW)
    assert (left.sessions, left.grants, left.alone) == (2, 0, False)
    assert await actor_of(her, NOW) is None
    assert await sessions.open_of(her) == 0
    assert await sessions.find(spared) is not None
    with pytest.raises(Refused):
        await log_in_staff("lihua", OLD, nothing, **in_order(redis))
    (closed,) = await entries("account.close")
    assert (closed["subject_id"], closed["region_code"]) == (str(her), COUNTY)
    assert closed["detail"] == {"sessions": 2, "grants": 0}
    assert [row["account_id"] for row in await entries("account.login")] == [her]
    given = await CaseGrant.select().where(CaseGrant.given_by == her).first()
    assert given["ended_at"] is None, "what she showed to others is theirs to end"


async def test_what_counties_showed_her_ends_and_each_of_them_hears_of_it(db, sessions):
    her = await an_account(login="city", region_code=CITY)
    households = {COUNTY: await a_household(), OTHER_COUNTY: await a_household(region_code="500231100201")}
    for code, household in households.items():
        county = a_coordinator(code, account_id=await an_account(region_code=code))
        await grants.give(county, her, "household", household, "复核", 7, NOW)
    await grants.give(county, her, "household", household, "从前", 1, NOW - timedelta(days=9))
    colleague = await an_account(region_code=CITY)
    await grants.give(county, colleague, "household", household, "复核", 7, NOW)
    assert (await close_staff(SYSTEM, "city", sessions, NOW)).grants == 2
    assert await grants.granted_to(her, CITY, NOW) == frozenset()
    assert await grants.granted_to(colleague, CITY, NOW) == {household}
    told = [row["region_code"] for row in await entries("grant.end")]
    assert told == [CITY, CITY, COUNTY, OTHER_COUNTY]
    await open_staff(SYSTEM, "city", NEW, sessions, NOW)
    assert await grants.granted_to(her, CITY, NOW) == frozenset(), "back, and shown nothing"


async def test_the_staff_is_listed_with_what_is_open_and_nothing_secret(db, sessions, redis):
    await a_region_tree()
    hashed = await passwords.hash_passphrase(OLD)
    her = await an_account(login="lihua", name="李华", password_hash=hashed)
    await an_account("auditor", OTHER_COUNTY, login="gone", active=False)
    await an_account("volunteer", VILLAGE, volunteer_id=await a_volunteer(), name="志愿者")
    city = await an_account(region_code=CITY, login="city")
    await grants.give(a_coordinator(), city, "household", await a_household(), "复核", 7, NOW)
    await log_in_staff("lihua", OLD, nothing, **in_order(redis))
    await sessions.begin(her, "coordinator")
    listed = {row["login"]: row for row in await staff_of(SYSTEM, sessions, NOW)}
    assert listed.keys() == {"lihua", "gone", "city"}
    shown = listed["lihua"]
    assert (shown["name"], shown["role"], shown["place"], shown["last_login"]) == (
        "李华", "coordinator", "丰都县", NOW,
    )  # fmt: skip
    assert (shown["active"], shown["sessions"], shown["grants"]) == (True, 1, 0)
    assert (listed["gone"]["active"], listed["gone"]["last_login"]) == (False, None)
    assert listed["city"]["grants"] == 1
    later = NOW + timedelta(days=8)
    assert (await one_of_staff(SYSTEM, "City", sessions, later))["grants"] == 0
    assert hashed not in str(listed)


@pytest.mark.parametrize(
    ("area", "reached"), [(COUNTRY, True), (COUNTY, True), (TOWNSHIP, False), (OTHER_COUNTY, False)]
)
async def test_an_administrator_ends_accounts_of_her_area_only(db, sessions, area, reached):
    await an_account(login="lihua")
    administrator = Actor("administrator", area, "")
    for deed in (
        lambda: one_of_staff(administrator, "lihua", sessions, NOW),
        lambda: change_passphrase(administrator, "lihua", NEW, sessions, NOW),
        lambda: close_staff(administrator, "lihua", sessions, NOW),
        lambda: open_staff(administrator, "lihua", NEW, sessions, NOW),
    ):
        if reached:
            await deed()
        else:
            with pytest.raises(NotFound, match="no account with the login name lihua"):
                await deed()
    assert [row["login"] for row in await staff_of(administrator, sessions, NOW)] == ["lihua"] * reached


@pytest.mark.parametrize("role", ["coordinator", "auditor", "reader", "vetting_officer", "volunteer"])
async def test_nobody_else_does(db, sessions, role):
    await an_account(login="lihua")
    who = Actor(role, COUNTY, "")
    for deed in (
        lambda: staff_of(who, sessions, NOW),
        lambda: one_of_staff(who, "lihua", sessions, NOW),
        lambda: change_passphrase(who, "lihua", NEW, sessions, NOW),
        lambda: close_staff(who, "lihua", sessions, NOW),
        lambda: open_staff(who, "lihua", NEW, sessions, NOW),
    ):
        with pytest.raises(Forbidden):
            await deed()


async def test_what_makes_no_sense_is_a_sentence(db, sessions):
    await a_region_tree()
    await an_account(login="lihua")
    for deed in (close_staff(SYSTEM, "nobody", sessions, NOW), one_of_staff(SYSTEM, "nobody", sessions, NOW),
                 change_passphrase(SYSTEM, "nobody", NEW, sessions, NOW)):  # fmt: skip
        with pytest.raises(NotFound, match="no account with the login name nobody"):
            await deed
    with pytest.raises(Conflict, match="lihua is open"):
        await open_staff(SYSTEM, "lihua", NEW, sessions, NOW)
    for weak in ("short", "lihualihualihua"):
        with pytest.raises(Refused, match="passphrase"):
            await change_passphrase(SYSTEM, "lihua", weak, sessions, NOW)
    await close_staff(SYSTEM, "lihua", sessions, NOW)
    again = {"role": "coordinator", "passphrase": NEW, "name": "李华", "region_code": COUNTY, "now": NOW}
    for deed in (
        close_staff(SYSTEM, "lihua", sessions, NOW),
        change_passphrase(SYSTEM, "lihua", NEW, sessions, NOW),
        add_staff(SYSTEM, login="lihua", **again),
    ):
        with pytest.raises(Conflict, match="account-open lihua"):
            await deed
    with pytest.raises(Conflict, match="is taken"):
        elsewhere = Actor("administrator", OTHER_COUNTY, "")
        await add_staff(elsewhere, login="lihua", **again | {"region_code": OTHER_COUNTY})
    assert len(await entries("account.close")) == 1


async def test_a_new_passphrase_ends_every_login_with_the_old_one(db, sessions, redis):
    her = await an_account(login="lihua", password_hash=await passwords.hash_passphrase(OLD))
    old = await sessions.begin(her, "coordinator")
    assert await change_passphrase(SYSTEM, "lihua", NEW, sessions, NOW) == 1
    assert await sessions.find(old) is None
    with pytest.raises(Refused):
        await log_in_staff("lihua", OLD, nothing, **in_order(redis))
    assert (await log_in_staff("lihua", NEW, nothing, **in_order(redis))).account_id == her
    (noted,) = await entries("account.passphrase")
    assert (noted["subject_id"], noted["detail"]) == (str(her), {"sessions": 1})
    assert NEW not in str(noted)


async def test_who_comes_back_is_what_she_was_and_needs_a_new_passphrase(db, sessions, redis):
    her = await an_account(login="lihua", password_hash=await passwords.hash_passphrase(OLD))
    await close_staff(SYSTEM, "lihua", sessions, NOW)
    stale = await sessions.begin(her, "coordinator")  # began as she was closed
    await open_staff(SYSTEM, "lihua", NEW, sessions, NOW)
    assert await sessions.find(stale) is None
    with pytest.raises(Refused):
        await log_in_staff("lihua", OLD, nothing, **in_order(redis))
    assert (await log_in_staff("lihua", NEW, nothing, **in_order(redis))).role == "coordinator"
    assert [row["subject_id"] for row in await entries("account.open")] == [str(her)]


@pytest.mark.parametrize(
    ("role", "area", "kept"),
    [
        ("administrator", COUNTY, True), ("administrator", CITY, True), ("administrator", TOWNSHIP, False),
        ("administrator", OTHER_COUNTY, False), ("coordinator", COUNTY, False), ("auditor", COUNTRY, False),
    ],
)  # fmt: skip
async def test_the_last_administrator_of_an_area_stays(db, sessions, role, area, kept):
    her = await an_account("administrator", COUNTY, login="lihua")
    await an_account("administrator", COUNTY, login="gone", active=False)
    await an_account(role, area)
    online = await sessions.begin(her, "administrator")
    if kept:
        await close_staff(SYSTEM, "lihua", sessions, NOW)
        return
    with pytest.raises(Refused, match="Without lihua nobody could make accounts"):
        await close_staff(SYSTEM, "lihua", sessions, NOW)
    assert await actor_of(her, NOW) is not None
    assert await sessions.find(online) is not None
    assert await entries("account.close") == []


@pytest.mark.parametrize(
    ("role", "area", "alone"),
    [
        ("coordinator", COUNTY, False), ("administrator", COUNTY, False), ("coordinator", FAR_VILLAGE, True),
        ("coordinator", CITY, True), ("coordinator", OTHER_COUNTY, True), ("vetting_officer", COUNTY, True),
    ],
)  # fmt: skip
async def test_it_is_said_when_nobody_else_does_what_she_did(db, sessions, role, area, alone):
    await an_account("coordinator", COUNTY, login="lihua")
    await an_account(role, area)
    assert (await close_staff(SYSTEM, "lihua", sessions, NOW)).alone is alone


async def at_once(*calls):
    tasks = [asyncio.get_running_loop().create_task(call, context=Context()) for call in calls]
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_of_the_last_two_administrators_one_stays_however_fast_both_go(clean_db, sessions):
    for n in range(20):
        area = f"{510101 + n}000000"
        for login in ("one", "two"):
            await an_account("administrator", area, login=f"{login}-{n}")
        answers = await at_once(
            close_staff(SYSTEM, f"one-{n}", sessions, NOW), close_staff(SYSTEM, f"two-{n}", sessions, NOW)
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["Left", "Refused"], answers
        assert await Account.count().where(Account.region_code == area, Account.active.eq(True)) == 1


async def test_closed_twice_at_once_is_closed_once(clean_db, sessions):
    await an_account(login="lihua")
    answers = await at_once(*(close_staff(SYSTEM, "lihua", sessions, NOW) for _ in range(5)))
    assert sorted(type(answer).__name__ for answer in answers) == [*["Conflict"] * 4, "Left"], answers
    assert len(await entries("account.close")) == 1


async def test_a_new_passphrase_opens_no_account_that_is_being_closed(clean_db, redis):
    her, closing = await an_account(login="lihua"), asyncio.Event()

    class Slow(Sessions):
        async def end_all(self, account_id):
            closing.set()
            await asyncio.sleep(0.5)  # long enough to be overtaken, were she not held
            return await super().end_all(account_id)

    async def meanwhile():
        await closing.wait()
        await change_passphrase(SYSTEM, "lihua", NEW, Sessions(redis, lambda: NOW), NOW)

    closed, changed = await at_once(close_staff(SYSTEM, "lihua", Slow(redis, lambda: NOW), NOW), meanwhile())
    assert (type(closed).__name__, type(changed).__name__) == ("Left", "Conflict")
    assert await actor_of(her, NOW) is None


async def test_a_login_under_way_with_the_old_passphrase_does_not_outlive_it(
    clean_db, sessions, redis, monkeypatch
):
    her = await an_account(login="lihua", password_hash=await passwords.hash_passphrase(OLD))
    matches, changes = passwords.matches, []

    def change():
        changes.append(
            asyncio.get_running_loop().create_task(
                change_passphrase(SYSTEM, "lihua", NEW, sessions, NOW), context=Context()
            )
        )
        return changes[-1]

    async def slow(stored, passphrase):
        right = await matches(stored, passphrase)
        await change()
        return right

    async def enter(actor):
        change()
        await asyncio.sleep(0.5)  # long enough for it to be done, were it not to wait for her
        return await sessions.begin(actor.account_id, actor.role)

    with monkeypatch.context() as patched:
        patched.setattr(passwords, "matches", slow)
        with pytest.raises(Refused):
            await log_in_staff("lihua", OLD, enter, **in_order(redis))
    session_id = await log_in_staff("lihua", NEW, enter, **in_order(redis))
    assert await changes[-1] == 1, "her login was there first, and ended"
    assert await sessions.find(session_id) is None
    assert await sessions.open_of(her) == 0


def asked(data: Path, login: str, answer: str) -> subprocess.CompletedProcess[str]:
    """Close an account as somebody does who is asked."""
    return subprocess.run(
        [*JIEDUI, "account-close", login], input=answer, env=environment(data), capture_output=True,
        text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


class Online:
    """A login at a site whose servers keep it: begun here, ended by a command in another process."""

    def __init__(self, data: Path, login: str) -> None:
        found = running_servers(data)
        assert found is not None
        self.database_url, self.redis_url, self.login = found.database_url, found.redis_url, login
        self.session_id = asyncio.run(self._begun())

    async def _begun(self) -> str:
        connection = await asyncpg.connect(self.database_url)
        account = await connection.fetchval("SELECT id FROM account WHERE login = $1", self.login)
        await connection.close()
        async with Redis.from_url(self.redis_url) as redis:
            return await Sessions(redis, utc_now).begin(account, "auditor")

    async def _found(self) -> bool:
        async with Redis.from_url(self.redis_url) as redis:
            return await Sessions(redis, utc_now).find(self.session_id) is not None

    def lives(self) -> bool:
        return asyncio.run(self._found())


def test_the_commands_from_joining_to_coming_back(tmp_path: Path) -> None:
    her = ("lihua", "--role", "auditor", "--region", COUNTRY, "--name", "李华[a]", "--passphrase", OLD)
    boss = ("boss", "--role", "administrator", "--region", COUNTRY, "--name", "主任", "--passphrase", OLD)
    with servers_up(tmp_path):
        done(tmp_path, "account", *boss, "--new")
        done(tmp_path, "account", *her)
        assert "is taken" in refused(tmp_path, "account", *her)
        (line,) = [one for one in done(tmp_path, "accounts").splitlines() if one.startswith("lihua")]
        assert [cell.strip() for cell in line.split("│")] == [
            "lihua", "李华[a]", "Auditor", COUNTRY, "–", "can log in", "0", "0",
        ]  # fmt: skip
        online = Online(tmp_path, "lihua")
        assert "Logins ended: 1." in done(tmp_path, "account-passphrase", "lihua", "--passphrase", NEW)
        assert not online.lives()
        online = Online(tmp_path, "lihua")
        declined = asked(tmp_path, "lihua", "n\n")
        assert declined.returncode == 1
        assert f"李华[a], Auditor, {COUNTRY}: close this account" in declined.stderr
        assert declined.stderr.endswith("Nothing was changed.\n")
        assert online.lives()
        unanswered = asked(tmp_path, "lihua", "")
        assert (unanswered.returncode, online.lives()) == (1, True)
        assert "--yes" in unanswered.stderr.splitlines()[-1]
        closed = asked(tmp_path, "lihua", "y\n")
        assert closed.returncode == 0
        assert "李华[a] can no longer log in. Logins ended: 1; cases shown no longer: 0." in closed.stdout
        assert f"Nobody else can do all that 李华[a] did as Auditor of {COUNTRY}" in closed.stdout
        assert not online.lives()
        for again in (("account-close", "lihua"), ("account", *her)):
            assert "The account lihua is closed." in refused(tmp_path, *again)
        assert "no account with the login name nobody" in refused(tmp_path, "account-close", "nobody")
        assert "another administrator" in refused(tmp_path, "account-close", "boss", "--yes")
        assert "lihua can log in again." in done(tmp_path, "account-open", "lihua", "--passphrase", OLD)
