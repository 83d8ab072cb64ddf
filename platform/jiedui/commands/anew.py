"""All that is sealed or hashed, anew with another secret, in one transaction.

Nobody else is connected meanwhile, and who connects afterwards has to know the new secret (`store.keys`):
so nobody reads, looks for or writes a value of another secret than his own, and there is no half of a change.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
from cryptography.exceptions import InvalidTag

from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.store.vault import keyed_hash, seal, unseal

_PERSON = {"ledger_key": ("identity", "identity"), "phone_key": ("phone", "phone")}
HASHED = {"household": _PERSON, "volunteer": _PERSON}
"""By table: the columns that are keyed hashes, of which sealed column, for which purpose.

What is sealed needs no list: every column of bytes is, for its own name. What else is hashed: see below.
"""
_EMPTIED = {"household": "fingerprint", "volunteer": "fingerprint", "claim": "fingerprint"}
"""Hashes of what a ledger's row said: they only spare the next import a comparison, then made once."""
_AFTERWARDS = (
    # The number itself is kept with the person only.
    "UPDATE claim SET person_key = h.ledger_key FROM household h"
    " WHERE claim.subject_kind = 'household' AND h.id = claim.subject_id",
    "UPDATE claim SET person_key = v.ledger_key FROM volunteer v"
    " WHERE claim.subject_kind = 'volunteer' AND v.id = claim.subject_id",
    # Good for ten minutes; and of forms that no page rendered before can send again.
    "DELETE FROM one_time_code",
    "DELETE FROM sent_form",
)
_SEALED = """
SELECT c.table_name::text AS table, array_agg(c.column_name::text ORDER BY c.ordinal_position) AS columns
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type = 'bytea'
GROUP BY 1 ORDER BY 1"""
_OTHERS = """
SELECT pid, usename FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
_LOCK_SECONDS, _END_SECONDS = 5, 60
_AT_ONCE = 500
"""Rows; few enough for ledgers of ten megabytes that wait to be applied."""


async def seal_all_anew(connection: Any, new: bytes) -> int:
    """Says how many rows. Raises Refused where somebody cannot be kept out, or a value cannot be read."""
    await _be_alone(connection)
    rows = 0
    for table in await connection.fetch(_SEALED):
        if table["table"] != "sent_form":
            rows += await _seal_anew(connection, table["table"], table["columns"], new)
    for statement in _AFTERWARDS:
        await connection.execute(statement)
    return rows


async def _be_alone(connection: Any) -> None:
    """End every other connection and let none begin until this transaction ends: each looks at key_print
    first. Raises Refused.
    """
    await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
    try:
        await connection.execute("LOCK TABLE key_print IN ACCESS EXCLUSIVE MODE")
    except asyncpg.LockNotAvailableError as error:
        raise Refused(_IN_USE) from error
    # Whoever is not in this list has not looked at key_print yet.
    for other in await connection.fetch(_OTHERS):
        try:
            await connection.execute("SELECT pg_terminate_backend($1, $2)", other["pid"], _END_SECONDS * 1000)
        except asyncpg.InsufficientPrivilegeError as error:
            raise Refused(_NOT_OURS, user=other["usename"]) from error
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        if other in await connection.fetch(_OTHERS):
            raise Refused(_NOT_OURS, user=other["usename"])


async def _seal_anew(connection: Any, table: str, columns: Sequence[str], new: bytes) -> int:
    """Each sealed value of a table, and the hashes of what is sealed there; says how many rows."""
    hashed = HASHED.get(table, {})
    names = [*columns, *hashed]
    settings = ", ".join(f'"{name}" = given."{name}"' for name in names)
    if emptied := _EMPTIED.get(table):
        settings += f", {emptied} = ''"
    given = ", ".join(f'"{name}"' for name in names)
    arrays = ", ".join(
        f"${at}::{'bytea' if name in columns else 'varchar'}[]" for at, name in enumerate(names, 2)
    )
    update = (
        f'UPDATE "{table}" AS kept SET {settings} FROM unnest($1::uuid[], {arrays}) AS given (id, {given})'  # noqa: S608 -- our names
        " WHERE kept.id = given.id"
    )
    done = 0
    # History is guarded against all changes; no other rule looks at these columns, and some take long.
    await connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    async for rows in _in_pieces(connection.cursor(f'SELECT id, {given} FROM "{table}"', prefetch=_AT_ONCE)):  # noqa: S608
        values = [_anew(table, row, columns, hashed, new) for row in rows]
        await connection.execute(update, [row["id"] for row in rows], *map(list, zip(*values, strict=True)))
        done += len(rows)
    await connection.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
    return done


def _anew(table: str, row: Any, columns: Sequence[str], hashed: Any, new: bytes) -> list[Any]:
    """The values of a row under the new secret. Raises Refused where one cannot be read with the old one."""
    try:
        plain = {name: row[name] and unseal(row[name], f"{table}.{name}") for name in columns}
        sealed = [row[name] and seal(plain[name], f"{table}.{name}", new) for name in columns]
        return sealed + [
            row[name] and keyed_hash(plain[of], purpose, new) for name, (of, purpose) in hashed.items()
        ]
    except (InvalidTag, AttributeError) as error:
        raise Refused(_UNREADABLE, table=table, id=row["id"]) from error


async def _in_pieces(cursor: Any) -> AsyncIterator[list[Any]]:
    piece = []
    async for row in cursor:
        piece.append(row)
        if len(piece) == _AT_ONCE:
            yield piece
            piece = []
    if piece:
        yield piece


_IN_USE = N_(
    "Something long is at work in the database, such as a backup. Nothing was changed; please run the same "
    "command again when it has ended."
)
_NOT_OURS = N_(
    "Somebody else is connected to this database and cannot be asked to leave: {user}. Nothing was changed; "
    "end that connection, then run the same command again."
)
_UNREADABLE = N_(
    "A value in {table}, row {id}, cannot be read with the secret in force. Nothing was changed; please "
    "report this."
)
