"""The real `jiedui` program as people start it: a process of its own, on a data folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from datetime import time as dt_time
from pathlib import Path

from ledger_files import household_row, ledger_file

from jiedui.clock import SHANGHAI, SHIFT, machine_now

JIEDUI = (sys.executable, "-m", "jiedui")
FENGDU = Path(__file__).parents[1] / "examples" / "fengdu"
COUNTY = "500230000000"
DATED = "2026-11-01"
PATIENCE = 300
"""Seconds after which what has to happen is taken not to: a busy machine is slow, and nothing else."""
_UP = "import sys; print('up', flush=True); sys.stdin.read()"


def environment(data: Path, **also: str) -> dict[str, str]:
    """Nothing of this process's settings but the folder: the command brings its own servers."""
    port = str(closed_port())
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    return {
        **kept, "JIEDUI_CONFIG": "", "JIEDUI_DATA": str(data), "JIEDUI_LANG": "en",
        "JIEDUI_PORT": port, "JIEDUI_PUBLIC_URL": f"http://localhost:{port}", **also,
    }  # fmt: skip


def held_clock(day: str = DATED) -> dict[str, str]:
    """The demonstration's clock on the ledgers' day, so that their record checks stay in date for ever."""
    held = datetime.combine(date.fromisoformat(day), dt_time(12), SHANGHAI) - machine_now()
    return {"JIEDUI_DEMO": "1", SHIFT: str(held // timedelta(seconds=1))}


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def jiedui(data: Path, *arguments: str | Path, **also: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Whatever it was told, it must not answer with a traceback."""
    done = subprocess.run(
        [*JIEDUI, *map(str, arguments)],
        env=environment(data, **also),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def done(data: Path, *arguments: str | Path, **also: str) -> str:
    """Run a command that must succeed; what it printed."""
    result = jiedui(data, *arguments, **also)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(data: Path, *arguments: str | Path, **also: str) -> str:
    """Run a command that must be refused with one sentence on stderr, which is given."""
    result = jiedui(data, *arguments, **also)
    assert result.returncode == 1, (result.stdout, result.stderr)
    (sentence,) = result.stderr.strip().splitlines()
    return sentence


@contextlib.contextmanager
def servers_up(data: Path, **also: str) -> Iterator[None]:
    """Keeps the folder's servers running, so that each command in the block joins them."""
    with subprocess.Popen(
        [sys.executable, "-m", "jiedui.launcher", "--new", sys.executable, "-c", _UP],
        env=environment(data, **also),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(PATIENCE)


@contextlib.contextmanager
def county_up(data: Path, **also: str) -> Iterator[None]:
    """The servers of a county with Fengdu's regions and one household."""
    with servers_up(data, **also):
        done(data, "regions", "import", FENGDU / "regions.csv", "--new", **also)
        done(data, "households", "import", ledger_file(data, "households", household_row(1)), **also)
        yield


def knows_her(data: Path) -> bool:
    """Whether that household is there, as it was."""
    file = ledger_file(data, "households", household_row(1))
    return "0 new, 0 changed, 1 unchanged" in done(data, "households", "import", file)


def children(pid: int) -> list[int]:
    """The processes that a process started and that still live."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def living(data: Path) -> list[tuple[int, str]]:
    """Every process that has anything to do with a data folder: its number and command."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command, environ = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
            if command and os.fsencode(data) in command + environ + os.fsencode((entry / "cwd").readlink()):
                found.append((int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")))
    return found


def kill_9(*pids: int) -> None:
    """Kill them at once; a server's children end with their parent, perhaps before their turn."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def answers(url: str) -> bool:
    """Whether our own server answers well there."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=30) as page:
        return bool(page.status == 200)
    return False


def wait_until(what: Callable[[], bool], seconds: float = PATIENCE, every: float = 0.02) -> None:
    """Wait for something to come true, and fail when it does not."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not true after {seconds} s"
        time.sleep(every)
