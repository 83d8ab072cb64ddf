"""Taking a backup: dumped from one snapshot, sealed while it is written, read back, and only then named."""

import asyncio
import io
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, BinaryIO

import asyncpg

from jiedui.backups import sealing
from jiedui.backups.content import Content, first_line, read_whole
from jiedui.backups.errors import BackupRefused
from jiedui.clock import SHANGHAI
from jiedui.i18n import N_
from jiedui.launcher.postgres import binaries
from jiedui.launcher.tools import tool_environment
from jiedui.settings import data_dir_of
from jiedui.store import keys

NAME = re.compile(r"jiedui-(\d{8}T\d{6})\.age")
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@dataclass(frozen=True)
class Taken:
    """A backup that was read back whole."""

    path: Path
    size: int
    rows: int
    tables: int


async def take(
    environ: Mapping[str, str], folder: Path, now: datetime, tell: Callable[[str], None] = lambda _: None
) -> Taken:
    """A backup of the database in the environment, sealed for the operator's key and this machine's own.

    Nothing half written bears a backup's name. Raises BackupRefused, OSError (a full disk).
    """
    operators = sealing.public_key(operators_key(environ))
    own = sealing.own_key(data_dir_of(environ))
    path, partial = _place(folder, now)
    try:
        tell(N_("Dumping and sealing"))
        with _closed_to_others(partial) as sealed:
            content = await _dump(environ, sealed, [operators, own.to_public()], now)
            sealed.flush()
            os.fsync(sealed.fileno())
        tell(N_("Reading it back"))
        if await asyncio.to_thread(read_whole, partial, own) != content:
            raise BackupRefused(N_("{path} did not read back as it was written."), path=partial)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return Taken(path, path.stat().st_size, sum(content.rows.values()), len(content.rows))


def taken_in(folder: Path) -> list[tuple[datetime, Path]]:
    """The backups in a folder, the oldest first."""
    names = ((NAME.fullmatch(path.name), path) for path in (folder.iterdir() if folder.is_dir() else ()))
    return sorted(
        (datetime.strptime(name[1], "%Y%m%dT%H%M%S").replace(tzinfo=SHANGHAI), path)
        for name, path in names
        if name
    )


def forget_old(folder: Path, days: int, now: datetime) -> list[Path]:
    """Remove the backups that are older than so many days, never the newest."""
    old = [path for at, path in taken_in(folder)[:-1] if at < now - timedelta(days=days)]
    for path in old:
        path.unlink()
    return old


def hand_on(command: str, path: Path) -> None:
    """Run the operator's command on a backup, `{file}` being its path. Raises BackupRefused if it fails."""
    words = [word.replace("{file}", str(path)) for word in shlex.split(command)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 -- the operator's own
    if done.returncode != 0:
        raise BackupRefused(
            N_("The backup was taken, but backup_then failed ({status}): {words}"),
            status=done.returncode, words=done.stderr.strip()[-300:],
        )  # fmt: skip


def _place(folder: Path, now: datetime) -> tuple[Path, Path]:
    """The backup's name and the one it has while it is written."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"jiedui-{now.astimezone(SHANGHAI):%Y%m%dT%H%M%S}.age"
    if path.exists():
        raise BackupRefused(N_("{path} is there already: wait a second."), path=path)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    return path, partial


def _closed_to_others(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def operators_key(environ: Mapping[str, str]) -> str:
    """The public key that backups are sealed for. Raises BackupRefused where none is set."""
    if not (text := environ.get("JIEDUI_BACKUP_KEY")):
        raise BackupRefused(
            N_(
                "A backup is sealed for a key of yours. Make one with: jiedui backup-key FILE, keep FILE "
                "away from this machine, and write the line it prints into jiedui.toml"
            )
        )
    return text


async def _dump(
    environ: Mapping[str, str], sealed: BinaryIO, recipients: list[Any], now: datetime
) -> Content:
    connection = await asyncpg.connect(environ["DATABASE_URL"])
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            known = await keys.in_force(connection)  # of this snapshot, whatever happens to it meanwhile
            tables = [row["tablename"] for row in await connection.fetch(_TABLES)]
            content = Content(
                taken_at=now,
                product=version("jiedui"),
                postgres=int(await connection.fetchval("SHOW server_version_num")),
                secret=known[0] if known else keys.fingerprint(),
                rows={
                    name: await connection.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608 -- its own names
                    for name in tables
                },
            )
            await asyncio.to_thread(_stream, environ, snapshot, first_line(content), sealed, recipients)
    finally:
        await connection.close()
    return content


def _stream(
    environ: Mapping[str, str], snapshot: str, line: bytes, sealed: BinaryIO, recipients: list[Any]
) -> None:
    """The line and pg_dump's output of a snapshot, sealed as they come."""
    command = [str(binaries() / "pg_dump"), "--format=custom", f"--snapshot={snapshot}"]
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(  # noqa: S603 -- our own binary
            command,
            env=tool_environment(environ, environ["DATABASE_URL"]),
            stdout=subprocess.PIPE,
            stderr=words,
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 -- for the type checker
        sealing.seal(_Following(line, process.stdout), sealed, recipients)
        if process.wait() != 0:
            words.seek(0)
            raise BackupRefused(
                N_("pg_dump failed: {words}"), words=words.read().decode(errors="replace").strip()[-300:]
            )


class _Following(io.BytesIO):
    """A line, then all that comes out of a pipe."""

    def __init__(self, line: bytes, pipe: IO[bytes]) -> None:
        super().__init__()
        self._line = line
        self._pipe = pipe

    def read(self, size: int | None = -1) -> bytes:
        size = -1 if size is None else size
        if self._line:
            given = self._line if size < 0 else self._line[:size]
            self._line = self._line[len(given) :]
            return given
        return self._pipe.read(size)
