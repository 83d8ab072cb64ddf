"""One line per event, on stdout or in a file, for people and programs alike: time, level, who, what, values.

    2026-11-28T09:12:03.481+08:00 WARNING jiedui.worker PostgreSQL does not answer again=58

No personal data: a value is an id, a route or a count. What goes wrong again and again is said once a minute.
"""

import contextlib
import errno
import fcntl
import json
import logging
import os
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from jiedui.clock import SHANGHAI
from jiedui.errors import Refused
from jiedui.i18n import N_, say

_QUIET_SECONDS = 60
_LARGEST = 10 * 2**20
_FILES = 10


def begin(file: Path | None) -> None:
    """Let every logger of this process write so: into the file, on stdout where there is none."""
    _begin(_lines(SharedFile(file) if file else logging.StreamHandler(sys.stdout)))


def begin_aloud(file: Path | None) -> None:
    """For a process that a person may watch: words on stderr, and lines in the file where there is one.

    Raises Refused for a file that cannot be written.
    """
    words = logging.StreamHandler(sys.stderr)
    words.setLevel(logging.WARNING)
    words.setFormatter(logging.Formatter())  # else basicConfig gives it one with names
    if file is None:
        _begin(words)
        return
    lines = SharedFile(file)
    try:
        lines.write(b"")
    except OSError as error:
        raise Refused(
            N_("The log {file} cannot be written: {reason}. Set log_file to a file in a folder of jiedui's."),
            file=file,
            reason=error.strerror,
        ) from error
    _begin(words, _lines(lines))


def _begin(*handlers: logging.Handler) -> None:
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would quote addresses with their queries


def _lines(handler: logging.Handler) -> logging.Handler:
    handler.setFormatter(Line())
    handler.addFilter(_OnceAMinute())
    return handler


class SharedFile(logging.Handler):
    """A file of several processes, closed to other users; a full one is put away beside it, the oldest goes.

    Each line is one write at the end, to a file opened for it: who turned to a fresh one meanwhile need tell
    nobody. A line that cannot be written is on stderr, and the work goes on.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._told = -float(_QUIET_SECONDS)

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
        if time.monotonic() - self._told < _QUIET_SECONDS:
            return ""
        self._told = time.monotonic()
        words = say(N_("The log {file} cannot be written: {reason}. Its lines are here meanwhile:"),
                    file=self._path, reason=error.strerror)  # fmt: skip
        return f"{words}\n"


def _closed_to_others(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def places(error: BaseException) -> str:
    """What an error is and where it arose, with its causes; never its message, which may quote a person."""
    lines = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        lines += [type(cause).__name__, *(f"  {at.filename}:{at.lineno} {at.name}" for at in frames)]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines)


class Line(logging.Formatter):
    """What a line looks like."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, SHANGHAI).isoformat(timespec="milliseconds")
        named = getattr(record, "named", {})
        words = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            words += "\n" + places(record.exc_info[1])
        words = " | ".join(words.splitlines())
        return " ".join(
            [
                at,
                record.levelname,
                record.name,
                words,
                *(f"{name}={_plain(value)}" for name, value in named.items()),
            ]
        )


class _OnceAMinute(logging.Filter):
    """A warning that comes again within a minute is counted, and the count is said with the next one."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        error = record.exc_info and record.exc_info[1]
        what = record.name, str(record.msg), places(error) if error else ""
        last, again = self._said.get(what, (-_QUIET_SECONDS, 0))
        now = time.monotonic()
        if now - last < _QUIET_SECONDS:
            self._said[what] = last, again + 1
            return False
        self._said[what] = now, 0
        if again:
            record.named = {**getattr(record, "named", {}), "again": again}
        return True


def _plain(value: object) -> str:
    text = str(value)
    return text if text.isascii() and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
