"""Restoring: a backup is read whole before anything is written, and then all of it is restored or nothing."""

import asyncio
import contextlib
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import asyncpg
from pyrage import x25519

from jiedui.backups.content import Content
from jiedui.backups.dump import read_whole
from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_
from jiedui.launcher.errors import ServerError
from jiedui.launcher.postgres import MAJOR, binaries
from jiedui.launcher.tools import tool_environment
from jiedui.settings import place_of_secret
from jiedui.store import keys

OLDEST = 15
"""The oldest major version of a given PostgreSQL that the product is tried with."""
_SINCE_17 = b"SET transaction_timeout = 0;\n"
_OF_ONE_SERVER = re.compile(rb"ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \(pg_attver=\d+\);\n")
"""What newly patched servers note for themselves and others refuse; a pg_dump from before copies it."""


async def restore(
    environ: Mapping[str, str], path: Path, key: x25519.Identity, tell: Callable[[str], None] = lambda _: None
) -> Content:
    """Into the empty database in the environment, whose secret must be the backup's.

    Raises BackupRefused, WrongSecret, ServerError; the database is then as empty as it was, unless the
    sentence is that a table came back otherwise than it was counted.
    """
    tell(N_("Reading the whole backup"))
    content = await asyncio.to_thread(read_whole, path, key)
    if content.secret != keys.fingerprint():
        raise keys.WrongSecret(
            place=place_of_secret(environ), print=f" ({content.secret} ≠ {keys.fingerprint()})"
        )
    major = await _refuse_unfit(environ, content)
    tell(N_("Restoring"))
    await asyncio.to_thread(_write, environ, path, key, major)
    await _compare(environ, content)
    return content


async def _refuse_unfit(environ: Mapping[str, str], content: Content) -> int:
    """The server's major version, once it is known to take this backup."""
    connection = await asyncpg.connect(environ["DATABASE_URL"])
    try:
        major = int(await connection.fetchval("SHOW server_version_num")) // 10000
        if await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"):
            raise BackupRefused(
                N_("This database is not empty: a backup is restored into an empty one only.")
            )
    finally:
        await connection.close()
    if not OLDEST <= major <= int(MAJOR):
        raise ServerError(
            N_("PostgreSQL {found} is not supported: {oldest} to {newest} are."),
            found=major, oldest=OLDEST, newest=MAJOR,
        )  # fmt: skip
    return major


def understood(line: bytes, major: int) -> bool:
    """Whether a server of this major version takes a line of the dump's SQL; no row needs one it does not."""
    return (line != _SINCE_17 or major >= 17) and not _OF_ONE_SERVER.fullmatch(line)


def _write(environ: Mapping[str, str], path: Path, key: x25519.Identity, major: int) -> None:
    """The SQL through psql, in one transaction, committed once the backup was read to its end again."""
    command = [str(binaries() / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with (
        tempfile.TemporaryFile() as words,
        subprocess.Popen(  # noqa: S603 -- our own binary
            command, env=tool_environment(environ, environ["DATABASE_URL"]),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words,
        ) as process,
    ):  # fmt: skip
        assert process.stdin is not None  # noqa: S101 -- for the type checker
        give = process.stdin.write
        try:
            give(b"BEGIN;\n")
            read_whole(path, key, lambda line: understood(line, major) and give(line))
            give(b"COMMIT;\n")
            process.stdin.close()
        except BrokenPipeError:  # it stopped at an error, which its own words tell
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        if process.wait() != 0:
            words.seek(0)
            said = words.read().decode(errors="replace").strip().splitlines()
            raise BackupRefused(N_("PostgreSQL refused the backup: {words}"), words=(said or ["?"])[0][:300])


async def _compare(environ: Mapping[str, str], content: Content) -> None:
    connection = await asyncpg.connect(environ["DATABASE_URL"])
    try:
        for name, rows in content.rows.items():
            if await connection.fetchval(f'SELECT count(*) FROM "{name}"') != rows:  # noqa: S608 -- its own names
                raise BackupRefused(N_("{table} came back with another number of rows."), table=name)
    finally:
        await connection.close()
