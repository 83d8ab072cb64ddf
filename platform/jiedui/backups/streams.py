"""What flows into a backup, piece by piece: nothing of it is ever whole in memory."""

import io
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_
from jiedui.launcher.postgres import binaries
from jiedui.launcher.tools import tool_environment

_BLOCK = 2**16


def output_of(command: list[str], environ: Mapping[str, str]) -> Iterator[bytes]:
    """What one of PostgreSQL's own programs writes. Raises BackupRefused, once it failed, with its words."""
    program, *arguments = command
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(  # noqa: S603 -- our own binary
            [str(binaries() / program), *arguments],
            env=tool_environment(environ, environ["DATABASE_URL"]),
            stdout=subprocess.PIPE,
            stderr=words,
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 -- for the type checker
        yield from iter(partial(process.stdout.read, _BLOCK), b"")
        if process.wait() != 0:
            words.seek(0)
            said = words.readline().decode(errors="replace").strip()[:300]  # what follows are its details
            raise BackupRefused(N_("{program} failed: {words}"), program=program, words=said)


class Pieces(io.BufferedIOBase):
    """Pieces of bytes as a file to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int | None = -1) -> bytes:
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return b""
        size = len(self._rest) if size is None or size < 0 else size
        given, self._rest = self._rest[:size], self._rest[size:]
        return given
