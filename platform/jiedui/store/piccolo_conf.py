"""Piccolo's configuration: the engine, from DATABASE_URL alone."""

import os
from typing import Any

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

from jiedui.clock import shift
from jiedui.store.keys import connect


class _Engine(PostgresEngine):
    """Asks the server nothing when it is made: importing a rule must not need one."""

    async def check_version(self) -> None:
        """Piccolo would connect, only to warn about releases older than any that our migrations run on."""

    async def start_connection_pool(self, **kwargs: Any) -> None:
        """A pool that connects when it is asked: who starts while the server is away waits like who runs."""
        await super().start_connection_pool(**{"min_size": 0, "connect": connect, **kwargs})

    async def get_new_connection(self) -> Any:
        return await connect(**self.config)


DB = _Engine(
    config={
        "dsn": os.environ["DATABASE_URL"],
        "timeout": 10,  # seconds until who does not take a connection counts as away
        # The walls of the database live by the same clock.
        "server_settings": {"jiedui.clock_shift": str(int(shift().total_seconds()))},
    }
)
APP_REGISTRY = AppRegistry(apps=["jiedui.store.piccolo_app"])
