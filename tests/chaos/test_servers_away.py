"""Servers of the operator's own that are away are waited for, and what serves comes back by itself."""

import contextlib
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import (
    COUNTY,
    JIEDUI,
    PATIENCE,
    children,
    county_up,
    done,
    environment,
    kill_9,
    living,
    refused,
    wait_until,
)
from ledger_files import ledger_file, volunteer_row
from relay import Cabled
from served_county import County

PYTHON = (sys.executable, "-m")
LINK = f"/h/{'a' * 22}"
"""A household's link that is none: the database is asked for it."""


class Away(Cabled):
    """A county whose two servers are reached over cables."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.county = County(folder)

    @contextlib.contextmanager
    def running(self, *command: str, **also: str) -> Iterator["Run"]:
        """A command of the product's, with all its words; it must last until it is told to stop."""
        words = self.county.folder / "words"
        also = {"JIEDUI_PORT": str(self.county.port), **self.addresses(), **also}
        environ = environment(self.county.folder, **also)
        with words.open("wb") as log:
            process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        run = Run(self.county, words, process)
        try:
            yield run
            assert process.poll() is None, run.words()
        finally:
            process.terminate()
            process.wait(PATIENCE)
        assert "Traceback" not in run.words(), run.words()
        assert ".py:" not in run.words(), run.words()


class Run:
    def __init__(self, county: County, path: Path, process: subprocess.Popen[bytes]) -> None:
        self.county = county
        self._path = path
        self._process = process

    def words(self, path: Path | None = None) -> str:
        return (path or self._path).read_text("utf-8")

    def says(self, words: str, path: Path | None = None) -> None:
        """Wait until it does, there or aloud."""
        wait_until(lambda: words in self.words(path) or self._process.poll() is not None)
        assert words in self.words(path), self.words(path)

    def answers(self, path: str, status: int) -> None:
        """Wait until a page has this status."""
        wait_until(lambda: self.status(path) == status)

    def status(self, path: str) -> int:
        """Of a page; 0 where nobody answers."""
        try:
            url = f"http://127.0.0.1:{self.county.port}{path}"
            with urllib.request.urlopen(url, timeout=PATIENCE) as page:
                return int(page.status)
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return 0


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    folder = tmp_path_factory.mktemp("away")
    with county_up(folder):
        done(folder, "volunteers", "import", ledger_file(folder, "volunteers", volunteer_row(1)))
        yield Away(folder)


@pytest.fixture
def away(up: Away) -> Iterator[Away]:
    """With both cables whole."""
    up.mend()
    yield up
    up.cut()


def works(county: County, dated: str) -> None:
    """Wait until somebody has done a job that is queued now."""
    _, plan_id = county.queue(COUNTY, dated)
    wait_until(lambda: county.one("SELECT state FROM job WHERE subject_id = $1", plan_id) == "done")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("DATABASE_URL", "PostgreSQL does not answer at DATABASE_URL"),
        ("REDIS_URL", "Redis or Valkey does not answer at REDIS_URL"),
    ],
)
@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_a_server_that_is_away_at_the_start_is_waited_for(
    away: Away, name: str, words: str, verb: str
) -> None:
    away.cables[name].cut()
    with away.running(*JIEDUI, verb) as run:
        run.says("again in 4 s")
        lines = run.words().splitlines()
        assert [line.partition("again in ")[2] for line in lines] == ["1 s", "2 s", "4 s"]
        assert all(line.startswith(words) for line in lines)
        away.cables[name].mend()
        if verb == "serve":
            run.answers("/readyz", 200)
        works(away.county, "2026-11-02")


def test_a_database_that_goes_away_while_serving_comes_back_to_everything(away: Away) -> None:
    with away.running(*JIEDUI, "serve") as run:
        run.answers("/readyz", 200)
        for _ in range(3):
            assert run.status(LINK) == 404
            away.cables["DATABASE_URL"].cut()
            assert run.status(LINK) == 503
            assert run.status("/readyz") == 503
            assert run.status("/livez") == 200
            run.says(" WARNING jiedui.worker ")
            away.cables["DATABASE_URL"].mend()
            assert run.status(LINK) == 404
            assert run.status("/readyz") == 200
            works(away.county, "2026-11-03")
        told = [line.split()[2:4] for line in run.words().splitlines() if " WARNING " in line]
        assert len(told) < 20, "a line a minute of each process, not of each try"


