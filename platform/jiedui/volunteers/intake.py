"""Takes volunteers from a ledger: it may state checks, but does not clear; nothing done online is undone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from msgspec.structs import replace

from jiedui.actor import Actor, within
from jiedui.i18n import N_
from jiedui.ledgers import claims, saving
from jiedui.ledgers.identity import birth_date
from jiedui.ledgers.saving import SAVING, Changed, Compared, New, OnProgress, Saved
from jiedui.store import bulk
from jiedui.store.scope import scope
from jiedui.store.vault import seal
from jiedui.volunteers import policy, stating
from jiedui.volunteers.alike import Alike, Person, alike, barred
from jiedui.volunteers.checks import counting
from jiedui.volunteers.reading import VolunteerRecord
from jiedui.volunteers.rows import columns_of, facts_in, facts_of, phone_key
from jiedui.volunteers.service import held_by, recount
from jiedui.volunteers.tables import VettingCheck, Volunteer

HOLDS_MORE = N_("she has {held} households at present; the capacity cannot be smaller")
SIGNED_UP_HERSELF = N_("signed up online herself: what she wrote there stays")
RESEMBLES = N_(
    "resembles somebody who was suspended, refused or did not pass a check: enters as an applicant"
)
STANDS_AGAINST = N_("a check that was not passed stands; what the ledger says of it does not count")

STAYS_KNOWN = N_(
    "was suspended, refused or did not pass a check: name, telephone and village stay as they were"
)
_KNOWN_BY = frozenset({"name", "phone", "region_code"})
"""By what somebody barred is recognised under another number; see `alike`."""


async def forecast_records(actor: Actor, records: Sequence[VolunteerRecord]) -> Saved:
    """What saving would do; writes nothing."""
    policy.require(actor, "save")
    return (await _compare(actor, records)).saved()


async def save_records(
    actor: Actor,
    records: Sequence[VolunteerRecord],
    import_id: UUID,
    now: datetime,
    progress: OnProgress | None = None,
) -> Saved:
    """Make the volunteers say what the records say, in one transaction; saving them again changes nothing.

    State, pauses and what a person decided of a check stay; a capacity below the places held is refused.
    """
    policy.require(actor, "save")
    async with scope(actor, now):
        await saving.one_import_at_a_time("volunteers")
        compared = await _compare(actor, records, hold=True)
        says = await stating.by(actor, import_id, now)
        done = len(compared.same) + compared.left
        await claims.keep(actor, "volunteer", compared, import_id, now)
        for new in saving.in_chunks(compared.joining):
            await _add(new, says)
            done = await saving.tell(progress, SAVING, done, len(new), len(records))
        for changed in saving.in_chunks(compared.changed):
            await _change(changed, says)
            done = await saving.tell(progress, SAVING, done, len(changed), len(records))
        await bulk.update(Volunteer, compared.reworded)
        for same in saving.in_chunks(compared.same, 5000):
            await recount(await says.settle([(row["id"], record) for row, record in same]), now)
        await bulk.analyze(Volunteer, VettingCheck)
    return compared.saved()


async def _compare(
    actor: Actor, records: Sequence[VolunteerRecord], *, hold: bool = False
) -> Compared[VolunteerRecord]:
    # Who makes a pair or decides of a check locks the same row, so neither slips in between.
    compared = await saving.compare(actor, Volunteer, records, facts_of, facts_in, hold=hold)
    await _leave_to_herself(actor, compared)
    await _leave_recognisable(compared)
    await _refuse_smaller_capacities(compared)
    await _warn(actor, compared)
    return compared


async def _leave_to_herself(actor: Actor, compared: Compared[VolunteerRecord]) -> None:
    """Who signed up online is told apart by telephone and name; a ledger does not change what she wrote."""
    online = await _names_online(actor, compared.new)
    own: list[VolunteerRecord] = [
        one.record for one in compared.new if (phone_key(one.facts), one.facts["name"]) in online
    ]
    own += [one.record for one in compared.changed if one.row["source"] == "online"]
    cells = {record.cell for record in own}
    compared.new = [one for one in compared.new if one.record.cell not in cells]
    compared.changed = [one for one in compared.changed if one.record.cell not in cells]
    compared.left += len(own)
    compared.findings += [saving.finding(record, SIGNED_UP_HERSELF, "warning") for record in own]


async def _names_online(actor: Actor, new: Sequence[New[VolunteerRecord]]) -> set[tuple[str | None, str]]:
    """Of the actor's own area: whom another area knows, a ledger is not told."""
    rows = await Volunteer.raw(
        "SELECT phone_key, name, region_code FROM volunteer WHERE source = 'online' AND phone_key = ANY({})",
        [phone for one in new if (phone := phone_key(one.facts))],
    )
    return {(row["phone_key"], row["name"]) for row in rows if within(actor.region_code, row["region_code"])}


