"""Forms that were done, by their keys: claimed and answered in the deed's transaction, kept for a day."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag

from jiedui.errors import Conflict
from jiedui.store import vault
from jiedui.store.columns import Row
from jiedui.web.tables import SentForm

KEPT = timedelta(hours=24)
SHOWN = timedelta(minutes=1)
_ANSWER, _SHOWN = "sent_form.answer", "sent_form.shown"
_WAIT = "20s"


class Answer(msgspec.Struct):
    """Where the form led, and what was said there."""

    path: str
    said: list[dict[str, Any]] = []


async def claim(form: SentForm) -> Row | None:
    """Take the form's key for the deed of this transaction: None, or what was done under it before.

    Waits for whoever is at it. Raises asyncpg's LockNotAvailableError after a while.
    """
    await SentForm.raw("SELECT set_config('lock_timeout', {}, true)", _WAIT)
    taken = (
        await SentForm.insert(form)
        .on_conflict(target=(SentForm.asker, SentForm.key), action="DO NOTHING")
        .returning(SentForm.id)
    )
    await SentForm.raw("SET LOCAL lock_timeout TO DEFAULT")
    if taken:
        return None
    before: Row | None = (
        await SentForm.select().where(SentForm.asker == form.asker, SentForm.key == form.key).first()
    )
    if before is None:
        raise Conflict  # a day old, and forgotten in this very moment
    return before | {"answer": msgspec.json.decode(vault.unseal(before["answer"], _ANSWER), type=Answer)}


async def answer(form_id: UUID, given: Answer, shown: Any = None, session: str = "") -> None:
    """Keep what the deed led to; a value to be shown there is sealed for one session."""
    values: dict[Any, Any] = {SentForm.answer: vault.seal(_json(given), _ANSWER)}
    if shown is not None:
        values[SentForm.shown] = vault.seal(_json(shown), f"{_SHOWN} {session}")
    await SentForm.update(values).where(SentForm.id == form_id)


async def unclaim(form_id: UUID) -> None:
    """The deed was refused, although something of it stays."""
    await SentForm.delete().where(SentForm.id == form_id)


async def take_shown(form_id: UUID, session: str, now: datetime) -> Any:
    """The value to be shown, for the first who asks soon enough and in the right session; else None."""
    rows = await SentForm.raw(
        """
        WITH taken AS (
            SELECT id, shown FROM sent_form WHERE id = {} AND shown IS NOT NULL AND created_at > {}
            FOR UPDATE)
        UPDATE sent_form s SET shown = NULL FROM taken WHERE s.id = taken.id RETURNING taken.shown
        """,
        form_id,
        now - SHOWN,
    )
    try:
        return msgspec.json.decode(vault.unseal(rows[0]["shown"], f"{_SHOWN} {session}")) if rows else None
    except InvalidTag:
        return None


async def forget_sent(now: datetime) -> int:
    """Forget what is older than a day, and what nobody fetched in time; says how many."""
    await SentForm.update({SentForm.shown: None}).where(
        SentForm.created_at < now - SHOWN, SentForm.shown.is_not_null()
    )
    gone = await SentForm.delete().where(SentForm.created_at < now - KEPT).returning(SentForm.id)
    return len(gone)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
