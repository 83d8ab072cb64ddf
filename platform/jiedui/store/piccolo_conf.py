"""Piccolo's configuration: the engine, from DATABASE_URL alone."""

import os

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

from jiedui.clock import shift


class _Engine(PostgresEngine):
    """Asks the server nothing when it is made: importing a rule must not need one."""

    async def check_version(self) -> None:
        """Piccolo would connect, only to warn about releases older than any that our migrations run on."""


DB = _Engine(
    config={
        "dsn": os.environ["DATABASE_URL"],
        # The walls of the database live by the same clock.
        "server_settings": {"jiedui.clock_shift": str(int(shift().total_seconds()))},
    }
)
APP_REGISTRY = AppRegistry(apps=["jiedui.store.piccolo_app"])
