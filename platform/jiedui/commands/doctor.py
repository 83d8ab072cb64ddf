"""What is configured, reachable and out of date, one line each."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from jiedui.backups import archive
from jiedui.backups.taking import folder_of, taken_in
from jiedui.clock import SHANGHAI, utc_now
from jiedui.errors import DomainError
from jiedui.i18n import N_, say
from jiedui.jobs.service import is_accident
from jiedui.notices.console import CHANNELS
from jiedui.notices.service import post_office
from jiedui.policies.force import in_force
from jiedui.settings import Settings, load, place_of_secret, point_in_time
from jiedui.store import keys, releases

_ENOUGH_DISK = 2 * 1024**3
_RECENT = timedelta(days=7)
_BACKUP_EVERY = timedelta(days=2)
_SEALED_WITHIN = timedelta(minutes=15)
_CLOCKS_APART = 5
"""Seconds: leases, codes and sessions of several hosts are judged by their own clocks."""
_FAULTS = (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError)


async def examine(tell: Callable[[str], None], told: str) -> bool:
    """Tell of every part whether it is well, and who `told` the settings; says whether all are well."""
    settings = load(os.environ)
    well = True
    title = say(N_("Settings"))
    tell(f"✓ {title}: {told}")
    for title, look in _LOOKS:
        try:
            words, fine = await look(settings)
        except DomainError as refusal:
            words, fine = say(refusal.msgid, **refusal.params), False
        except _FAULTS as error:
            words, fine = str(error) or type(error).__name__, False
        well = well and fine
        tell(f"{'✓' if fine else '✗'} {say(title)}: {words}")
    return well


Look = Callable[[Settings], Awaitable[tuple[str, bool]]]


async def _product(settings: Settings) -> tuple[str, bool]:
    mode = say(N_("demonstration")) if settings.demo else say(N_("production"))
    return f"jiedui {version('jiedui')}, {mode}, {settings.public_url}", True


@asynccontextmanager
async def _asked(settings: Settings) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(settings.database_url, timeout=5)
    try:
        yield connection
    finally:
        await connection.close()


async def _database(settings: Settings) -> tuple[str, bool]:
    async with _asked(settings) as database:
        return str(await database.fetchval("SHOW server_version")), True


async def _migrations(settings: Settings) -> tuple[str, bool]:
    async with _asked(settings) as database:  # also because Piccolo would warn of the same at length
        await releases.require_known(database)
    from piccolo.apps.migrations.commands.check import CheckMigrationManager

    from jiedui.store.piccolo_conf import DB  # noqa: F401 -- the manager finds the engine through it

    missing = [
        status
        for status in await CheckMigrationManager(app_name="jiedui").get_migration_statuses()
        if not status.has_ran
    ]
    return (
        say(N_("{n} missing: run jiedui migrate"), n=len(missing)) if missing else say(N_("up to date"))
    ), (not missing)


async def _key(settings: Settings) -> tuple[str, bool]:
    place = place_of_secret(os.environ)
    async with _asked(settings) as database:
        await keys.require_fitting(database, place)
        known = await keys.in_force(database)
    if known is None:  # of a database from before there were fingerprints
        return say(N_("{fingerprint}, in {place}"), fingerprint=keys.fingerprint(), place=place), True
    msgid = N_("{fingerprint}, in {place}, in force since {at:%Y-%m-%d %H:%M}")
    return say(msgid, fingerprint=known[0], place=place, at=known[1].astimezone(SHANGHAI)), True


async def _policy(settings: Settings) -> tuple[str, bool]:
    pack = in_force()
    async with _asked(settings) as database:
        stored = await database.fetchval(
            "SELECT count(*) FROM policy_pack WHERE name = $1 AND version = $2", pack.name, pack.version
        )
        ranks = await database.fetchval(
            "SELECT array_agg(severity(code) ORDER BY place) FROM unnest($1::text[]) WITH ORDINALITY"
            " AS colour (code, place)", list(pack.colours),
        )  # fmt: skip
        strange = await database.fetchval(
            "SELECT count(*) FROM household WHERE active AND colour <> ALL ($1::text[])", list(pack.colours)
        )
    said = f"{pack.name} {pack.version}"
    if not stored or ranks != list(range(1, len(pack.colour) + 1)):
        return say(N_("{policy} is not in the database yet: run jiedui migrate"), policy=said), False
    if strange:
        msgid = N_("{policy}; {n} families have a risk colour it does not know and count as its most urgent")
        return say(msgid, policy=said, n=strange), False
    return said, True


async def _redis(settings: Settings) -> tuple[str, bool]:
    client = Redis.from_url(settings.redis_url, socket_timeout=5)
    try:
        info = await client.info("server")
        policy = (await client.config_get("maxmemory-policy"))["maxmemory-policy"]
        return f"{info.get('valkey_version') or info['redis_version']}, {policy}", policy == "noeviction"
    finally:
        await client.aclose()


async def _worker(settings: Settings) -> tuple[str, bool]:
    now = datetime.now(UTC)
    async with _asked(settings) as database:
        late = await database.fetchval(
            "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"
            " AND greatest(run_after, coalesce(lease_until, run_after)) < $1",
            now - timedelta(minutes=1),
        )
        failed = await database.fetch(
            "SELECT kind, error FROM job WHERE state = 'failed' AND finished_at > $1", now - _RECENT
        )
    kinds = sorted({job["kind"] for job in failed if is_accident(job["error"])})
    words = say(N_("{late} jobs wait longer than a minute"), late=late)
    if kinds:
        msgid = N_("failed by accident in the last {days} days: {kinds}")
        words += "; " + say(msgid, days=_RECENT.days, kinds=", ".join(kinds))
    return words, not late and not kinds


async def _channels(settings: Settings) -> tuple[str, bool]:
    async with _asked(settings) as database:
        held = await database.fetchval(
            "SELECT count(*) FROM notice WHERE state = 'held' AND hold_reason = 'no_gateway'"
        )
    ways = post_office(settings, utc_now).channels
    words = ", ".join(say(CHANNELS[way]) for way in sorted(ways))
    if held:
        words += "; " + say(N_("{n} notices are held, for there is no gateway for their way"), n=held)
    return words, not held


async def _clock(settings: Settings) -> tuple[str, bool]:
    async with _asked(settings) as database:
        theirs = await database.fetchval("SELECT clock_timestamp()")
    apart = abs((theirs - datetime.now(UTC)).total_seconds())
    return say(N_("{seconds:.0f} s from the database's"), seconds=apart), apart < _CLOCKS_APART


async def _backups(settings: Settings) -> tuple[str, bool]:
    if settings.demo:
        return say(N_("none, for the people are made up")), True
    folder = folder_of(os.environ)
    async with _asked(settings) as database:
        began = await database.fetchval("SELECT min(ran_on) FROM migration")
    newest = max((at for at, _ in taken_in(folder)), default=None)
    # A county that began today has nothing to lose yet; from then on a night may be missed, not two.
    fine = (newest or began.astimezone()) > datetime.now(UTC) - _BACKUP_EVERY
    if newest is None:
        return say(N_("none in {folder} yet"), folder=folder), fine
    return say(N_("the newest is of {at:%Y-%m-%d %H:%M}, in {folder}"), at=newest, folder=folder), fine


async def _log(settings: Settings) -> tuple[str, bool]:
    if not point_in_time(os.environ):
        return say(N_("not kept: a backup is of the moment when it was taken")), True
    async with _asked(settings) as database:
        if await database.fetchval("SHOW archive_mode") != "on":
            return say(N_("PostgreSQL was started without point_in_time: restart the service")), False
        archiver = await database.fetchrow(
            "SELECT last_archived_time, last_failed_time > coalesce(last_archived_time, '-infinity') AS fails"
            " FROM pg_stat_archiver"
        )
    if archiver["fails"]:
        return say(N_("PostgreSQL does not archive it; its words are in postgres/log")), False
    late = datetime.now(UTC) - _SEALED_WITHIN
    waiting = [path for path in archive.waiting(settings.data_dir) if _written(path) < late]
    if waiting:
        return say(N_("{n} pieces wait to be sealed: is the service running?"), n=len(waiting)), False
    left = [path for path in archive.not_carried(folder_of(os.environ)) if _written(path) < late]
    if left:
        return say(N_("backup_then has not taken {n} pieces"), n=len(left)), False
    at = archiver["last_archived_time"]
    return (
        say(N_("archived up to {at:%Y-%m-%d %H:%M}"), at=at.astimezone(SHANGHAI)) if at else say(N_("begins"))
    ), True


def _written(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:  # sealed or carried away since it was listed
        return datetime.now(UTC)


async def _disk(settings: Settings) -> tuple[str, bool]:
    free = shutil.disk_usage(settings.data_dir).free
    return say(
        N_("{free:.1f} GB free in {folder}"), free=free / 1e9, folder=settings.data_dir
    ), free > _ENOUGH_DISK


_LOOKS: tuple[tuple[str, Look], ...] = (
    (N_("Product"), _product),
    (N_("PostgreSQL"), _database),
    (N_("Secret"), _key),
    (N_("Migrations"), _migrations),
    (N_("Policy"), _policy),
    (N_("Redis or Valkey"), _redis),
    (N_("Jobs"), _worker),
    (N_("Ways of telling"), _channels),
    (N_("Clock"), _clock),
    (N_("Backups"), _backups),
    (N_("Log for points in time"), _log),
    (N_("Disk"), _disk),
)
