"""Backups on the command line: what each step is called, where backups lie, and how a trial is run."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from jiedui.backups import archive, base, recovering, restoring, sealing, taking
from jiedui.backups.content import opens_with
from jiedui.backups.errors import BackupRefused
from jiedui.backups.recovering import Moment
from jiedui.backups.taking import folder_of
from jiedui.clock import SHANGHAI
from jiedui.i18n import N_, say
from jiedui.launcher.errors import NoData
from jiedui.launcher.servers import embedded_servers
from jiedui.settings import SettingsError, data_dir_of, point_in_time, told_by

Tell = Callable[[str], None]


async def back_up(environ: Mapping[str, str], now: datetime, tell: Tell) -> None:
    """Take one, forget the old, carry it away where the operator says so."""
    days = _days(environ)
    folder = folder_of(environ)
    archived = point_in_time(environ)
    take = base.take if archived else taking.take
    taken = await take(environ, folder, now, lambda step: tell(f"{say(step)} …"))
    tell(
        say(
            N_("{path}: {rows} rows of {tables} tables, {size:.1f} MB, read back whole."),
            path=taken.path,
            rows=taken.rows,
            tables=taken.tables,
            size=taken.size / 1e6,
        )
    )
    if old := taking.forget_old(folder, days, now):
        tell(say(N_("Removed, older than {days} days: {n}."), days=days, n=len(old)))
    if n := archive.forget_unneeded(folder, sealing.own_key(data_dir_of(environ))):
        tell(say(N_("Removed, needed by no backup: {n} pieces of the log."), n=n))
    if command := environ.get("JIEDUI_BACKUP_THEN"):
        taking.hand_on(command, taken.path)
        tell(say(N_("Carried away: {command}"), command=command))
    if archived:
        archive.carry_waiting(environ, folder)


def restore(
    environ: Mapping[str, str], file: Path, key_file: Path, moment: Moment, *, new: bool, tell: Tell
) -> bool:
    """Restore a base backup with the operator's key; False for a dump, for which servers have to run."""
    key = sealing.read_key(key_file)
    if opens_with(file, key).wal is None:
        if moment != Moment():
            raise BackupRefused(N_("{file} is a dump: it holds one moment only."), file=file)
        return False
    if environ.get("DATABASE_URL"):
        raise BackupRefused(
            N_(
                "{file} is a copy of the PostgreSQL that jiedui brings: leave database_url out to restore it."
            ),
            file=file,
        )
    if not new:
        raise NoData(place=data_dir_of(environ), settings=told_by(environ))
    came = recovering.bring_back(
        environ, data_dir_of(environ), file, key, moment, lambda step: tell(f"{say(step)} …")
    )
    tell(
        say(
            N_("Restored: {rows} rows of {tables} tables, the last change of {at:%Y-%m-%d %H:%M:%S}."),
            rows=sum(came.rows.values()),
            tables=len(came.rows),
            at=came.at.astimezone(SHANGHAI),
        )
    )
    return True


async def bring_back(environ: Mapping[str, str], file: Path, key_file: Path, tell: Tell) -> None:
    """Restore a dump with the operator's key."""
    key = sealing.read_key(key_file)
    content = await restoring.restore(environ, file, key, lambda step: tell(f"{say(step)} …"))
    tell(
        say(
            N_("Restored: {rows} rows of {tables} tables, as they were on {at:%Y-%m-%d %H:%M}."),
            rows=sum(content.rows.values()),
            tables=len(content.rows),
            at=content.taken_at.astimezone(SHANGHAI),
        )
    )


def drill(environ: Mapping[str, str], tell: Tell) -> None:
    """Restore the newest backup into servers of its own, forgotten afterwards. Raises BackupRefused."""
    folder = folder_of(environ)
    taken = taking.taken_in(folder)
    if not taken:
        raise BackupRefused(N_("There is no backup in {folder}."), folder=folder)
    at, file = taken[-1]
    key, began = sealing.own_key(data_dir_of(environ)), time.monotonic()

    def step(words: str) -> None:
        tell(f"{say(words)} …")

    with tempfile.TemporaryDirectory(prefix="jiedui-drill-") as scratch:
        if opens_with(file, key).wal:
            rows = recovering.bring_back(environ, Path(scratch), file, key, Moment(trial=True), step).rows
        else:
            with embedded_servers(Path(scratch)) as servers:
                there = {**environ, "DATABASE_URL": servers.database_url}
                rows = asyncio.run(restoring.restore(there, file, key, step)).rows
    tell(
        say(
            N_("{file}, taken {at:%Y-%m-%d %H:%M}: {rows} rows came back, the secret fits; {seconds:.0f} s."),
            file=file.name,
            at=at,
            rows=sum(rows.values()),
            seconds=time.monotonic() - began,
        )
    )


def _days(environ: Mapping[str, str]) -> int:
    value = environ.get("JIEDUI_BACKUP_DAYS") or "30"
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 100_000:
        raise SettingsError(
            N_("{name} is {value!r}: write a number of days"), name="JIEDUI_BACKUP_DAYS", value=value
        )
    return int(value)
