"""What saving a ledger has in common for all its kinds: compare, write in bulk, keep history.

A ledger decides a fact when its row says something else than the last time. What people changed on the
site in the meantime stays, until the village writes something new about that very thing.
"""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID, uuid4

import msgspec
from piccolo.table import Table

from jiedui.actor import Actor, within
from jiedui.i18n import N_
from jiedui.ledgers.report import Finding, Level, row_fingerprint
from jiedui.ledgers.tables import Claim, LedgerChange
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.vault import keyed_hash, seal, unseal

SAVING = N_("Saving")
OTHER_AREA = N_("the village lies outside your area")
_CELL = 40
_NOTHING: list[str] = []
"""What is said of a further trait (person.more) before a ledger first says it."""

Facts = dict[str, Any]
"""What a ledger says of one person, by field, as JSON can carry it."""
OnProgress = Callable[[str, int, int], Awaitable[None]]
"""Told what is being done, how many units are done, and of how many."""


class LedgerRow(Protocol):
    """What every record of a ledger of people has."""

    @property
    def cell(self) -> str: ...
    @property
    def identity_number(self) -> str: ...
    @property
    def village(self) -> str: ...


Record = TypeVar("Record", bound=LedgerRow)
Item = TypeVar("Item")


class Changes(msgspec.Struct, frozen=True):
    """What an import did to the ledger, or would do."""

    new: int = 0
    changed: int = 0
    same: int = 0


class Saved(msgspec.Struct, frozen=True):
    """The outcome of saving: the counts, and what only the ledger as it stands can say of a row."""

    changes: Changes
    findings: list[Finding]


class New(msgspec.Struct, Generic[Record], frozen=True):
    """A person the ledger did not have; `key` names her without telling who she is.

    `elsewhere` is her row in the ledger of another area: then this one becomes a claim, and nobody is told.
    """

    key: str
    fingerprint: str
    record: Record
    facts: Facts
    elsewhere: Row | None = None


class Changed(msgspec.Struct, Generic[Record], frozen=True):
    """A person of whom the ledger now says something else: `said` of it differs from the last time."""

    row: Row
    fingerprint: str
    record: Record
    there: Facts
    said: Facts

    @property
    def facts(self) -> Facts:
        """What is true from now on."""
        return self.there | self.said


class Compared(msgspec.Struct, Generic[Record]):
    """The rows of a file beside the rows of the ledger; `reworded` ones say the same in other words."""

    new: list[New[Record]] = []
    changed: list[Changed[Record]] = []
    claimed: list[tuple[Row, New[Record], bool]] = []
    """Claims made before, what is said of them now, and whether that is something else."""
    same: list[tuple[Row, Record]] = []
    reworded: list[Row] = []
    """Of the same: the columns to write, so that they are recognised the next time."""
    left: int = 0
    """Rows that are good, and change nothing all the same."""
    findings: list[Finding] = []

    def saved(self) -> Saved:
        """The counts."""
        restated = sum(other for _, _, other in self.claimed)
        same = len(self.same) + self.left + len(self.claimed) - restated
        return Saved(Changes(len(self.new), len(self.changed) + restated, same), self.findings)

    @property
    def joining(self) -> list[New[Record]]:
        """Those of the new who enter the ledger."""
        return [one for one in self.new if one.elsewhere is None]


async def compare(
    actor: Actor,
    table: type[Table],
    records: Sequence[Record],
    facts_of: Callable[[Record], Facts],
    facts_in: Callable[[Sequence[Row]], Awaitable[list[Facts]]],
    *,
    hold: bool = False,
) -> Compared[Record]:
    """Sort the records of a file; those of villages of another area are refused.

    Somebody whom another area's ledger has is new here, as far as anybody is told (see `ledgers.claims`).
    With `hold` nobody else changes those who are there already until the transaction ends.
    """
    compared: Compared[Record] = Compared()
    keys = [keyed_hash(record.identity_number, "identity") for record in records]
    sql = f"SELECT * FROM {table._meta.tablename} WHERE ledger_key = ANY({{}}) ORDER BY id"  # noqa: S608 -- our own table's name
    sql += " FOR UPDATE" if hold else ""
    known = {row["ledger_key"]: row for row in await table.raw(sql, keys)}
    other: list[tuple[Row, str, Record]] = []
    elsewhere: list[New[Record]] = []
    for key, record in zip(keys, records, strict=True):
        row = known.get(key)
        fingerprint = keyed_hash(row_fingerprint(record), "fingerprint")  # type: ignore[arg-type]  # all are Structs
        if not within(actor.region_code, record.village):
            compared.findings.append(finding(record, OTHER_AREA))
        elif row is None:
            compared.new.append(New(key, fingerprint, record, facts_of(record)))
        elif not within(actor.region_code, row["region_code"]):
            elsewhere.append(New(key, fingerprint, record, facts_of(record), row))
        elif row["fingerprint"] == fingerprint:
            compared.same.append((row, record))
        else:
            other.append((row, fingerprint, record))
    await _claims(actor, table, elsewhere, compared)
    if not other:
        return compared
    last = await _last_said([row["id"] for row, _, _ in other])
    for (row, fingerprint, record), there in zip(
        other, await facts_in([row for row, _, _ in other]), strict=True
    ):
        before = there | last[row["id"]]
        said = {
            field: fact for field, fact in facts_of(record).items() if fact != before.get(field, _NOTHING)
        }
        if said:
            compared.changed.append(Changed(row, fingerprint, record, there, said))
        else:
            compared.same.append((row, record))
            compared.reworded.append({"id": row["id"], "fingerprint": fingerprint})
    return compared


