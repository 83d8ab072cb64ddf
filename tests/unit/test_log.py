"""One line per event, with nothing personal in it; what goes wrong again and again is said once a minute."""

import io
import logging
import re

import pytest

from jiedui import log


@pytest.fixture
def written(monkeypatch):
    """A logger that writes as ours do, and what it has written."""
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stdout", out)
    log.begin()
    yield lambda: out.getvalue().splitlines()
    root.handlers, root.level = handlers, level


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on when it is told."""
    now = [1000.0]
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_a_line_has_time_level_logger_words_and_values(written):
    logging.getLogger("jiedui.x").info("GET", extra={"named": {"route": "/a b", "status": 200}})
    (line,) = written()
    at, _, words = line.partition(" ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00", at)
    assert words == 'INFO jiedui.x GET route="/a b" status=200'


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028"])
def test_nobody_writes_a_line_of_her_own(written, break_):
    logging.getLogger("jiedui.x").info("a%sb", break_, extra={"named": {"route": f"x{break_}2026 y=1"}})
    assert len(written()) == 1


def test_an_error_is_its_kind_and_place_never_its_message(written):
    try:
        try:
            raise KeyError("13912345678")
        except KeyError as cause:
            raise ValueError("张三") from cause
    except ValueError:
        logging.getLogger("jiedui.x").exception("a piece of work failed")
    (line,) = written()
    assert "ValueError" in line
    assert "KeyError" in line
    assert "test_log.py:" in line
    assert "张三" not in line
    assert "139" not in line


def test_a_warning_that_comes_again_is_counted(written, clock):
    for _ in range(100):
        logging.getLogger("jiedui.x").warning("away")
        clock(1)
    assert [line.rpartition("away")[2] for line in written()] == ["", " again=59"]


def test_another_warning_is_said_at_once_and_news_always(written, clock):
    for word in ("a", "b"):
        logging.getLogger("jiedui.x").warning(word)
    for _ in range(3):
        logging.getLogger("jiedui.x").info("news")
    assert len(written()) == 5


def test_other_errors_are_not_taken_for_the_same(written, clock):
    for kind in (ValueError, KeyError, ValueError):
        try:
            raise kind
        except (ValueError, KeyError):
            logging.getLogger("jiedui.x").exception("a piece of work failed")
    assert len(written()) == 2
