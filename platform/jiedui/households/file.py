"""One household's file: what the ledger says, masked; its history; the whole of it in clear for a purpose."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from jiedui.accounts.limits import Limits
from jiedui.accounts.reveals import Opened, reveal
from jiedui.actor import Actor
from jiedui.errors import NotFound
from jiedui.households import policy
from jiedui.households.lists import HELPER_SQL
from jiedui.households.tables import Household, Member
from jiedui.households.words import PURPOSES
from jiedui.ledgers.person import is_more, more_in
from jiedui.ledgers.saving import Facts, opened
from jiedui.ledgers.tables import LedgerChange
from jiedui.store.columns import Row
from jiedui.store.masked import hidden, masked_identity, masked_name, masked_phone
from jiedui.store.vault import unseal

_FILE = f"""
SELECT h.id, h.number, h.region_code, h.active, h.colour, h.contact_way, h.away_since, h.husband_place,
    h.size, h.elders, h.category, h.schooling, h.ethnicity, h.identity, h.phone, masked_name(h.name) AS name,
    masked_name(h.husband_name) AS husband_name, hidden(h.health) AS health, hidden(h.remark) AS remark,
    {HELPER_SQL} AS helper,
    ARRAY(SELECT n.kind FROM need n WHERE n.household = h.id ORDER BY n.position) AS needs
FROM household h WHERE h.id = {{}} AND {{}}
"""  # noqa: S608 -- our own words
_CHILDREN = """
SELECT masked_name(m.name) AS name, m.born_on FROM member m
WHERE m.household = {} AND m.relation = 'child' ORDER BY m.born_on
"""


async def household_file(actor: Actor, household_id: UUID) -> Row:
    """The household with `children`, `needs` and whether it has a helper, masked. Raises NotFound."""
    policy.require(actor, "read")
    rows = await Household.raw(_FILE, household_id, policy.visible(actor, "h"))
    if not rows:
        raise NotFound
    row: Row = rows[0]
    return {
        **row,
        "children": await Member.raw(_CHILDREN, household_id),
        "phone": masked_phone(_phone(row)),
        "identity": masked_identity(unseal(row["identity"], "household.identity")),
    }


async def history_of(actor: Actor, household_id: UUID) -> list[Row]:
    """What ledgers said about the household, newest first: when, where in which sheet, before and after."""
    await household_file(actor, household_id)
    query = LedgerChange.select().where(
        LedgerChange.subject_kind == "household", LedgerChange.subject_id == household_id
    )
    lines = await query.order_by(LedgerChange.at, ascending=False)
    return [
        {
            "at": line["at"],
            "cell": line["cell"],
            "first": line["before"] is None,
            "before": _masked(opened(line, "before")),
            "after": _masked(opened(line, "after")),
        }
        for line in lines
    ]


async def open_card(
    actor: Actor, household_id: UUID, purpose: str, *, limits: Limits, now: datetime
) -> dict[str, Any]:
    """All that is guarded (words.GUARDED) in clear, once.

    Raises Forbidden, NotFound, Refused without a purpose, TooMany.
    """
    policy.require(actor, "reveal")

    async def read() -> Opened[dict[str, Any]]:
        row = await Household.select().where(
            Household.id == household_id, policy.visible(actor, deed="reveal")
        ).first()  # fmt: skip
        if row is None:
            raise NotFound
        children = await Member.select(Member.name, Member.born_on).where(
            Member.household == household_id, Member.relation == "child"
        ).order_by(Member.born_on)  # fmt: skip
        born = [child["born_on"].isoformat() if child["born_on"] else "" for child in children]
        card = {field: row[field] for field in ("name", "husband_name", "health", "remark")}
        card |= {
            "children": [[child["name"], day] for child, day in zip(children, born, strict=True)],
            "more": more_in(row["more"]),
            "phone": _phone(row),
            "identity": unseal(row["identity"], "household.identity"),
        }
        return Opened(card, ("household", household_id), row["region_code"])

    return await reveal(actor, "household.reveal", purpose, PURPOSES, read, limits=limits, now=now)


def _phone(row: Row) -> str | None:
    return unseal(row["phone"], "household.phone") if row["phone"] else None


def _masked(facts: Facts) -> Facts:
    """What a ledger said, as everybody may read it."""
    masks: dict[str, Callable[[Any], Any]] = {
        "name": masked_name,
        "husband_name": masked_name,
        "phone": masked_phone,
        "health": hidden,
        "remark": hidden,
        "children": lambda children: [[born, masked_name(name)] for born, name in children],
    }
    return {
        field: masks[field](fact) if field in masks else hidden("、".join(fact)) if is_more(field) else fact
        for field, fact in facts.items()
    }
