"""The `jiedui` command: every verb is one service call.

Exit status: 0 done, 1 refused with a sentence on stderr, 2 wrong usage.
"""

import asyncio
import json
import logging
import os
import sys
import traceback
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import click

from jiedui import log
from jiedui.clock import SHANGHAI, today, utc_now
from jiedui.commands import staff
from jiedui.commands.inside import Group, inside, may_begin, servers, told_new
from jiedui.commands.rotating import rotate
from jiedui.commands.service import service
from jiedui.commands.serving import nothing, refuse_no_address, refuse_stopped, refuse_taken_port, serve_all
from jiedui.commands.spoken import speak
from jiedui.errors import DomainError, Refused
from jiedui.i18n import N_, say
from jiedui.launcher.errors import NoData
from jiedui.launcher.servers import Servers
from jiedui.policies.force import in_force
from jiedui.settings import ROOT, configure, data_dir_of, told_by
from jiedui.store.away import is_away
from jiedui.store.hindered import hindrance

_PATH = click.Path(path_type=Path)
_log = logging.getLogger("jiedui.command")


def main() -> None:
    """Run the command; what a person should know is one sentence on stderr, and in the log of who serves."""
    log.begin_aloud(None)
    try:
        configure(os.environ)
        speak(cli)
        try:
            cli(standalone_mode=True)
        except NoData as nothing:
            if not sys.stdin.isatty():
                raise
            click.echo(say(nothing.msgid, **nothing.params), err=True)
            if not click.confirm(say(N_("Begin a new, empty county there?")), err=True):
                sys.exit(1)
            cli([*sys.argv[1:], "--new"], standalone_mode=True)
    except DomainError as refusal:
        _log.error(say(refusal.msgid, **refusal.params))
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 -- the edge of the process: what it says may quote a person
        _log.error(_sentence(error))
        sys.exit(1)


def _sentence(error: Exception) -> str:
    words = (str(error) or type(error).__name__).splitlines()[0]  # what follows is for programmers
    if hindered := hindrance(error):
        return f"{say(hindered.msgid)} ({words})"
    if is_away(error):  # whose words would be of connections and transactions
        words = say(N_("PostgreSQL or Redis went away"))
    if is_away(error) or isinstance(error, _ACCIDENTS):
        return say(_CUT_SHORT, words=words)
    return say(_UNFORESEEN, what=type(error).__name__, where=_innermost(error))


def _innermost(error: Exception) -> str:
    """The last place in our own code: file and line, nothing that was said or typed."""
    ours = [at for at in traceback.extract_tb(error.__traceback__) if f"{ROOT}{os.sep}" in at.filename]
    ours = [at for at in ours if "site-packages" not in at.filename] or ours
    return f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}" if ours else "?"


_ACCIDENTS = (
    OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
)  # fmt: skip
"""A file that cannot be read, a query that was ended: nobody's mistake, and no half-done work is kept."""
_UNFORESEEN = N_(
    "This should not have happened, and nothing half-done was kept. Please report: {what} at {where}"
)
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


@click.group(
    help=N_("Every verb is one command. Exit status: 0 done, 1 refused with a sentence, 2 wrong usage."),
    cls=Group,
)
@click.version_option(package_name="jiedui")
def cli() -> None:
    pass


@cli.command(help=N_("Bring the database to this version."))
def migrate() -> None:
    async def done() -> None:
        click.echo(say(N_("The database is up to date.")))

    inside(done)


def _ledger_command(kind: str, help_text: str) -> click.Group:
    @click.group(name=kind, help=help_text, cls=Group)
    def group() -> None:
        pass

    @group.command("import", help=N_("Take what stands in FILE: an .xlsx, or a .csv of regions."))
    @click.argument("file", type=_PATH, callback=_readable)
    @click.option("--dry-run", is_flag=True, help=N_("Read and report; change nothing."))
    @click.option("--report", type=_PATH, callback=_writable, help=N_("Write the report as JSON."))
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


cli.add_command(_ledger_command("regions", N_("The region tree.")))
cli.add_command(_ledger_command("households", N_("The households' ledger.")))
cli.add_command(_ledger_command("volunteers", N_("The volunteers' ledger.")))


@cli.group("round", help=N_("Pairing rounds."), cls=Group)
def round_() -> None:
    pass


