"""Taking a backup: dumped from one snapshot, sealed while it is written, read back, and only then named."""

import asyncio
import re
import shlex
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import asyncpg

from jiedui.backups import sealing
from jiedui.backups.content import Content, first_line
from jiedui.backups.dump import read_whole
from jiedui.backups.errors import BackupRefused
from jiedui.backups.streams import Pieces, output_of
from jiedui.clock import SHANGHAI
from jiedui.i18n import N_
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


Stream = Callable[[Mapping[str, str], Path, list[Any], datetime], Awaitable[Content]]


async def take(
    environ: Mapping[str, str],
    folder: Path,
    now: datetime,
    tell: Callable[[str], None] = lambda _: None,
    stream: Stream | None = None,
    read: Callable[[Path, Any], Content] = read_whole,
) -> Taken:
    """A backup of the database in the environment, sealed for the operator's key and this machine's own.

    Nothing half written bears a backup's name. Raises BackupRefused, OSError (a full disk).
    """
    operators = sealing.public_key(operators_key(environ))
    own = sealing.own_key(data_dir_of(environ))
    path, partial = _place(folder, now)
    try:
        tell(N_("Copying and sealing") if stream else N_("Dumping and sealing"))
        content = await (stream or _dump)(environ, partial, [operators, own.to_public()], now)
        tell(N_("Reading it back"))
        if await asyncio.to_thread(read, partial, own) != content:
            raise BackupRefused(N_("{path} did not read back as it was written."), path=partial)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return Taken(path, path.stat().st_size, sum(content.rows.values()), len(content.rows))


def folder_of(environ: Mapping[str, str]) -> Path:
    """Where backups lie."""
    return Path(environ.get("JIEDUI_BACKUP_FOLDER") or data_dir_of(environ) / "backups").absolute()


def taken_in(folder: Path) -> list[tuple[datetime, Path]]:
    """The backups in a folder, the oldest first."""
    names = ((NAME.fullmatch(path.name), path) for path in (folder.iterdir() if folder.is_dir() else ()))
    return sorted(
        (datetime.strptime(name[1], "%Y%m%dT%H%M%S").replace(tzinfo=SHANGHAI), path)
        for name, path in names
        if name
    )


def forget_old(folder: Path, days: int, now: datetime) -> list[Path]:
    """Remove the backups that are older than so many days, never the newest; and what a killed one left."""
    old = [path for at, path in taken_in(folder)[:-1] if at < now - timedelta(days=days)]
    yesterday = (now - timedelta(days=1)).timestamp()
    left = [path for path in folder.glob("jiedui-*.partial") if path.stat().st_mtime < yesterday]
    for path in old + left:
        path.unlink()
    return old


def hand_on(command: str, path: Path) -> None:
    """Run the operator's command on a backup, `{file}` being its path. Raises BackupRefused if it fails."""
    try:
        words = [word.replace("{file}", str(path)) for word in shlex.split(command)]
    except ValueError as error:
        raise BackupRefused(N_("backup_then is not understood: {reason}"), reason=error) from None
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 -- the operator's own
    if done.returncode != 0:
        raise BackupRefused(
            N_("{path} was made, but backup_then failed ({status}): {words}"),
            path=path, status=done.returncode, words=done.stderr.strip()[-300:],
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


async def _dump(environ: Mapping[str, str], path: Path, recipients: list[Any], now: datetime) -> Content:
    connection = await asyncpg.connect(environ["DATABASE_URL"])
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            content = await about(connection, now, rows=await counted(connection))
            dump = ["pg_dump", "--format=custom", f"--snapshot={snapshot}"]
            pieces = chain([first_line(content)], output_of(dump, environ))
            await asyncio.to_thread(sealing.seal, Pieces(pieces), path, recipients)
    finally:
        await connection.close()
    return content


async def about(connection: Any, now: datetime, **also: Any) -> Content:
    """What a backup that begins now says of itself; the secret is that of the connection's snapshot."""
    known = await keys.in_force(connection)
    return Content(
        taken_at=now,
        product=version("jiedui"),
        postgres=int(await connection.fetchval("SHOW server_version_num")),
        secret=known[0] if known else keys.fingerprint(),
        **also,
    )


async def counted(connection: Any) -> dict[str, int]:
    """The rows of every table."""
    tables = [row["tablename"] for row in await connection.fetch(_TABLES)]
    return {
        name: await connection.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608 -- its own names
        for name in tables
    }
