"""One piece of PostgreSQL's own log, the WAL, sealed: its name, and what is in it.

All pieces lie flat beside the backups, for whatever carries files away may know no folders. A name has the
cluster's own number in it, so that two counties' pieces never meet.
"""

import io
import re
import zlib
from pathlib import Path

import msgspec
from pyrage import x25519

from jiedui.backups import sealing
from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_

SIZE = 16 * 2**20
_FILE = re.compile(r"wal-(\d+)-([0-9A-F]{24}|[0-9A-F]{8}\.history)\.age")


class Piece(msgspec.Struct, frozen=True):
    """What a sealed piece says of itself in its first line."""

    system: str
    name: str

    @property
    def file(self) -> str:
        """Its file's name."""
        return f"wal-{self.system}-{self.name}.age"

    @property
    def is_log(self) -> bool:
        """Not the history of a timeline."""
        return len(self.name) == 24


def pieces_in(folder: Path) -> dict[Piece, Path]:
    """By their names, in the order of these."""
    files = ((_FILE.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    return {Piece(found[1], found[2]): path for found, path in files if found}


def number_of(name: str) -> int:
    """Which piece of the whole log this is, on whatever timeline."""
    return int(name[8:16], 16) * (2**32 // SIZE) + int(name[16:], 16)


def sealed(piece: Piece, plain: bytes, path: Path, keys: list[x25519.Recipient]) -> None:
    """Write a piece. Raises OSError."""
    sealing.seal(io.BytesIO(msgspec.json.encode(piece) + b"\n" + zlib.compress(plain)), path, keys)


def unsealed(piece: Piece, path: Path, key: x25519.Identity) -> bytes:
    """A piece as PostgreSQL wrote it. Raises BackupRefused for what is damaged or another piece."""
    opened = io.BytesIO()
    sealing.unseal(path, key, opened)
    line, _, packed = opened.getvalue().partition(b"\n")
    try:
        found = msgspec.json.decode(line, type=Piece)
        inflate = zlib.decompressobj()
        plain = inflate.decompress(packed, SIZE + 1)
    except (msgspec.MsgspecError, zlib.error):
        raise BackupRefused(N_("{path} holds no piece of PostgreSQL's log."), path=path) from None
    if found != piece or not inflate.eof:
        raise BackupRefused(N_("{path} holds another piece of the log than its name says."), path=path)
    return plain