async def _claims(
    actor: Actor, table: type[Table], elsewhere: Sequence[New[Record]], compared: Compared[Record]
) -> None:
    """Who is claimed for the first time is new; who was claimed before is the same, or changed."""
    rows = await Claim.raw(
        "SELECT * FROM claim WHERE subject_kind = {} AND person_key = ANY({}) ORDER BY created_at",
        table._meta.tablename,
        [one.key for one in elsewhere],
    )
    made: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if within(actor.region_code, row["village"]):
            made[row["person_key"]].append(row)
    for one in elsewhere:
        # Of several, the one of this village: each is claimed for a village once.
        claim = max(made[one.key], key=lambda row: row["village"] == one.record.village, default=None)
        if claim is None:
            compared.new.append(one)
        else:
            before = json.loads(unseal(claim["facts"], "claim.facts"))
            compared.claimed.append((claim, one, before != one.facts))


def finding(record: LedgerRow, reason: str, level: Level = "rejected", **params: Any) -> Finding:
    """What the ledger as it stands has to say of a row that was read well."""
    number = int("".join(filter(str.isdigit, record.cell.rpartition("!")[2])))
    return Finding(record.cell, reason, level, number, params=params)


async def one_import_at_a_time(kind: str) -> None:
    """Until this transaction ends another import of the kind waits; then it sees what this one saved."""
    await LedgerChange.raw("SELECT pg_advisory_xact_lock(hashtext({}))", f"ledger import {kind}")


async def note_new(kind: str, new: Iterable[tuple[UUID, New[Any]]], import_id: UUID, now: datetime) -> None:
    """The first line of history: what the ledger said, and where."""
    await bulk.insert(
        LedgerChange, [_line(kind, key, one.record, import_id, now, None, one.facts) for key, one in new]
    )


async def note_changed(kind: str, changed: Iterable[Changed[Any]], import_id: UUID, now: datetime) -> None:
    """A further line of history: what was there, and what the ledger says instead."""
    await bulk.insert(
        LedgerChange,
        [
            _line(
                kind,
                one.row["id"],
                one.record,
                import_id,
                now,
                {field: one.there.get(field, _NOTHING) for field in one.said},
                one.said,
            )
            for one in changed
        ],
    )


def opened(line: Row, side: str) -> Facts:
    """The facts of a line of history, `before` or `after`."""
    facts: Facts = json.loads(unseal(line[side], f"ledger_change.{side}")) if line[side] else {}
    return facts


def sealed(text: str | None, place: str) -> bytes | None:
    """A value that may be missing, sealed for its column."""
    return seal(text, place) if text else None


def day(text: str | None) -> date | None:
    """A day out of a fact."""
    return date.fromisoformat(text) if text else None


def in_chunks(items: Sequence[Item], size: int = 500) -> Iterable[Sequence[Item]]:
    """Pieces small enough that progress is seen and a wish to stop is heard."""
    return (items[start : start + size] for start in range(0, len(items), size))


async def tell(progress: OnProgress | None, step: str, done: int, more: int, total: int) -> int:
    """Say how far it is; gives the new count."""
    if progress is not None:
        await progress(step, done + more, total)
    return done + more


async def _last_said(ids: Sequence[UUID]) -> dict[UUID, Facts]:
    said: dict[UUID, Facts] = defaultdict(dict)
    lines = await LedgerChange.raw(
        "SELECT subject_id, after FROM ledger_change WHERE subject_id = ANY({}) ORDER BY at", list(ids)
    )
    for line in lines:
        said[line["subject_id"]] |= opened(line, "after")
    return said


def _line(
    kind: str,
    subject_id: UUID,
    record: LedgerRow,
    import_id: UUID,
    now: datetime,
    before: Facts | None,
    after: Facts,
) -> Row:
    return {
        "id": uuid4(),
        "ledger_import": import_id,
        "subject_kind": kind,
        "subject_id": subject_id,
        "region_code": record.village,
        "cell": record.cell if len(record.cell) <= _CELL else "…" + record.cell[1 - _CELL :],
        "before": seal(_json(before), "ledger_change.before") if before is not None else None,
        "after": seal(_json(after), "ledger_change.after"),
        "at": now,
    }


def _json(facts: Facts) -> str:
    return json.dumps(facts, ensure_ascii=False)
