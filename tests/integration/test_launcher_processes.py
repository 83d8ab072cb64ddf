"""The process tree: what dies comes back, and however the launcher ends, nothing of it stays."""

import os
import pty
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from commands import PATIENCE, kill_9, wait_until

from jiedui.launcher import processes
from jiedui.launcher.errors import ServerError
from jiedui.launcher.processes import run_tree

LAUNCH = """
import fcntl, os, sys, termios
from pathlib import Path
from jiedui.launcher import processes
from jiedui.launcher.servers import embedded_servers
processes._STOP_SECONDS = 3600
if os.isatty(0):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
with embedded_servers(Path(sys.argv[1]), durable=False):
    member = [sys.executable, "-c", sys.argv[2]]
    processes.run_tree({"web": member, "worker": member}, os.environ)
print("ended in order", flush=True)
"""
# Like a web server: a main process whose worker it takes down when it is told to stop.
MEMBER = """
import signal, subprocess
worker, told = None, []
signal.signal(signal.SIGTERM, lambda *_: told.append(worker and worker.terminate()))
worker = subprocess.Popen(["sleep", "3600"])
if told:
    worker.terminate()
worker.wait()
"""
DEAF = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"so what\\n"))  # at once: two members share the pipe
os.write(1, b"deaf\\n")
time.sleep(3600)
"""


@dataclass
class Family:
    """Processes that carry one mark in their environment."""

    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "JIEDUI_TEST_FAMILY": self.mark}

    def living(self) -> list[int]:
        wanted = f"JIEDUI_TEST_FAMILY={self.mark}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def becomes(self, wanted: Callable[[list[int]], bool]) -> None:
        """Wait until the family is as wanted."""
        wait_until(lambda: wanted(self.living()))


@pytest.fixture
def family() -> Iterator[Family]:
    made = Family()
    yield made
    kill_9(*made.living())


def launch(family: Family, data: Path, member: str = MEMBER, **options: object) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(data), member],
        env=family.environ,
        start_new_session=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL, **options},  # type: ignore[call-overload]
    )
    size = 5 if member == MEMBER else 3  # the launcher, two members, their workers
    family.becomes(lambda living: len(living) == size)
    return process  # type: ignore[no-any-return]


def servers_of(data: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(data):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_a_told_launcher_ends_everything_in_order(
    tmp_path: Path, family: Family, signum: signal.Signals
) -> None:
    process = launch(family, tmp_path)
    assert servers_of(tmp_path)
    process.send_signal(signum)
    assert process.communicate(timeout=PATIENCE)[0].endswith(b"ended in order\n")
    assert process.returncode == 0
    assert not family.living()
    assert not servers_of(tmp_path)


def test_a_killed_launcher_leaves_nothing(tmp_path: Path, family: Family) -> None:
    process = launch(family, tmp_path)
    process.kill()
    process.wait()
    family.becomes(lambda living: not living)
    wait_until(lambda: not servers_of(tmp_path))


@pytest.mark.parametrize("end", ["ctrl_c", "window_closed"])
def test_a_terminal_that_interrupts_or_vanishes_leaves_nothing(
    tmp_path: Path, family: Family, end: str
) -> None:
    window, terminal = pty.openpty()
    process = launch(family, tmp_path, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    if end == "ctrl_c":
        os.write(window, b"\x03")
        process.wait(PATIENCE)
        os.close(window)
    else:
        os.close(window)
        process.wait(PATIENCE)
    assert not family.living()
    assert not servers_of(tmp_path)


def test_a_member_that_does_not_listen_is_killed_when_asked_twice(tmp_path: Path, family: Family) -> None:
    process = launch(family, tmp_path, member=DEAF)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == [b"deaf\n"] * 2
    process.send_signal(signal.SIGINT)
    assert [process.stdout.readline() for _ in range(2)] == [b"so what\n"] * 2
    assert len(family.living()) == 3
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE)
    assert not family.living()


def test_a_member_that_dies_is_started_again_and_its_leftovers_are_ended(
    tmp_path: Path, family: Family
) -> None:
    process = launch(family, tmp_path)
    members = [pid for pid in family.living() if parent(pid) == process.pid and b"signal" in command(pid)]
    leftovers = [pid for pid in family.living() if parent(pid) in members]
    assert len(members) == len(leftovers) == 2
    os.kill(members[0], signal.SIGKILL)
    family.becomes(lambda living: len(living) == 5 and members[0] not in living)
    assert members[1] in family.living()
    assert len(set(leftovers) & set(family.living())) == 1
    process.terminate()
    process.wait(PATIENCE)
    assert not family.living()


def test_a_member_that_keeps_dying_is_given_up_by_name(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", 2)
    with pytest.raises(ServerError, match="web ended 2 times in a row, last with status 3"):
        run_tree({"web": ["/bin/sh", "-c", "exit 3"], "worker": ["/bin/sleep", "3600"]}, family.environ)
    assert not family.living()


def parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rsplit(")", 1)[1].split()[1])


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
