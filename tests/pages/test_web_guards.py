"""What stands between the internet and a handler: access, form tokens, headers, bytes that mean nothing."""

import re
from urllib.parse import quote
from uuid import uuid4

import pytest
from factories import COUNTY, a_volunteer
from litestar import Litestar, get

from jiedui.accounts.access import admits, check_declared
from jiedui.accounts.tables import Account
from jiedui.actor import STAFF_ROLES, Actor
from jiedui.store.scope import by
from jiedui.web.asked import safe_path

BROWSER = {"sec-fetch-site": "same-origin", "origin": "null"}


def handlers(app):
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                path = re.sub(r"\{[^}]*:uuid\}", str(uuid4()), route.path)
                yield (
                    method,
                    re.sub(r"\{[^}]*:int\}", "1", re.sub(r"\{[^}]*:(str|path)\}", "x", path)),
                    handler,
                )


async def test_every_answer_carries_the_headers_that_keep_a_page_to_itself(app, visitor):
    seen = 0
    for method, path, _ in handlers(app):
        answer = await visitor.request(method, path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.status_code < 500, path
        seen += 1
    assert seen > 8
    assert (await visitor.get("/no/such/page")).headers["cache-control"] == "no-store"


async def test_a_style_sheet_named_by_its_content_may_be_kept_for_ever(visitor):
    page = await visitor.get("/")
    address = re.search(r'href="(/static/app.css\?v=[0-9a-f]{12})"', page.text)[1]
    sheet = await visitor.get(address)
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["x-content-type-options"] == "nosniff"


async def test_no_form_is_taken_without_its_token(app, visitor, login_as):
    coordinator = await login_as("coordinator")
    volunteer_forms = 0
    for method, path, handler in handlers(app):
        if method == "GET" or method == "HEAD" or handler.opt.get("csrf") == "exempt":
            continue
        answer = await (visitor if handler.opt["access"] == "public" else coordinator).request(
            method, path, headers=BROWSER
        )
        assert answer.status_code == 403, f"{method} {path}"
        volunteer_forms += 1
    assert volunteer_forms >= 4


async def test_the_token_of_another_login_is_worth_nothing(login_as):
    one, other = await login_as("coordinator"), await login_as("coordinator")
    one.form_token = other.form_token
    assert (await one.submit("/logout")).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "https://localhost:8000.evil.example"},
    ],
)
async def test_a_form_from_another_site_is_refused_even_with_the_token(login_as, headers):
    coordinator = await login_as("coordinator")
    assert (await coordinator.submit("/logout", headers=headers)).status_code == 403
    assert (await coordinator.submit("/logout", headers=BROWSER)).status_code == 303


async def test_htmx_may_send_the_token_as_a_header(login_as):
    coordinator = await login_as("coordinator")
    answer = await coordinator.post(
        "/logout", headers={"x-csrf-token": coordinator.form_token, "hx-request": "true"}
    )
    assert answer.status_code == 200
    assert answer.headers["hx-redirect"] == "/"


async def test_a_stranger_is_led_to_the_right_door_and_back_afterwards(app, visitor):
    seen = 0
    for method, path, handler in handlers(app):
        access = handler.opt["access"]
        if access == "public":
            continue
        hers = access == by("volunteer")
        door = "/login/volunteer" if hers else "/login"
        back = f"?next={quote(path, safe='/')}" if method == "GET" else ""
        answer = await visitor.request(method, path)
        assert answer.status_code == 303, f"{method} {path}"
        assert answer.headers["location"] == door + back, f"{method} {path}"
        seen += 1
    assert seen > 3


async def test_a_stranger_whose_login_ran_out_in_mid_page_is_led_to_the_door_by_htmx_too(app, visitor):
    headers = {"hx-request": "true", "hx-current-url": "https://localhost:8000/followups?township=1"}
    answer = await visitor.get("/followups", headers=headers)
    assert answer.headers["hx-redirect"] == "/login?next=/followups%3Ftownship%3D1"
    assert answer.status_code == 200


