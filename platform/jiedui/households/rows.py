"""What a ledger knows of a household, in the shape the tables and the history keep it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID, uuid4

from jiedui.households.reading import HouseholdRecord
from jiedui.households.tables import Member, Need
from jiedui.ledgers.identity import birth_date
from jiedui.ledgers.person import more_column, more_in
from jiedui.ledgers.saving import Facts, day, sealed
from jiedui.store.columns import Row
from jiedui.store.vault import keyed_hash, seal, unseal

PLAIN = (
    "name",
    "ethnicity",
    "schooling",
    "health",
    "husband_name",
    "husband_place",
    "size",
    "elders",
    "category",
    "colour",
    "contact_way",
    "remark",
)
"""Facts that stand in the record and in the table under one name and in one form."""


def facts_of(record: HouseholdRecord) -> Facts:
    """What the row of a ledger says."""
    return {
        "region_code": record.village,
        "phone": record.phone,
        "away_since": record.away_since.isoformat() if record.away_since else None,
        **{field: getattr(record, field) for field in PLAIN},
        "children": _children((child.name, child.born) for child in record.children),
        "needs": list(record.needs),
        **record.more,
    }


async def facts_in(households: Sequence[Row]) -> list[Facts]:
    """The same of households that are already there."""
    ids = [row["id"] for row in households]
    members: dict[UUID, list[Row]] = defaultdict(list)
    needs: dict[UUID, list[str]] = defaultdict(list)
    children = "SELECT household, name, born_on FROM member WHERE household = ANY({}) AND relation = 'child'"
    for row in await Member.raw(children, ids):
        members[row["household"]].append(row)
    wanted = "SELECT household, kind FROM need WHERE household = ANY({}) ORDER BY position"
    for row in await Need.raw(wanted, ids):
        needs[row["household"]].append(row["kind"])
    return [
        {
            "region_code": row["region_code"],
            "phone": unseal(row["phone"], "household.phone") if row["phone"] else None,
            "away_since": row["away_since"].isoformat() if row["away_since"] else None,
            **{field: row[field] for field in PLAIN},
            "children": _children((member["name"], member["born_on"]) for member in members[row["id"]]),
            "needs": needs[row["id"]],
            **more_in(row["more"]),
        }
        for row in households
    ]


def columns_of(facts: Facts) -> Row:
    """The columns of the household's own table that facts of a ledger fill."""
    return {
        "region_code": facts["region_code"],
        "phone": sealed(facts["phone"], "household.phone"),
        "phone_key": keyed_hash(facts["phone"], "phone") if facts["phone"] else None,
        "away_since": day(facts["away_since"]),
        **{field: facts[field] for field in PLAIN},
        "more": more_column(facts),
    }


def first_columns(record: HouseholdRecord) -> Row:
    """What is set when a household enters the ledger, and never by an import again."""
    return {
        "identity": seal(record.identity_number, "household.identity"),
        "born_on": birth_date(record.identity_number),
        "wanted_helpers": 1,
        "active": True,
    }


def member_rows(household: UUID, facts: Facts) -> list[Row]:
    """The children."""
    return [
        {"id": uuid4(), "household": household, "relation": "child", "name": name, "born_on": day(born)}
        for born, name in facts["children"]
    ]


def need_rows(household: UUID, facts: Facts) -> list[Row]:
    """The needs, in the order the ledger names them."""
    return [
        {"id": uuid4(), "household": household, "kind": kind, "position": position}
        for position, kind in enumerate(facts["needs"])
    ]


def _children(children: Iterable[tuple[str, date | None]]) -> list[list[str]]:
    return sorted([born.isoformat() if born else "", name] for name, born in children)
