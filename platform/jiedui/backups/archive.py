"""PostgreSQL's own log as it is archived: sealed, carried away, and removed once no backup needs it."""

import fcntl
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyrage import x25519

from jiedui.backups import sealing
from jiedui.backups.content import opens_with
from jiedui.backups.errors import BackupRefused
from jiedui.backups.pieces import Piece, pieces_in, sealed, unsealed
from jiedui.backups.taking import hand_on, operators_key, taken_in
from jiedui.i18n import N_
from jiedui.launcher.place import Place
from jiedui.launcher.postgres import Postgres
from jiedui.settings import data_dir_of

_WORTH_KEEPING = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
_PATIENCE_SECONDS = 300
_NOT_CARRIED = ".waiting"
"""Behind a piece's name: an empty file that stays until the piece was carried away."""


def waiting(data_dir: Path) -> list[Path]:
    """What PostgreSQL has archived and nobody has sealed yet, in its order."""
    archive = _postgres(data_dir).archive
    return sorted(path for path in archive.glob("*") if not path.name.startswith("archtemp."))


def not_carried(folder: Path) -> list[Path]:
    """The pieces that backup_then has not taken yet."""
    return sorted(mark.with_suffix("") for mark in folder.glob(f"wal-*{_NOT_CARRIED}"))


def seal_waiting(environ: Mapping[str, str], folder: Path) -> None:
    """Seal what was archived; each piece is read back before its plain copy goes.

    Raises BackupRefused and OSError (a full disk); what is not sealed yet is kept.
    """
    data_dir = data_dir_of(environ)
    with _alone(data_dir, "sealing"):
        keys = [sealing.public_key(operators_key(environ)), sealing.own_key(data_dir).to_public()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for plain in waiting(data_dir):
            # Beside the log, PostgreSQL notes where copies began, and at a restore what it had not finished.
            if _WORTH_KEEPING.fullmatch(plain.name):
                piece = Piece(_system(data_dir), plain.name)
                _seal(
                    plain,
                    folder,
                    piece,
                    keys,
                    sealing.own_key(data_dir),
                    mark=bool(environ.get("JIEDUI_BACKUP_THEN")),
                )
            plain.unlink()


def carry_waiting(environ: Mapping[str, str], folder: Path) -> None:
    """Run backup_then on what it has not taken yet. Raises BackupRefused; the piece is tried again."""
    with _alone(data_dir_of(environ), "carrying"):
        for path in not_carried(folder):
            if command := environ.get("JIEDUI_BACKUP_THEN"):
                hand_on(command, path)
            _mark(path).unlink(missing_ok=True)


def seal_up_to(environ: Mapping[str, str], folder: Path, name: str) -> None:
    """Wait for PostgreSQL to archive a piece that is full, and seal it. Raises BackupRefused."""
    path = folder / Piece(_system(data_dir_of(environ)), name).file
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        seal_waiting(environ, folder)
        if path.exists():
            return
        if time.monotonic() > deadline:
            raise BackupRefused(
                N_("PostgreSQL does not archive its log; its words are in {log}."),
                log=_postgres(data_dir_of(environ)).place.log,
            )
        time.sleep(0.1)


def forget_unneeded(folder: Path, own: x25519.Identity) -> int:
    """Remove the pieces that no backup in the folder needs; how many."""
    needed: dict[str, str] = {}
    for _, path in taken_in(folder):
        try:
            begins = opens_with(path, own).wal
        except BackupRefused:  # sealed by a machine before this one: nobody knows what it needs
            return 0
        if begins:
            needed[begins.system] = min(begins.segment[8:], needed.get(begins.system, "g"))
    old = [
        path
        for piece, path in pieces_in(folder).items()
        if piece.is_log and (piece.system not in needed or piece.name[8:] < needed[piece.system])
    ]
    for path in old:
        path.unlink()
        _mark(path).unlink(missing_ok=True)
    return len(old)


def _seal(
    plain: Path,
    folder: Path,
    piece: Piece,
    keys: list[x25519.Recipient],
    own: x25519.Identity,
    *,
    mark: bool,
) -> None:
    content, path = plain.read_bytes(), folder / piece.file
    if path.exists():  # killed before the plain copy went
        if unsealed(piece, path, own) != content:
            raise BackupRefused(N_("{path} is there already and holds something else."), path=path)
        return
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    try:
        sealed(piece, content, partial, keys)
        if unsealed(piece, partial, own) != content:
            raise BackupRefused(N_("{path} did not read back as it was written."), path=partial)
        if mark:
            _mark(path).touch(mode=0o600)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Names, too, outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mark(path: Path) -> Path:
    return path.with_name(path.name + _NOT_CARRIED)


def _postgres(data_dir: Path) -> Postgres:
    return Postgres(Place(data_dir / "postgres"))


def _system(data_dir: Path) -> str:
    """The cluster's own number, the first thing in its control file."""
    control = (_postgres(data_dir).cluster / "global" / "pg_control").read_bytes()
    return str(int.from_bytes(control[:8], "little"))


@contextmanager
def _alone(data_dir: Path, what: str) -> Iterator[None]:
    """One process at a time: the service's and that of a backup by hand."""
    handle = Place(data_dir).lock(f"backup-{what}", fcntl.LOCK_EX)
    assert handle is not None  # noqa: S101 -- for the type checker: this lock waits
    try:
        yield
    finally:
        os.close(handle)
