"""Use cases of households: taking them from a ledger, moving one to another village."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from jiedui.actor import Actor
from jiedui.households import policy, rows
from jiedui.households.numbers import next_numbers
from jiedui.households.reading import HouseholdRecord
from jiedui.households.tables import Household, Member, Need
from jiedui.ledgers import claims, saving
from jiedui.ledgers.saving import SAVING, Changed, Facts, New, OnProgress, Saved
from jiedui.regions.moves import move_to
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.scope import scope


async def forecast_records(actor: Actor, records: Sequence[HouseholdRecord]) -> Saved:
    """What saving would do; writes nothing."""
    policy.require(actor, "save")
    return (await saving.compare(actor, Household, records, rows.facts_of, rows.facts_in)).saved()


async def save_records(
    actor: Actor,
    records: Sequence[HouseholdRecord],
    import_id: UUID,
    now: datetime,
    progress: OnProgress | None = None,
) -> Saved:
    """Make the ledger say what the records say, in one transaction; saving them again changes nothing.

    A household that no record names stays as it is: leaving the ledger is a person's decision.
    """
    policy.require(actor, "save")
    async with scope(actor, now):
        await saving.one_import_at_a_time("households")
        compared = await saving.compare(actor, Household, records, rows.facts_of, rows.facts_in, hold=True)
        done = len(compared.same)
        await claims.keep(actor, "household", compared, import_id, now)
        for new in saving.in_chunks(compared.joining):
            await _add(new, import_id, now)
            done = await saving.tell(progress, SAVING, done, len(new), len(records))
        for changed in saving.in_chunks(compared.changed):
            await _change(changed, import_id, now)
            done = await saving.tell(progress, SAVING, done, len(changed), len(records))
        await bulk.update(Household, compared.reworded)
        await bulk.analyze(Household, Member, Need)
    return compared.saved()


async def move_household(actor: Actor, household_id: UUID, village: str, now: datetime) -> None:
    """To another village of the actor's area. Raises NotFound for what is not in it."""
    policy.require(actor, "move")
    await move_to(actor, Household, policy.visible(actor, deed="move"), household_id, village, now)


async def household_cards(actor: Actor, household_ids: Sequence[UUID]) -> list[Row]:
    """Households of the area as staff tell them apart, the name masked."""
    policy.require(actor, "move")
    rows: list[Row] = await Household.raw(
        "SELECT id, number, name, village, township FROM family_card WHERE id = ANY({}) AND {}",
        list(household_ids),
        policy.visible(actor, deed="move"),
    )
    return rows


async def _add(new: Sequence[New[HouseholdRecord]], import_id: UUID, now: datetime) -> None:
    named = [(uuid4(), one) for one in new]
    facts = [(household, one.facts) for household, one in named]
    numbers = await next_numbers([one.record.village for one in new])
    await bulk.insert(
        Household,
        [
            {
                "id": household,
                "number": number,
                "ledger_key": one.key,
                **rows.first_columns(one.record),
                **rows.columns_of(one.facts),
                "fingerprint": one.fingerprint,
                "created_at": now,
                "updated_at": now,
            }
            for (household, one), number in zip(named, numbers, strict=True)
        ],
    )
    await _add_people(facts)
    await _add_needs(facts)
    await saving.note_new("household", named, import_id, now)


async def _change(changed: Sequence[Changed[HouseholdRecord]], import_id: UUID, now: datetime) -> None:
    await bulk.update(
        Household,
        [
            {
                "id": one.row["id"],
                **rows.columns_of(one.facts),
                "fingerprint": one.fingerprint,
                "updated_at": now,
            }
            for one in changed
        ],
    )
    other_people = [(one.row["id"], one.facts) for one in changed if "children" in one.said]
    if other_people:
        ids = [household for household, _ in other_people]
        await Member.delete().where(Member.household.is_in(ids), Member.relation == "child")
        await _add_people(other_people)
    other_needs = [(one.row["id"], one.facts) for one in changed if "needs" in one.said]
    if other_needs:
        await Need.delete().where(Need.household.is_in([household for household, _ in other_needs]))
        await _add_needs(other_needs)
    await saving.note_changed("household", changed, import_id, now)


async def _add_people(named: Sequence[tuple[UUID, Facts]]) -> None:
    await bulk.insert(Member, [row for one in named for row in rows.member_rows(*one)])


async def _add_needs(named: Sequence[tuple[UUID, Facts]]) -> None:
    await bulk.insert(Need, [row for one in named for row in rows.need_rows(*one)])
