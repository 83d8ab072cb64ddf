"""A county begins when somebody says so; a command that looks in the wrong place makes nothing there."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from commands import COUNTY, FENGDU, JIEDUI, PATIENCE, done, environment, refused, servers_up

from jiedui.launcher.servers import running_servers

PASSPHRASE = "a long enough passphrase"
VERBS = [
    ("migrate",),
    ("doctor",),
    ("serve",),
    ("worker",),
    ("regions", "import", FENGDU / "regions.csv"),
    ("households", "import", FENGDU / "households.xlsx", "--dry-run"),
    ("round", "run", "--region", COUNTY),
    (
        "account",
        "li",
        "--role",
        "coordinator",
        "--region",
        COUNTY,
        "--name",
        "李",
        "--passphrase",
        PASSPHRASE,
    ),
]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_no_command_makes_a_county_unasked(tmp_path: Path, verb: tuple[str | Path, ...]) -> None:
    sentence = refused(tmp_path / "data", *verb)
    assert sentence.startswith(f"No county is kept in {tmp_path}/data (")
    assert "--new" in sentence
    assert not (tmp_path / "data").exists()


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    result = launch(tmp_path / "data", "pg_dump", f"--file={dump}")
    assert (result.returncode, dump.exists(), (tmp_path / "data").exists()) == (1, False, False)
    assert "No county is kept" in result.stderr


def test_the_sentence_says_who_named_the_place(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('data = "typed-wrong"')
    sentence = refused(
        tmp_path, "migrate", JIEDUI_CONFIG=str(file), JIEDUI_DATA=str(tmp_path / "typed-wrong")
    )
    assert f"{tmp_path}/typed-wrong ({file}" in sentence


@pytest.mark.parametrize("verb", [VERBS[0], VERBS[7]], ids=lambda verb: verb[0])
def test_a_county_that_shall_begin_begins(tmp_path: Path, verb: tuple[str | Path, ...]) -> None:
    if verb[0] == "account":
        done(tmp_path, "regions", "import", FENGDU / "regions.csv", "--new")
    done(tmp_path, *verb, "--new")
    done(tmp_path, "migrate")


def test_a_given_database_without_tables_is_nobodys_county(tmp_path: Path) -> None:
    with servers_up(tmp_path / "given"):
        servers = running_servers(tmp_path / "given")
        assert servers
        given = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        assert refused(tmp_path / "own", "migrate", **given).startswith(
            "No county is kept in PostgreSQL: jiedui ("
        )
        assert not (tmp_path / "own").exists()
        done(tmp_path / "own", "migrate", "--new", **given)
        assert (tmp_path / "own" / "secret").exists()
        done(tmp_path / "own", "migrate", **given)


@pytest.mark.parametrize(("answer", "begun"), [("y", True), ("n", False), ("", False)])
def test_a_person_at_a_terminal_is_asked(tmp_path: Path, answer: str, begun: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*JIEDUI, "migrate"], env=environment(tmp_path / "data"), stdin=theirs,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.write(ours, f"{answer}\n".encode())
    _, said = process.communicate(timeout=PATIENCE)
    os.close(ours)
    os.close(theirs)
    assert "Begin a new, empty county there?" in said
    assert (process.returncode == 0) is begun
    assert (tmp_path / "data").exists() is begun


def launch(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`./dev run`, as far as it is Python."""
    return subprocess.run(
        [sys.executable, "-m", "jiedui.launcher", *arguments],
        env=environment(data), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
