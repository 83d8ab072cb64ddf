"""How things are said to people."""

from datetime import UTC, date, datetime, timedelta

import pytest

from jiedui.store.masked import masked_identity, masked_name, masked_phone
from jiedui.web import words
from jiedui_pairing.policy import standard

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("day", "chinese", "english"),
    [
        (date(2026, 11, 21), "今天", "today"),
        (date(2026, 11, 20), "昨天", "yesterday"),
        (date(2026, 11, 22), "明天", "tomorrow"),
        (date(2026, 11, 18), "3天前", "3 days ago"),
        (date(2026, 11, 28), "7天后", "in 7 days"),
        (date(2026, 6, 1), "6月1日", "1 June"),
        (date(2025, 12, 31), "2025年12月31日", "31 December 2025"),
        (None, "—", "—"),
    ],
)
def test_a_date_is_said_as_people_say_it(day, chinese, english):
    assert words.date_people(day, today=TODAY, language="zh_CN") == chinese
    assert words.date_people(day, today=TODAY, language="en") == english


def test_a_moment_late_in_the_evening_belongs_to_the_next_day_in_china():
    moment = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    assert words.date_people(moment, today=TODAY, language="zh_CN") == "今天"
    assert words.date_exact(moment) == "2026-11-21 01:30"


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张秀兰", "张*"), ("欧阳娜娜", "欧阳*"), ("阿依古丽·买买提江", "阿*"), ("", "—"), (None, "—")],
)
def test_a_masked_name_keeps_the_surname_only(name, masked):
    assert str(masked_name(name)) == masked


@pytest.mark.parametrize(
    ("phone", "masked"), [("13812345678", "138****5678"), ("8620123", "****"), (None, "—")]
)
def test_a_masked_telephone_keeps_its_ends_only(phone, masked):
    assert str(masked_phone(phone)) == masked


def test_distances_and_numbers_read_well():
    assert words.km(12840, language="zh_CN") == "12.8 公里"
    assert words.km(None, language="en") == "—"
    assert words.number(1952) == "1,952"


def test_almost_all_is_never_called_all():
    assert words.percent(1999, 2000) == "99.9%"
    assert words.percent(2000, 2000) == "100%"
    assert words.percent(0, 0) == "—"


def test_a_duration_is_said_in_the_unit_that_matters():
    assert words.duration(timedelta(seconds=42), language="zh_CN") == "42 秒"
    assert words.duration(timedelta(minutes=12), language="en") == "12 minutes"
    assert words.duration(timedelta(hours=3), language="en") == "3 hours"


def test_a_colour_has_a_word_and_a_shape():
    assert {c: words.colour_name(c, language="zh_CN") for c in standard().colours} == {
        "red": "红",
        "yellow": "黄",
        "green": "绿",
    }
    assert len({words.colour_symbol(c) for c in standard().colours}) == 3


@pytest.mark.parametrize(
    ("number", "masked"),
    [("500230198001010019", "5002**********19"), ("50023019800", "****"), ("", "—"), (None, "—")],
)
def test_a_masked_identity_number_keeps_its_ends_and_a_short_one_nothing(number, masked):
    assert str(masked_identity(number)) == masked
