"""Takes volunteers from a ledger: who stands there is identity-checked; nothing done online is undone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.i18n import N_
from jiedui.ledgers import saving
from jiedui.ledgers.saving import SAVING, Changed, Compared, Facts, New, OnProgress, Saved, day, sealed
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import keyed_hash, seal, unseal
from jiedui.volunteers.reading import VolunteerRecord
from jiedui.volunteers.service import held_by
from jiedui.volunteers.tables import VettingCheck, Volunteer

HOLDS_MORE = N_("she has {held} households at present; the capacity cannot be smaller")
SIGNED_UP_HERSELF = N_("signed up online herself: what she wrote there stays")

PLAIN = ("name", "sex", "kind", "occupation", "capacity", "reach_km", "trained", "remark")
LISTS = ("skills", "offers", "times")
_FROM_LEDGER = "ledger "


async def forecast_records(actor: Actor, records: Sequence[VolunteerRecord]) -> Saved:
    """What saving would do; writes nothing."""
    return (await _compare(actor, records)).saved()


async def save_records(
    actor: Actor,
    records: Sequence[VolunteerRecord],
    import_id: UUID,
    now: datetime,
    progress: OnProgress | None = None,
) -> Saved:
    """Make the volunteers say what the records say, in one transaction; saving them again changes nothing.

    State, pauses and checks that a person recorded stay; a capacity below the places held is refused.
    """
    async with DB.transaction():
        await saving.one_import_at_a_time("volunteers")
        compared = await _compare(actor, records)
        done = compared.same
        for new in saving.in_chunks(compared.new):
            await _add(new, import_id, now)
            done = await saving.tell(progress, SAVING, done, len(new), len(records))
        for changed in saving.in_chunks(compared.changed):
            await _change(changed, import_id, now)
            done = await saving.tell(progress, SAVING, done, len(changed), len(records))
        await bulk.update(Volunteer, compared.reworded)
    return compared.saved()


async def _compare(actor: Actor, records: Sequence[VolunteerRecord]) -> Compared[VolunteerRecord]:
    compared = await saving.compare(actor, Volunteer, records, _facts_of, _facts_in)
    online = await _names_online(compared.new)
    new, changed = compared.new, compared.changed
    compared.new = [one for one in new if (_phone_key(one.facts), one.facts["name"]) not in online]
    compared.changed = [one for one in changed if one.row["source"] != "online"]
    taken = {one.record.cell for one in compared.new} | {one.record.cell for one in compared.changed}
    everybody: list[VolunteerRecord] = [one.record for one in new]
    everybody += [one.record for one in changed]
    for record in everybody:
        if record.cell not in taken:
            compared.findings.append(saving.finding(record, SIGNED_UP_HERSELF, "warning"))
            compared.same += 1
    await _refuse_smaller_capacities(compared)
    return compared


async def _names_online(new: Sequence[New[VolunteerRecord]]) -> set[tuple[str | None, str]]:
    phones = [phone for one in new if (phone := _phone_key(one.facts))]
    if not phones:
        return set()
    rows = await Volunteer.select(Volunteer.phone_key, Volunteer.name).where(
        Volunteer.source == "online", Volunteer.phone_key.is_in(phones)
    )
    return {(row["phone_key"], row["name"]) for row in rows}


async def _refuse_smaller_capacities(compared: Compared[VolunteerRecord]) -> None:
    ids = [one.row["id"] for one in compared.changed if "capacity" in one.said]
    if not ids:
        return
    if DB.transaction_exists():
        # Who makes a pair locks the same row (pair_within_capacity), so the count cannot grow meanwhile.
        await Volunteer.raw("SELECT id FROM volunteer WHERE id = ANY({}) ORDER BY id FOR UPDATE", ids)
    held = await held_by(ids)
    kept = []
    for one in compared.changed:
        places = held.get(one.row["id"], 0)
        if one.facts["capacity"] < places:
            compared.findings.append(saving.finding(one.record, HOLDS_MORE, held=places))
        else:
            kept.append(one)
    compared.changed = kept


async def _add(new: Sequence[New[VolunteerRecord]], import_id: UUID, now: datetime) -> None:
    named = [(uuid4(), one) for one in new]
    numbers = await Volunteer.raw(
        "SELECT nextval('volunteer_number') AS n FROM generate_series(1, {})", len(named)
    )
    await bulk.insert(
        Volunteer,
        [
            {
                "id": volunteer,
                "number": f"Z{one.record.village[:6]}{row['n']:06d}",
                "ledger_key": one.key,
                "identity": seal(one.record.identity_number, "volunteer.identity"),
                **_columns_of(one.facts),
                "state": "active",
                "paused": False,
                "source": "ledger",
                "fingerprint": one.fingerprint,
                "created_at": now,
                "updated_at": now,
            }
            for (volunteer, one), row in zip(named, numbers, strict=True)
        ],
    )
    await bulk.insert(
        VettingCheck,
        [
            check
            for volunteer, one in named
            for check in _checks(volunteer, one.record, one.facts, now, first=True)
        ],
    )
    await saving.note_new("volunteer", named, import_id, now)


async def _change(changed: Sequence[Changed[VolunteerRecord]], import_id: UUID, now: datetime) -> None:
    recorded = await _recorded_by_people([one.row["id"] for one in changed])
    rows, checks = [], []
    for one in changed:
        facts = one.facts
        last = recorded.get((one.row["id"], "record"))
        told = day(facts["record_checked_on"])
        if last is not None and (told is None or told <= last):
            facts["record_checked_on"] = one.there["record_checked_on"]
        if (one.row["id"], "training") in recorded:
            facts["trained"] = one.there["trained"]
        rows.append(
            {
                "id": one.row["id"],
                **_columns_of(facts),
                "fingerprint": one.fingerprint,
                "updated_at": now,
            }
        )
        newly = {field: fact for field, fact in facts.items() if fact != one.there[field]}
        checks += _checks(one.row["id"], one.record, newly, now, first=False)
    await bulk.update(Volunteer, rows)
    await bulk.insert(VettingCheck, checks)
    await saving.note_changed("volunteer", changed, import_id, now)


async def _recorded_by_people(ids: list[UUID]) -> dict[tuple[UUID, str], Any]:
    rows = await VettingCheck.select(
        VettingCheck.volunteer, VettingCheck.kind, VettingCheck.checked_on
    ).where(VettingCheck.volunteer.is_in(ids), VettingCheck.recorded_by.is_not_null())
    newest: dict[tuple[UUID, str], Any] = {}
    for row in rows:
        about = (row["volunteer"], row["kind"])
        newest[about] = max(row["checked_on"], newest.get(about, row["checked_on"]))
    return newest


def _checks(
    volunteer: UUID, record: VolunteerRecord, facts: Facts, now: datetime, *, first: bool
) -> list[Row]:
    """What the ledger says about her vetting; nobody recorded it on the site, so `recorded_by` is empty."""
    found = [("identity", True, today(now))] if first else []
    if facts.get("record_checked_on"):
        found.append(("record", True, day(facts["record_checked_on"]) or today(now)))
    if facts.get("trained") or ("trained" in facts and not first):
        found.append(("training", facts["trained"], today(now)))
    return [
        {
            "id": uuid4(),
            "volunteer": volunteer,
            "region_code": record.village,
            "kind": kind,
            "passed": passed,
            "checked_on": checked_on,
            "paper": f"{_FROM_LEDGER}{record.cell}"[:200],
            "recorded_by": None,
            "created_at": now,
        }
        for kind, passed, checked_on in found
    ]


def _facts_of(record: VolunteerRecord) -> Facts:
    return {
        "region_code": record.village,
        "phone": record.phone,
        "record_checked_on": record.record_checked_on.isoformat() if record.record_checked_on else None,
        **{field: getattr(record, field) for field in (*PLAIN, *LISTS)},
    }


async def _facts_in(volunteers: Sequence[Row]) -> list[Facts]:
    return [
        {
            "region_code": row["region_code"],
            "phone": unseal(row["phone"], "volunteer.phone") if row["phone"] else None,
            "record_checked_on": row["record_checked_on"].isoformat() if row["record_checked_on"] else None,
            **{field: row[field] for field in (*PLAIN, *LISTS)},
        }
        for row in volunteers
    ]


def _columns_of(facts: Facts) -> Row:
    return {
        "region_code": facts["region_code"],
        "phone": sealed(facts["phone"], "volunteer.phone"),
        "phone_key": _phone_key(facts),
        "record_checked_on": day(facts["record_checked_on"]),
        **{field: facts[field] for field in (*PLAIN, *LISTS)},
    }


def _phone_key(facts: Facts) -> str | None:
    return keyed_hash(facts["phone"], "phone") if facts["phone"] else None