async def test_each_role_opens_its_own_pages_and_no_others(app, login_as):
    volunteer = await login_as("volunteer", volunteer_id=await a_volunteer())
    visitors = {"volunteer": volunteer} | {role: await login_as(role) for role in STAFF_ROLES}
    refused = 0
    for method, path, handler in handlers(app):
        for role, one in visitors.items():
            if not admits(handler.opt["access"], Actor(role, COUNTY, "")):
                answer = await one.request(method, path, headers={"x-csrf-token": one.form_token})
                assert answer.status_code == 403, f"{role}: {method} {path}"
                refused += 1
    assert refused > 100


def test_a_handler_that_does_not_say_who_may_open_it_stops_the_start():
    @get("/open", sync_to_thread=False)
    def forgotten() -> str:
        return ""

    with pytest.raises(RuntimeError, match="/open"):
        check_declared(Litestar([forgotten], openapi_config=None))


async def test_ten_thousand_strangers_leave_nothing_in_redis(visitor, redis):
    for _ in range(100):  # one hundred here; nothing in the path writes, so the number does not matter
        visitor.cookies.clear()
        await visitor.get("/login")
    assert await redis.keys("*") == []


async def test_a_changed_role_or_area_counts_from_the_next_request_on(app, login_as):
    coordinator = await login_as("coordinator")
    assert (await coordinator.get("/")).headers["location"] == "/desk"
    await Account.update({Account.active: False}).where(Account.id == coordinator.account_id)
    assert (await coordinator.get("/")).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/desk?a=1&b=%E4%B8%AD", "/desk?a=1&b=%E4%B8%AD"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/%09/evil", "/%09/evil"),
        ("/a\nb", "/"),
        ("", "/"),
        (None, "/"),
        ("///evil", "/"),
        ("/[", "/["),
    ],
)
def test_only_a_path_of_this_site_is_gone_back_to(wanted, path):
    assert safe_path(wanted) == path


MULTIPART = {"content-type": "multipart/form-data; boundary=b"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, b"login=%ff%fe&passphrase=x"),
        (FORM, b"login=\xff\xfe"),
        (FORM, b"login=a%00b"),
        (FORM, b"&".join(b"a%d=1" % n for n in range(1200))),
        (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="login"\r\n\r\n\xff\xfe\r\n--b--\r\n'),
        (
            MULTIPART,
            b'--b\r\nContent-Disposition: form-data; name="login"\r\n'
            b"Content-Type: text/plain; charset=klingon\r\n\r\nx\r\n--b--\r\n",
        ),
        (MULTIPART, b"--b\r\nnonsense"),
        (MULTIPART, b"--c\r\n\r\n--c--"),
        ({"content-type": "multipart/form-data"}, b"x"),
        ({"content-type": "multipart/form-data; boundary="}, b"x"),
        (JSON, b'{"login": "\xff"}'),
        (JSON, b"[" * 50_000),
        (JSON, b'{"a":'),
    ],
)
async def test_bytes_that_mean_nothing_are_refused_with_a_sentence(visitor, headers, body):
    answer = await visitor.post("/login", content=body, headers=headers)
    assert answer.status_code == 400
    assert "读不出来" in answer.text


@pytest.mark.parametrize("address", ["/login?next=%ff", "/login?next=%00", "/static/a%00b", "/%ff%fe"])
async def test_an_address_that_is_no_text_is_refused(visitor, address):
    assert (await visitor.get(address)).status_code in (400, 404)


async def test_a_form_larger_than_a_form_is_refused(visitor):
    answer = await visitor.post("/login", content=b"login=" + b"a" * 70_000, headers=FORM)
    assert answer.status_code == 413


async def test_a_wrong_turn_is_answered_in_the_form_it_was_asked_in(visitor):
    page = await visitor.get("/no/such/page", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "<h1>这里没有内容</h1>" in page.text
    fragment = await visitor.get("/no/such/page", headers={"hx-request": "true"})
    assert fragment.headers["hx-retarget"] == "#alerts"
    assert 'role="alert"' in fragment.text and "<html" not in fragment.text
    told = await visitor.get("/no/such/page", headers={"accept": "application/json", "accept-language": "en"})
    assert told.json() == {
        "status": 404,
        "detail": "There is nothing at this address, or it belongs to another area.",
    }
    assert (await visitor.delete("/")).status_code == 405
