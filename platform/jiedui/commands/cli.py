"""The `jiedui` command: every verb is one service call.

Exit status: 0 done, 1 refused with a sentence on stderr, 2 wrong usage.
"""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import click

from jiedui.actor import STAFF_ROLES
from jiedui.clock import today, utc_now
from jiedui.errors import DomainError, Refused, Unavailable
from jiedui.i18n import N_, say
from jiedui.launcher.processes import ServersGone, run_tree
from jiedui.launcher.servers import Servers, servers_for
from jiedui.policies.force import in_force
from jiedui.settings import SettingsError, load, port_of

_PATH = click.Path(path_type=Path)
_PATIENCE_SECONDS = 5


def main() -> None:
    """Run the command; anything a person should know ends as one sentence on stderr."""
    try:
        cli(standalone_mode=True)
    except DomainError as refusal:
        click.echo(say(refusal.msgid, **refusal.params), err=True)
        sys.exit(1)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except _ACCIDENTS as error:
        click.echo(say(_CUT_SHORT, words=str(error) or type(error).__name__), err=True)
        sys.exit(1)


_ACCIDENTS = (
    OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError
)  # fmt: skip
"""A full disk, a server that went away: nobody's mistake, and no half-done work is kept."""
_CUT_SHORT = N_("Cut short: {words}. Nothing half-done was kept; please run the same command again.")


def _readable(context: click.Context, option: click.Parameter, path: Path) -> Path:
    if not path.is_file():
        raise Refused(N_("There is no file {path}."), path=path)
    return path


