"""One household's file: what the ledger says, masked; one guarded value in full for a reason; its history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.audit.service import record as audit
from jiedui.errors import NotFound, Refused
from jiedui.households import policy
from jiedui.households.lists import HELPER_SQL
from jiedui.households.tables import Household, Member, Need
from jiedui.households.words import GUARDED, REASONS
from jiedui.i18n import N_
from jiedui.ledgers.saving import opened
from jiedui.ledgers.tables import LedgerChange
from jiedui.store.columns import Row
from jiedui.store.scope import scope
from jiedui.store.vault import unseal


async def household_file(actor: Actor, household_id: UUID) -> Row:
    """The household with its `children`, `needs`, and whether it has a helper. Raises NotFound."""
    row = await _row(actor, household_id)
    helper = await Household.raw(
        f"SELECT {HELPER_SQL} AS helper FROM household h WHERE h.id = {{}}",  # noqa: S608 -- our own fragment
        household_id,
    )
    children = await Member.select().where(Member.household == household_id).order_by(Member.born_on)
    needs = await Need.select(Need.kind).where(Need.household == household_id).order_by(Need.position)
    return {
        **row,
        "helper": helper[0]["helper"],
        "children": children,
        "needs": [need["kind"] for need in needs],
        "phone": unseal(row["phone"], "household.phone") if row["phone"] else None,
        "identity": unseal(row["identity"], "household.identity"),
    }


async def history_of(actor: Actor, household_id: UUID) -> list[Row]:
    """What ledgers said about the household, newest first: when, where in which sheet, before and after."""
    await _row(actor, household_id)
    query = LedgerChange.select().where(
        LedgerChange.subject_kind == "household", LedgerChange.subject_id == household_id
    )
    lines = await query.order_by(LedgerChange.at, ascending=False)
    return [
        {
            "at": line["at"],
            "cell": line["cell"],
            "first": line["before"] is None,
            "before": opened(line, "before"),
            "after": opened(line, "after"),
        }
        for line in lines
    ]


async def unmask(actor: Actor, household_id: UUID, field: str, reason: str, now: datetime) -> Any:
    """One guarded value in full; that it was opened, by whom and why stays in the records. Raises Refused."""
    policy.require(actor, "reveal")
    if field not in GUARDED:
        raise NotFound
    if reason not in REASONS:
        raise Refused(N_("Please say what you need it for."), field="reason")
    async with scope(actor, now):
        household = await household_file(actor, household_id)
        await audit(
            actor,
            action="household.unmask",
            subject=("household", household_id),
            region_code=household["region_code"],
            detail={"field": field, "reason": reason},
            now=now,
        )
    return household[field]


async def _row(actor: Actor, household_id: UUID) -> Row:
    policy.require(actor, "read")
    row: Row | None = await Household.select().where(
        Household.id == household_id, policy.visible(actor)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    return row
