"""One-time codes by telephone, with real commits."""

import asyncio
import json
from datetime import timedelta

import pytest

from jiedui.accounts.codes import mobile_number, redeem_code, request_code
from jiedui.accounts.limits import Limits
from jiedui.accounts.tables import OneTimeCode
from jiedui.clock import utc_now
from jiedui.errors import Refused
from jiedui.store.vault import unseal
from jiedui_notifications.sealing import PARAMS
from jiedui_notifications.tables import Notice

PHONE = "13812345678"


@pytest.fixture
def limits(redis):
    return Limits(redis, b"only for tests")


async def ask(limits, now, purpose="login"):
    await request_code(PHONE, purpose, send=True, region_code="0" * 12, address="a", limits=limits, now=now)
    notice = await Notice.select().order_by(Notice.created_at, ascending=False).first()
    return json.loads(unseal(notice["params"], PARAMS))["code"]


async def test_of_fifty_redemptions_at_once_one_succeeds(clean_db, limits):
    now = utc_now()
    code = await ask(limits, now)
    await OneTimeCode.update({OneTimeCode.tries: -200}, force=True)

    async def fifty(typed):
        attempts = (
            redeem_code(PHONE, typed, "login", address="a", limits=limits, now=now) for _ in range(50)
        )
        return await asyncio.gather(*attempts, return_exceptions=True)

    # the first fifty open the connections, else the first comer is done before the others have one
    assert (await fifty("wrong")).count(None) == 0
    outcomes = await fifty(code)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 49


async def test_a_code_for_one_purpose_does_not_serve_another(clean_db, limits):
    now = utc_now()
    code = await ask(limits, now, "signup")
    with pytest.raises(Refused):
        await redeem_code(PHONE, code, "login", address="a", limits=limits, now=now)
    await redeem_code(PHONE, code, "signup", address="a", limits=limits, now=now)


async def test_a_new_code_replaces_the_one_before(clean_db, limits, redis):
    now = utc_now()
    old = await ask(limits, now)
    await redis.flushdb()
    new = await ask(limits, now + timedelta(seconds=61))
    if old != new:
        with pytest.raises(Refused):
            await redeem_code(PHONE, old, "login", address="a", limits=limits, now=now)
    await redeem_code(PHONE, new, "login", address="a", limits=limits, now=now)


async def test_neither_code_nor_number_can_be_read_in_the_database(clean_db, limits):
    code = await ask(limits, utc_now())
    rows = str(await OneTimeCode.select()) + str(await Notice.select())
    assert code not in rows.replace("-", " ").split() and PHONE not in rows


@pytest.mark.parametrize(
    "typed", ["13812345678", "+86 138-1234-5678", "０086 138 1234 5678", "138 1234 5678"]
)
def test_a_mobile_number_is_understood_however_it_is_typed(typed):
    assert mobile_number(typed) == PHONE


@pytest.mark.parametrize("typed", ["1381234567", "02388888888", "12345678901", "abc", ""])
def test_what_is_no_mobile_number_is_refused(typed):
    with pytest.raises(Refused):
        mobile_number(typed)
