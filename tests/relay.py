"""A relay before one of the embedded servers, as if it stood on another machine: its cable can be cut."""

import contextlib
import selectors
import socket
import threading

from commands import closed_port


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
