"""A base backup and PostgreSQL's own log after it, restored to a moment: all of it, or nothing is there."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
from pyrage import x25519

from jiedui.backups.copy import Base, read_base
from jiedui.backups.errors import BackupRefused
from jiedui.backups.pieces import SIZE, Piece, number_of
from jiedui.backups.taking import counted
from jiedui.backups.way import put_back, way_from
from jiedui.clock import SHANGHAI
from jiedui.i18n import N_, say
from jiedui.launcher.errors import ServerError
from jiedui.launcher.postgres import MAJOR
from jiedui.launcher.recovery import RecoveryFailed, recover
from jiedui.settings import place_of_secret
from jiedui.store import keys

_LAST = re.compile(r"last completed transaction was at log time (\S+ \S+)")


@dataclass(frozen=True)
class Moment:
    """How far to go: not past `until`; to the end of the copy `alone`; to where rows were counted."""

    until: datetime | None = None
    alone: bool = False
    trial: bool = False
    timeline: int | None = None
    """The newest there is, unless said."""


@dataclass(frozen=True)
class Recovered:
    """What came back, and of when its last change is."""

    at: datetime
    rows: dict[str, int]


def bring_back(
    environ: Mapping[str, str],
    data_dir: Path,
    path: Path,
    key: x25519.Identity,
    moment: Moment,
    tell: Callable[[str], None] = lambda _: None,
) -> Recovered:
    """Into a data folder that holds no cluster. What is not given as a moment goes as far as the log.

    Raises BackupRefused, WrongSecret, ServerError; nothing is there then.
    """
    tell(N_("Reading the whole backup"))
    base = read_base(path, key)
    _refuse_unfit(environ, path, base, moment)
    assert base.content.wal is not None  # noqa: S101 -- for the type checker: it is a base backup
    own = int(base.included[:8], 16)
    way = way_from(
        path.parent, base.content.wal.system, base.included, base.counted.segment, key,
        own if moment.trial or moment.alone else moment.timeline,
    )  # fmt: skip
    pieces = [] if moment.alone else way.pieces[: way.least] if moment.trial else way.pieces
    hole = BackupRefused(_MISSING, name=way.missing, folder=path.parent) if way.missing else None
    if hole and not (moment.until or moment.alone or (moment.trial and len(pieces) == way.least)):
        raise hole

    def fill(cluster: Path, log: Path) -> None:
        nonlocal hole
        tell(N_("Unpacking"))
        try:
            put_back([*way.histories, *pieces], path.parent, key, log)
        except BackupRefused as damaged:
            if not moment.until:
                raise
            hole = damaged
        read_base(path, key, cluster)
        tell(N_("Replaying what was written after it"))

    try:
        return recover(
            data_dir,
            fill,
            {"recovery_target_timeline": str(way.timeline), **_target(base, moment)},
            lambda url: asyncio.run(_look(url, environ, base, moment, pieces)),
        )
    except RecoveryFailed as failed:
        last = _LAST.search(failed.params["words"])
        if not moment.until or not last:
            raise
        raise BackupRefused(
            _TOO_FAR,
            until=moment.until.astimezone(SHANGHAI),
            last=datetime.fromisoformat(last[1].replace(" UTC", "+00:00")).astimezone(SHANGHAI),
            why=say(hole.msgid, **hole.params) if hole else "",
        ) from failed


_MISSING = N_(
    "{name} is missing among the pieces of the log in {folder}. Put it there; without it, go to a moment "
    "before it (--until) or restore the backup --alone."
)
_TOO_FAR = N_(
    "The last change in this log is of {last:%Y-%m-%d %H:%M:%S}, and {until:%Y-%m-%d %H:%M:%S} is later. "
    "Leave --until out, or name an earlier moment. {why}"
)


def _refuse_unfit(environ: Mapping[str, str], path: Path, base: Base, moment: Moment) -> None:
    if base.content.secret != keys.fingerprint():
        raise keys.WrongSecret(
            place=place_of_secret(environ), print=f" ({base.content.secret} ≠ {keys.fingerprint()})"
        )
    if base.content.postgres // 10000 != int(MAJOR):
        raise ServerError(
            N_("{path} is a copy of PostgreSQL {found}, and this release brings {brought}. Restore it with "
               "the release that made it"),
            path=path, found=base.content.postgres // 10000, brought=MAJOR,
        )  # fmt: skip
    if moment.until and moment.until < base.counted.ended_at:
        raise BackupRefused(
            N_("{path} was finished on {at:%Y-%m-%d %H:%M:%S}, after that moment: take an older one."),
            path=path, at=base.counted.ended_at.astimezone(SHANGHAI),
        )  # fmt: skip


def _target(base: Base, moment: Moment) -> dict[str, str]:
    if moment.trial:
        return {"recovery_target_name": base.counted.point}
    if moment.alone:
        return {"recovery_target": "immediate"}
    return {"recovery_target_time": moment.until.isoformat()} if moment.until else {}


async def _look(
    url: str, environ: Mapping[str, str], base: Base, moment: Moment, pieces: list[Piece]
) -> Recovered:
    """Before it gets its name: whether the whole log was read, whose secret it is, what it holds."""
    connection = await asyncpg.connect(url)
    try:
        reached = await connection.fetchval("SELECT pg_last_wal_replay_lsn() - '0/0'")
        to_its_end = moment == Moment(timeline=moment.timeline) and pieces
        if to_its_end and reached <= number_of(pieces[-1].name) * SIZE:
            raise BackupRefused(
                N_(
                    "PostgreSQL could not read the log to its end, {path}: go to an earlier moment (--until)."
                ),
                path=pieces[-1].file,
            )
        await keys.require_fitting(connection, place_of_secret(environ))
        rows = await counted(connection)
        for name in rows if moment.trial else ():
            if rows[name] != base.counted.rows.get(name):
                raise BackupRefused(N_("{table} came back with another number of rows."), table=name)
        at = await connection.fetchval("SELECT pg_last_xact_replay_timestamp()")
        return Recovered(at or base.counted.ended_at, rows)
    finally:
        await connection.close()