def test_a_valkey_that_goes_away_while_serving_comes_back_to_everything(away: Away) -> None:
    with away.running(*JIEDUI, "serve") as run:
        run.answers("/readyz", 200)
        away.cables["REDIS_URL"].cut()
        run.answers("/readyz", 503)
        works(away.county, "2026-11-04")
        away.cables["REDIS_URL"].mend()
        run.answers("/readyz", 200)


def test_one_file_holds_the_lines_of_every_process(away: Away) -> None:
    file = away.county.folder / "jiedui.log"
    file.touch()
    away.cables["REDIS_URL"].cut()
    with away.running(*JIEDUI, "serve", JIEDUI_LOG_FILE=str(file)) as run:
        run.says(" WARNING jiedui.launcher Redis or Valkey does not answer at REDIS_URL", file)
        away.cables["REDIS_URL"].mend()
        run.answers("/readyz", 200)
        assert run.status(LINK) == 404
        away.cables["DATABASE_URL"].cut()
        run.answers(LINK, 503)
        run.says(" WARNING jiedui.worker ", file)
        web = min(pid for pid, words in living(away.county.folder) if "jiedui.web.server" in words)
        kill_9(children(web)[-1])
        run.says(" _granian ", file)
        kill_9(web)
        run.says(" WARNING jiedui.launcher web ended (status -9); starting it again", file)
        away.cables["DATABASE_URL"].mend()
        run.answers("/readyz", 200)
        assert re.search(r" INFO jiedui.access GET route=/h/.* status=404 ", run.words(file))
        assert all(
            re.match(r"\d{4}-\d\d-\d\dT\S+ [A-Z]+ \S+ ", line) for line in run.words(file).splitlines()
        )
        aloud = run.words()
        assert "web ended (status -9)" in aloud
        for lines in (" INFO ", " WARNING ", " ERROR "):
            assert lines not in aloud


@pytest.mark.parametrize("cable", ["DATABASE_URL", "REDIS_URL"])
def test_a_process_that_starts_while_a_server_is_away_needs_nobody_to_start_it_again(
    away: Away, cable: str
) -> None:
    """As when one of them dies and is started again just then."""
    away.cables[cable].cut()
    with away.running(*PYTHON, "jiedui.web.server") as run:
        run.answers("/livez", 200)
        run.answers("/readyz", 503)
        away.cables[cable].mend()
        run.answers("/readyz", 200)


def test_a_database_that_takes_a_connection_and_says_nothing_is_away_as_well(away: Away) -> None:
    away.cables["DATABASE_URL"].cut()
    away.cables["DATABASE_URL"].mend(mute=True)
    with away.running(*PYTHON, "jiedui.web.server") as run:
        run.answers("/livez", 200)
        assert run.status(LINK) == 503
        away.cables["DATABASE_URL"].cut()
        away.cables["DATABASE_URL"].mend()
        assert run.status(LINK) == 404


def test_a_worker_that_starts_while_the_database_is_away_works_once_it_is_back(away: Away) -> None:
    away.cables["DATABASE_URL"].cut()
    with away.running(*PYTHON, "jiedui.worker") as run:
        run.says("a server cannot be reached")
        away.cables["DATABASE_URL"].mend()
        works(away.county, "2026-11-05")


@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_what_no_waiting_mends_is_refused_at_once(away: Away, verb: str) -> None:
    folder, good = away.county.folder, away.addresses()
    postgres = good["DATABASE_URL"]
    for wrong, words in {
        away.addresses(postgres="wrong")["DATABASE_URL"]: "password authentication failed",
        postgres.replace("/jiedui", "/another"): "another",
        postgres.replace("127.0.0.1", "300.0.0.1"): "does not answer",
    }.items():
        assert words in refused(folder, verb, **{**good, "DATABASE_URL": wrong})
    assert "does not answer at REDIS_URL" in refused(
        folder, verb, **{**good, "REDIS_URL": away.addresses(valkey="wrong")["REDIS_URL"]}
    )
    other = "another secret, another secret, another secret"
    assert "does not fit this database" in refused(folder, verb, **good, JIEDUI_SECRET=other)


def test_other_commands_do_not_wait(away: Away) -> None:
    away.cables["DATABASE_URL"].cut()
    assert refused(away.county.folder, "migrate", **away.addresses()).startswith(
        "PostgreSQL does not answer at DATABASE_URL:"
    )
