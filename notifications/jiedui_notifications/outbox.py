"""Writing notices: in the transaction of their cause, once per cause, unreadable in a dump.

Whoever embeds the outbox binds its own sealer once and gives its callers the bound function.
"""

import json
from datetime import datetime
from uuid import UUID

from jiedui_notifications import texts
from jiedui_notifications.sealing import ADDRESS, PARAMS, Sealer
from jiedui_notifications.tables import OPEN, Notice


async def enqueue(
    *,
    template: str,
    params: dict[str, str],
    recipient: tuple[str, UUID] | None,
    address: str | None = None,
    region_code: str,
    subject_id: UUID | None,
    dedupe_key: str,
    now: datetime,
    not_before: datetime | None = None,
    sealer: Sealer,
) -> UUID | None:
    """The new notice's id, or None when a notice with this key is already there.

    Raises ValueError for an unknown template or missing parameters, RuntimeError outside a transaction.
    """
    texts.check(template, params)
    if (recipient is None) == (address is None):
        raise ValueError("a notice goes to a known recipient or to an address, never to both or to nobody")
    if not Notice._meta.db.transaction_exists():
        raise RuntimeError("a notice is written in the transaction of its cause")
    notice = Notice(
        region_code=region_code,
        recipient_kind=recipient[0] if recipient else "",
        recipient_id=recipient[1] if recipient else None,
        address=sealer.seal(address, ADDRESS) if address is not None else None,
        template=template,
        params=sealer.seal(json.dumps(params, ensure_ascii=False), PARAMS),
        subject_id=subject_id,
        state="queued",
        not_before=not_before or now,
        dedupe_key=dedupe_key,
        created_at=now,
    )
    written = await Notice.insert(notice).on_conflict(action="DO NOTHING").returning(Notice.id)
    return written[0]["id"] if written else None


async def cancel(*, subject_id: UUID, templates: tuple[str, ...]) -> int:
    """Call back what has not left yet about a subject; says how many. What is being sent is not touched."""
    cancelled = (
        await Notice.update({Notice.state: "cancelled", Notice.hold_reason: ""})
        .where(Notice.subject_id == subject_id)
        .where(Notice.template.is_in(list(templates)))
        .where(Notice.state.is_in(list(OPEN)))
        .returning(Notice.id)
    )
    return len(cancelled)
