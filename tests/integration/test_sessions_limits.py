"""How often something may be tried, counted over several processes."""

import asyncio
import sys
import textwrap

import pytest
from redis.asyncio import Redis

from jiedui.accounts.limits import Limits, Rule
from jiedui.errors import TooMany, Unavailable

SECRET = b"only for tests"


async def admitted(limits, rule, times, subject="x"):
    done = 0
    for _ in range(times):
        try:
            await limits.admit((rule, subject))
            done += 1
        except TooMany:
            pass
    return done


async def test_four_processes_with_sixty_four_connections_each_admit_exactly_the_limit(servers, redis):
    program = textwrap.dedent("""
        import asyncio, sys
        from redis.asyncio import Redis
        from jiedui.accounts.limits import Limits, Rule
        from jiedui.errors import TooMany
        async def one(number):
            redis = Redis.from_url(sys.argv[1])
            limits, done = Limits(redis, b"only for tests"), 0
            for _ in range(20):
                try:
                    await limits.admit((Rule("race", 50, 3600), "x"))
                    done += 1
                except TooMany:
                    pass
            await redis.aclose()
            return done
        async def main():
            print(sum(await asyncio.gather(*(one(n) for n in range(64)))))
        asyncio.run(main())
    """)
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, servers.redis_url, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(4)
    ]
    counts = [int((await racer.communicate())[0]) for racer in racers]
    assert sum(counts) == 50


async def test_rules_and_subjects_do_not_share_a_counter(redis):
    limits = Limits(redis, SECRET)
    login, code = Rule("login", 3, 60), Rule("code", 2, 60)
    assert await admitted(limits, login, 5) == 3
    assert await admitted(limits, code, 5) == 2
    assert await admitted(limits, login, 5, subject="y") == 3


async def test_an_attempt_refused_by_one_rule_is_counted_by_none(redis):
    limits = Limits(redis, SECRET)
    minute, hour = Rule("minute", 1, 60), Rule("hour", 3, 3600)
    await limits.admit((minute, "x"), (hour, "x"))
    for _ in range(5):
        with pytest.raises(TooMany):
            await limits.admit((minute, "x"), (hour, "x"))
    assert await admitted(limits, hour, 5) == 2


async def test_a_refusal_says_when_to_come_back(redis):
    limits = Limits(redis, SECRET)
    rule = Rule("code", 1, 120)
    await limits.admit((rule, "x"))
    with pytest.raises(TooMany) as refused:
        await limits.admit((rule, "x"))
    assert refused.value.params["minutes"] == 2
    assert 115 <= refused.value.params["seconds"] <= 120


async def test_the_window_opens_again(redis):
    limits = Limits(redis, SECRET)
    rule = Rule("hour", 2, 3600)
    assert await admitted(limits, rule, 4) == 2
    (counted,) = await redis.keys("*")
    assert 0 < await redis.ttl(counted) <= 3600
    for attempt, moment in await redis.zrange(counted, 0, -1, withscores=True):
        await redis.zadd(counted, {attempt: moment - 3_600_000})  # an hour later
    assert await admitted(limits, rule, 4) == 2


async def test_no_telephone_number_stands_in_redis(redis):
    await Limits(redis, SECRET).admit((Rule("code", 1, 60), "13812345678"))
    assert b"13812345678" not in b" ".join(await redis.keys("*"))


async def test_without_redis_nothing_is_admitted():
    limits = Limits(Redis.from_url("unix:///nonexistent/valkey.sock"), SECRET)
    with pytest.raises(Unavailable):
        await limits.admit((Rule("login", 10, 60), "x"))
