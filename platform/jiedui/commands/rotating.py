"""Changing the secret while the product runs: what is asked before, and what is left to do afterwards."""

import os
import time
from datetime import datetime

import click

from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.clock import utc_now
from jiedui.commands.anew import seal_all_anew
from jiedui.commands.inside import inside
from jiedui.errors import Refused
from jiedui.i18n import N_, say
from jiedui.settings import (
    next_secret,
    next_secret_file,
    old_secret_file,
    place_of_secret,
    secret_file,
    told_by,
)


@click.command(
    "secret-rotate",
    help=N_("A new secret, because somebody may know the old one: all that is sealed is sealed anew."),
)
@click.option("--yes", is_flag=True, help=N_("Do not ask."))
def rotate(yes: bool) -> None:
    cut_short = next_secret_file(os.environ).exists()

    async def run() -> None:
        if cut_short and not next_secret_file(os.environ).exists():  # looking at the database completed it
            click.echo(say(N_("The change of the secret that was cut short is complete.")))
            return
        if not yes and not click.confirm(say(_ASKED), err=True):
            raise Refused(N_("Nothing was changed."))
        await _rotate(utc_now())

    inside(run)


async def _rotate(now: datetime) -> None:
    from jiedui.store import keys
    from jiedui.store.piccolo_conf import DB

    place, old, began = place_of_secret(os.environ), keys.fingerprint(), time.monotonic()
    new = next_secret(os.environ)
    fingerprint = keys.fingerprint(new)
    async with DB.transaction() as transaction:
        connection = transaction.connection
        rows = await seal_all_anew(connection, new)
        await connection.execute("UPDATE key_print SET fingerprint = $1, created_at = $2", fingerprint, now)
        await record(
            Actor.system(),
            action="secret.rotate",
            subject=("secret", fingerprint),
            region_code=Actor.system().region_code,
            detail={"rows": rows},
            now=now,
        )
    keys.complete_change(fingerprint)
    about = {
        "rows": f"{rows:,}",
        "seconds": time.monotonic() - began,
        "fingerprint": fingerprint,
        "file": secret_file(os.environ),
        "old": old_secret_file(os.environ, old),
        "settings": told_by(os.environ),
    }
    for line in (_DONE, _OLD, *([_GIVEN] if place == "JIEDUI_SECRET" else []), _HOSTS):
        click.echo(say(line, **about))


_ASKED = N_(
    "A new secret is made, and all that is sealed with the old one is sealed anew; for so long pages say "
    "that they are not reachable. Links in letters and messages, logins and accounts stay good. Telephone "
    "codes not yet used have to be asked for again, and forms that are open loaded again; an import that is "
    "running stops and can be given again. Change the secret now?"
)
_DONE = N_(
    "The secret is changed: {rows} rows sealed anew in {seconds:.0f} s. In force is {fingerprint}, in {file}."
)
_OLD = N_(
    "The old one lies in {old}: carry it to where your secrets are kept, and keep it as long as backups from "
    "before, which need it. Then remove it here, carry the new one away too, and make a backup: jiedui backup"
)
_GIVEN = N_(
    "JIEDUI_SECRET still says the old one ({settings}), and nothing works until it is gone there: take it "
    "out, or write what stands in {file}; then start jiedui again."
)
_HOSTS = N_("On other hosts nothing works until {file} has been copied there; then they go on by themselves.")
