"""PostgreSQL's own dump in a backup, read to its end: each row that is counted must be met."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyrage import x25519

from jiedui.backups.content import Content, feed
from jiedui.backups.errors import BackupRefused
from jiedui.i18n import N_
from jiedui.launcher.postgres import binaries

_TABLE = re.compile(rb'COPY public\."?(\w+)"? .*FROM stdin;\n')


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
            elif begun := _TABLE.fullmatch(line):
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
        fed = feed(path, key, process.stdin)

        def said() -> Content:
            content = fed()
            if content is None or process.wait() != 0:
                raise BackupRefused(N_("{path} holds no dump that can be read."), path=path)
            return content

        try:
            yield said, iter(process.stdout)
        finally:
            process.kill()
