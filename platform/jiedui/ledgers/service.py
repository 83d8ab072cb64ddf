"""Use cases of ledgers: read a file, say what it would change, take it; remember what headers mean."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from jiedui.actor import Actor, parent, significant
from jiedui.audit.service import record as audit
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.ledgers import policy
from jiedui.ledgers.header import header_key
from jiedui.ledgers.ledger import Ledger
from jiedui.ledgers.report import Finding, Reading, Report, UnknownHeader
from jiedui.ledgers.saving import Changes, OnProgress, Saved
from jiedui.ledgers.tables import HeaderWord, LedgerImport
from jiedui.store.scope import in_area, scope

READING = N_("Reading the workbook")
COMPARING = N_("Comparing with the ledger")
IGNORED = "-"
"""What a county says of a header nobody needs."""

_COUNTY_DIGITS = 6


class ImportResult(msgspec.Struct, frozen=True):
    """What was read, and what it changed, or would change after a dry run."""

    report: Report
    changes: Changes
    unknown_headers: list[UnknownHeader] = []


async def import_file(
    actor: Actor, ledger: Ledger, path: Path, *, dry_run: bool, now: datetime, on: OnProgress | None = None
) -> ImportResult:
    """Read a ledger and take it whole, or only say what would happen. Raises LedgerError for no ledger."""
    policy.of(ledger).require(actor, "bring")
    reading = await read_file(actor, ledger, path, now=now, on=on)
    if dry_run:
        return await forecast(actor, ledger, reading)
    digest = await asyncio.to_thread(_digest, path)
    async with scope(actor, now):
        import_id = uuid4()
        await LedgerImport.insert(
            LedgerImport(
                id=import_id,
                kind=ledger.kind,
                region_code=_area(actor, reading.records),
                file_hash=digest,
                state="ready",
                decision="applied",
                created_at=now,
                finished_at=now,
                applied_at=now,
                created_by=actor.account_id,
            )
        )
        result = await take(actor, ledger, reading, import_id, now=now, on=on)
        await LedgerImport.update(**outcome(result)).where(LedgerImport.id == import_id)
    return result


async def already_applied(ledger: Ledger, path: Path) -> bool:
    """Whether this very file was taken before; taking it again would change nothing."""
    digest = await asyncio.to_thread(_digest, path)
    return bool(
        await LedgerImport.exists().where(
            LedgerImport.kind == ledger.kind,
            LedgerImport.file_hash == digest,
            LedgerImport.decision == "applied",
        )
    )


async def read_file(
    actor: Actor, ledger: Ledger, path: Path, *, now: datetime, on: OnProgress | None = None
) -> Reading[Any]:
    """The records of a file. Raises LedgerError when it is no such ledger."""
    policy.of(ledger).require(actor, "bring")
    if on is not None:
        await on(READING, 0, 0)
    mapping = await header_words(actor, ledger)
    return await ledger.read(actor, path, mapping=mapping, others=ledger.others, now=now)


async def forecast(actor: Actor, ledger: Ledger, reading: Reading[Any]) -> ImportResult:
    """What taking a reading would change; writes nothing."""
    policy.of(ledger).require(actor, "bring")
    return _result(reading, await ledger.forecast(actor, reading.records))


async def take(
    actor: Actor,
    ledger: Ledger,
    reading: Reading[Any],
    import_id: UUID,
    *,
    now: datetime,
    on: OnProgress | None,
) -> ImportResult:
    """Save a reading inside the caller's transaction, with its audit entry."""
    policy.of(ledger).require(actor, "bring")
    result = _result(reading, await ledger.save(actor, reading.records, import_id, now, on))
    await audit(
        actor,
        action="ledger.import",
        subject=("ledger_import", import_id),
        region_code=_area(actor, reading.records),
        detail={"kind": ledger.kind, "rows": result.report.rows, **msgspec.structs.asdict(result.changes)},
        now=now,
    )
    return result


