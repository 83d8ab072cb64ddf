"""What a ledger knows of a volunteer, in the shape the table and the history keep it."""

from collections.abc import Sequence

from jiedui.ledgers.person import more_column, more_in
from jiedui.ledgers.saving import Facts, sealed
from jiedui.store.columns import Row
from jiedui.store.vault import keyed_hash, unseal
from jiedui.volunteers.reading import VolunteerRecord

_PLAIN = ("name", "sex", "kind", "occupation", "capacity", "reach_km", "remark")
_LISTS = ("skills", "offers", "times")


def facts_of(record: VolunteerRecord) -> Facts:
    """What the row of a ledger says, checks that it states included."""
    return {
        "region_code": record.village,
        "phone": record.phone,
        "record_checked_on": record.record_checked_on.isoformat() if record.record_checked_on else None,
        "trained": record.trained,
        **{field: getattr(record, field) for field in (*_PLAIN, *_LISTS)},
        **record.more,
    }


async def facts_in(volunteers: Sequence[Row]) -> list[Facts]:
    """The same of volunteers who are already there."""
    return [
        {
            "region_code": row["region_code"],
            "phone": unseal(row["phone"], "volunteer.phone") if row["phone"] else None,
            "record_checked_on": row["record_checked_on"].isoformat() if row["record_checked_on"] else None,
            "trained": row["trained"],
            **{field: row[field] for field in (*_PLAIN, *_LISTS)},
            **more_in(row["more"]),
        }
        for row in volunteers
    ]


def columns_of(facts: Facts) -> Row:
    """The columns that facts of a ledger fill: all but those of checks, which have to count first."""
    return {
        "region_code": facts["region_code"],
        "phone": sealed(facts["phone"], "volunteer.phone"),
        "phone_key": phone_key(facts),
        **{field: facts[field] for field in (*_PLAIN, *_LISTS)},
        "more": more_column(facts),
    }


def phone_key(facts: Facts) -> str | None:
    """The telephone as it is looked for."""
    return keyed_hash(facts["phone"], "phone") if facts["phone"] else None
