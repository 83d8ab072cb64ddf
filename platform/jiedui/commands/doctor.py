"""What is configured, reachable and out of date, one line each."""

import os
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from jiedui.errors import DomainError
from jiedui.i18n import N_, say
from jiedui.policies.force import in_force
from jiedui.settings import Settings, load, place_of_secret
from jiedui.store import keys

_ENOUGH_DISK = 2 * 1024**3
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


async def _database(settings: Settings) -> tuple[str, bool]:
    connection = await asyncpg.connect(settings.database_url, timeout=5)
    try:
        return str(await connection.fetchval("SHOW server_version")), True
    finally:
        await connection.close()


async def _migrations(settings: Settings) -> tuple[str, bool]:
    await _database(settings)  # Piccolo would warn of the same at length
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
    connection = await asyncpg.connect(settings.database_url, timeout=5)
    try:
        await keys.require_fitting(connection, place)
    finally:
        await connection.close()
    return say(N_("{fingerprint}, in {place}"), fingerprint=keys.fingerprint(), place=place), True


async def _policy(settings: Settings) -> tuple[str, bool]:
    pack = in_force()
    connection = await asyncpg.connect(settings.database_url, timeout=5)
    try:
        stored = await connection.fetchval(
            "SELECT count(*) FROM policy_pack WHERE name = $1 AND version = $2", pack.name, pack.version
        )
        ranks = await connection.fetchval(
            "SELECT array_agg(severity(code) ORDER BY place) FROM unnest($1::text[]) WITH ORDINALITY"
            " AS colour (code, place)", list(pack.colours),
        )  # fmt: skip
        strange = await connection.fetchval(
            "SELECT count(*) FROM household WHERE active AND colour <> ALL ($1::text[])", list(pack.colours)
        )
    finally:
        await connection.close()
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
    connection = await asyncpg.connect(settings.database_url, timeout=5)
    try:
        late = await connection.fetchval(
            "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"
            " AND greatest(run_after, coalesce(lease_until, run_after)) < $1",
            datetime.now(UTC) - timedelta(minutes=1),
        )
        failed = await connection.fetchval("SELECT count(*) FROM job WHERE state = 'failed'")
    finally:
        await connection.close()
    return say(
        N_("{late} jobs wait longer than a minute, {failed} have failed"), late=late, failed=failed
    ), not late


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
    (N_("Work waiting"), _worker),
    (N_("Disk"), _disk),
)
