"""Servers of the tests' own, started before any test module is read, and a clean database for every test."""

import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from jiedui.launcher.servers import Servers, embedded_servers

STARTED = pytest.StashKey[Servers]()
KEPT = {"JIEDUI_CHROMIUM"}


def pytest_collection(session: pytest.Session) -> None:
    """Importing the product's engine needs the database's address, and never may it be one from outside."""
    # A shell in the background makes its children ignore Ctrl-C, nohup a closed window; tests need both back.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    stack = ExitStack()
    session.config.add_cleanup(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jiedui-test-")))
    servers = stack.enter_context(embedded_servers(folder, durable=False))
    for name in [name for name in os.environ if name.startswith("JIEDUI_") and name not in KEPT]:
        del os.environ[name]
    os.environ |= {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "JIEDUI_DATA": str(folder),
        "JIEDUI_SECRET": "only for tests, only for tests, only for tests",
        "PICCOLO_CONF": "jiedui.store.piccolo_conf",
    }
    session.config.stash[STARTED] = servers


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """The addresses of the embedded servers that all tests share."""
    return pytestconfig.stash[STARTED]


@pytest_asyncio.fixture(scope="session")
async def database(servers: Servers) -> AsyncIterator[None]:
    """The schema of this version and a started pool."""
    from jiedui.commands.migrate import migrate
    from jiedui.store.piccolo_conf import DB

    await migrate(datetime.now(UTC))
    # The walls of the database judge by the day of the tests, not by that of the machine.
    await DB.start_connection_pool(server_settings={"jiedui.today": "2026-11-01"})
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
    from jiedui.policies.service import store_standard
    from jiedui.store.piccolo_conf import DB

    rows = await DB._run_in_new_connection(
        "SELECT string_agg(quote_ident(tablename), ', ') AS names FROM pg_tables "
        "WHERE schemaname = 'public' AND tablename <> 'migration'"
    )
    await DB._run_in_new_connection(f"TRUNCATE {rows[0]['names']} RESTART IDENTITY")
    await store_standard(datetime.now(UTC))


@pytest_asyncio.fixture(loop_scope="session")
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """The Redis of the tests, empty before and after."""
    client = Redis.from_url(servers.redis_url)
    await client.flushdb()
    yield client
    await client.flushdb()
    await client.aclose()
