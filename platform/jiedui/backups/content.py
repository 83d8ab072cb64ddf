"""What a backup holds: one line that says what it is, then PostgreSQL's own dump or base backup.

A dump's line counts the rows of every table in the snapshot that was dumped, so that whoever reads it back
can say whether it is whole. What a base backup's line cannot know yet follows in a line at its end (base.py).
"""

import contextlib
import io
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
from pyrage import x25519

from jiedui.backups import sealing
from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_

LONGEST_LINE = 1_000_000


class Wal(msgspec.Struct, frozen=True):
    """Where a base backup begins in PostgreSQL's own log."""

    system: str
    """The cluster's own number."""
    segment: str
    """No piece of the log before this one is needed."""


class Counted(msgspec.Struct, frozen=True):
    """The line at the end of a base backup: rows at one exact place in the log."""

    ended_at: datetime
    """By the database's clock: no earlier moment can be restored."""
    point: str
    """The restore point that belongs to the rows."""
    segment: str
    """The piece of the log it lies in."""
    rows: dict[str, int]


class Content(msgspec.Struct, frozen=True):
    """What a backup says of itself."""

    taken_at: datetime
    product: str
    postgres: int
    """The server's version, as 180006."""
    secret: str
    """The fingerprint of the secret that its sealed fields need."""
    rows: dict[str, int]
    """Per table."""
    format: int = 1
    wal: Wal | None = None
    """Of a base backup."""
    counted: Counted | None = None


def first_line(content: Content) -> bytes:
    """The line that the dump follows."""
    return msgspec.json.encode(content) + b"\n"


def opens_with(path: Path, key: x25519.Identity) -> Content:
    """The first line of a backup, without a look at what follows. Raises BackupRefused."""
    splitter = Splitter(_Enough())  # type: ignore[arg-type]
    with contextlib.suppress(OSError):
        sealing.unseal(path, key, splitter)  # type: ignore[arg-type]
    if splitter.content is None:
        raise BackupRefused(N_("{path} holds no backup."), path=path)
    return splitter.content


class _Enough(io.RawIOBase):
    def write(self, data: bytes) -> int:  # type: ignore[override]
        raise OSError("enough was read")


def feed(path: Path, key: x25519.Identity, to: IO[bytes]) -> Callable[[], Content | None]:
    """Unseal beside the caller and give on all but the first line; the answer, at the end, is that line.

    It raises BackupRefused, and is None for what holds no such line or could not be given on.
    """
    splitter = Splitter(to)
    failed: list[Exception] = []

    def unseal() -> None:
        try:
            sealing.unseal(path, key, splitter)  # type: ignore[arg-type]
        except (BackupRefused, OSError) as error:
            failed.append(error)
        finally:
            splitter.close()

    feeding = threading.Thread(target=unseal, daemon=True)
    feeding.start()

    def said() -> Content | None:
        feeding.join()
        refused = next((error for error in failed if isinstance(error, BackupRefused)), None)
        if refused:
            raise refused
        return None if failed else splitter.content

    return said


class Splitter:
    """Keeps the first line, gives the rest on."""

    def __init__(self, dump: IO[bytes]) -> None:
        self.content: Content | None = None
        self._head = b""
        self._dump = dump

    def write(self, data: bytes) -> int:
        if self.content is None:
            self._head += data
            line, end, rest = self._head.partition(b"\n")
            if not end:
                if len(self._head) > LONGEST_LINE:
                    raise OSError("no first line")
                return len(data)
            try:
                self.content = msgspec.json.decode(line, type=Content)
            except msgspec.MsgspecError as error:
                raise OSError("no first line") from error
            self._dump.write(rest)
        else:
            self._dump.write(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        try:
            self._dump.close()
        except OSError:  # pg_restore has ended before: its exit status says so
            return
