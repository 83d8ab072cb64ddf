"""Taking a step in a pair's life: found in the actor's reach, then one guarded update that decides races.

Whoever touches a pair and its links locks the pair first, so that two answers never wait for each other.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.clock import today
from jiedui.errors import Conflict, Forbidden, NotFound, Refused
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.rules import STEPS, Reason, reason_of
from jiedui.pairs.safety import hold_day, require_may_meet
from jiedui.pairs.tables import NeverAgain, Pair
from jiedui.store.columns import Row


async def pair_of(actor: Actor, pair_id: UUID, deed: str = "read") -> Row:
    """A pair the actor may do this to: her own, or one of her area. Raises Forbidden, NotFound."""
    policy.require(actor, deed)
    seen = policy.visible(actor, deed=deed)
    row: Row | None = await Pair.select().where(Pair.id == pair_id, seen).first()
    if row is None:
        raise NotFound
    return row


async def locked(pair_id: UUID) -> Row:
    """A pair with its row locked until the end of the transaction. Raises NotFound."""
    pair: Row | None = await Pair.select().where(Pair.id == pair_id).lock_rows("UPDATE").first()
    if pair is None:
        raise NotFound
    return pair


async def take(name: str, pair: Row, role: str, now: datetime, values: dict[Any, Any] | None = None) -> Row:
    """Move a pair on if it still stands where the step begins; the row as it is then.

    Raises Forbidden for a role that may not, Refused where the step needs two who may meet and these may not,
    Conflict when somebody was faster.
    """
    step = STEPS[name]
    if role not in step.by:
        raise Forbidden
    if step.meets and pair["state"] in step.takes:
        await hold_day(now)
        await require_may_meet(pair, role, today(now))
    moved: list[Row] = (
        await Pair.update({Pair.state: step.to, **(values or {})})
        .where(Pair.id == pair["id"], Pair.state.is_in(sorted(step.takes)))
        .returning(*Pair.all_columns())
    )
    if not moved:
        raise Conflict
    return moved[0]


async def never_again(pair: Row, reason: str, now: datetime) -> None:
    """These two are not put together again, whoever said so first."""
    await NeverAgain.insert(
        NeverAgain(
            household=pair["household"],
            volunteer=pair["volunteer"],
            region_code=pair["region_code"],
            reason=reason,
            created_at=now,
        )
    ).on_conflict(action="DO NOTHING")


async def note(actor: Actor, action: str, pair: Row, now: datetime, **detail: Any) -> None:
    """The audit entry of a deed on a pair."""
    await record(
        actor,
        action=action,
        subject=("pair", pair["id"]),
        region_code=pair["region_code"],
        detail=detail,
        now=now,
    )


def chosen(code: str, catalogue: tuple[Reason, ...]) -> Reason:
    """The reason somebody chose. Raises Refused for one that is not in the list."""
    reason = reason_of(code, catalogue)
    if reason is None:
        raise Refused(N_("Please choose a reason from the list."), field="reason")
    return reason
