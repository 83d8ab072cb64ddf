"""A log that several processes write to one file, which is put away when it is full."""

import contextlib
import errno
import fcntl
import logging
import os
import sys
import time
from pathlib import Path
from typing import BinaryIO

from jiedui.i18n import N_, say

_COMPLAINT_SECONDS = 60
_LARGEST = 10 * 2**20
_FILES = 10


class SharedFile(logging.Handler):
    """A file of several processes, closed to other users; a full one is put away beside it, the oldest goes.

    Each line is one write at the end, to a file opened for it: who turned to a fresh one meanwhile need tell
    nobody. A line that cannot be written is on stderr, and the work goes on.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._told = -float(_COMPLAINT_SECONDS)

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n"
        try:
            self.write(line.encode(errors="backslashreplace"))
        except OSError as error:
            with contextlib.suppress(OSError):  # nobody is left to be told
                sys.stderr.write(f"{self._complaint(error)}{line}")
                sys.stderr.flush()

    def write(self, line: bytes) -> None:
        """Add a line; after it the file may be full. Raises OSError."""
        with open(self._path, "ab", buffering=0, opener=_closed_to_others) as file:
            written = file.write(line)
            if written < len(line):
                file.truncate(file.tell() - written)  # no half a line
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if file.tell() > _LARGEST:
                self._put_away(file)

    def _put_away(self, file: BinaryIO) -> None:
        """By one process alone, and only while the name is still this file's."""
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), self._path.stat()):
                names = [self._path, *(Path(f"{self._path}.{n}") for n in range(1, _FILES))]
                for older, newer in reversed(list(zip(names[1:], names, strict=False))):
                    if newer.exists():
                        newer.replace(older)

    def _complaint(self, error: OSError) -> str:
        if time.monotonic() - self._told < _COMPLAINT_SECONDS:
            return ""
        self._told = time.monotonic()
        words = say(N_("The log {file} cannot be written: {reason}. Its lines are here meanwhile:"),
                    file=self._path, reason=error.strerror)  # fmt: skip
        return f"{words}\n"


def _closed_to_others(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