def _writable(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Refused at once, not after the work whose result could not be kept."""
    if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise Refused(N_("{path} cannot be written: name a file in a folder that is there."), path=path)
    return path


@click.group(help=__doc__)
@click.version_option(package_name="jiedui")
def cli() -> None:
    pass


@cli.command()
def migrate() -> None:
    """Bring the database to this version."""

    async def done() -> None:
        click.echo(say(N_("The database is up to date.")))

    inside(done)


def _ledger_command(kind: str, help_text: str) -> click.Group:
    @click.group(name=kind, help=help_text)
    def group() -> None:
        pass

    @group.command("import", help=f"Read FILE into the {kind}.")
    @click.argument("file", type=_PATH, callback=_readable)
    @click.option("--dry-run", is_flag=True, help="Read and report; change nothing.")
    @click.option("--report", type=_PATH, callback=_writable, help="Write the report as JSON.")
    def import_(file: Path, dry_run: bool, report: Path | None) -> None:
        async def run() -> None:
            from jiedui.actor import Actor
            from jiedui.commands.terminal import import_watched, print_import

            result = await import_watched(Actor.system(), kind, file, dry_run=dry_run)
            if report:
                _write(report, result.report.as_data())
            print_import(result, dry_run=dry_run)

        inside(run)

    return group


cli.add_command(_ledger_command("regions", "The region tree."))
cli.add_command(_ledger_command("households", "The households' ledger."))
cli.add_command(_ledger_command("volunteers", "The volunteers' ledger."))


@cli.group("round", help="Pairing rounds.")
def round_() -> None:
    pass


@round_.command("run")
@click.option("--region", required=True, help="The area's 12-digit code.")
@click.option("--on", "dated", type=click.DateTime(["%Y-%m-%d"]), help="The round's day; today by default.")
@click.option("--policy", help="The name of a policy; the one in force by default.")
@click.option("--publish", is_flag=True, help="Publish the plan: proposals go out to the volunteers.")
@click.option("--json", "out", type=_PATH, callback=_writable, help="Write the plan as JSON.")
def run_round(
    region: str, dated: datetime | None, policy: str | None, publish: bool, out: Path | None
) -> None:
    """Pair volunteers with the households of an area."""

    async def run() -> None:
        from jiedui.actor import Actor
        from jiedui.commands.terminal import print_plan, run_plan_watched
        from jiedui.plans.document import plan_document
        from jiedui.rounds.publication import publish_round

        actor = Actor.system()
        round_id, plan_id = await run_plan_watched(actor, region, _day(dated), policy or in_force().name)
        document = await plan_document(actor, plan_id)
        if out:
            _write(out, document)
        print_plan(document)
        if publish:
            pairs = await publish_round(actor, round_id, plan_id, utc_now())
            click.echo(say(N_("Published: {n} proposals are on their way to the volunteers."), n=pairs))
        click.echo(say(N_("Round {id}"), id=round_id))

    inside(run)


@round_.command("show")
@click.argument("round_id", metavar="ROUND", type=click.UUID)
@click.option("--json", "out", type=_PATH, callback=_writable, help="Write the plan as JSON.")
def show_round(round_id: Any, out: Path | None) -> None:
    """Show the newest plan of a round (the published one, once there is one)."""

    async def run() -> None:
        from jiedui.actor import Actor
        from jiedui.commands.terminal import print_plan
        from jiedui.plans.document import plan_document
        from jiedui.rounds.service import plan_to_show

        document = await plan_document(Actor.system(), await plan_to_show(Actor.system(), round_id))
        if out:
            _write(out, document)
        print_plan(document)

    inside(run)


@cli.command("account")
@click.argument("login")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True)
@click.option("--region", required=True, help="The area's 12-digit code; 000000000000 is the whole country.")
@click.option("--name", required=True, help="The person's name, as colleagues see it.")
@click.password_option("--passphrase", prompt="Passphrase", help="At least 12 characters.")
def add_account(login: str, role: str, region: str, name: str, passphrase: str) -> None:
    """Let a member of staff log in as LOGIN."""

    async def run() -> None:
        from jiedui.accounts.staff import add_staff
        from jiedui.actor import Actor

        await add_staff(
            Actor.system(),
            role=role,
            login=login,
            passphrase=passphrase,
            name=name,
            region_code=region,
            now=utc_now(),
        )
        click.echo(say(N_("{name} can log in as {login}."), name=name, login=login))

    inside(run)


@cli.command()
@click.option("--once", is_flag=True, help="Prepare and print the summary, then end.")
def demo(once: bool) -> None:
    """The demonstration county: import, run its round, serve."""
    os.environ["JIEDUI_DEMO"] = "1"
    from jiedui.commands.demo import hold_clock, prepare

    if not once:
        _refuse_taken_port()
    hold_clock(_data_dir(), os.environ)
    if once:
        inside(prepare)
    else:
        _serve_all(prepare)


@cli.command()
def serve() -> None:
    """The web server and a worker, with the embedded servers where none are given."""
    _serve_all(_nothing)


@cli.command()
def worker() -> None:
    """One more worker."""

    def work(servers: Servers) -> None:
        from jiedui.worker import main as work_on

        work_on()

    inside(_nothing, then=work)


@cli.command()
def doctor() -> None:
    """What is configured, reachable and out of date."""
    from jiedui.commands.doctor import examine

    with _servers():
        healthy = asyncio.run(examine(click.echo))
    sys.exit(0 if healthy else 1)


def inside(work: Callable[[], Awaitable[None]], then: Callable[[Servers], None] | None = None) -> None:
    """Run `work` with servers, a migrated database and a pool; then `then`, while the servers still run."""

    async def run() -> None:
        await _reach_database()
        from jiedui.commands.migrate import migrate as bring_up_to_date
        from jiedui.store.piccolo_conf import DB

        await bring_up_to_date(utc_now())
        await DB.start_connection_pool(min_size=0, max_size=5)
        try:
            await work()
        finally:
            await DB.close_connection_pool()

    with _servers(lasting=then is not None) as servers:
        asyncio.run(run())
        if then is not None:
            then(servers)


async def _nothing() -> None:
    pass


async def _reach_database() -> None:
    """One clear sentence, before Piccolo, which warns about the same at length."""
    try:
        connection = await asyncpg.connect(os.environ["DATABASE_URL"], timeout=_PATIENCE_SECONDS)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        words = str(error) or type(error).__name__
        raise Unavailable(N_("PostgreSQL does not answer at DATABASE_URL: {words}"), words=words) from error
    await connection.close()


def _data_dir() -> Path:
    return Path(os.environ.get("JIEDUI_DATA") or ".data").absolute()


@contextlib.contextmanager
def _servers(*, lasting: bool = False) -> Iterator[Servers]:
    """The servers, with their addresses put where every process of ours reads them."""
    data_dir = _data_dir()
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    with servers_for(os.environ, data_dir, lasting=lasting) as servers:
        os.environ["DATABASE_URL"] = servers.database_url
        os.environ["REDIS_URL"] = servers.redis_url
        os.environ["JIEDUI_DATA"] = str(data_dir)
        try:
            load(os.environ)  # a bad value is told now, whichever command reads it later
            in_force()
            yield servers
        finally:
            os.environ.update(given)


def _serve_all(prepare: Callable[[], Awaitable[None]]) -> None:
    """Serve until told to stop; should a server of ours die, everything is started again."""
    _refuse_taken_port()
    while True:
        try:
            inside(prepare, then=_tree)
        except ServersGone as gone:
            click.echo(say(gone.msgid), err=True)
            prepare = _nothing
        else:
            return


def _refuse_taken_port() -> None:
    """Web servers share a port without a word (SO_REUSEPORT): each would get some of the other's requests."""
    host, port = os.environ.get("JIEDUI_HOST") or "127.0.0.1", port_of(os.environ)
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise Unavailable(
                N_("Port {port} cannot be used: {words}. Set JIEDUI_PORT to another number."),
                port=port,
                words=error.strerror or str(error),
            ) from error


def _tree(servers: Servers) -> None:
    click.echo(say(N_("Open {url} in a browser. Ctrl-C ends everything."), url=load(os.environ).public_url))
    run_tree(
        {
            "web": [sys.executable, "-m", "jiedui.web.server"],
            "worker": [sys.executable, "-m", "jiedui.worker"],
        },
        os.environ,
        servers.all_alive,
    )


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _day(given: datetime | None) -> date:
    return given.date() if given else today(utc_now())
