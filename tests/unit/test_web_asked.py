"""What came from outside means something or is None: no text makes a reader raise."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiedui.web import asked

READERS = (asked.address, asked.key, asked.number, asked.day, asked.moment)


@pytest.mark.parametrize("text", ["http://[bad", "http://a]b", "//[", "http://a:99999", "http://a:x"])
def test_what_is_no_address_has_no_host_either(text):
    assert asked.address(text) is None
    assert asked.host(text) is None


def test_an_address_has_its_host_and_port():
    assert asked.host("https://localhost:8000/login") == "localhost:8000"
    assert asked.host("/login") == ""


@pytest.mark.parametrize(
    "text",
    [None, "", "x", "-1", "+1", " 1", "1 ", "1_0", "1.0", "²", "٣", "１", "9" * 5000, str(asked.LARGEST + 1)],
)
def test_what_is_no_number_from_nought_to_the_largest_is_none(text):
    assert asked.number(text) is None


def test_a_number_is_read_up_to_the_most():
    assert asked.number("0") == 0
    assert asked.number(str(asked.LARGEST)) == asked.LARGEST
    assert [asked.number(text, 20) for text in ("07", "20", "21")] == [7, 20, None]


@pytest.mark.parametrize("text", [None, "", "1", "中文", "0" * 31, "0" * 33])
def test_what_is_no_key_is_none(text):
    assert asked.key(text) is None
    assert asked.key("0" * 32) == UUID(int=0)


@pytest.mark.parametrize(
    "text", [None, "", "2026-02-30", "2026-06-01T00:00", "0001-01-01", "1899-12-31", "2101-01-01", "二"]
)
def test_what_is_no_day_of_our_calendar_is_none(text):
    assert asked.day(text) is None
    assert [asked.day(text) for text in ("1900-01-01", "2100-12-31")] == [
        date(1900, 1, 1),
        date(2100, 12, 31),
    ]


@pytest.mark.parametrize(
    "text",
    [
        None, "", "2026-06-01T12:00:00", "2026-06-31T00:00:00Z", "1900-01-01T00:00:00+14:00",
        "2100-12-31T23:00:00-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    ],
)  # fmt: skip
def test_what_is_no_moment_of_our_calendar_is_none(text):
    assert asked.moment(text) is None
    assert asked.moment("2026-06-01T20:00:00+08:00") == datetime(2026, 6, 1, 12, tzinfo=UTC)


@given(st.one_of(st.none(), st.text(), st.text("0123456789-:TZ+[]/.@²٣", max_size=40)))
def test_no_text_makes_a_reader_raise(text):
    for read in READERS:
        read(text)
    asked.host(text or "")
