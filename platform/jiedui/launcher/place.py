"""Where a server keeps its things: a closed folder, its lock, and sockets whose path the kernel accepts."""

import fcntl
import hashlib
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from jiedui.i18n import N_
from jiedui.launcher.account import NOT_YOURS, Account
from jiedui.launcher.errors import ServerError

_LONGEST_SOCKET = 107
_LONGEST_NAME = len("/.s.PGSQL.5432.lock")


@dataclass(frozen=True)
class Place:
    """The folder of one server."""

    folder: Path

    @property
    def sockets(self) -> Path:
        """Inside the folder, or, when that path is too long for a socket, beside other temporary files."""
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        beside = f"jiedui-{digest}"
        for folder in (self.folder / "run", Path(tempfile.gettempdir()) / beside):
            if len(os.fsencode(folder)) + _LONGEST_NAME <= _LONGEST_SOCKET:
                return folder
        return Path("/tmp") / beside  # noqa: S108 - TMPDIR is too long as well; make_sockets refuses another's folder

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def last_words(self, since: int = 0) -> str:
        """The end of the log, of what was written after so many bytes."""
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace").strip()[-2000:]

    def make(self) -> None:
        """The folder, closed to everybody else."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ServerError(
                N_("{folder} cannot be made ({reason}): set JIEDUI_DATA to a folder you may write to"),
                folder=self.folder,
                reason=error.strerror,
            ) from error

    def make_sockets(self, account: Account) -> None:
        """The folder of the sockets, the server's own. Raises ServerError if somebody else made it."""
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        if found.st_uid not in (os.geteuid(), account.uid) or found.st_mode != 0o40700:
            raise ServerError(
                N_("{folder} was made by somebody else: remove it, or set JIEDUI_DATA to a shorter path"),
                folder=self.sockets,
            )
        for left_by_a_killed_server in self.sockets.iterdir():
            left_by_a_killed_server.unlink()
        os.chown(self.sockets, account.uid, account.gid)

    def remove_sockets(self) -> None:
        """Leave nothing behind outside the data folder."""
        if self.sockets.parent != self.folder:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def lock(self, name: str, how: int = fcntl.LOCK_EX | fcntl.LOCK_NB) -> int | None:
        """An open file that keeps others out until it and all copies of it are closed; None if taken."""
        try:
            handle = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise ServerError(
                NOT_YOURS,
                folder=self.folder,
            ) from error
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:  # Ctrl-C while waiting
            os.close(handle)
            raise
        return handle

    def taken(self, name: str) -> bool:
        """Whether somebody holds the lock."""
        if (handle := self.lock(name)) is None:
            return True
        os.close(handle)
        return False

    def answers(self, name: str, question: bytes, answer: bytes) -> bool:
        """Whether something listens on the socket and says what it should."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.sockets / name))
                connection.sendall(question)
                return not answer or connection.recv(len(answer)) == answer
            except OSError:
                return False


def package_folder(package: str) -> Path:
    """Where a package lies, without running any of its code."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            N_(
                "{package} is not installed for this machine: "
                "set DATABASE_URL and REDIS_URL to servers of your own"
            ),
            package=package,
        )
    return Path(spec.submodule_search_locations[0])
