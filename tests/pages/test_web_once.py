"""Every form carries a key: the same key is one deed, another body under it is refused, and so is none."""

import asyncio
import re
import secrets
from datetime import timedelta

import pytest
from deeds import DEEDS, Stage
from factories import a_household, a_pair, a_volunteer
from planned import text_of

from jiedui.accounts.tables import OneTimeCode
from jiedui.audit.tables import AuditEntry
from jiedui.errors import Conflict
from jiedui.i18n import translate
from jiedui.pairs import service as pairs
from jiedui.pairs.tables import Concern
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import seal
from jiedui.web.sent import KEPT, SHOWN, forget_sent
from jiedui.web.tables import SentForm

KEYLESS = {
    "/language",
    "/login",
    "/login/volunteer/code",
    "/logout",
    "/h/{token:str}",
    "/households/find",
    "/volunteers/find",
    "/rounds/new",
}
"""Guesses that count although they are refused, and what changes nothing however often it is sent."""


@pytest.fixture
async def stage(app, login_as, visitor):
    from jiedui.policies.service import store_packs

    await store_packs(app.state.clock())
    return Stage(app, login_as, visitor)


def a_key():
    return secrets.token_urlsafe(16)


def unsafe_handlers(app):
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if handler.http_methods - {"GET", "HEAD", "OPTIONS"}:
                yield re.sub(r"^/(volunteers|regions)/import", "/households/import", route.path), handler


