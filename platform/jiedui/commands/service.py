"""jiedui as a service of a machine with systemd: a script for root, who reads it before running it."""

import asyncio
import os
import pwd
import re
import shlex
from pathlib import Path

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jiedui.backups import sealing, taking
from jiedui.commands.inside import look_at
from jiedui.commands.serving import refuse_no_address
from jiedui.errors import Refused
from jiedui.i18n import N_, say
from jiedui.launcher.errors import NoData
from jiedui.launcher.servers import is_kept
from jiedui.settings import FILE, ROOT, data_dir_of, database_of, only_here

_TIMED = (
    ("backup", "backup", "*-*-* 03:15:00"),
    ("drill", "drill", "*-*-01 04:30:00"),
    ("doctor", "doctor --running", "hourly"),
)
"""Commands with a clock of their own, and when. One that fails stands in `systemctl --failed`."""


_NEVER = ("root", "nobody")


@click.command(
    cls=click.Command,
    help=N_("Print a script for root: the service, and timers for backup, drill and doctor."),
)
@click.option(
    "--user", help=N_("As whom it runs; the owner of the data by default. Made where there is none.")
)
@click.option(
    "--units",
    type=click.Path(path_type=Path),
    default="/etc/systemd/system",
    show_default=True,
    help=N_("Where the machine's units lie."),
)
def service(user: str | None, units: Path) -> None:
    refuse_no_address()
    sealing.public_key(taking.operators_key(os.environ))
    if names := only_here(os.environ):
        raise Refused(
            N_(
                "A service would not know what only this shell says: {names}. Write it into {file} instead, "
                "remove the variables, and run the command again"
            ),
            names=", ".join(names),
            file=os.environ[FILE] or ROOT / "jiedui.toml",
        )
    runs_as = _checked(user) if user else _owner()
    if not _has_begun():
        raise Refused(
            N_("No county has begun in {place}. Begin it (jiedui migrate --new), then run the command again"),
            place="DATABASE_URL" if os.environ.get("DATABASE_URL") else data_dir_of(os.environ),
        )
    click.echo(_script(runs_as, units), nl=False)


def _has_begun() -> bool:
    if os.environ.get("DATABASE_URL"):
        try:
            database_of(os.environ)
            asyncio.run(look_at(new=False))
        except NoData:
            return False
        return True
    try:
        return is_kept(data_dir_of(os.environ))
    except PermissionError:  # the service's user keeps it closed: it runs already
        return True


def _checked(user: str) -> str:
    if user in _NEVER or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", user):
        raise Refused(N_("No service of jiedui runs as {user}: name an ordinary user"), user=user)
    return user


def _owner() -> str:
    """The owner of the data, before there are any the checkout's. Raises Refused for root and for nobody."""
    data = data_dir_of(os.environ)
    folder = data if data.exists() else ROOT
    number = folder.stat().st_uid
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:  # as in a folder from another machine
        name = str(number)
    if name in _NEVER or name == str(number):
        raise Refused(
            N_(
                "{folder} belongs to {owner}, as whom no service runs. Name another user, who is made where "
                "there is none and gets the data: jiedui service --user jiedui"
            ),
            folder=folder,
            owner=name,
        )
    return name


def _script(user: str, units: Path) -> str:
    loader = FileSystemLoader(Path(__file__).parent)
    templates = Environment(  # noqa: S701 -- no page: each place is quoted for what reads it
        loader=loader, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    templates.filters |= {
        "shell": lambda value: shlex.quote(str(value)),
        "specifiers": _specifiers,
        "words": _words,
        "arguments": lambda value: _words(value).replace("$", "$$"),
    }
    return templates.get_template("service.sh.jinja").render(
        user=user,
        folder=units.absolute(),
        root=ROOT,
        dev=ROOT / "dev",
        data=data_dir_of(os.environ),
        config=f"{FILE}={os.environ[FILE]}",
        timed=_TIMED,
        header=say(N_("jiedui as a service of this machine; running it again does no harm")),
        for_root=say(N_("This is for root: ./dev jiedui service | sudo sh")),
        done=say(N_("jiedui is a service now: systemctl status jiedui; systemctl list-timers 'jiedui-*'; "
                    "what failed: systemctl --failed; words: journalctl -u 'jiedui*'")),
    )  # fmt: skip


def _specifiers(value: object) -> str:
    """For systemd, which would fill in what follows a per cent sign."""
    return str(value).replace("%", "%%")


def _words(value: object) -> str:
    """One word for systemd, whatever blanks and quotes are in it."""
    escaped = _specifiers(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
