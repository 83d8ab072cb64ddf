"""What a ledger states of checks: it counts where a county's own table is trusted, and waits elsewhere."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.policies.force import in_force
from jiedui.policies.service import pack_named
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.volunteers.checks import area_of, failure, level, of_county
from jiedui.volunteers.reading import VolunteerRecord
from jiedui.volunteers.tables import CHECKS, VettingCheck

_SAID = ("stated", "trusted")


@dataclass
class _Changes:
    """What an import writes of checks, and of whom."""

    added: list[Row] = field(default_factory=list)
    withdrawn: list[Row] = field(default_factory=list)
    vouched: list[Row] = field(default_factory=list)

    @property
    def volunteers(self) -> set[UUID]:
        return {check["volunteer"] for check in (*self.added, *self.withdrawn, *self.vouched)}


@dataclass(frozen=True)
class Stating:
    """One import: whose it is, and whether what it states counts."""

    actor: Actor
    import_id: UUID
    trusted: bool
    now: datetime

    def checks(self, volunteer: UUID, record: VolunteerRecord, kinds: Iterable[str] = CHECKS) -> list[Row]:
        """The checks of these kinds that a row states."""
        stated = _stated(record, today(self.now))
        return [
            {
                "id": uuid4(),
                "volunteer": volunteer,
                "region_code": record.village,
                "kind": kind,
                "passed": True,
                "checked_on": stated[kind],
                "paper": f"ledger {record.cell}"[:200],
                "standing": "trusted" if self.trusted else "stated",
                "recorded_by": None,
                "recorded_from": area_of(self.actor, record.village),
                "ledger_import": self.import_id,
                "decided_by": None,
                "decided_from": "",
                "decided_at": None,
                "created_at": self.now,
            }
            for kind in kinds
            if kind in stated
        ]

    async def settle(self, rows: Sequence[tuple[UUID, VolunteerRecord]]) -> set[UUID]:
        """Let the checks of volunteers who are already there, and held, be what these rows state.

        A ledger's earlier word is taken back, also that of a lower level; what a higher level stated or a
        person decided stays. Gives of whom anything has changed.
        """
        noted = await checks_of([volunteer for volunteer, _ in rows])
        changes = _Changes()
        for volunteer, record in rows:
            for kind in CHECKS:
                of_kind = [check for check in noted[volunteer] if check["kind"] == kind]
                self._settle(volunteer, record, kind, of_kind, changes)
        await bulk.update(
            VettingCheck, [{"id": check["id"], "standing": "withdrawn"} for check in changes.withdrawn]
        )
        await bulk.update(
            VettingCheck,
            [
                {
                    "id": check["id"],
                    "standing": "trusted",
                    "recorded_from": area_of(self.actor, check["region_code"]),
                    "ledger_import": self.import_id,
                }
                for check in changes.vouched
            ],
        )
        await bulk.insert(VettingCheck, changes.added)
        return changes.volunteers

    def _settle(
        self, volunteer: UUID, record: VolunteerRecord, kind: str, noted: Sequence[Row], changes: _Changes
    ) -> None:
        day = _stated(record, today(self.now)).get(kind)
        said = [check for check in noted if check["standing"] in _SAID]
        mine = [
            check
            for check in said
            if level(area_of(self.actor, record.village)) <= level(check["recorded_from"])
        ]
        # Only a record check has a day of its own in a ledger: another day says something new.
        alike = [check for check in noted if kind != "record" or check["checked_on"] == day]
        again = [check for check in said if check in alike] if day else []
        changes.withdrawn += [check for check in mine if check not in again]
        if self.trusted:
            changes.vouched += [check for check in again if check["standing"] == "stated"]
        decided = any(check["standing"] in ("confirmed", "refused") for check in alike)
        if day and not again and not decided:
            changes.added += self.checks(volunteer, record, [kind])


async def by(actor: Actor, import_id: UUID, now: datetime) -> Stating:
    """What an import of this actor states: a township's or a village's never counts by itself."""
    trusts = (await pack_named(in_force().name)).vetting.trusts_county_ledger
    return Stating(actor, import_id, trusts and of_county(actor.region_code), now)


async def standing_against(rows: Sequence[tuple[UUID, VolunteerRecord]]) -> set[UUID]:
    """Of whom a ledger states a check, though one that was not passed stands."""
    failed = await VettingCheck.raw(
        "SELECT DISTINCT volunteer FROM vetting_check WHERE NOT passed AND volunteer = ANY({})",
        [volunteer for volunteer, _ in rows],
    )
    noted = await checks_of([check["volunteer"] for check in failed])
    return {
        volunteer
        for volunteer, record in rows
        if volunteer in noted
        and any(failure(noted[volunteer], kind) is not None for kind in _stated(record, date.min))
    }


async def checks_of(volunteers: Collection[UUID]) -> Mapping[UUID, list[Row]]:
    """Everything that was ever noted of their checks."""
    found: dict[UUID, list[Row]] = defaultdict(list)
    if volunteers:
        for row in await VettingCheck.raw(
            "SELECT * FROM vetting_check WHERE volunteer = ANY({})", list(volunteers)
        ):
            found[row["volunteer"]].append(row)
    return found


def _stated(record: VolunteerRecord, day: date) -> dict[str, date]:
    """The kinds of check that a row states, each with its day; where it names none, with this one."""
    stated = {"identity": day}
    if record.record_checked_on:
        stated["record"] = record.record_checked_on
    if record.trained:
        stated["training"] = day
    return stated
