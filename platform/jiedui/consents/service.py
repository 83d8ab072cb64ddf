"""The consent ledger: who agreed to which text, when and how; taken back, never erased."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.consents import policy
from jiedui.consents.tables import Consent
from jiedui.consents.texts import ConsentText, text_of
from jiedui.errors import NotFound
from jiedui.volunteers.tables import Volunteer

Subject = tuple[str, UUID]
"""("volunteer" | "household" | "pair", id)."""


async def give(
    subject: Subject,
    texts: Sequence[ConsentText],
    *,
    given_by: str,
    how: str,
    region_code: str,
    now: datetime,
) -> None:
    """Note that somebody agreed, in the transaction of their deed; what stands already stays."""
    standing = {
        (row["purpose"], row["text_version"]) for row in await _rows(subject) if not row["withdrawn_at"]
    }
    fresh = [
        Consent(
            subject_kind=subject[0],
            subject_id=subject[1],
            purpose=text.purpose,
            text_version=text.version,
            given_by=given_by,
            how=how,
            given_at=now,
            region_code=region_code,
        )
        for text in texts
        if (text.purpose, text.version) not in standing
    ]
    if fresh:
        await Consent.insert(*fresh)


async def withdraw(subject: Subject, *, now: datetime, purpose: str | None = None) -> int:
    """Take consent back, all of it or of one purpose; how many texts. Inside the caller's transaction."""
    standing = (
        (Consent.subject_kind == subject[0])
        & (Consent.subject_id == subject[1])
        & Consent.withdrawn_at.is_null()
    )
    if purpose is not None:
        standing = standing & (Consent.purpose == purpose)
    rows = await Consent.update({Consent.withdrawn_at: now}).where(standing).returning(Consent.id)
    return len(rows)


async def given(actor: Actor, volunteer_id: UUID) -> list[dict[str, Any]]:
    """Everything a volunteer ever agreed to, newest first, each row with its `text`. Raises NotFound."""
    policy.require(actor, "read")
    if not await Volunteer.exists().where(Volunteer.id == volunteer_id, policy.visible(actor)):
        raise NotFound
    rows = await _rows(("volunteer", volunteer_id))
    return [row | {"text": text_of(row["purpose"], row["text_version"])} for row in rows]


async def _rows(subject: Subject) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await Consent.select()
        .where(Consent.subject_kind == subject[0], Consent.subject_id == subject[1])
        .order_by(Consent.given_at, ascending=False)
    )
    return rows
