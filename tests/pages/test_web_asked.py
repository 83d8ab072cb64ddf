"""Headers, addresses, days and keys that a browser never sends, but somebody else may."""

from uuid import uuid4

import pytest
from factories import a_volunteer

HTMX = {"hx-request": "true"}
STRANGE_ADDRESSES = [
    "http://[bad",
    "http://a]b",
    "//[",
    "http://[::1",
    "http://\udce4",
    "http://%zz",
    "\\",
    "[",
    "中文",
]


def raw(text):
    return text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("address", STRANGE_ADDRESSES)
async def test_an_origin_that_is_no_address_is_another_site(login_as, address):
    coordinator = await login_as("coordinator")
    assert (await coordinator.submit("/logout", headers={b"origin": raw(address)})).status_code == 403
    assert (await coordinator.get("/desk")).status_code == 200


@pytest.mark.parametrize("address", STRANGE_ADDRESSES)
async def test_a_page_that_htmx_names_and_nobody_can_read_is_not_gone_back_to(visitor, address):
    answer = await visitor.get(
        "/followups", headers={b"hx-request": b"true", b"hx-current-url": raw(address)}
    )
    assert answer.status_code == 200
    assert answer.headers["hx-redirect"].startswith("/login")


@pytest.mark.parametrize("host", ["[bad", "a b", "a:99999", "中文", ""])
async def test_a_host_that_is_no_host_is_not_read(login_as, host):
    coordinator = await login_as("coordinator")
    for path in ("/households.csv", "/desk", f"/pairs/{uuid4()}", "/login"):
        answer = await coordinator.get(path, headers={b"host": raw(host)})
        assert answer.status_code < 500, path
    # the framework reads the address of its own accord when it has to say what is wrong with a value
    answer = await coordinator.get(f"/rounds/{uuid4()}/compare?a=null", headers={b"host": raw(host)})
    assert answer.status_code < 500


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(
    ("back", "led_to"),
    [
        ("/中文", "/%E4%B8%AD%E6%96%87"),
        ("/a?q=杜%E5%A7%90", "/a?q=%E6%9D%9C%E5%A7%90"),
        ("/\u0085set-cookie: a=b", "/"),
        ("/a\r\nset-cookie: a=b", "/"),
        ("/[", "/["),
        ("/🙂", "/%F0%9F%99%82"),
    ],
)
async def test_the_way_back_is_written_as_an_address_for_every_browser(visitor, headers, back, led_to):
    answer = await visitor.post("/language", data={"language": "en", "back": back}, headers=headers)
    assert answer.headers["hx-redirect" if headers else "location"] == led_to


OUT_OF_ALL_CALENDARS = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-06-01T00:00:00",
    "2026-06-31T00:00:00Z",
]


@pytest.mark.parametrize("moment", OUT_OF_ALL_CALENDARS)
async def test_a_moment_outside_the_calendar_is_not_understood(login_as, moment):
    coordinator = await login_as("coordinator")
    answer = await coordinator.submit("/notices/letters/printed", {"until": moment})
    assert answer.status_code == 422
    assert (await coordinator.get("/notices/letters.pdf", params={"until": moment})).status_code == 404
    before = f"{moment}_{uuid4()}"
    assert (await coordinator.get("/notices", params={"before": before})).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "1899-12-31", "2101-01-01"])
async def test_a_day_outside_the_calendar_is_not_understood(login_as, day):
    coordinator = await login_as("coordinator")
    her = await a_volunteer()
    check = {"kind": "training", "outcome": "passed", "checked_on": day}
    answer = await coordinator.submit(f"/volunteers/{her}/checks", check)
    assert answer.status_code == 422
    assert "1900" in answer.text and "2100" in answer.text
    answer = await coordinator.get("/followups", params={"after": f"{day}_{uuid4()}"})
    assert answer.status_code == 200
    answer = await coordinator.get("/rounds/new", params={"dated": day})
    assert answer.status_code < 500


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30, -1, 0])
async def test_a_number_no_table_has_room_for_is_nowhere(login_as, number):
    coordinator = await login_as("coordinator")
    answer = await coordinator.get(f"/rounds/{uuid4()}/plans/{number}")
    assert answer.status_code == 404
    answer = await coordinator.get("/concerns", params={"page": number})
    assert answer.status_code == 200
    answer = await coordinator.submit(
        f"/volunteers/{await a_volunteer()}/capacity", {"capacity": str(number)}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("charset", "text"), [("utf-7", b"+2AA-"), ("unicode_escape", rb"\ud800"), ("utf-7", b"+AAA-")]
)
async def test_half_a_character_is_refused_in_whatever_alphabet_it_is_sent(visitor, charset, text):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="login"\r\nContent-Type: text/plain; charset='
        + charset.encode() + b"\r\n\r\n" + text + b"\r\n--b--\r\n"
    )  # fmt: skip
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert (await visitor.post("/login", content=body, headers=headers)).status_code == 400


STRANGE_HEADERS = [
    ("referer", "http://[bad"), ("referer", "javascript:alert(1)"),
    ("accept-language", "zh;q=NaN,en;q=1e400"),
    ("accept-language", "*" * 3000), ("if-none-match", '"'), ("if-none-match", "\udce4"),
    ("range", "bytes=9-1"),
    ("if-modified-since", "Fri, 31 Dec 9999 23:59:59 -1400"), ("range", "bytes=99999999999999999999-"),
    ("x-forwarded-for", "[bad"), ("x-forwarded-for", "中文"), ("x-forwarded-host", "evil.example"),
    ("accept", "text/html;q=\udce4"), ("hx-target", "\udce4"), ("hx-prompt", "中文"),
    ("user-agent", "\udce4"),
    ("cookie", "__Host-flash=AAAA; __Host-seed=x; __Host-shown=zz; __Host-carried-person=====; lang=\udce4"),
    ("cookie", "__Host-flash=W10=; __Host-carried-person=" + "A" * 4000), ("cookie", ";;;=;="),
    ("content-type", "multipart/form-data"), ("content-type", "text/plain; charset=\udce4"),
    ("content-type", ";"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), STRANGE_HEADERS)
async def test_no_header_breaks_a_page_and_none_chooses_where_it_leads(login_as, visitor, name, value):
    coordinator = await login_as("coordinator")
    own = "; ".join(f"{one.name}={one.value}" for one in coordinator.cookies.jar)
    for who, before in ((coordinator, f"{own}; "), (visitor, "")):
        headers = {name.encode(): raw(before + value if name == "cookie" else value)}
        for path in ("/desk", "/households/find", "/join/confirm", "/no-such-page", "/static/app.css"):
            answer = await who.get(path, headers=headers)
            assert answer.status_code < 500, path
            assert answer.headers.get("location", "/").startswith("/"), path
        answer = await who.post("/households/find", content=b"text=x", headers=headers)
        assert answer.status_code < 500