def outcome(result: ImportResult) -> dict[str, Any]:
    """An import's result as the columns of its row."""
    return {
        "report": msgspec.json.encode(result.report).decode(),
        "changes": msgspec.json.encode(result.changes).decode(),
        "unknown_headers": msgspec.json.encode(result.unknown_headers).decode(),
    }


async def header_words(actor: Actor, ledger: Ledger) -> dict[str, str]:
    """What the headers mean that somebody explained here or above; the nearer explanation counts.

    Above a county, where ledgers of many counties are read, also what a county in the area explained,
    unless another one explained it otherwise.
    """
    policy.of(ledger).require(actor, "read")
    areas = [actor.region_code]
    while (above := parent(areas[-1])) is not None:
        areas.append(above)
    rows = await HeaderWord.select().where(
        HeaderWord.kind == ledger.kind, HeaderWord.region_code.is_in(areas)
    )
    rows.sort(key=lambda row: len(significant(row["region_code"])))
    words = {row["header"]: row["field"] for row in rows}
    if len(significant(actor.region_code)) >= _COUNTY_DIGITS:
        return words
    below = await HeaderWord.raw(
        "SELECT header, min(field) AS field FROM header_word WHERE kind = {} AND {} "
        "GROUP BY header HAVING min(field) = max(field)",
        ledger.kind,
        in_area("region_code", actor.region_code),
    )
    return {row["header"]: row["field"] for row in below} | words


async def remember_header(actor: Actor, ledger: Ledger, header: str, field: str, now: datetime) -> None:
    """A header means this field (or is not needed) from now on, in the whole county. Raises Refused."""
    policy.of(ledger).require(actor, "bring")
    word = header_key(header)[:80]
    fields = ledger.fields
    if not fields or not word or field not in (*fields, IGNORED):
        raise Refused(N_("Please choose one of the options."), field="header")
    area = _home(actor)
    async with scope(actor, now):
        await HeaderWord.insert(
            HeaderWord(
                kind=ledger.kind,
                region_code=area,
                header=word,
                field="" if field == IGNORED else field,
                created_at=now,
            )
        ).on_conflict(
            target=(HeaderWord.kind, HeaderWord.region_code, HeaderWord.header),
            action="DO UPDATE",
            values=[HeaderWord.field],
        )
        await audit(
            actor,
            action="ledger.header",
            subject=("header_word", word),
            region_code=area,
            detail={"kind": ledger.kind, "field": field},
            now=now,
        )


def _result(reading: Reading[Any], saved: Saved) -> ImportResult:
    """The reading's report together with what saving had to say: rows are still accepted plus rejected."""
    refused = {_row(finding) for finding in saved.findings if finding.level == "rejected"}
    kept = [f for f in reading.report.findings if f.level != "warning" or _row(f) not in refused]
    report = Report(
        rows=reading.report.rows,
        accepted=reading.report.accepted - len(refused),
        findings=[*kept, *saved.findings],
    )
    return ImportResult(report, saved.changes, reading.unknown_headers)


def _row(finding: Finding) -> tuple[str, int | None]:
    return finding.cell.rpartition("!")[0], finding.row


def _home(actor: Actor) -> str:
    """The county an actor works in; her own area when that is larger."""
    return significant(actor.region_code)[:_COUNTY_DIGITS].ljust(12, "0")


def _area(actor: Actor, records: Sequence[Any]) -> str:
    """The area an import belongs to: the actor's, or for the command line what its rows have in common."""
    if significant(actor.region_code):
        return actor.region_code
    codes: list[str] = [getattr(record, "village", None) or record.code for record in records]
    if not codes:
        return actor.region_code
    low, high = min(codes), max(codes)
    common = next((end for end in (12, 9, 6, 4, 2) if low[:end] == high[:end]), 0)
    return low[:common].ljust(12, "0")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
