"""Logins that are still open."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from jiedui.accounts.sessions import Sessions

BEGAN = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(redis, clock):
    return Sessions(redis, clock)


async def test_a_login_is_found_by_its_id_and_by_nothing_else(sessions, redis):
    account = uuid4()
    session_id = await sessions.begin(account, "coordinator")
    assert (await sessions.find(session_id)).account_id == account
    for made_up in ("", "A" * 43, session_id[:-1], session_id + "=", "x" * 3000, "../../etc/passwd"):
        assert await sessions.find(made_up) is None
    keys = b" ".join(await redis.keys("*")).decode()
    assert session_id not in keys


async def test_an_id_that_was_never_issued_is_not_kept_alive(sessions, redis):
    session_id = await sessions.begin(uuid4(), "coordinator")
    session = await sessions.find(session_id)
    await sessions.end(session_id)
    assert not await sessions.keep(session_id, session, "coordinator")
    assert await sessions.find(session_id) is None


async def test_two_hundred_logouts_against_requests_under_way_bring_nothing_back(sessions):
    for _ in range(200):
        session_id = await sessions.begin(uuid4(), "coordinator")
        session = await sessions.find(session_id)
        await asyncio.gather(
            sessions.keep(session_id, session, "coordinator"),
            sessions.end(session_id),
            sessions.keep(session_id, session, "coordinator"),
        )
        assert await sessions.find(session_id) is None


@pytest.mark.parametrize(
    ("role", "idle"), [("coordinator", 1800), ("administrator", 1800), ("volunteer", 604800)]
)
async def test_a_login_ends_when_nothing_is_heard_of_it(sessions, redis, role, idle):
    session_id = await sessions.begin(uuid4(), role)
    (key,) = await redis.keys("session:*")
    assert idle - 5 <= await redis.ttl(key) <= idle
    await redis.expire(key, 10)
    assert await sessions.keep(session_id, await sessions.find(session_id), role)
    assert idle - 5 <= await redis.ttl(key) <= idle


@pytest.mark.parametrize(
    ("role", "absolute"), [("coordinator", timedelta(hours=12)), ("volunteer", timedelta(days=30))]
)
async def test_a_login_ends_however_busy_it_is(sessions, clock, redis, role, absolute):
    session_id = await sessions.begin(uuid4(), role)
    session = await sessions.find(session_id)
    clock.now = BEGAN + absolute - timedelta(seconds=60)
    assert await sessions.keep(session_id, session, role)
    (key,) = await redis.keys("session:*")
    assert await redis.ttl(key) <= 60
    clock.now = BEGAN + absolute
    assert not await sessions.keep(session_id, session, role)
    assert await sessions.find(session_id) is None


async def test_ending_all_of_an_account_spares_the_others(sessions):
    account, other = uuid4(), uuid4()
    mine = [await sessions.begin(account, "coordinator") for _ in range(3)]
    theirs = await sessions.begin(other, "coordinator")
    assert await sessions.end_all(account) == 3
    assert [await sessions.find(one) for one in mine] == [None] * 3
    assert await sessions.find(theirs) is not None
    assert await sessions.end_all(account) == 0


async def test_the_list_of_an_account_forgets_logins_that_are_over(sessions, clock, redis):
    account = uuid4()
    await sessions.begin(account, "coordinator")
    clock.now += timedelta(hours=13)
    await sessions.begin(account, "coordinator")
    assert await redis.zcard(f"sessions-of:{account}") == 1
