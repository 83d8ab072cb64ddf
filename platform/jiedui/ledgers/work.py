"""What a worker does with a sent ledger: read it and say what would happen; later take it. Safe to repeat."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from jiedui.accounts.access import admits
from jiedui.accounts.service import actor_of
from jiedui.actor import Actor, within
from jiedui.clock import utc_now
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.jobs import asked
from jiedui.jobs.service import Handler, JobRow, Progress
from jiedui.ledgers import service, uploads
from jiedui.ledgers.errors import LedgerError
from jiedui.ledgers.header import find_header
from jiedui.ledgers.ledger import Ledger
from jiedui.ledgers.report import UnknownHeader
from jiedui.ledgers.tables import LedgerImport
from jiedui.ledgers.workbook import open_workbook
from jiedui.store.columns import Row
from jiedui.store.scope import scope

_MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder that is never written to a disk, where there is one


def handlers(ledgers: Mapping[str, Ledger]) -> dict[str, Handler]:
    """What a worker does with ledgers of these kinds."""
    return {"ledger.read": partial(_read, ledgers), "ledger.apply": partial(_apply, ledgers)}


async def _read(ledgers: Mapping[str, Ledger], job: JobRow, progress: Progress) -> None:
    """The dry run: the report, what would change, and headers to explain; or why the file is no ledger."""
    row = await _undecided(job)
    if row is None:
        return
    ledger = ledgers[row["kind"]]
    async with asked.answering(LedgerImport, row["id"]):
        actor = await _actor(job, row, ledger)
        with _file(row, ledger) as path:
            try:
                reading = await service.read_file(actor, ledger, path, now=utc_now(), on=progress.report)
            except LedgerError as refusal:
                unknown = await _headers_to_explain(actor, ledger, path)
                await asked.refused(LedgerImport, row["id"], refusal, _unread(unknown))
                raise
        await progress.report(service.COMPARING, 0, 0)
        result = await service.forecast(actor, ledger, reading)
        await asked.answered(LedgerImport, row["id"], service.outcome(result))


async def _apply(ledgers: Mapping[str, Ledger], job: JobRow, progress: Progress) -> None:
    """Take the ledger: all good rows in one transaction, or nothing."""
    row = await _undecided(job)
    if row is None:
        return
    ledger, now = ledgers[row["kind"]], utc_now()
    async with asked.answering(LedgerImport, row["id"]):
        actor = await _actor(job, row, ledger)
        with _file(row, ledger) as path:
            reading = await service.read_file(actor, ledger, path, now=now, on=progress.report)
        async with scope(actor, now):
            taken = (
                await LedgerImport.update(
                    {
                        LedgerImport.decision: "applied",
                        LedgerImport.applied_at: now,
                        LedgerImport.content: None,
                    }
                )
                .where(
                    LedgerImport.id == row["id"],
                    LedgerImport.decision == "",
                    LedgerImport.state == "running",
                )
                .returning(LedgerImport.id)
            )
            if taken:
                result = await service.take(actor, ledger, reading, row["id"], now=now, on=progress.report)
                await asked.answered(LedgerImport, row["id"], service.outcome(result))


async def _undecided(job: JobRow) -> Row | None:
    """The import the job is about, or None when another attempt or a person was there first."""
    row: Row | None = await LedgerImport.select().where(LedgerImport.id == job.subject_id).first()
    waits = row is not None and row["state"] in asked.WAITING and row["content"] is not None
    return row if waits else None


async def _actor(job: JobRow, row: Row, ledger: Ledger) -> Actor:
    """Who asked for it, as she is now; never reaching further than the area the ledger was sent for."""
    actor = await actor_of(job.created_by, utc_now()) if job.created_by else None
    if actor is None or not admits(ledger.access, actor) or not within(actor.region_code, row["region_code"]):
        raise Refused(
            N_("The account that asked for this may no longer do it. Please send the ledger again.")
        )
    return replace(actor, region_code=row["region_code"])


@contextmanager
def _file(row: Row, ledger: Ledger) -> Iterator[Path]:
    """The ledger as a file of this process alone, gone afterwards; a finding in a csv names it."""
    name, content = ledger.file_name, uploads.content_of(row)
    try:
        folder = _folder_with(name, content, _MEMORY)
    except OSError:  # none here, not for this user, or full
        folder = _folder_with(name, content, None)
    with folder as path:
        yield Path(path) / name


def _folder_with(name: str, content: bytes, place: Path | None) -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(dir=place)
    try:
        (Path(folder.name) / name).write_bytes(content)
    except OSError:
        folder.cleanup()
        raise
    return folder


def _unread(unknown: list[UnknownHeader]) -> dict[str, Any]:
    """What stays of a file that is no ledger: with its headers explained it may be one after all."""
    columns = {
        "unknown_headers": msgspec.json.encode(unknown).decode(),
        "report": "{}",
        "changes": "{}",
    }
    return columns if unknown else columns | {"content": None}


async def _headers_to_explain(actor: Actor, ledger: Ledger, path: Path) -> list[UnknownHeader]:
    """The headers nobody knows in a table that lacks a column it needs."""
    if ledger.profile is None:
        return []
    mapping = await service.header_words(actor, ledger)
    try:
        sheets = await asyncio.to_thread(open_workbook, path)
        headers = [find_header(sheet, ledger.profile, mapping) for sheet in sheets if sheet.visible]
    except LedgerError:
        return []
    return [unknown for header in headers if header is not None for unknown in header.unknown]
