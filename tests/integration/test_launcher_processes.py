"""The process tree: what dies comes back, and however the launcher ends, nothing of it stays."""

import os
import pty
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jiedui.launcher import processes
from jiedui.launcher.errors import ServerError
from jiedui.launcher.processes import run_tree

LAUNCH = """
import fcntl, os, sys, termios
from pathlib import Path
from jiedui.launcher.processes import run_tree
from jiedui.launcher.servers import embedded_servers
if os.isatty(0):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
with embedded_servers(Path(sys.argv[1]), durable=False):
    member = [sys.executable, "-c", sys.argv[2]]
    run_tree({"web": member, "worker": member}, os.environ)
print("ended in order", flush=True)
"""
# Like a web server: a main process whose worker it takes down when it is told to stop.
MEMBER = """
import signal, subprocess
worker, told = None, []
signal.signal(signal.SIGTERM, lambda *_: told.append(worker and worker.terminate()))
worker = subprocess.Popen(["sleep", "600"])
if told:
    worker.terminate()
worker.wait()
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"


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
        deadline = time.monotonic() + 30
        while not wanted(living := self.living()):
            assert time.monotonic() < deadline, [command(pid)[:80] for pid in living]
            time.sleep(0.05)


@pytest.fixture
def family() -> Iterator[Family]:
    made = Family()
    yield made
    for pid in made.living():
        os.kill(pid, signal.SIGKILL)


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
    assert process.communicate(timeout=60)[0].endswith(b"ended in order\n")
    assert process.returncode == 0
    assert not family.living()
    assert not servers_of(tmp_path)


def test_a_killed_launcher_leaves_nothing(tmp_path: Path, family: Family) -> None:
    process = launch(family, tmp_path)
    process.kill()
    process.wait()
    family.becomes(lambda living: not living)
    deadline = time.monotonic() + 10
    while servers_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not servers_of(tmp_path)


@pytest.mark.parametrize("end", ["ctrl_c", "window_closed"])
def test_a_terminal_that_interrupts_or_vanishes_leaves_nothing(
    tmp_path: Path, family: Family, end: str
) -> None:
    window, terminal = pty.openpty()
    process = launch(family, tmp_path, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    if end == "ctrl_c":
        os.write(window, b"\x03")
        process.wait(timeout=60)
        os.close(window)
    else:
        os.close(window)
        process.wait(timeout=60)
    assert not family.living()
    assert not servers_of(tmp_path)


def test_a_member_that_does_not_listen_is_killed_when_asked_twice(tmp_path: Path, family: Family) -> None:
    process = launch(family, tmp_path, member=DEAF)
    time.sleep(1)  # until it is deaf
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert len(family.living()) == 3
    process.send_signal(signal.SIGINT)
    process.wait(timeout=15)
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
    process.wait(timeout=60)
    assert not family.living()


def test_a_member_that_keeps_dying_is_given_up_by_name(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", 2)
    with pytest.raises(ServerError, match="web ended 2 times in a row, last with status 3"):
        run_tree({"web": ["/bin/sh", "-c", "exit 3"], "worker": ["/bin/sleep", "600"]}, family.environ)
    assert not family.living()


def parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rsplit(")", 1)[1].split()[1])


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
