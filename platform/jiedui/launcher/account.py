"""Under which user a server runs: never as root, and nobody has to make a user for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jiedui.i18n import N_
from jiedui.launcher import child
from jiedui.launcher.errors import ServerError

NOBODY = 65534

NOT_YOURS = N_("{folder} belongs to another user: start as that user, or set JIEDUI_DATA to another folder")


@dataclass(frozen=True)
class Account:
    """A user and how to become it; `who` is what child.py understands."""

    who: str
    uid: int
    gid: int

    def spawn(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        dies_by: signal.Signals = signal.SIGKILL,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        output: int | IO[bytes] = subprocess.PIPE,
        keep_open: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """The command as this user, in its own session; ended by `dies_by` with the calling *thread*."""
        return subprocess.Popen(  # noqa: S603 - our own binaries
            [
                sys.executable, "-IS", child.__file__,
                str(os.getpid()), str(int(dies_by)), self.who, str(folder), *command,
            ],
            cwd=folder,
            env={
                "LC_ALL": "C",
                "PATH": os.defpath,
                "TZ": "UTC",
                # A chroot without /proc: how else would the loader find the libraries beside the program?
                "LD_ORIGIN_PATH": str(Path(command[0]).parent),
            },
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep_open,
        )  # fmt: skip

    def run(self, command: Sequence[str], folder: Path, text: str = "") -> None:
        """The command to its end. Raises ServerError with its last words."""
        with self.spawn(command, folder, stdin=subprocess.PIPE) as process:
            output, _ = process.communicate(text.encode())
        if process.returncode != 0:
            raise ServerError(
                N_("{program} failed: {words}"),
                program=Path(command[0]).name,
                words=output.decode(errors="replace").strip()[-600:],
            )


def account_for(folder: Path, probe: Sequence[str]) -> Account:
    """The user for the servers of this folder, which is made theirs; `probe` is a command to try with.

    An ordinary user runs them as herself. As root: as the folder's owner; in a folder of root's under another
    number in a user namespace, or, where these are refused, as `nobody`.
    """
    owner = folder.stat()
    if os.geteuid() != 0:
        if owner.st_uid != os.geteuid():
            raise ServerError(
                NOT_YOURS,
                folder=folder,
            )
        return Account("self", owner.st_uid, owner.st_gid)
    if owner.st_uid != 0:
        return _switched(owner.st_uid, owner.st_gid)
    if _works(same := Account("namespace", 0, 0), folder, probe):
        return same
    nobody = _switched(NOBODY, NOBODY)
    try:
        give(folder, nobody)
    except PermissionError as error:
        raise ServerError(_NO_WAY) from error
    if not _works(nobody, folder, probe):
        raise ServerError(_NO_WAY)
    return nobody


_NO_WAY = N_(
    "PostgreSQL does not run as root, and this machine allows neither user namespaces nor another user here. "
    "Start as an ordinary user, or set JIEDUI_DATA to a folder that every user can reach"
)


def _switched(uid: int, gid: int) -> Account:
    return Account(f"{uid}:{gid}", uid, gid)


def _works(account: Account, folder: Path, probe: Sequence[str]) -> bool:
    with account.spawn(probe, folder) as process:
        process.communicate()
    return process.returncode == 0


def give(folder: Path, account: Account) -> None:
    """All of a folder to this user."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
