"""A county on a data folder of its own, served and worked on by processes that can be killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from commands import JIEDUI, PATIENCE, answers, environment, held_clock, living, wait_until

from jiedui.launcher.servers import running_servers

QUEUE = """
import asyncio, sys
from datetime import date
from jiedui.actor import Actor
from jiedui.clock import utc_now
from jiedui.store.piccolo_conf import DB
from jiedui.rounds.service import open_round, queue_plan

async def main():
    await DB.start_connection_pool()
    region, dated = sys.argv[1], date.fromisoformat(sys.argv[2])
    round_id = await open_round(Actor.system(), region, dated, "standard", utc_now())
    print(round_id, await queue_plan(Actor.system(), round_id, utc_now()))

asyncio.run(main())
"""


class County:
    """The prepared folder: its queries, its processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def ask(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a query, on a connection of its own."""
        servers = running_servers(self.folder)
        assert servers is not None, "the servers do not run"

        async def rows() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(servers.database_url, timeout=PATIENCE)
            try:
                return [dict(row) for row in await connection.fetch(query, *values)]
            finally:
                await connection.close()

        return asyncio.run(rows())

    def one(self, query: str, *values: object) -> Any:
        """The first value of a query's first row."""
        return next(iter(self.ask(query, *values)[0].values()))

    def written(self, table: str) -> bool:
        """Whether somebody is inside a transaction that writes to a table."""
        query = "SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND mode = 'RowExclusiveLock'"
        return bool(self.one(query, table))

    def queue(self, region: str, dated: str) -> tuple[str, str]:
        """Open a round and queue a plan of it: their ids."""
        found = self.python(QUEUE, region, dated).communicate(timeout=PATIENCE)[0]
        round_id, plan_id = found.decode().split()
        return round_id, plan_id

    def python(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """A process of the product's own code on this folder's servers."""
        servers = running_servers(self.folder)
        assert servers is not None, "the servers do not run"
        addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, **held_clock()}
        return subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            env=environment(self.folder, **addresses),
            stdout=subprocess.PIPE,
        )

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """`jiedui worker`, which the block has to end."""
        with (
            (self.folder / "worker.log").open("ab") as log,
            subprocess.Popen(
                [*JIEDUI, "worker"], env=environment(self.folder), stdout=log, stderr=log
            ) as process,
        ):
            yield process

    @contextmanager
    def served(self, **also: str) -> Iterator[subprocess.Popen[bytes]]:
        """`jiedui serve`, up and answering; told to stop at the end, unless it was killed."""
        with (self.folder / "serve.log").open("ab") as log:
            process = subprocess.Popen(
                [*JIEDUI, "serve"],
                env=environment(self.folder, JIEDUI_PORT=str(self.port), **also),
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(self.answers)
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def answers(self) -> bool:
        """Whether the site shows its front page."""
        return answers(f"http://127.0.0.1:{self.port}/login")

    def kill(self, command: str) -> int:
        """Kill -9 the oldest process of this folder whose command says so: its number."""
        pid = min(pid for pid, words in living(self.folder) if command in words)
        os.kill(pid, signal.SIGKILL)
        return pid