@round_.command("run", help=N_("Pair volunteers with the households of an area."))
@click.option("--region", required=True, help=N_("The area's 12-digit code."))
@click.option(
    "--on", "dated", type=click.DateTime(["%Y-%m-%d"]), help=N_("The round's day; today by default.")
)
@click.option("--policy", help=N_("The name of a policy; the one in force by default."))
@click.option("--publish", is_flag=True, help=N_("Publish the plan: proposals go out to the volunteers."))
@click.option("--json", "out", type=_PATH, callback=_writable, help=N_("Write the plan as JSON."))
def run_round(
    region: str, dated: datetime | None, policy: str | None, publish: bool, out: Path | None
) -> None:
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


@round_.command("show", help=N_("Show the newest plan of a round (the published one, once there is one)."))
@click.argument("round_id", metavar="ROUND", type=click.UUID)
@click.option("--json", "out", type=_PATH, callback=_writable, help=N_("Write the plan as JSON."))
def show_round(round_id: Any, out: Path | None) -> None:
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


for command in (staff.account, staff.accounts, staff.close, staff.open_again, staff.passphrase):
    cli.add_command(command)


@cli.command(help=N_("The demonstration county: import, run its round, serve."))
@click.option("--once", is_flag=True, help=N_("Prepare and print the summary, then end."))
def demo(once: bool) -> None:
    os.environ["JIEDUI_DEMO"] = "1"
    may_begin()
    from jiedui.commands.demo import hold_clock, prepare

    if not once:
        refuse_taken_port()
    hold_clock(data_dir_of(os.environ), os.environ)
    if once:
        inside(prepare)
    else:
        serve_all(prepare)


@cli.command(help=N_("The web server and a worker, with the embedded servers where none are given."))
def serve() -> None:
    refuse_no_address()
    serve_all(nothing)


@cli.command(help=N_("One more worker."))
def worker() -> None:
    def work(servers: Servers) -> None:
        from jiedui.worker import main as work_on

        work_on()

    inside(nothing, then=work)


@cli.command(
    "backup",
    cls=click.Command,
    help=N_(
        "A backup of the database: sealed for the operator's key, and read back before it is called one."
    ),
)
def take_backup() -> None:
    from jiedui.commands.backing_up import back_up

    with servers():
        asyncio.run(back_up(os.environ, utc_now(), click.echo))


@cli.command(
    "backup-key",
    cls=click.Command,
    help=N_(
        "Write a new private key to FILE, which belongs away from this machine, and print the public one."
    ),
)
@click.argument("file", type=_PATH)
def make_backup_key(file: Path) -> None:
    from jiedui.backups.sealing import make_key

    public = make_key(file)
    click.echo(say(N_("Keep {file} away from this machine, and in jiedui.toml write:"), file=file))
    click.echo(f'backup_key = "{public}"')


@cli.command(
    "restore",
    help=N_("Restore the backup FILE into an empty place (with --new), the secret being there."),
)
@click.argument("file", type=_PATH, callback=_readable)
@click.option(
    "--key", "key_file", type=_PATH, callback=_readable, required=True, help=N_("The private key's file.")
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]),
    help=N_("No later than this moment in Shanghai, by the log beside FILE; as far as it goes by default."),
)
@click.option("--alone", is_flag=True, help=N_("FILE without the log beside it."))
@click.option(
    "--timeline", type=int, help=N_("Along this one of the log's timelines; the newest by default.")
)
def restore_backup(
    file: Path, key_file: Path, until: datetime | None, alone: bool, timeline: int | None
) -> None:
    from jiedui.backups.recovering import Moment
    from jiedui.commands.backing_up import bring_back, restore

    moment = Moment(until.replace(tzinfo=SHANGHAI) if until else None, alone, timeline=timeline)
    if restore(os.environ, file, key_file, moment, new=told_new(), tell=click.echo):
        return
    with servers(look=False):
        asyncio.run(bring_back(os.environ, file, key_file, click.echo))


@cli.command(
    "drill",
    cls=click.Command,
    help=N_(
        "Restore the newest backup somewhere else and compare it: a backup that was never tried is none."
    ),
)
def try_backup() -> None:
    from jiedui.commands.backing_up import drill

    drill(os.environ, click.echo)


cli.add_command(rotate)
cli.add_command(service)


@cli.command(cls=click.Command, help=N_("What is configured, reachable and out of date."))
@click.option(
    "--running", is_flag=True, help=N_("Of a service that runs: if it does not, say so and start nothing.")
)
def doctor(running: bool) -> None:
    if running:
        refuse_stopped()
    told = told_by(os.environ)  # before servers of our own say where they are
    with servers(look=False):
        from jiedui.commands.doctor import examine

        healthy = asyncio.run(examine(click.echo, told))
    sys.exit(0 if healthy else 1)


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _day(given: datetime | None) -> date:
    return given.date() if given else today(utc_now())
