"""Commands on one data folder: who joins whom, who waits for whom, and what a watching person sees."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import COUNTY, DATED, JIEDUI, PATIENCE, done, environment, living, servers_up, wait_until
from served_county import County

from jiedui.launcher.servers import running_servers

KEY = "import sys; from jiedui.store.vault import keyed_hash; print(keyed_hash(sys.argv[1], 'phone'))"
HOLD = "import sys; print('up', flush=True); sys.stdin.read()"


def holder(data: Path) -> subprocess.Popen[bytes]:
    """A command that starts the servers and needs them until it is released."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jiedui.launcher", "--new", sys.executable, "-c", HOLD],
        env=environment(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def release(process: subprocess.Popen[bytes]) -> None:
    """What the command was doing is done."""
    assert process.stdin is not None
    process.stdin.close()


def test_a_command_that_joined_keeps_its_servers_when_the_first_one_is_done(tmp_path: Path) -> None:
    first, second = holder(tmp_path), holder(tmp_path)
    release(first)
    assert first.stderr is not None
    assert b"Valkey stays until another jiedui command" in first.stderr.readline()
    assert running_servers(tmp_path), "taken from under the second command"
    release(second)
    assert second.wait(PATIENCE) == 0
    assert first.wait(PATIENCE) == 0
    assert living(tmp_path) == []


def test_ctrl_c_ends_the_wait_for_the_others_and_their_servers(tmp_path: Path) -> None:
    first, second = holder(tmp_path), holder(tmp_path)
    release(first)
    try:
        assert first.stderr is not None
        assert b"Ctrl-C: ends at once" in first.stderr.readline()
        first.send_signal(signal.SIGINT)
        first.wait(PATIENCE)
        assert running_servers(tmp_path) is None
    finally:
        release(second)
        second.wait(PATIENCE)


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Two starts of the demonstration on one folder: the folder and what each printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, [done(folder, "demo", "--once") for _ in range(2)]


def test_the_second_start_of_the_demonstration_changes_nothing(demonstration: tuple[Path, list[str]]) -> None:
    folder, (first, second) = demonstration
    assert "2929 new" in first
    assert "new" not in second
    assert second == first[first.index("Stage 1") :]
    assert living(folder) == []
    with servers_up(folder):
        counts = County(folder).ask(
            'SELECT (SELECT count(*) FROM "round") AS rounds, (SELECT count(*) FROM plan) AS plans, '
            "(SELECT count(*) FROM household) AS households, (SELECT count(*) FROM account) AS accounts"
        )
    assert counts == [{"rounds": 1, "plans": 1, "households": 2929, "accounts": 2}]


def test_the_demonstration_prints_its_proof_and_one_login_per_role(
    demonstration: tuple[Path, list[str]],
) -> None:
    printed = demonstration[1][0]
    assert "mean 3.340 km" in printed
    assert "cost 9,667,838" in printed
    assert "optimal" in printed
    assert "independent checks passed" in printed
    for words in ("admin / ", "fengdu / ", "Volunteer: telephone 1"):
        assert words in printed
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", printed)


def test_the_demonstrations_volunteer_has_a_household_in_the_newest_plan(
    demonstration: tuple[Path, list[str]],
) -> None:
    folder, (printed, _) = demonstration
    telephone = re.search(r"telephone (1[0-9]{10})", printed)
    assert telephone
    hashed = subprocess.run(
        [sys.executable, "-c", KEY, telephone[1]],
        env=environment(folder, DATABASE_URL="postgresql://", REDIS_URL="redis://"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    with servers_up(folder):
        held = County(folder).one(
            "SELECT count(*) FROM candidate c JOIN volunteer v ON v.id = c.volunteer WHERE v.phone_key = $1",
            hashed,
        )
    assert held >= 1


def test_a_person_at_a_terminal_sees_a_bar_while_it_works(demonstration: tuple[Path, list[str]]) -> None:
    folder, _ = demonstration
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*JIEDUI, "round", "run", "--region", COUNTY, "--on", DATED],
        env={**environment(folder), "TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b""
        while chunk := _read(ours):
            seen += chunk
    os.close(ours)
    assert process.returncode == 0
    assert "━" * 20 in seen.decode(errors="replace").split("Stage 1")[0]
    assert b"Measuring who can help whom" in seen


def test_a_command_whose_server_is_taken_away_ends_with_a_sentence(
    demonstration: tuple[Path, list[str]],
) -> None:
    folder, _ = demonstration
    first = holder(folder)
    command = subprocess.Popen(
        [*JIEDUI, "round", "run", "--region", COUNTY, "--on", "2026-11-02"],
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    )
    county = County(folder)
    wait_until(lambda: bool(county.one("SELECT count(*) FROM job WHERE state = 'running'")), every=0.005)
    first.kill()
    first.wait()
    release(first)  # its own command outlives it
    _, words = command.communicate(timeout=PATIENCE)
    assert command.returncode == 1
    assert words.startswith("Cut short: "), words
    assert "Traceback" not in words


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that nobody writes to it any more
        return b""