async def _leave_recognisable(compared: Compared[VolunteerRecord]) -> None:
    """Who is barred keeps what she is recognised by: a ledger that renames her would let her in anew."""
    those = await barred([one.row for one in compared.changed])
    kept = []
    for one in compared.changed:
        said = {field: fact for field, fact in one.said.items() if field not in _KNOWN_BY}
        if one.row["id"] not in those or said == one.said:
            kept.append(one)
            continue
        compared.findings.append(saving.finding(one.record, STAYS_KNOWN, "warning"))
        if said:
            # Not read to its end: the row is compared again, and heard once nothing bars her.
            kept.append(replace(one, said=said, fingerprint=one.row["fingerprint"]))
        else:
            compared.left += 1
    compared.changed = kept


async def _refuse_smaller_capacities(compared: Compared[VolunteerRecord]) -> None:
    ids = [one.row["id"] for one in compared.changed if "capacity" in one.said]
    held = await held_by(ids) if ids else {}
    kept = []
    for one in compared.changed:
        places = held.get(one.row["id"], 0)
        if one.facts["capacity"] < places:
            compared.findings.append(saving.finding(one.record, HOLDS_MORE, held=places))
        else:
            kept.append(one)
    compared.changed = kept


async def _warn(actor: Actor, compared: Compared[VolunteerRecord]) -> None:
    """What the importer hears; of people of other areas she hears nothing, though it counts all the same."""
    found = await _alike(compared.new)
    for one in compared.new:
        if any(within(actor.region_code, other.region_code) for other in found.get(one.key, ())):
            compared.findings.append(saving.finding(one.record, RESEMBLES, "warning"))
    known = [(row["id"], record) for row, record in compared.same]
    known += [(one.row["id"], one.record) for one in compared.changed]
    against = await stating.standing_against(known)
    compared.findings += [
        saving.finding(record, STANDS_AGAINST, "warning")
        for volunteer, record in known
        if volunteer in against
    ]


async def _alike(new: Sequence[New[VolunteerRecord]]) -> Mapping[object, Sequence[Alike]]:
    return await alike(
        [
            Person(
                one.key,
                one.facts["name"],
                one.record.village,
                phone_key(one.facts),
                birth_date(one.record.identity_number),
            )
            for one in new
        ]
    )


async def _add(new: Sequence[New[VolunteerRecord]], says: stating.Stating) -> None:
    named = [(uuid4(), one) for one in new]
    found = await _alike(new)
    numbers = await Volunteer.raw(
        "SELECT nextval('volunteer_number') AS n FROM generate_series(1, {})", len(named)
    )
    checks = {volunteer: says.checks(volunteer, one.record) for volunteer, one in named}
    await bulk.insert(
        Volunteer,
        [
            {
                "id": volunteer,
                "number": f"Z{one.record.village[:6]}{row['n']:06d}",
                "ledger_key": one.key,
                "identity": seal(one.record.identity_number, "volunteer.identity"),
                **columns_of(one.facts),
                **counting(checks[volunteer]),
                "state": "applied" if found.get(one.key) else "active",
                "paused": False,
                "source": "ledger",
                "fingerprint": one.fingerprint,
                "created_at": says.now,
                "updated_at": says.now,
            }
            for (volunteer, one), row in zip(named, numbers, strict=True)
        ],
    )
    await bulk.insert(VettingCheck, [check for stated in checks.values() for check in stated])
    await saving.note_new("volunteer", named, says.import_id, says.now)


async def _change(changed: Sequence[Changed[VolunteerRecord]], says: stating.Stating) -> None:
    await bulk.update(
        Volunteer,
        [
            {
                "id": one.row["id"],
                **columns_of(one.facts),
                "fingerprint": one.fingerprint,
                "updated_at": says.now,
            }
            for one in changed
        ],
    )
    await recount(await says.settle([(one.row["id"], one.record) for one in changed]), says.now)
    await saving.note_changed("volunteer", changed, says.import_id, says.now)
