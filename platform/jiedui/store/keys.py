"""Whether the secret here is the one this database was written with.

A wrong one is silent: it seals and finds nothing wrong, and knows nobody of those who are there.
"""

import hmac
import logging
import os
import signal
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag

from jiedui.errors import Unavailable
from jiedui.i18n import N_
from jiedui.settings import next_secret_file, place_of_secret, secret_of, take_next_secret
from jiedui.store import away
from jiedui.store.tables import KeyPrint
from jiedui.store.vault import keyed_hash, unseal

_log = logging.getLogger("jiedui.secret")
_WITNESSES = (("household", "identity"), ("volunteer", "identity"), ("volunteer", "phone"))
"""What a database from before there were fingerprints holds sealed."""


class WrongSecret(Unavailable):
    """Nothing may be read or written with it."""

    msgid = N_(
        "The secret in {place} does not fit this database, which was written with another one{print}. "
        "Put the right one there: from where it is kept apart from the backups, or from the first host of "
        "several. Nothing was changed"
    )

    def __init__(self, known: str = "", **params: Any) -> None:
        self.known = known
        super().__init__(**params)


def fingerprint(secret: bytes | None = None) -> str:
    """16 hex digits that tell one secret from another and nothing about either."""
    return keyed_hash("", "fingerprint", secret)[:16]


async def in_force(connection: Any) -> tuple[str, datetime] | None:
    """The fingerprint of the secret that this database is written with, and since when, where it is kept."""
    if await connection.fetchval("SELECT to_regclass('key_print')"):
        row = await connection.fetchrow("SELECT fingerprint, created_at FROM key_print")
        return (row["fingerprint"], row["created_at"]) if row else None
    return None


async def require_fitting(connection: Any, place: str) -> None:
    """Raises WrongSecret unless the secret, which lies in this `place`, is the database's; writes nothing
    there. A change of the secret that was cut short after its last row is completed.
    """
    if known := await in_force(connection):
        complete_change(known[0])
        _compare(known[0], place)
        return
    for table, column in _WITNESSES:
        if await connection.fetchval("SELECT to_regclass($1)", table):
            query = f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1"  # noqa: S608 -- our names
            sealed = await connection.fetchval(query)
            try:
                _ = sealed and unseal(sealed, f"{table}.{column}")
            except InvalidTag:
                raise WrongSecret(place=place, print="") from None


def complete_change(known: str) -> None:
    """Where the secret in force is the next one of this data folder, let it take its place."""
    file = next_secret_file(os.environ)
    if file.exists() and hmac.compare_digest(fingerprint(file.read_bytes()), known):
        take_next_secret(os.environ, fingerprint)


async def connect(*args: Any, **kwargs: Any) -> Any:
    """A connection to work on: none for a process whose secret is in force no longer, so that it writes and
    looks for nothing with it. While the secret is being changed this waits. Raises WrongSecret.
    """
    connection = await away.connect(*args, **kwargs)
    try:
        if known := await in_force(connection):
            _compare(known[0], place_of_secret(os.environ))
    except BaseException:
        connection.terminate()
        raise
    return connection


async def connect_or_end(*args: Any, **kwargs: Any) -> Any:
    """The same for a service: it ends where the new secret lies ready, to be started again with it. Where it
    does not, its database is away for it until it does.
    """
    try:
        return await connect(*args, **kwargs)
    except WrongSecret as error:
        complete_change(error.known)
        if fingerprint(secret_of(os.environ)) == error.known:
            _log.warning("the secret was changed: this process ends, to be started again with the new one")
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            _log.error("%s", error)
        raise ConnectionError("the secret was changed") from error


def _compare(known: str, place: str) -> None:
    if not hmac.compare_digest(known, fingerprint()):
        raise WrongSecret(known, place=place, print=f" ({known} ≠ {fingerprint()})")


async def remember(now: datetime) -> None:
    """Keep the fingerprint of the secret that this database is written with, if none is kept."""
    if not await KeyPrint.exists():
        await KeyPrint(fingerprint=fingerprint(), created_at=now).save()
