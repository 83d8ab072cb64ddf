"""Backups are files of the age format (age-encryption.org/v1): any age program opens one with the right key.

Each is sealed for two keys. The operator's opens it anywhere; its private half is never needed here. This
machine's own lies in the data folder and lets it read back and try what it has taken.
"""

import io
import os
from pathlib import Path
from typing import BinaryIO

import pyrage
from pyrage import x25519

from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_

OWN_KEY = "backup-own-key"


def make_key(path: Path) -> str:
    """A new private key in a new file for its owner alone; says the public one. Raises BackupRefused."""
    key = x25519.Identity.generate()
    text = f"# public key: {key.to_public()}\n{key}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupRefused(N_("{path} is there already: a key is never overwritten."), path=path) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
    return str(key.to_public())


def read_key(path: Path) -> x25519.Identity:
    """The private key in a file. Raises BackupRefused."""
    try:
        lines = path.read_text("utf-8").splitlines()
        (line,) = [line for line in lines if line.strip() and not line.startswith("#")]
        return x25519.Identity.from_str(line.strip())
    except (ValueError, pyrage.IdentityError):
        raise BackupRefused(N_("{path} holds no private key (AGE-SECRET-KEY-…)."), path=path) from None


def own_key(data_dir: Path) -> x25519.Identity:
    """This machine's own, made when first asked for."""
    path = data_dir / OWN_KEY
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_key(path)
    return read_key(path)


def public_key(text: str) -> x25519.Recipient:
    """The operator's. Raises BackupRefused for what is none."""
    try:
        return x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise BackupRefused(
            N_("backup_key is {text!r}, which is no public key (age1…): jiedui backup-key FILE makes one"),
            text=text[:80],
        ) from None


def seal(plain: io.BufferedIOBase, path: Path, keys: list[x25519.Recipient]) -> None:
    """Everything that can be read, sealed, in a new file that is closed to others and safe on the disk.

    Raises OSError (a full disk) and whatever reading raises.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sealed:
        reading, writing = _Errors(plain), _Errors(sealed)
        try:
            pyrage.encrypt_io(reading, writing, keys)
        except (pyrage.EncryptError, OSError) as error:
            raise reading.error or writing.error or error from error
        sealed.flush()
        os.fsync(sealed.fileno())


def unseal(path: Path, key: x25519.Identity, plain: BinaryIO) -> None:
    """The whole of a sealed file, piece by piece; each piece is proven before it is given on.

    Raises BackupRefused for a damaged or cut file and for a key it was not sealed for, OSError of `plain`'s.
    """
    kept = _Errors(plain)
    try:
        with path.open("rb") as sealed:
            pyrage.decrypt_io(sealed, kept, [key])
    except (pyrage.DecryptError, OSError) as error:
        if kept.error is not None:
            raise kept.error from error
        raise BackupRefused(
            N_("{path} cannot be opened: it is damaged, cut off, no backup, or sealed for another key."),
            path=path,
        ) from error


class _Errors(io.RawIOBase):
    """Remembers what went wrong on our side, which age would report as its own."""

    def __init__(self, ours: BinaryIO | io.BufferedIOBase) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self._ours = ours

    def read(self, size: int = -1) -> bytes:
        try:
            return self._ours.read(size)
        except BaseException as error:
            self.error = error
            raise

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            self._ours.write(data)
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        self._ours.flush()
