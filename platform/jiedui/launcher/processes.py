"""Keeps the product's processes running, and takes every one of them down, however this one ends."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from jiedui.i18n import N_
from jiedui.launcher import child
from jiedui.launcher.errors import ServerError

_STOP_SECONDS = 20
_HEALTHY_SECONDS = 30
_log = logging.getLogger("jiedui.launcher")
_PATIENCE = 5
"""Deaths in a row, none of them after a healthy while, until it is no accident."""


class ServersGone(ServerError):
    """What the tree stands on has ended by itself: servers and tree have to be started again together."""


def run_tree(
    commands: Mapping[str, Sequence[str]],
    env: Mapping[str, str],
    standing: Callable[[], bool] = lambda: True,
) -> None:
    """Run the named commands until SIGINT, SIGTERM or SIGHUP; one that dies is started again.

    Each has a process group of its own, which goes with it. Raises ServerError if one keeps dying,
    ServersGone when it no longer is `standing` on its servers.
    """
    with _told_to_stop() as stop:
        tree = [_Member(name, command, env) for name, command in commands.items()]
        try:
            for member in tree:
                member.start()
            while not stop.wait(0.1):
                if not standing():
                    raise ServersGone(N_("PostgreSQL or Valkey ended by itself; starting everything again"))
                for member in tree:
                    member.look_after()
        finally:
            for member in tree:
                member.ask_to_stop()
            for member in reversed(tree):
                member.see_it_end(stop)


class _Member:
    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.name = name
        self.command = command
        self.env = env
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self.started = 0.0
        self.start_again_at = 0.0

    def start(self) -> None:
        here = str(Path.cwd())
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            [
                sys.executable, "-IS", child.__file__,
                str(os.getpid()), str(int(signal.SIGTERM)), "self", here, *self.command,
            ],
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for the launcher, which then stops all in order
        )  # fmt: skip
        self.started = time.monotonic()

    def look_after(self) -> None:
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_again_at:
                self.start()
            return
        if (status := self.process.poll()) is None:
            return
        self._sweep()
        self.process = None
        self.deaths = 1 if now - self.started > _HEALTHY_SECONDS else self.deaths + 1
        if self.deaths >= _PATIENCE:
            raise ServerError(
                N_("{name} ended {deaths} times in a row, last with status {status}; see its words above"),
                name=self.name,
                deaths=self.deaths,
                status=status,
            )
        pause = 0.25 * 2**self.deaths
        _log.warning("%s ended (status %s); starting it again in %g s", self.name, status, pause)
        self.start_again_at = now + pause

    def ask_to_stop(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def see_it_end(self, hurry: "_Stop") -> None:
        """Wait for it; kill it when it takes too long or the person asks a second time."""
        if self.process is None:
            return
        deadline = time.monotonic() + _STOP_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline and hurry.asked < 2:
            time.sleep(0.02)
        self._sweep()
        self.process.wait()

    def _sweep(self) -> None:
        """End what the process left behind in its group."""
        assert self.process is not None  # noqa: S101 - for the type checker
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class _Stop:
    def __init__(self) -> None:
        self.asked = 0
        self._event = threading.Event()

    def ask(self, signum: int, frame: object) -> None:
        self.asked += 1
        self._event.set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)


@contextlib.contextmanager
def _told_to_stop() -> Iterator[_Stop]:
    stop = _Stop()
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for signum, handler in before.items():
        if signum != signal.SIGHUP or handler != signal.SIG_IGN:  # nohup stays in force
            signal.signal(signum, stop.ask)
    try:
        yield stop
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
