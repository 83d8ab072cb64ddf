"""Servers of the tests' own for the first test that asks for them, and a clean database for every test."""

import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis
from xdist.scheduler import LoadScopeScheduling

from jiedui.launcher.servers import Servers, embedded_servers

KEPT = {"JIEDUI_CHROMIUM"}
PROCESSES = re.compile(r"tests/(browser/|chaos/|integration/test_(launcher|cli_together))")

# Nothing is judged by its time: that is the machine's. A test's folder may serve all its examples.
settings.register_profile(
    "usual", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.register_profile("full", settings.get_profile("usual"), max_examples=1000)
settings.load_profile("full" if os.environ.get("FULL") == "1" else "usual")


def pytest_configure(config: pytest.Config) -> None:
    """Importing the product needs addresses, and never may they be some from outside."""
    # A shell in the background makes its children ignore Ctrl-C, nohup a closed window; tests need both back.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    folder = tempfile.TemporaryDirectory(prefix="jiedui-test-")
    config.add_cleanup(folder.cleanup)
    for name in [name for name in os.environ if name.startswith("JIEDUI_") and name not in KEPT]:
        del os.environ[name]
    os.environ |= {
        "DATABASE_URL": "postgresql:///?host=/this/test/asks/for/no/servers",
        "REDIS_URL": "unix:///this/test/asks/for/no/servers",
        "JIEDUI_DATA": folder.name,
        "JIEDUI_SECRET": "only for tests, only for tests, only for tests",
        "PICCOLO_CONF": "jiedui.store.piccolo_conf",
    }


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """A file stays with one worker; so do, from the start, all that kill processes of the product."""

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "processes" if PROCESSES.match(nodeid) else nodeid.split("::", maxsplit=1)[0]

    config.option.loadscopereorder = False  # the largest files are not the slowest
    return ByFile(config, log)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The addresses of the embedded servers that all tests of this process share."""
    with embedded_servers(Path(os.environ["JIEDUI_DATA"]), durable=False) as servers:
        os.environ |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        from jiedui.store.piccolo_conf import DB

        DB.config["dsn"] = servers.database_url  # may have been imported before there was one
        yield servers


@pytest_asyncio.fixture(scope="session")
async def database(servers: Servers) -> AsyncIterator[None]:
    """The schema of this version and a started pool."""
    from jiedui.commands.migrate import migrate
    from jiedui.store.piccolo_conf import DB

    await migrate(datetime.now(UTC))
    # The walls of the database judge by the day of the tests, not by the machine's; what hangs is named.
    await DB.start_connection_pool(
        server_settings={"jiedui.today": "2026-11-01", "statement_timeout": "300s"}
    )
    # Most tests commit nothing: a planner that looked at what they leave would take all tables for empty.
    for row in await DB._run_in_new_connection("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        await DB._run_in_new_connection(f'ALTER TABLE "{row["tablename"]}" SET (autovacuum_enabled = false)')
    yield
    await DB.close_connection_pool()


@pytest_asyncio.fixture
async def db(database: None) -> AsyncIterator[None]:
    """Everything the test writes is rolled back; the product's own transactions join this one."""
    from jiedui.store.piccolo_conf import DB

    async with DB.transaction() as transaction:
        yield
        await transaction.rollback()


@pytest_asyncio.fixture
async def clean_db(database: None) -> AsyncIterator[None]:
    """For races and processes, which need real commits: every table is emptied afterwards."""
    yield
    from jiedui.policies.service import store_packs
    from jiedui.store.piccolo_conf import DB

    rows = await DB._run_in_new_connection(
        "SELECT string_agg(quote_ident(tablename), ', ') AS names FROM pg_tables "
        "WHERE schemaname = 'public' AND tablename <> 'migration'"
    )
    await DB._run_in_new_connection(f"TRUNCATE {rows[0]['names']} RESTART IDENTITY")
    await store_packs(datetime.now(UTC))


@pytest_asyncio.fixture(loop_scope="session")
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """The Redis of the tests, empty before and after."""
    client = Redis.from_url(servers.redis_url)
    await client.flushdb()
    yield client
    await client.flushdb()
    await client.aclose()