async def everything():
    """What stands in the database, but for the keys themselves."""
    tables = await DB._run_in_new_connection("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    query = "SELECT md5(coalesce(string_agg(t::text, '~' ORDER BY t::text), '')) AS digest FROM \"{}\" t"
    found = {}
    for table in {row["tablename"] for row in tables} - {"sent_form", "migration"}:
        found[table] = (await SentForm.raw(query.format(table)))[0]["digest"]
    return found


def test_every_form_needs_a_key_or_says_why_it_needs_none(app):
    handlers = list(unsafe_handlers(app))
    assert {path for path, handler in handlers if "keyless" in handler.opt} == KEYLESS
    assert all(len(handler.opt["keyless"]) > 20 for _, handler in handlers if "keyless" in handler.opt)
    assert {path for path, handler in handlers if "keyless" not in handler.opt} == DEEDS.keys()


@pytest.mark.parametrize("route", DEEDS)
async def test_each_deed_is_done_once_under_its_key_and_never_without(stage, route):
    deed = await DEEDS[route](stage)

    if not deed.visitor.form_token:
        await deed.visitor.get("/login")
    cookies = list(deed.visitor.cookies.jar)

    async def send(key, **more):
        deed.visitor.cookies.clear()  # pressed again before the first answer has come
        for cookie in cookies:
            deed.visitor.cookies.jar.set_cookie(cookie)
        return await deed.visitor.submit(deed.path, deed.fields | {"_once": key} | more, files=deed.files)

    before = await everything()
    for no_key in ("", "short", "a" * 65, "not a key, but words of some length"):
        assert (await send(no_key)).status_code == 422, no_key
    assert await everything() == before
    key = a_key()
    first = await send(key)
    assert first.status_code == 303, text_of(first)[:500]
    done = await everything()
    assert done != before
    second = await send(key)
    assert (second.status_code, second.headers["location"]) == (303, first.headers["location"])
    other = await send(key, something="else")
    assert other.status_code == 422
    assert await everything() == done
    rows = await SentForm.select().where(SentForm.key == key)
    assert [row["route"] for row in rows] == [re.sub(r":\w+}", "}", route)]


async def test_the_key_of_somebody_else_is_another_key(login_as):
    pair, key = await a_pair(state="active"), a_key()
    for _ in range(2):
        coordinator = await login_as("coordinator")
        assert (
            await coordinator.submit(f"/pairs/{pair}/concern", {"text": "x", "_once": key})
        ).status_code == 303
    assert await Concern.count() == 2


async def test_the_same_key_on_another_page_is_refused(login_as):
    one, other, key = await a_pair(state="active"), await a_pair(state="active"), a_key()
    coordinator = await login_as("coordinator")
    answers = [
        await coordinator.submit(f"/pairs/{pair}/concern", {"text": "x", "_once": key})
        for pair in (one, other)
    ]
    assert [answer.status_code for answer in answers] == [303, 422]
    assert await Concern.count() == 1


async def test_what_was_refused_is_undone_and_leaves_its_key_for_the_corrected_form(login_as):
    pair, key = await a_pair(state="active"), a_key()
    coordinator = await login_as("coordinator")
    path = f"/pairs/{pair}/close"
    refused = await coordinator.submit(path, {"close_reason": "no such reason", "_once": key})
    assert refused.status_code == 422
    assert await SentForm.count() == 0
    assert (await coordinator.submit(path, {"close_reason": "other", "_once": key})).status_code == 303


async def test_the_sentence_of_the_first_is_said_to_the_second_too(login_as):
    pair, key = await a_pair(state="active"), a_key()
    coordinator = await login_as("coordinator")
    for _ in range(2):
        fields = {"text": "x", "_once": key}
        page = await coordinator.submit(f"/pairs/{pair}/concern", fields, follow_redirects=True)
        assert translate("zh_CN", "The concern is noted.") in page.text


async def test_a_wrong_code_counts_as_a_try_and_leaves_its_key(stage):
    deed, key = await DEEDS["/join/confirm"](stage), a_key()
    for _ in range(2):
        wrong = {"code": f"{(int(deed.fields['code']) + 1) % 10**6:06d}", "_once": key}
        assert (await deed.visitor.submit(deed.path, wrong)).status_code == 422
    assert [row["tries"] for row in await OneTimeCode.select()] == [2]
    assert (await deed.visitor.submit(deed.path, deed.fields | {"_once": key})).status_code == 303


async def test_a_key_may_come_as_a_header_too(login_as):
    pair, headers = await a_pair(state="active"), {"idempotency-key": a_key(), "hx-request": "true"}
    coordinator = await login_as("coordinator")
    for _ in range(2):
        answer = await coordinator.submit(
            f"/pairs/{pair}/concern", {"text": "x", "_once": ""}, headers=headers
        )
        assert answer.headers["hx-redirect"] == f"/pairs/{pair}"
    assert await Concern.count() == 1


async def test_keys_are_kept_for_a_day(app, login_as):
    pair = await a_pair(state="active")
    coordinator, now = await login_as("coordinator"), app.state.clock()
    await coordinator.submit(f"/pairs/{pair}/concern", {"text": "x"})
    assert await forget_sent(now + KEPT - timedelta(minutes=1)) == 0
    assert await SentForm.count() == 1
    assert await forget_sent(now + KEPT + timedelta(minutes=1)) == 1
    assert await SentForm.count() == 0


async def a_reveal(login_as):
    home = await a_household(health="高血压")
    coordinator = await login_as("coordinator")
    await coordinator.submit(f"/households/{home}/reveal", {"purpose": "safety"})
    return coordinator, f"/households/{home}"


async def test_what_was_asked_for_is_shown_once(login_as):
    coordinator, path = await a_reveal(login_as)
    pointer = dict(coordinator.cookies)
    assert "高血压" in (await coordinator.get(path)).text
    coordinator.cookies.update(pointer)
    assert "高血压" not in (await coordinator.get(path)).text


async def test_what_was_asked_for_is_shown_soon_or_not_at_all(app, login_as):
    coordinator, path = await a_reveal(login_as)
    clock = app.state.clock
    app.state.clock = lambda: clock() + SHOWN + timedelta(seconds=1)
    assert "高血压" not in (await coordinator.get(path)).text
    app.state.clock = clock
    await forget_sent(clock() + SHOWN + timedelta(seconds=1))
    assert await SentForm.count().where(SentForm.shown.is_not_null()) == 0


async def test_what_was_asked_for_is_shown_in_no_other_login(app, login_as):
    coordinator, path = await a_reveal(login_as)
    other = await login_as("coordinator")
    other.cookies.set(
        app.state.cookies.shown, coordinator.cookies[app.state.cookies.shown], domain="localhost.local"
    )
    assert "高血压" not in (await other.get(path)).text


async def test_nothing_personal_of_a_form_stands_in_its_row(login_as):
    home = await a_household(phone=seal("13800004321", "household.phone"), contact_way="call")
    her = await a_volunteer(
        record_checked_on=None, name="欧阳兰兰", phone=seal("13900001234", "volunteer.phone")
    )
    coordinator = await login_as("coordinator")
    await coordinator.submit(f"/volunteers/{her}/reveal", {"purpose": "ledger"})
    await coordinator.submit(f"/households/{home}/reveal", {"purpose": "safety"})
    assert await SentForm.count() == 2
    rows = (await SentForm.raw("SELECT string_agg(s::text, ' ') AS rows FROM sent_form s"))[0]["rows"]
    for secret in ("欧阳", "13900001234", "13800004321", "欧阳兰兰".encode().hex(), b"13900001234".hex()):
        assert secret not in rows


@pytest.mark.parametrize("times", [50])
async def test_fifty_sendings_at_once_are_one_deed_and_fifty_equal_answers(login_that_commits, times):
    coordinator = await login_that_commits("coordinator")
    pair, fields = await a_pair(state="active"), {"text": "听说不太好", "_once": a_key()}
    path = f"/pairs/{pair}"
    answers = await asyncio.gather(*(coordinator.submit(f"{path}/concern", fields) for _ in range(times)))
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(303, path)}
    assert await Concern.count() == 1
    assert await AuditEntry.count().where(AuditEntry.action == "concern.raise") == 1


