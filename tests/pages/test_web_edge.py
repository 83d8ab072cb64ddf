"""Around every request: its number, HEAD like GET, a line with nothing personal; the two signs of life."""

import logging

import pytest
from factories import a_household, a_region_tree

from jiedui.accounts.service import LOGINS_FROM
from jiedui.web import pages


@pytest.fixture
def lines(caplog):
    """What the access log has said since: its values, line by line."""
    caplog.set_level(logging.INFO, logger="jiedui.access")
    return lambda: [record.named for record in caplog.records if record.name == "jiedui.access"]


@pytest.mark.parametrize(
    "address", ["/", "/login", "/join", "/livez", "/readyz", "/nowhere", "/static/app.css"]
)
async def test_head_is_answered_like_get_without_a_body(visitor, address):
    asked, got = await visitor.head(address), await visitor.get(address)
    assert asked.status_code == got.status_code
    assert asked.headers["content-type"] == got.headers["content-type"]
    assert asked.content == b"" != got.content


async def test_a_page_of_its_own_answers_head_too(coordinator):
    assert (await coordinator.head("/households")).status_code == 200
    assert (await coordinator.head("/logout")).status_code == 405


async def test_a_line_says_what_was_asked_and_nothing_of_anybody(coordinator, lines):
    await a_region_tree()
    home = await a_household()
    answer = await coordinator.get(f"/households/{home}?from=陶秀倩")
    line = lines()[-1]
    assert line.pop("ms") >= 0
    assert line == {
        "route": "/households/{household_id}", "status": 200, "role": "coordinator",
        "request": answer.headers["x-request-id"],
    }  # fmt: skip


async def test_an_address_that_is_none_is_not_written_down(visitor, lines):
    await visitor.get("/13912345678")
    assert lines()[-1]["route"] == "-"


async def test_who_watches_leaves_no_lines_while_all_is_well(visitor, lines):
    await visitor.get("/livez")
    await visitor.get("/readyz")
    assert lines() == []


async def test_every_request_has_another_number(visitor):
    numbers = {(await visitor.get("/")).headers["x-request-id"] for _ in range(3)}
    assert len(numbers) == 3


async def test_the_number_on_an_error_page_is_the_requests(visitor, monkeypatch, caplog):
    def fail(*_):
        raise ValueError("张三 13912345678")

    monkeypatch.setattr(pages, "home_of", fail)
    monkeypatch.setattr(pages, "page", fail)
    answer = await visitor.get("/")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    failed = next(record for record in caplog.records if record.name == "jiedui.web")
    assert failed.named == {"route": "/", "request": answer.headers["x-request-id"]}


async def test_ready_means_that_both_servers_answer(visitor, app, monkeypatch):
    assert (await visitor.get("/readyz")).json() == {"database": "ok", "redis": "ok"}

    async def gone():
        raise ConnectionRefusedError

    monkeypatch.setattr(pages, "_ask_database", gone)
    answer = await visitor.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "away", "redis": "ok"})
    assert (await visitor.get("/livez")).status_code == 200


async def is_stopped(visitor, **headers):
    """Whether an attempt to log in comes too soon; passed on by a proxy that says where it comes from."""
    form = {"login": "nobody", "passphrase": "a wrong passphrase"}
    return "次数太多" in (await visitor.submit("/login", form, headers=headers)).text


async def test_attempts_are_counted_by_the_address_that_a_trusted_proxy_names(app, visitor):
    for _ in range(LOGINS_FROM.times):
        await app.state.limits.admit((LOGINS_FROM, "203.0.113.9"))
    assert await is_stopped(visitor, **{"X-Forwarded-For": "203.0.113.9"})
    assert await is_stopped(visitor, **{"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}), "a made-up start"
    assert not await is_stopped(visitor, **{"X-Forwarded-For": "203.0.113.8"})
    assert not await is_stopped(visitor)


async def test_whoever_is_no_trusted_proxy_cannot_take_another_address(app, visitor):
    for _ in range(LOGINS_FROM.times):
        await app.state.limits.admit((LOGINS_FROM, "203.0.113.9"))
    visitor._transport.client = ("203.0.113.9", 4711)
    assert await is_stopped(visitor, **{"X-Forwarded-For": "203.0.113.8"})


@pytest.mark.parametrize("path", ["/login", "/join"])
async def test_a_form_without_its_cookie_hears_where_the_site_is(app, visitor, path):
    await visitor.get(path)
    visitor.cookies.clear()  # what a browser does with them over plain http
    answer = await visitor.submit(path, {"login": "nobody"})
    assert answer.status_code == 403
    assert app.state.settings.public_url in answer.text
    assert "Cookie" in answer.text
    assert "这份表单没有收下" in answer.text
