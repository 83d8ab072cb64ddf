"""What every command works in: servers, a database that is the county's, and its secret.

Only a command that is told so (--new) begins a county; one that looks in the wrong place makes nothing there.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import click
from redis.asyncio import Redis
from redis.exceptions import RedisError

from jiedui import log
from jiedui.clock import utc_now
from jiedui.commands.waiting import patiently
from jiedui.errors import Refused, Unavailable
from jiedui.i18n import N_
from jiedui.launcher.errors import NoData
from jiedui.launcher.servers import Servers, servers_for
from jiedui.policies.force import in_force
from jiedui.settings import addresses, data_dir_of, load, log_file_of, make_secret, place_of_secret, told_by

_PATIENCE_SECONDS = 5
_NEW = "jiedui.new"


class Command(click.Command):
    """A command that may begin a county, and does not do so unasked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--new"],
                is_flag=True,
                expose_value=False,
                callback=_note,
                help=N_("Begin an empty county if none is kept here yet."),
            )
        )


class Group(click.Group):
    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:
        """Raises Refused where something was asked and there is nobody to answer."""
        try:
            return super().invoke(ctx)
        except click.Abort as abort:
            if sys.stdin.isatty():
                raise
            click.echo(err=True)  # the question stands on this line
            raise Refused(
                N_("This command asks something, and nobody is there to answer. Say it in the command "
                   "(--passphrase, --yes: --help lists what there is), and run it again.")
            ) from abort  # fmt: skip


def _note(context: click.Context, option: click.Parameter, new: bool) -> None:
    context.meta[_NEW] = new


def may_begin() -> None:
    """This command may begin a county without being told."""
    click.get_current_context().meta[_NEW] = True


def told_new() -> bool:
    """Whether this command may begin a county."""
    return bool(click.get_current_context().meta.get(_NEW))


def inside(work: Callable[[], Awaitable[None]], then: Callable[[Servers], None] | None = None) -> None:
    """Run `work` with servers, a migrated database and a pool; then `then`, while the servers still run.

    What goes on with `then` is a service: it waits for servers that were given and do not answer yet.
    """

    async def run() -> None:
        from jiedui.commands.migrate import migrate as bring_up_to_date
        from jiedui.store.piccolo_conf import DB

        await bring_up_to_date(utc_now())
        await DB.start_connection_pool(max_size=5)
        try:
            await work()
        finally:
            await DB.close_connection_pool()

    if then is not None:
        log.begin_aloud(log_file_of(os.environ))
    waits = then is not None and bool(os.environ.get("DATABASE_URL"))
    with servers(lasting=then is not None) as found:
        patiently(lambda: asyncio.run(run()), waits=waits)  # it may have gone again since it was looked at
        if then is not None:
            then(found)


async def _ask_redis() -> None:
    client = Redis.from_url(
        os.environ["REDIS_URL"], socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
    )
    try:
        await client.ping()
    except (OSError, ValueError, RedisError) as error:
        words = str(error) or type(error).__name__
        raise Unavailable(N_("Redis or Valkey does not answer at REDIS_URL: {words}"), words=words) from error
    finally:
        await client.aclose()


async def look_at(new: bool) -> None:
    """One sentence where it does not answer, holds nothing, has another secret or is a later release's."""
    try:
        connection = await asyncpg.connect(os.environ["DATABASE_URL"], timeout=_PATIENCE_SECONDS)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        words = str(error) or type(error).__name__
        raise Unavailable(N_("PostgreSQL does not answer at DATABASE_URL: {words}"), words=words) from error
    try:
        if await connection.fetchval("SELECT to_regclass('migration')"):
            from jiedui.store import keys, releases

            await keys.require_fitting(connection, place_of_secret(os.environ))
            await releases.require_known(connection)
        elif new:
            make_secret(os.environ)
        else:
            where = await connection.fetchval("SELECT current_database()")
            raise NoData(place=f"PostgreSQL: {where}", settings=told_by(os.environ))
    finally:
        await connection.close()


@contextlib.contextmanager
def servers(*, lasting: bool = False, look: bool = True) -> Iterator[Servers]:
    """The servers, with their addresses put where every process of ours reads them.

    Unless nobody shall `look`, the database is one that this command may work on.
    """
    new = told_new()
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    with servers_for(os.environ, data_dir_of(os.environ), lasting=lasting, new=new) as found:
        os.environ["DATABASE_URL"] = found.database_url
        os.environ["REDIS_URL"] = found.redis_url
        try:
            addresses(os.environ)
            if look:
                waits = lasting and bool(given["DATABASE_URL"])
                patiently(lambda: asyncio.run(look_at(new)), waits=waits)
            if lasting:
                patiently(lambda: asyncio.run(_ask_redis()), waits=bool(given["REDIS_URL"]))
            load(os.environ)  # a bad value is told now, whichever command reads it later
            in_force()
            yield found
        finally:
            os.environ.update(given)