async def test_of_two_at_once_with_other_words_one_is_done(login_that_commits):
    coordinator = await login_that_commits("coordinator")
    for _ in range(10):
        pair, key = await a_pair(state="active"), a_key()
        answers = await asyncio.gather(
            *(coordinator.submit(f"/pairs/{pair}/concern", {"text": text, "_once": key}) for text in "甲乙")
        )
        assert sorted(answer.status_code for answer in answers) == [303, 422]
        assert await Concern.count().where(Concern.pair == pair) == 1


async def test_when_the_first_is_refused_the_second_who_waited_is_done(login_that_commits, monkeypatch):
    """The first holds the key while it works, and gives it back."""
    coordinator = await login_that_commits("coordinator")
    pair, key = await a_pair(state="active"), a_key()
    inside, go_on = asyncio.Event(), asyncio.Event()
    real = pairs.raise_concern

    async def refuse_the_first(*given):
        await real(*given)
        if not inside.is_set():
            inside.set()
            await go_on.wait()
            raise Conflict

    monkeypatch.setattr(pairs, "raise_concern", refuse_the_first)
    fields = {"text": "x", "_once": key}
    first = asyncio.create_task(coordinator.submit(f"/pairs/{pair}/concern", fields))
    await inside.wait()
    second = asyncio.create_task(coordinator.submit(f"/pairs/{pair}/concern", fields))
    await asyncio.sleep(0.2)
    assert not second.done()
    go_on.set()
    assert [(await one).status_code for one in (first, second)] == [409, 303]
    assert await Concern.count() == 1


async def test_a_key_is_the_same_wherever_and_however_it_comes(login_as):
    """As a header before another field, first of two fields, with a slash at the end, by htmx."""
    pair, key = await a_pair(state="active"), a_key()
    coordinator = await login_as("coordinator")
    path, said = f"/pairs/{pair}/concern", {"text": "x", "_once": key}
    header = {"idempotency-key": key}
    assert (await coordinator.submit(path, said)).status_code == 303
    for send in (
        coordinator.submit(path, said | {"_once": a_key()}, headers=header),
        coordinator.submit(path, said | {"_once": [key, a_key()]}),
        coordinator.submit(path + "/", said),
        coordinator.submit(path, said, headers={"hx-request": "true"}),
    ):
        assert (await send).status_code in (200, 303)
    for other in ({"text": "x "}, {"text": ["x", "y"]}):
        assert (await coordinator.submit(path, said | other)).status_code == 422
    assert (await coordinator.submit(path + "?x=1", said)).status_code == 422
    assert await Concern.count() == 1
