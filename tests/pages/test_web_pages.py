"""Forms sent twice, sentences on the next page, and what the reader sees when something breaks."""

import logging
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
import pytest
import pytest_asyncio
from jinja2 import ChoiceLoader, DictLoader
from litestar import Litestar, Response, Router, get, post

from jiedui import log
from jiedui.asgi import create_app
from jiedui.errors import Conflict, Refused
from jiedui.web.forms import blank, read_form
from jiedui.web.once import once
from jiedui.web.page import PageRequest, flash, page, see_other

DONE: list[str] = []


class Wish(msgspec.Struct):
    """A small form."""

    name: Annotated[str, msgspec.Meta(max_length=5)]
    capacity: int
    skills: list[str] = []


@get("/trial")
async def trial_form(request: PageRequest) -> Response[Any]:
    return page(request, "trial.html", form=blank())


@post("/trial")
async def trial(request: PageRequest) -> Response[Any]:
    form = await read_form(request, Wish)
    if form.ok:
        try:
            return await once(request, lambda: work(form.value))
        except Refused as refused:
            form.refuse(refused)
    return page(request, "trial.html", form=form, status_code=form.status)


async def work(wish: Wish) -> str:
    if wish.capacity > 20:
        raise Refused("Please write {n} or less.", field="capacity", n=20)
    DONE.append(wish.name)
    return f"/trial/{len(DONE)}"


@post("/trial/said")
async def said(request: PageRequest) -> Response[Any]:
    flash(request, "{n} in all", n="<b>3</b>")
    return see_other(request, "/trial")


@get("/trial/broken")
async def broken(request: PageRequest) -> Response[Any]:
    raise ValueError("李女士 13812345678")


@get("/trial/moved")
async def moved(request: PageRequest) -> Response[Any]:
    raise Conflict


TEMPLATE = """{% extends "front.html" %}{% import "components.html" as ui %}{% block content %}
{{ ui.error_summary(form) }}<form method="post">{{ form_fields() }}
{{ ui.field(form, "name", "N") }}{{ ui.field(form, "capacity", "C") }}
{{ ui.checkbox_group(form, "skills", "S", [("英语", "英语"), ("法律", "法律")]) }}</form>{% endblock %}"""


@pytest_asyncio.fixture(scope="module")
async def made_app(made_app: Litestar) -> AsyncIterator[Litestar]:
    """An application of our own, with pages on trial."""
    app = create_app(made_app.state.settings)
    app.register(
        Router("/", route_handlers=[trial_form, trial, said, broken, moved], opt={"access": "public"})
    )
    engine = app.template_engine.engine
    engine.loader = ChoiceLoader([DictLoader({"trial.html": TEMPLATE}), engine.loader])
    yield app
    await app.state.redis.aclose()


@pytest.fixture
def trial_page(app):
    DONE.clear()


GOOD = {"name": "张三", "capacity": "3", "_once": "the-first-sheet-of-it"}


async def test_a_form_sent_again_is_done_once_and_leads_to_the_same_page(trial_page, visitor):
    await visitor.get("/trial")
    answers = [await visitor.submit("/trial", GOOD) for _ in range(5)]
    assert DONE == ["张三"]
    assert {answer.headers["location"] for answer in answers} == {"/trial/1"}


async def test_another_sheet_of_the_same_form_is_another_deed(trial_page, visitor):
    await visitor.get("/trial")
    await visitor.submit("/trial", GOOD)
    await visitor.submit("/trial", GOOD | {"_once": "another-sheet-of-it"})
    assert len(DONE) == 2


async def test_a_form_that_was_refused_may_be_mended_and_sent_again(trial_page, visitor):
    await visitor.get("/trial")
    assert (await visitor.submit("/trial", GOOD | {"capacity": "21"})).status_code == 422
    assert (await visitor.submit("/trial", GOOD)).status_code == 303
    assert DONE == ["张三"]


async def test_a_form_with_mistakes_comes_back_with_everything_typed_and_each_mistake_at_its_field(
    trial_page, visitor
):
    await visitor.get("/trial")
    answer = await visitor.submit(
        "/trial", {"name": "<script>张三李四", "capacity": "三", "skills": ["法律"]}
    )
    assert answer.status_code == 422
    assert 'value="&lt;script&gt;张三李四"' in answer.text
    assert 'value="三"' in answer.text
    assert 'value="法律" checked' in answer.text and 'value="英语" checked' not in answer.text
    assert '<a href="#f-capacity">请填整数。</a>' in answer.text
    assert 'aria-invalid="true" aria-describedby="e-capacity"' in answer.text


async def test_what_was_done_is_said_on_the_next_page_once_and_escaped(trial_page, visitor, redis):
    await visitor.get("/trial")
    await visitor.submit("/trial/said")
    assert "共 &lt;b&gt;3&lt;/b&gt; 条" in (await visitor.get("/trial")).text
    assert "3&lt;/b&gt;" not in (await visitor.get("/trial")).text
    assert await redis.keys("*") == []


async def test_nobody_else_can_put_words_into_our_mouth(trial_page, app, visitor):
    visitor.cookies.set(app.state.cookies.flash, "W3sia2luZCI6ImRvbmUifV0=.00", domain="localhost.local")
    answer = await visitor.get("/trial")
    assert answer.status_code == 200
    assert re.search(r'id="alerts">\s*</div>', answer.text)


async def test_what_breaks_is_answered_with_a_number_and_logged_without_what_was_typed(
    trial_page, visitor, caplog
):
    with caplog.at_level(logging.ERROR, logger="jiedui.web"):
        answer = await visitor.get("/trial/broken?phone=13812345678")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"]
    (record,) = (record for record in caplog.records if record.name == "jiedui.web")
    logged = log.Line().format(record)
    assert record.named["request"] in answer.text
    assert "GET failed" in logged and "route=/trial/broken" in logged and "ValueError" in logged
    assert "test_web_pages.py" in logged
    for private in ("13812345678", "李女士"):
        assert private not in logged and private not in answer.text


async def test_a_conflict_is_told_in_the_readers_language(trial_page, visitor):
    answer = await visitor.get("/trial/moved", headers={"accept-language": "en"})
    assert answer.status_code == 409
    assert "This has changed in the meantime" in answer.text


async def test_without_redis_strangers_still_read_and_members_are_asked_to_wait(trial_page, app, login_as):
    from redis.asyncio import Redis

    from jiedui.accounts.limits import Limits
    from jiedui.accounts.sessions import Sessions

    coordinator = await login_as("coordinator")
    gone = Redis.from_url("unix:///nonexistent/valkey.sock")
    app.state.sessions, app.state.limits = Sessions(gone, app.state.clock), Limits(gone, b"x")
    assert (await coordinator.get("/trial")).status_code == 200
    answer = await coordinator.get("/followups")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    coordinator.form_token = ""
    login = await coordinator.submit("/login", {"login": "fengdu", "passphrase": "seven quiet rivers"})
    assert login.status_code == 503
