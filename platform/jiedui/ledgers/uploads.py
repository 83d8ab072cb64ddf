"""A ledger sent through the browser: kept sealed, read by a worker, shown, then taken or thrown away."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from jiedui.actor import Actor
from jiedui.audit.service import record as audit
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.jobs import asked
from jiedui.jobs.service import latest_job
from jiedui.ledgers import policy
from jiedui.ledgers.ledger import Ledger
from jiedui.ledgers.report import Report, UnknownHeader
from jiedui.ledgers.saving import Changes
from jiedui.ledgers.service import remember_header
from jiedui.ledgers.tables import LedgerImport
from jiedui.store.columns import Row
from jiedui.store.scope import scope
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
    decision: str
    kept: bool
    """Whether the file is still here."""
    created_at: datetime
    applied_at: datetime | None
    report: Report
    changes: Changes
    unknown_headers: list[UnknownHeader]
    error: str
    job: Row | None

    @property
    def working(self) -> bool:
        """Whether a worker has it, or is about to."""
        return self.state in asked.WAITING and not self.decision


async def receive(actor: Actor, ledger: Ledger, content: bytes, now: datetime) -> UUID:
    """Keep a file and have it read. Raises Refused when it is empty or too large."""
    policy.of(ledger).require(actor, "bring")
    if not content:
        raise Refused(ledger.words.empty_file, field="file")
    if len(content) > MAX_UPLOAD:
        raise Refused(ledger.words.too_large, field="file", n=MAX_UPLOAD // 2**20)
    async with scope(actor, now):
        sent = LedgerImport(
            kind=ledger.kind,
            region_code=actor.region_code,
            file_hash=hashlib.sha256(content).hexdigest(),
            content=seal(base64.b85encode(content).decode(), _CONTENT),
            created_at=now,
            created_by=actor.account_id,
        )
        import_id = await asked.ask("ledger.read", sent, actor, now)
        await _audit(actor, "ledger.upload", ledger.kind, import_id, actor.region_code, now)
    return import_id


async def upload_of(actor: Actor, ledger: Ledger, import_id: UUID) -> Upload:
    """One sent ledger of the actor's area. Raises NotFound."""
    await _row(actor, ledger, import_id, "read")
    (row,) = await LedgerImport.raw(f"{_UPLOADS} WHERE i.id = {{}}", import_id)
    return _upload(row, await latest_job(import_id))


async def recent_uploads(actor: Actor, ledger: Ledger) -> list[Upload]:
    """The latest ledgers of the area, newest first, those of the command line too."""
    policy.of(ledger).require(actor, "read")
    rows = await LedgerImport.raw(
        f"{_UPLOADS} WHERE i.kind = {{}} AND {{}} ORDER BY i.created_at DESC LIMIT {_RECENT}",
        ledger.kind,
        policy.of(ledger).visible(actor, "i"),
    )
    return [_upload(row, None) for row in rows]


async def explain_headers(
    actor: Actor, ledger: Ledger, import_id: UUID, meanings: Mapping[str, str], now: datetime
) -> None:
    """Remember what headers mean for the county, and read the file again. Raises Refused, Conflict."""
    policy.of(ledger).require(actor, "bring")
    if not meanings:
        raise Refused(N_("Please say of at least one column what it means."), field="header")
    async with scope(actor, now):
        area = await _read_again(actor, ledger, import_id, now)
        for header, field in meanings.items():
            await remember_header(replace(actor, region_code=area), ledger, header, field, now)


async def read_again(actor: Actor, ledger: Ledger, import_id: UUID, now: datetime) -> None:
    """Read the file once more, against the ledger as it is now. Raises Conflict."""
    async with scope(actor, now):
        await _read_again(actor, ledger, import_id, now)


async def apply(actor: Actor, ledger: Ledger, import_id: UUID, now: datetime) -> None:
    """Have what was read taken into the ledger; a second press changes nothing. Raises Conflict."""
    async with scope(actor, now):
        row = await _row(actor, ledger, import_id, lock=True)
        if row["decision"] == "applied" or await _busy(import_id, "ledger.apply"):
            return
        if row["decision"] or row["state"] != "ready":
            raise Conflict
        await asked.ask_again("ledger.apply", LedgerImport, row, actor, now)


async def discard(actor: Actor, ledger: Ledger, import_id: UUID, now: datetime) -> None:
    """Throw a file away that was not taken; its content is gone. Raises Conflict."""
    async with scope(actor, now):
        row = await _row(actor, ledger, import_id, lock=True)
        if row["decision"] == "applied" or await _busy(import_id, "ledger.apply"):
            raise Conflict
        await LedgerImport.update(
            {
                LedgerImport.state: "stopped",
                LedgerImport.decision: "discarded",
                LedgerImport.content: None,
                LedgerImport.unknown_headers: "[]",
            }
        ).where(LedgerImport.id == import_id)
        await _audit(actor, "ledger.discard", ledger.kind, import_id, row["region_code"], now)


def content_of(row: Row) -> bytes:
    """The file itself."""
    return base64.b85decode(unseal(row["content"], _CONTENT))


async def _read_again(actor: Actor, ledger: Ledger, import_id: UUID, now: datetime) -> str:
    row = await _row(actor, ledger, import_id, lock=True)
    if row["decision"] or row["content"] is None or await _busy(import_id, "ledger.apply"):
        raise Conflict
    if not await _busy(import_id, "ledger.read"):
        await asked.ask_again("ledger.read", LedgerImport, row, actor, now)
    return str(row["region_code"])


async def _busy(import_id: UUID, kind: str) -> bool:
    job = await latest_job(import_id)
    return job is not None and job["kind"] == kind and job["state"] in asked.WAITING


async def _row(
    actor: Actor, ledger: Ledger, import_id: UUID, deed: str = "bring", *, lock: bool = False
) -> Row:
    policy.of(ledger).require(actor, deed)
    query = LedgerImport.select().where(
        LedgerImport.id == import_id,
        LedgerImport.kind == ledger.kind,
        policy.of(ledger).visible(actor, deed=deed),
    )
    row: Row | None = await (query.lock_rows() if lock else query).first()
    if row is None:
        raise NotFound
    return row


def _upload(row: Row, job: Row | None) -> Upload:
    row = asked.seen(row)
    read = row["report"] != "{}"
    return Upload(
        id=row["id"],
        kind=row["kind"],
        region_code=row["region_code"],
        state=row["state"],
        decision=row["decision"],
        kept=row["kept"],
        created_at=row["created_at"],
        applied_at=row["applied_at"],
        report=msgspec.json.decode(row["report"], type=Report) if read else Report(0, 0, []),
        changes=msgspec.json.decode(row["changes"], type=Changes),
        unknown_headers=msgspec.json.decode(row["unknown_headers"], type=list[UnknownHeader]),
        error=row["error"],
        job=job,
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


_UPLOADS = f"""SELECT i.id, i.kind, i.region_code, i.state, i.decision, i.content IS NOT NULL AS kept,
    i.created_at, i.applied_at, i.report, i.changes, i.unknown_headers, i.error, {asked.lost("i")} AS lost
    FROM ledger_import i"""  # noqa: S608 -- our own words
