"""Whether the secret here is the one this database was written with.

A wrong one is silent: it seals and finds nothing wrong, and knows nobody of those who are there.
"""

import hmac
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag

from jiedui.errors import Unavailable
from jiedui.i18n import N_
from jiedui.store.tables import KeyPrint
from jiedui.store.vault import keyed_hash, unseal

_WITNESSES = (("household", "identity"), ("volunteer", "identity"), ("volunteer", "phone"))
"""What a database from before there were fingerprints holds sealed."""


class WrongSecret(Unavailable):
    """Nothing may be read or written with it."""

    msgid = N_(
        "The secret in {place} does not fit this database, which was written with another one{print}. "
        "Put the right one there: from where it is kept apart from the backups, or from the first host of "
        "several. Nothing was changed"
    )


def fingerprint() -> str:
    """16 hex digits that tell one secret from another and nothing about either."""
    return keyed_hash("", "fingerprint")[:16]


async def require_fitting(connection: Any, place: str) -> None:
    """Raises WrongSecret unless the secret, which lies in this `place`, is the database's; writes nothing."""
    if await connection.fetchval("SELECT to_regclass('key_print')"):
        known = [row["fingerprint"] for row in await connection.fetch("SELECT fingerprint FROM key_print")]
        if known:
            if not any(hmac.compare_digest(one, fingerprint()) for one in known):
                raise WrongSecret(place=place, print=f" ({known[0]} ≠ {fingerprint()})")
            return
    for table, column in _WITNESSES:
        if await connection.fetchval("SELECT to_regclass($1)", table):
            query = f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1"  # noqa: S608 -- our names
            sealed = await connection.fetchval(query)
            try:
                _ = sealed and unseal(sealed, f"{table}.{column}")
            except InvalidTag:
                raise WrongSecret(place=place, print="") from None


async def remember(now: datetime) -> None:
    """Keep the fingerprint of the secret that this database is written with, if none is kept."""
    if not await KeyPrint.exists():
        await KeyPrint(fingerprint=fingerprint(), created_at=now).save()
