"""Relays before the embedded servers, as if these stood on another machine: their cables can be cut."""

import contextlib
import selectors
import socket
import threading
from pathlib import Path
from urllib.parse import quote, unquote

from commands import closed_port

from jiedui.launcher.servers import running_servers


class Relay:
    """Passes on what comes to a port of this machine, while its cable is whole; begins cut."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.port = closed_port()
        self._listening: socket.socket | None = None
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()

    def mend(self, *, mute: bool = False) -> None:
        """Let connections through; `mute`: take them, and let nothing through."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(64)
        self._listening = listening
        if not mute:
            threading.Thread(target=self._take, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        if self._listening is not None:
            _end(self._listening)
            self._listening = None
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            _end(end)

    def _take(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.path)
                with self._lock:
                    self._ends += [near, far]
                threading.Thread(target=_pass_on, args=(near, far), daemon=True).start()


class Cabled:
    """Both servers that run on a folder, each at the end of a cable; by the variable that names it."""

    def __init__(self, folder: Path) -> None:
        found = running_servers(folder)
        assert found is not None, "the servers do not run"
        self._passwords = {
            name: (folder / name / "password").read_text("ascii") for name in ("postgres", "valkey")
        }
        sockets = found.database_url.partition("?host=")[2].partition("&")[0]
        self.cables = {
            "DATABASE_URL": Relay(f"{unquote(sockets)}/.s.PGSQL.5432"),
            "REDIS_URL": Relay(unquote(found.redis_url.rpartition("@")[2].partition("?")[0])),
        }

    def addresses(self, **passwords: str) -> dict[str, str]:
        """What the variables say then, perhaps with other `passwords`."""
        known = {name: quote(word, safe="") for name, word in {**self._passwords, **passwords}.items()}
        postgres, valkey = self.cables.values()
        return {
            "DATABASE_URL": f"postgresql://jiedui:{known['postgres']}@127.0.0.1:{postgres.port}/jiedui",
            "REDIS_URL": f"redis://:{known['valkey']}@127.0.0.1:{valkey.port}/0",
        }

    def mend(self) -> None:
        """Both whole."""
        for cable in self.cables.values():
            cable.mend()

    def cut(self) -> None:
        """Both cut."""
        for cable in self.cables.values():
            cable.cut()


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    """Both ways, until one end is closed; then both are."""
    with selectors.DefaultSelector() as ways, near, far, contextlib.suppress(OSError, ValueError):
        ways.register(near, selectors.EVENT_READ, far)
        ways.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in ways.select():
                if not (some := key.fileobj.recv(65536)):  # type: ignore[union-attr]
                    return
                key.data.sendall(some)


def _end(one: socket.socket) -> None:
    """Closed by `shutdown` first: whoever waits on it in another thread wakes up."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
