"""Use cases of ledgers: read a file, say what it would change, take it; remember what headers mean."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
from piccolo.columns import Column

from jiedui.actor import Actor
from jiedui.audit.service import record as audit
from jiedui.clock import today
from jiedui.errors import Refused
from jiedui.households import service as households
from jiedui.i18n import N_
from jiedui.ledgers import profiles, volunteer_rows
from jiedui.ledgers.header import Profile, header_key
from jiedui.ledgers.households import read_households
from jiedui.ledgers.regions import VillageIndex, read_regions
from jiedui.ledgers.report import Finding, Reading, Report, UnknownHeader
from jiedui.ledgers.saving import Changes, OnProgress, Saved, one_import_at_a_time
from jiedui.ledgers.tables import HeaderWord, LedgerImport
from jiedui.ledgers.volunteers import read_volunteers
from jiedui.regions.codes import county, parent, significant
from jiedui.regions.service import forecast_regions, save_regions
from jiedui.regions.tables import Region
from jiedui.store.piccolo_conf import DB
from jiedui_pairing.policy import standard

READING = N_("Reading the workbook")
COMPARING = N_("Comparing with the ledger")
IGNORED = "-"
"""What a county says of a header nobody needs."""
PROFILES: dict[str, Profile] = {"households": profiles.HOUSEHOLDS, "volunteers": profiles.VOLUNTEERS}

_COUNTY_DIGITS = 6
_SAVE: dict[str, Callable[..., Awaitable[Saved]]] = {
    "households": households.save_records,
    "volunteers": volunteer_rows.save_records,
}
_FORECAST: dict[str, Callable[..., Awaitable[Saved]]] = {
    "households": households.forecast_records,
    "volunteers": volunteer_rows.forecast_records,
}


class ImportResult(msgspec.Struct, frozen=True):
    """What was read, and what it changed, or would change after a dry run."""

    report: Report
    changes: Changes
    unknown_headers: list[UnknownHeader] = []


async def import_file(
    actor: Actor, kind: str, path: Path, *, dry_run: bool, now: datetime, on: OnProgress | None = None
) -> ImportResult:
    """Read a ledger and take it whole, or only say what would happen. Raises LedgerError for no ledger."""
    reading = await read_file(actor, kind, path, now=now, on=on)
    if dry_run:
        return await forecast(actor, kind, reading)
    digest = await asyncio.to_thread(_digest, path)
    async with DB.transaction():
        import_id = uuid4()
        await LedgerImport.insert(
            LedgerImport(
                id=import_id,
                kind=kind,
                region_code=_area(actor, reading.records),
                file_hash=digest,
                state="applied",
                created_at=now,
                applied_at=now,
                created_by=actor.account_id,
            )
        )
        result = await take(actor, kind, reading, import_id, now=now, on=on)
        await LedgerImport.update(outcome(result)).where(LedgerImport.id == import_id)
    return result


async def already_applied(kind: str, path: Path) -> bool:
    """Whether this very file was taken before; taking it again would change nothing."""
    digest = await asyncio.to_thread(_digest, path)
    return bool(
        await LedgerImport.exists().where(
            LedgerImport.kind == kind, LedgerImport.file_hash == digest, LedgerImport.state == "applied"
        )
    )


async def read_file(
    actor: Actor, kind: str, path: Path, *, now: datetime, on: OnProgress | None = None
) -> Reading[Any]:
    """The records of a file. Raises LedgerError when it is no such ledger."""
    if on is not None:
        await on(READING, 0, 0)
    if kind == "regions":
        known = {row["code"] for row in await Region.select(Region.code)}
        return await asyncio.to_thread(read_regions, path, known=known, area=actor.region_code)
    villages = VillageIndex(await _regions_around(actor))
    mapping = await header_words(actor, kind)
    read = read_households if kind == "households" else read_volunteers
    return await asyncio.to_thread(read, path, villages, standard(), on=today(now), mapping=mapping)


async def forecast(actor: Actor, kind: str, reading: Reading[Any]) -> ImportResult:
    """What taking a reading would change; writes nothing."""
    if kind == "regions":
        told = await forecast_regions(reading.records)
        return ImportResult(reading.report, Changes(told.new, told.changed, told.same))
    saved = await _FORECAST[kind](actor, reading.records)
    return _result(reading, saved)


async def take(
    actor: Actor, kind: str, reading: Reading[Any], import_id: UUID, *, now: datetime, on: OnProgress | None
) -> ImportResult:
    """Save a reading inside the caller's transaction, with its audit entry."""
    if kind == "regions":
        await one_import_at_a_time(kind)
        done = await save_regions(actor, reading.records, now)
        result = ImportResult(reading.report, Changes(done.new, done.changed, done.same))
    else:
        result = _result(reading, await _SAVE[kind](actor, reading.records, import_id, now, on))
    await audit(
        actor,
        action="ledger.import",
        subject=("ledger_import", import_id),
        region_code=_area(actor, reading.records),
        detail={"kind": kind, "rows": result.report.rows, **msgspec.structs.asdict(result.changes)},
        now=now,
    )
    return result


def outcome(result: ImportResult) -> dict[Column | str, Any]:
    """An import's result as the columns of its row."""
    return {
        "report": msgspec.json.encode(result.report).decode(),
        "changes": msgspec.json.encode(result.changes).decode(),
        "unknown_headers": msgspec.json.encode(result.unknown_headers).decode(),
    }


async def header_words(actor: Actor, kind: str) -> dict[str, str]:
    """What the headers mean that somebody explained here or above; the nearer explanation counts.

    Above a county, where ledgers of many counties are read, also what a county in the area explained,
    unless another one explained it otherwise.
    """
    areas = [actor.region_code]
    while (above := parent(areas[-1])) is not None:
        areas.append(above)
    rows = await HeaderWord.select().where(HeaderWord.kind == kind, HeaderWord.region_code.is_in(areas))
    rows.sort(key=lambda row: len(significant(row["region_code"])))
    words = {row["header"]: row["field"] for row in rows}
    if len(significant(actor.region_code)) >= _COUNTY_DIGITS:
        return words
    below = await HeaderWord.raw(
        "SELECT header, min(field) AS field FROM header_word WHERE kind = {} AND region_code LIKE {} "
        "GROUP BY header HAVING min(field) = max(field)",
        kind,
        significant(actor.region_code) + "%",
    )
    return {row["header"]: row["field"] for row in below} | words


async def remember_header(actor: Actor, kind: str, header: str, field: str, now: datetime) -> None:
    """A header means this field (or is not needed) from now on, in the whole county. Raises Refused."""
    word = header_key(header)[:80]
    if kind not in PROFILES or not word or field not in (*PROFILES[kind].wordings, IGNORED):
        raise Refused(N_("Please choose one of the options."), field="header")
    area = _home(actor)
    async with DB.transaction():
        await HeaderWord.insert(
            HeaderWord(
                kind=kind,
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
            detail={"kind": kind, "field": field},
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
    area = actor.region_code
    return county(area) if len(significant(area)) >= _COUNTY_DIGITS else area


async def _regions_around(actor: Actor) -> list[tuple[str, str, str]]:
    """The regions a ledger may name: all of the county, so that a neighbour's village is known as such."""
    home = _home(actor)
    rows = await Region.select(Region.code, Region.name, Region.level).where(
        Region.code.like(significant(home) + "%")
    )
    return [(row["code"], row["name"], row["level"]) for row in rows]


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
