"""Writing the audit trail: inside the transaction of the deed, or the deed does not happen."""

import json
from datetime import datetime
from typing import Any

from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry


async def record(
    actor: Actor,
    *,
    action: str,
    subject: tuple[str, object],
    region_code: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Note one deed. `detail` holds counts, states and ids: nothing about a person's life."""
    await AuditEntry(
        at=now,
        account_id=actor.account_id,
        role=actor.role,
        action=action,
        subject_kind=subject[0],
        subject_id=str(subject[1]),
        region_code=region_code,
        detail=json.dumps(detail or {}, ensure_ascii=False, default=str),
    ).save()
