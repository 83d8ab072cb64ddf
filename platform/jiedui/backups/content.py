"""What a backup holds: one line that says what it is, then PostgreSQL's own dump.

The line counts the rows of every table in the snapshot that was dumped, so that whoever reads the dump back
can say whether it is whole.
"""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
from pyrage import x25519

from jiedui.backups import sealing
from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_
from jiedui.launcher.postgres import binaries

_LONGEST_LINE = 1_000_000
_COPY = re.compile(rb'COPY public\."?(\w+)"? .*FROM stdin;\n')


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


def first_line(content: Content) -> bytes:
    """The line that the dump follows."""
    return msgspec.json.encode(content) + b"\n"


def read_whole(path: Path, key: x25519.Identity, give: Callable[[bytes], object] | None = None) -> Content:
    """Read a backup to its end: what it says of itself, once every row it counts has been met.

    `give` gets the dump as SQL, line by line. Raises BackupRefused for anything that is not whole.
    """
    found: dict[str, int] = {}
    with _as_sql(path, key) as (said, lines):
        table = ""
        for line in lines:
            if give is not None:
                give(line)
            if table:
                if line == b"\\.\n":
                    table = ""
                else:
                    found[table] += 1
            elif begun := _COPY.fullmatch(line):
                table = begun[1].decode()
                found[table] = 0
        content = said()
    wrong = sorted(name for name in content.rows | found if content.rows.get(name) != found.get(name))
    if wrong:
        raise BackupRefused(
            N_("{path} is not whole: it counts other rows than it holds ({tables})."),
            path=path, tables=", ".join(wrong[:10]),
        )  # fmt: skip
    return content


@contextmanager
def _as_sql(path: Path, key: x25519.Identity) -> Iterator[tuple[Callable[[], Content], Iterator[bytes]]]:
    """Two things run beside the reader: one unseals, pg_restore turns what it gets into SQL."""
    command = [str(binaries() / "pg_restore"), "--no-owner", "--no-privileges", "--file=-"]
    with subprocess.Popen(  # noqa: S603 -- our own binary
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None  # noqa: S101 -- for the type checker
        assert process.stdout is not None  # noqa: S101
        splitter = _Splitter(process.stdin)
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

        def said() -> Content:
            feeding.join()
            refused = next((error for error in failed if isinstance(error, BackupRefused)), None)
            if refused:
                raise refused
            if splitter.content is None or process.wait() != 0 or failed:
                raise BackupRefused(N_("{path} holds no dump that can be read."), path=path)
            return splitter.content

        try:
            yield said, iter(process.stdout)
        finally:
            process.kill()


class _Splitter:
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
                if len(self._head) > _LONGEST_LINE:
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
