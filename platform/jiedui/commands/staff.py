"""Staff joining and leaving, on the command line."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from jiedui.actor import STAFF_ROLES, Actor
from jiedui.clock import utc_now
from jiedui.commands.inside import Command, inside
from jiedui.errors import Refused, Unavailable
from jiedui.i18n import N_, say
from jiedui.web.words import ROLES, date_exact

if TYPE_CHECKING:
    from jiedui.accounts.sessions import Sessions
    from jiedui.store.columns import Row

_WIDE = 200
"""Columns where nobody looks: a list that is read by a program has one line for each account."""
_passphrase = click.password_option(
    "--passphrase", prompt=N_("Passphrase"), help=N_("At least 12 characters.")
)


@click.command("account", cls=Command, help=N_("Let a member of staff log in as LOGIN."))
@click.argument("login")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True)
@click.option(
    "--region", required=True, help=N_("The area's 12-digit code; 000000000000 is the whole country.")
)
@click.option("--name", required=True, help=N_("The person's name, as colleagues see it."))
@_passphrase
def account(login: str, role: str, region: str, name: str, passphrase: str) -> None:
    async def run() -> None:
        from jiedui.accounts.staff import add_staff

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


@click.command("accounts", cls=Command, help=N_("The accounts of the staff: who, where, last seen when."))
def accounts() -> None:
    async def run() -> None:
        from rich.markup import escape
        from rich.table import Table

        from jiedui.accounts.staff import staff_of
        from jiedui.commands.terminal import console

        table = Table(show_edge=False, pad_edge=False)
        for heading in (N_("Login name"), N_("Name"), N_("Role"), N_("Area"), N_("Last login"), N_("State")):
            table.add_column(say(heading))
        for heading in (N_("Logins"), N_("Cases shown")):
            table.add_column(say(heading), justify="right")
        async with _sessions() as sessions:
            for one in await staff_of(Actor.system(), sessions, utc_now()):
                table.add_row(
                    escape(one["login"]), escape(one["name"]), say(ROLES[one["role"]]), _area(one),
                    date_exact(one["last_login"]) or "–",
                    say(N_("can log in") if one["active"] else N_("closed")),
                    str(one["sessions"]), str(one["grants"]),
                )  # fmt: skip
        if not console.is_terminal:
            console.width = _WIDE
        console.print(table)

    inside(run)


@click.command(
    "account-close",
    cls=Command,
    help=N_("The person LOGIN leaves: she can no longer log in; what she did stays."),
)
@click.argument("login")
@click.option("--yes", is_flag=True, help=N_("Do not ask."))
def close(login: str, yes: bool) -> None:
    async def run() -> None:
        from jiedui.accounts.staff import close_staff, one_of_staff

        async with _sessions() as sessions:
            one = await one_of_staff(Actor.system(), login, sessions, utc_now())
            about = {
                "name": one["name"],
                "role": say(ROLES[one["role"]]),
                "area": _area(one),
            }
            if one["active"] and not yes:
                asked = N_("{name}, {role}, {area}: close this account and end all its logins?")
                if not click.confirm(say(asked, **about), err=True):
                    raise Refused(N_("Nothing was changed."))
            left = await close_staff(Actor.system(), login, sessions, utc_now())
        click.echo(
            say(
                N_("{name} can no longer log in. Logins ended: {sessions}; cases shown no longer: {grants}."),
                sessions=left.sessions,
                grants=left.grants,
                **about,
            )
        )
        if left.alone:
            click.echo(say(N_("Nobody else can do all that {name} did as {role} of {area}: please name "
                              "somebody who takes it over."), **about))  # fmt: skip

    inside(run)


@click.command(
    "account-open", cls=Command, help=N_("The person LOGIN is back, as what she was, with a new passphrase.")
)
@click.argument("login")
@_passphrase
def open_again(login: str, passphrase: str) -> None:
    async def run() -> None:
        from jiedui.accounts.staff import open_staff

        async with _sessions() as sessions:
            await open_staff(Actor.system(), login, passphrase, sessions, utc_now())
        click.echo(say(N_("{login} can log in again."), login=login))

    inside(run)


@click.command(
    "account-passphrase", cls=Command, help=N_("A new passphrase for LOGIN, who is logged out everywhere.")
)
@click.argument("login")
@_passphrase
def passphrase(login: str, passphrase: str) -> None:
    async def run() -> None:
        from jiedui.accounts.staff import change_passphrase

        async with _sessions() as sessions:
            ended = await change_passphrase(Actor.system(), login, passphrase, sessions, utc_now())
        click.echo(say(N_("{login} has a new passphrase. Logins ended: {n}."), login=login, n=ended))

    inside(run)


@asynccontextmanager
async def _sessions() -> "AsyncIterator[Sessions]":
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    from jiedui.accounts.sessions import Sessions

    redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5, socket_connect_timeout=2)
    try:
        yield Sessions(redis, utc_now)
    except RedisError as error:
        raise Unavailable from error
    finally:
        await redis.aclose()


def _area(one: "Row") -> str:
    return f"{one['place']} {one['region_code']}".strip()
