"""A ledger sent through the browser: kept sealed, read by a worker, shown, then taken or thrown away."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from jiedui.actor import Actor, significant
from jiedui.audit.service import record as audit
from jiedui.errors import Conflict, DomainError, NotFound, Refused
from jiedui.i18n import N_
from jiedui.jobs.service import enqueue, latest_job
from jiedui.ledgers.ledger import Ledger
from jiedui.ledgers.report import Report, UnknownHeader
from jiedui.ledgers.saving import Changes
from jiedui.ledgers.service import remember_header
from jiedui.ledgers.tables import LedgerImport
from jiedui.store.columns import Row
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import seal, unseal

MAX_UPLOAD = 10 * 2**20
_CONTENT = "ledger_import.content"
_RECENT = 10


class Upload(msgspec.Struct, frozen=True):
    """One sent ledger as its page shows it; `job` is the newest one about it."""

    id: UUID
    kind: str
    region_code: str
    state: str
    created_at: datetime
    applied_at: datetime | None
    report: Report
    changes: Changes
    unknown_headers: list[UnknownHeader]
    refusal: DomainError | None
    job: Row | None

    @property
    def working(self) -> bool:
        """Whether a worker has it, or is about to."""
        return self.job is not None and self.job["state"] in ("queued", "running")


async def receive(actor: Actor, ledger: Ledger, content: bytes, now: datetime) -> UUID:
    """Keep a file and have it read. Raises Refused when it is empty or too large."""
    if not content:
        raise Refused(ledger.words.empty_file, field="file")
    if len(content) > MAX_UPLOAD:
        raise Refused(ledger.words.too_large, field="file", n=MAX_UPLOAD // 2**20)
    import_id = uuid4()
    async with DB.transaction():
        await LedgerImport.insert(
            LedgerImport(
                id=import_id,
                kind=ledger.kind,
                region_code=actor.region_code,
                file_hash=hashlib.sha256(content).hexdigest(),
                content=seal(base64.b85encode(content).decode(), _CONTENT),
                state="queued",
                created_at=now,
                created_by=actor.account_id,
            )
        )
        await _queue(actor, "ledger.read", import_id, actor.region_code, now)
        await _audit(actor, "ledger.upload", ledger.kind, import_id, actor.region_code, now)
    return import_id


async def upload_of(actor: Actor, kind: str, import_id: UUID) -> Upload:
    """One sent ledger of the actor's area. Raises NotFound."""
    row = await _row(actor, kind, import_id)
    return _upload(row, await latest_job(import_id))


async def recent_uploads(actor: Actor, kind: str) -> list[Upload]:
    """The latest ledgers of the area, newest first, those of the command line too."""
    rows = (
        await LedgerImport.select(*LedgerImport.all_columns(exclude=[LedgerImport.content]))
        .where(LedgerImport.kind == kind, _of_area(actor))
        .order_by(LedgerImport.created_at, ascending=False)
        .limit(_RECENT)
    )
    return [_upload(row, None) for row in rows]


async def explain_headers(
    actor: Actor, ledger: Ledger, import_id: UUID, meanings: Mapping[str, str], now: datetime
) -> None:
    """Remember what headers mean for the county, and read the file again. Raises Refused, Conflict."""
    if not meanings:
        raise Refused(N_("Please say of at least one column what it means."), field="header")
    async with DB.transaction():
        area = await _read_again(actor, ledger.kind, import_id, now)
        for header, field in meanings.items():
            await remember_header(replace(actor, region_code=area), ledger, header, field, now)


async def read_again(actor: Actor, kind: str, import_id: UUID, now: datetime) -> None:
    """Read the file once more, against the ledger as it is now. Raises Conflict."""
    async with DB.transaction():
        await _read_again(actor, kind, import_id, now)


async def apply(actor: Actor, kind: str, import_id: UUID, now: datetime) -> None:
    """Have what was read taken into the ledger; a second press changes nothing. Raises Conflict."""
    async with DB.transaction():
        row = await _row(actor, kind, import_id, lock=True)
        if row["state"] == "applied" or await _busy(import_id, "ledger.apply"):
            return
        if row["state"] != "checked" or await _busy(import_id, "ledger.read"):
            raise Conflict
        await _queue(actor, "ledger.apply", import_id, row["region_code"], now)


async def discard(actor: Actor, kind: str, import_id: UUID, now: datetime) -> None:
    """Throw a file away that was not taken; its content is gone. Raises Conflict."""
    async with DB.transaction():
        row = await _row(actor, kind, import_id, lock=True)
        if row["state"] == "applied" or await _busy(import_id, "ledger.apply"):
            raise Conflict
        await LedgerImport.update(
            {LedgerImport.state: "discarded", LedgerImport.content: None, LedgerImport.unknown_headers: "[]"}
        ).where(LedgerImport.id == import_id)
        await _audit(actor, "ledger.discard", kind, import_id, row["region_code"], now)


def content_of(row: Row) -> bytes:
    """The file itself."""
    return base64.b85decode(unseal(row["content"], _CONTENT))


async def _read_again(actor: Actor, kind: str, import_id: UUID, now: datetime) -> str:
    row = await _row(actor, kind, import_id, lock=True)
    if row["state"] in ("applied", "discarded") or row["content"] is None:
        raise Conflict
    if await _busy(import_id, "ledger.apply"):
        raise Conflict
    await LedgerImport.update({LedgerImport.state: "queued"}).where(LedgerImport.id == import_id)
    if not await _busy(import_id, "ledger.read"):
        await _queue(actor, "ledger.read", import_id, row["region_code"], now)
    return str(row["region_code"])


async def _busy(import_id: UUID, kind: str) -> bool:
    job = await latest_job(import_id)
    return job is not None and job["kind"] == kind and job["state"] in ("queued", "running")


async def _row(actor: Actor, kind: str, import_id: UUID, *, lock: bool = False) -> Row:
    query = LedgerImport.select().where(
        LedgerImport.id == import_id, LedgerImport.kind == kind, _of_area(actor)
    )
    row: Row | None = await (query.lock_rows() if lock else query).first()
    if row is None:
        raise NotFound
    return row


def _of_area(actor: Actor) -> Any:
    return LedgerImport.region_code.like(significant(actor.region_code) + "%")


def _upload(row: Row, job: Row | None) -> Upload:
    read = row["report"] != "{}"
    refusal = msgspec.json.decode(row["refusal"]) if row["refusal"] else None
    return Upload(
        id=row["id"],
        kind=row["kind"],
        region_code=row["region_code"],
        state=row["state"],
        created_at=row["created_at"],
        applied_at=row["applied_at"],
        report=msgspec.json.decode(row["report"], type=Report) if read else Report(0, 0, []),
        changes=msgspec.json.decode(row["changes"], type=Changes),
        unknown_headers=msgspec.json.decode(row["unknown_headers"], type=list[UnknownHeader]),
        refusal=DomainError(refusal["msgid"], **refusal["params"]) if refusal else None,
        job=job,
    )


async def _queue(actor: Actor, kind: str, import_id: UUID, region_code: str, now: datetime) -> None:
    await enqueue(
        kind,
        subject_id=import_id,
        region_code=region_code,
        payload={},
        now=now,
        created_by=actor.account_id,
    )


async def _audit(
    actor: Actor, action: str, kind: str, import_id: UUID, region_code: str, now: datetime
) -> None:
    await audit(
        actor,
        action=action,
        subject=("ledger_import", import_id),
        region_code=region_code,
        detail={"kind": kind},
        now=now,
    )
