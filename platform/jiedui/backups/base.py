"""A base backup taken: the cluster as PostgreSQL copies it, and rows counted at one place of its log.

Rows can only be counted once the copy has ended: a first line, the packed copy, a last line.
"""

import asyncio
import random
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from jiedui.backups import archive, sealing, taking
from jiedui.backups.content import Content, Counted, Wal, first_line
from jiedui.backups.copy import GZIP, read_base, whole
from jiedui.backups.errors import BackupRefused
from jiedui.backups.streams import Pieces, output_of
from jiedui.backups.taking import Taken, about, counted
from jiedui.i18n import N_

_PATIENCE_SECONDS = 300
_COPY = [
    "pg_basebackup", "--format=tar", "--pgdata=-", "--wal-method=fetch", "--checkpoint=fast",
    "--manifest-checksums=SHA256", "--no-password",
]  # fmt: skip


async def take(
    environ: Mapping[str, str], folder: Path, now: datetime, tell: Callable[[str], None] = lambda _: None
) -> Taken:
    """A base backup, and beside it the log up to where rows were counted. As taking.take."""
    return await taking.take(
        environ, folder, now, tell, _stream_to(folder), lambda path, key: read_base(path, key).content
    )


def _stream_to(folder: Path) -> taking.Stream:
    async def stream(environ: Mapping[str, str], path: Path, recipients: list[Any], now: datetime) -> Content:
        connection = await asyncpg.connect(environ["DATABASE_URL"])
        try:
            if await connection.fetchval("SHOW archive_mode") != "on":
                raise BackupRefused(
                    N_("point_in_time is set, and PostgreSQL was started without it: restart the service.")
                )
            number = await connection.fetchval("SELECT (pg_control_system()).system_identifier")
            segment = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
            content = await about(connection, now, rows={}, format=2, wal=Wal(str(number), segment))
        finally:
            await connection.close()
        ends: list[Counted] = []

        def pieces() -> Iterator[bytes]:
            yield first_line(content)
            packing = zlib.compressobj(1, wbits=GZIP)
            for piece in output_of(_COPY, environ):
                yield packing.compress(piece)
            yield packing.flush()
            ends.append(asyncio.run(_counted(environ, f"jiedui {now.isoformat()}")))
            yield msgspec.json.encode(ends[0])

        await asyncio.to_thread(sealing.seal, Pieces(pieces()), path, recipients)
        await asyncio.to_thread(archive.seal_up_to, environ, folder, ends[0].segment)
        return whole(content, ends[0])

    return stream


async def _counted(environ: Mapping[str, str], point: str) -> Counted:
    """Rows, and the place in the log they belong to.

    While all tables are locked against writing, whoever has written has also left the log, so what is counted
    is what the log says up to there. Never waiting for a lock keeps others from waiting behind us.
    """
    connection = await asyncpg.connect(environ["DATABASE_URL"])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        ended_at = await connection.fetchval("SELECT clock_timestamp()")
        while True:
            try:
                async with connection.transaction():
                    await _lock_all(connection)
                    rows = await counted(connection)
                    segment = await connection.fetchval(
                        "SELECT pg_walfile_name(pg_create_restore_point($1))", point
                    )
                break
            except asyncpg.LockNotAvailableError:
                if time.monotonic() > deadline:
                    raise BackupRefused(
                        N_("Somebody wrote all the time, so rows could not be counted: try again later.")
                    ) from None
                await asyncio.sleep(random.uniform(0.02, 0.5))  # noqa: S311 -- no secret
        await connection.execute("SELECT pg_switch_wal()")
        return Counted(ended_at, point, segment, rows)
    finally:
        await connection.close()


async def _lock_all(connection: Any) -> None:
    names = await connection.fetchval(
        "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
    )
    await connection.execute(f"LOCK TABLE {names} IN SHARE MODE NOWAIT")
