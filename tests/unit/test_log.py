"""One line per event, with nothing personal in it; what goes wrong again and again is said once a minute."""

import io
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jiedui import log, log_file
from jiedui.errors import Refused


@pytest.fixture
def written(monkeypatch):
    """A logger that writes as ours do, and what it has written."""
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stdout", out)
    log.begin(None)
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


WRITE = """
import logging, pathlib, sys
from jiedui import log, log_file
log_file._LARGEST, log_file._FILES = 20_000, 1000
log.begin(pathlib.Path(sys.argv[1]))
for n in range(2000):
    named = {"who": sys.argv[2], "n": n, "long": "x" * (n % 300)}
    logging.getLogger("jiedui.x").info("GET", extra={"named": named})
"""
LIMITED = """
import logging, pathlib, resource, sys
from jiedui import log
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
log.begin(pathlib.Path(sys.argv[1]))
for n in range(2):
    logging.getLogger("jiedui.x").info("y" * 80)
"""


@pytest.fixture
def filed(monkeypatch, tmp_path, written):
    """A logger whose lines go into a file of this folder, and what stands there."""
    file = tmp_path / "logs" / "jiedui.log"
    file.parent.mkdir()
    log.begin(file)
    return file


def said(file: Path) -> list[str]:
    """The last word of each line."""
    return [line.rpartition(" ")[2] for line in file.read_text("utf-8").splitlines()]


def test_lines_go_into_a_file_that_nobody_else_reads(filed, written):
    # Past the root, where pytest would keep what it cannot send on.
    log_file.SharedFile(filed).emit(logging.makeLogRecord({"msg": "\ud800 here"}))
    logging.getLogger("jiedui.x").info("there")
    assert said(filed) == ["here", "there"]
    assert filed.stat().st_mode & 0o777 == 0o600
    assert written() == []


def test_a_full_file_is_put_away_and_the_oldest_goes(filed, monkeypatch):
    monkeypatch.setattr(log_file, "_LARGEST", 400)
    monkeypatch.setattr(log_file, "_FILES", 3)
    for n in range(21):
        logging.getLogger("jiedui.x").info("%s %d", "x" * 200, n)
    files = [Path(f"{filed}{end}") for end in (".2", ".1", "")]
    assert sorted(filed.parent.iterdir()) == sorted(files)
    assert [said(file) for file in files] == [["16", "17"], ["18", "19"], ["20"]]


def test_who_comes_too_late_leaves_the_fresh_file_where_it_is(filed):
    with filed.open("ab") as full:
        filed.rename(f"{filed}.1")
        logging.getLogger("jiedui.x").info("fresh")
        log_file.SharedFile(filed)._put_away(full)
    assert said(filed) == ["fresh"]


def test_several_processes_share_a_file_and_no_line_is_lost_or_torn(filed):
    processes = [subprocess.Popen([sys.executable, "-c", WRITE, filed, str(who)]) for who in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    files = list(filed.parent.iterdir())
    assert len(files) > 2, "put away; how often hangs on how long a busy machine keeps somebody at it"
    found = []
    for line in "".join(file.read_text("ascii") for file in files).splitlines():
        who, n, long = re.fullmatch(r"\S+ INFO jiedui.x GET who=(.) n=(\d+) long=(x*)", line).groups()
        assert len(long) == int(n) % 300
        found.append((int(who), int(n)))
    assert sorted(found) == [(who, n) for who in range(4) for n in range(2000)]


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path, written):
    with pytest.raises(Refused, match=r"nowhere/jiedui\.log cannot be written: No such file"):
        log.begin_aloud(tmp_path / "nowhere" / "jiedui.log")
    with pytest.raises(Refused, match="Is a directory"):
        log.begin_aloud(tmp_path)


def test_a_file_that_cannot_be_written_later_keeps_nobody_from_working(filed, clock, capsys, monkeypatch):
    monkeypatch.setenv("JIEDUI_LANG", "en")
    filed.parent.rename(filed.parent.with_name("away"))
    for word in ("first", "second"):
        logging.getLogger("jiedui.x").info(word)
    clock(60)
    logging.getLogger("jiedui.x").info("third")
    filed.parent.with_name("away").rename(filed.parent)
    logging.getLogger("jiedui.x").info("fourth")
    told = capsys.readouterr().err.splitlines()
    complaint = f"The log {filed} cannot be written: No such file or directory. Its lines are here meanwhile:"
    assert [line if line == complaint else line.rpartition(" ")[2] for line in told] == [
        complaint, "first", "second", complaint, "third",
    ]  # fmt: skip
    assert said(filed) == ["fourth"]


def test_what_has_no_room_is_whole_on_stderr_and_no_half_of_it_in_the_file(filed):
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, filed], stderr=subprocess.PIPE, text=True, check=True
    )
    assert said(filed) == ["y" * 80]
    assert run.stderr.splitlines()[-1].endswith(f" {'y' * 80}")


def test_who_watches_hears_words_and_the_file_has_lines(tmp_path, written, capsys):
    log.begin_aloud(tmp_path / "jiedui.log")
    logging.getLogger("jiedui.launcher").info("nothing to worry about")
    logging.getLogger("jiedui.launcher").warning("web ended")
    assert capsys.readouterr().err == "web ended\n"
    assert said(tmp_path / "jiedui.log") == ["about", "ended"]
