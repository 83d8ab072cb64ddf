"""A base backup read: each file is held against PostgreSQL's own manifest, and perhaps put into a folder."""

import hashlib
import os
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec
from pyrage import x25519

from jiedui.backups.content import LONGEST_LINE, Content, Counted, feed
from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_

GZIP = 31
"""How zlib is told of a header, a checksum and an end."""
_MANIFEST = PurePosixPath("backup_manifest")
_LOG = PurePosixPath("pg_wal")


@dataclass(frozen=True)
class Base:
    """A base backup that was read whole."""

    content: Content
    counted: Counted
    included: str
    """The last piece of the log that lies in it."""


def read_base(path: Path, key: x25519.Identity, into: Path | None = None) -> Base:
    """Read a base backup to its end, and unpack it into an empty folder.

    Raises BackupRefused for anything that is not whole, once every file was held against its checksum.
    """
    reading, writing = os.pipe()
    packed = _Unpacking(os.fdopen(writing, "wb"))
    with os.fdopen(reading, "rb") as copy:
        fed = feed(path, key, packed)  # type: ignore[arg-type]
        try:
            files = _files(copy, into)
        except (tarfile.TarError, _NotOurs):
            files = {}
    content = fed()
    try:
        end = msgspec.json.decode(packed.tail, type=Counted)
    except msgspec.MsgspecError:
        end = None
    log = [name.name for name in files if _is_piece(name)]
    if not (content and content.wal and end and log and _as_listed(files)):
        raise BackupRefused(N_("{path} holds no base backup that is whole."), path=path)
    return Base(whole(content, end), end, max(log))


def whole(content: Content, end: Counted) -> Content:
    """What both lines say."""
    return msgspec.structs.replace(content, rows=end.rows, counted=end)


class _NotOurs(Exception):
    """A name or a kind of file that no base backup has."""


def _files(copy: IO[bytes], into: Path | None) -> dict[PurePosixPath, tuple[int, str, bytes]]:
    """Size, SHA-256 and, of the manifest, content of each file; read to the end of the copy."""
    found: dict[PurePosixPath, tuple[int, str, bytes]] = {}
    with tarfile.open(fileobj=copy, mode="r|") as files:
        for member in files:
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts or not (member.isreg() or member.isdir()):
                raise _NotOurs
            if member.isdir():
                if into:
                    (into / name).mkdir(mode=0o700, exist_ok=True)
                continue
            plain = files.extractfile(member)
            assert plain is not None  # noqa: S101 -- for the type checker: it is a file
            digest, kept = hashlib.sha256(), b""
            with (into / name if into else Path(os.devnull)).open("wb") as file:
                while block := plain.read(2**20):
                    digest.update(block)
                    file.write(block)
                    kept += block if name == _MANIFEST else b""
            found[name] = member.size, digest.hexdigest(), kept
    while copy.read(2**20):
        pass
    return found


def _as_listed(files: dict[PurePosixPath, tuple[int, str, bytes]]) -> bool:
    """Whether the files are those of the manifest, which leaves out the log's pieces and itself."""
    _, _, manifest = files.get(_MANIFEST, (0, "", b""))
    try:
        listed = msgspec.json.decode(manifest)["Files"]
        wanted = {PurePosixPath(file["Path"]): (file["Size"], file["Checksum"]) for file in listed}
    except (msgspec.MsgspecError, KeyError, TypeError):
        return False
    return wanted == {
        name: (size, digest)
        for name, (size, digest, _) in files.items()
        if name != _MANIFEST and not _is_piece(name)
    }


def _is_piece(name: PurePosixPath) -> bool:
    return name.parent == _LOG and len(name.name) == 24


class _Unpacking:
    """Unpacks into a pipe, and keeps the line that follows."""

    def __init__(self, to: IO[bytes]) -> None:
        self.tail = b""
        self._to = to
        self._inflate = zlib.decompressobj(wbits=GZIP)

    def write(self, data: bytes) -> int:
        try:
            if self._inflate.eof:
                self.tail += data
            else:
                self._to.write(self._inflate.decompress(data))
                self.tail += self._inflate.unused_data
        except zlib.error as error:
            raise OSError("nothing packed") from error
        if len(self.tail) > LONGEST_LINE:
            raise OSError("no last line")
        return len(data)

    def close(self) -> None:
        self._to.close()
