"""Looking for somebody by what one knows of her: counted, limited, and in the records.

An answer tells whether a person of this name or number is in the ledger, so it is no list like others.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from jiedui.accounts.limits import Limits, Rule
from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.store.columns import Row
from jiedui.store.scope import scope
from jiedui.store.vault import keyed_hash

PER_TEN_MINUTES = Rule("search", times=60, seconds=600)
PER_DAY = Rule("search.day", times=300, seconds=86_400)


async def search(
    actor: Actor,
    action: str,
    typed: str,
    find: Callable[[], Awaitable[list[Row]]],
    *,
    limits: Limits,
    now: datetime,
) -> list[Row]:
    """Whom `find` finds; the records say how many, and of what was typed a keyed hash. Raises TooMany."""
    who = str(actor.account_id)
    await limits.admit((PER_TEN_MINUTES, who), (PER_DAY, who))
    async with scope(actor, now):
        found = await find()
        await record(
            actor,
            action=action,
            subject=("region", actor.region_code),
            region_code=actor.region_code,
            detail={"found": len(found), "typed": keyed_hash(typed, "search")},
            now=now,
        )
    return found
