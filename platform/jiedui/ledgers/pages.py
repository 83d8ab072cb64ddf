"""Importing a ledger in the browser: choose, look at what was read, explain headers, take it or leave it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from jiedui.actor import Actor
from jiedui.clock import machine_now
from jiedui.errors import NotFound, Refused
from jiedui.i18n import N_, translate
from jiedui.jobs.pages import seconds_left
from jiedui.ledgers import claim_pages, claims, uploads
from jiedui.ledgers.export import attachment, to_csv, to_xlsx
from jiedui.ledgers.ledger import Ledger, subjects
from jiedui.ledgers.report import Finding
from jiedui.ledgers.service import IGNORED
from jiedui.ledgers.uploads import MAX_UPLOAD, Upload
from jiedui.ledgers.words import Hint
from jiedui.web.body import fields_of
from jiedui.web.forms import Form, blank
from jiedui.web.once import once
from jiedui.web.page import PageRequest, flash, language_of, page, see_other

SHOWN = 100
_SLACK = 64 * 1024
"""What a form weighs besides its file."""
_LEVELS = {"rejected": N_("Not taken"), "warning": N_("Please look"), "note": N_("Note")}


@get("/")
async def choose(request: PageRequest) -> Response[Any]:
    """Choose a file; what was sent before stands below."""
    return await _choose(request, blank())


@post("/", request_max_body_size=MAX_UPLOAD + _SLACK)
async def send(request: PageRequest) -> Response[Any]:
    """Keep the file and have it read."""
    given = next(iter((await fields_of(request)).get("file", [])), None)
    content = await given.read() if isinstance(given, UploadFile) else b""
    try:

        async def receive() -> str:
            import_id = await uploads.receive(
                request.user, _ledger(request), content, request.app.state.clock()
            )
            return f"{_base(request)}/{import_id}"

        return await once(request, receive)
    except Refused as refused:
        form = blank()
        form.refuse(refused)
        return await _choose(request, form)


@get(["/template.xlsx", "/template.csv"])
async def template(request: PageRequest) -> Response[Any]:
    """An empty ledger with the usual headers."""
    ledger = _ledger(request)
    if not request.scope["path"].endswith(ledger.words.template):
        raise NotFound
    return attachment(ledger.template(), f"{ledger.kind}-{ledger.words.template}")


@get("/{import_id:uuid}")
async def show(request: PageRequest, import_id: FromPath[UUID]) -> Response[Any]:
    """Where this file stands: being read, read, refused, being taken, taken, thrown away."""
    upload = await uploads.upload_of(request.user, _ledger(request), import_id)
    return _show(request, _ledger(request), upload)


@get(["/{import_id:uuid}/findings.csv", "/{import_id:uuid}/findings.xlsx"])
async def findings(request: PageRequest, import_id: FromPath[UUID]) -> Response[Any]:
    """Every finding with its cell, to send to the village."""
    upload = await uploads.upload_of(request.user, _ledger(request), import_id)
    return _export_findings(request, upload.report.findings)


@post("/{import_id:uuid}/headers")
async def headers(request: PageRequest, import_id: FromPath[UUID]) -> Response[Any]:
    """What unknown headers mean, remembered for the county; the file is read again."""
    upload = await uploads.upload_of(request.user, _ledger(request), import_id)
    given = await fields_of(request)
    meanings = {}
    for place, unknown in enumerate(upload.unknown_headers):
        chosen = next(iter(given.get(f"meaning-{place}", [])), "")
        if isinstance(chosen, str) and chosen:
            meanings[unknown.text] = chosen

    async def work() -> str:
        await uploads.explain_headers(
            request.user, _ledger(request), import_id, meanings, request.app.state.clock()
        )
        return f"{_base(request)}/{import_id}"

    try:
        return await once(request, work)
    except Refused as refused:
        flash(request, refused.msgid, kind="problem", **refused.params)
    return see_other(request, f"{_base(request)}/{import_id}")


@post("/{import_id:uuid}/again")
async def again(request: PageRequest, import_id: FromPath[UUID]) -> Response[Any]:
    """Read the file once more."""
    return await _do(request, import_id, uploads.read_again)


@post("/{import_id:uuid}/apply")
async def apply(request: PageRequest, import_id: FromPath[UUID]) -> Response[Any]:
    """Take what was read into the ledger."""
    return await _do(request, import_id, uploads.apply)


@post("/{import_id:uuid}/discard")
async def discard(request: PageRequest, import_id: FromPath[UUID]) -> Response[Any]:
    """Throw the file away."""

    async def work() -> str:
        await uploads.discard(request.user, _ledger(request), import_id, request.app.state.clock())
        flash(request, _ledger(request).words.thrown_away)
        return _base(request)

    return await once(request, work)


async def _do(
    request: PageRequest, import_id: UUID, deed: Callable[[Actor, Ledger, UUID, datetime], Awaitable[None]]
) -> Response[Any]:
    async def work() -> str:
        await deed(request.user, _ledger(request), import_id, request.app.state.clock())
        return f"{_base(request)}/{import_id}"

    return await once(request, work)


def _ledger(request: PageRequest) -> Ledger:
    ledger: Ledger = request.route_handler.opt["ledger"]
    return ledger


def _kind(request: PageRequest) -> str:
    return _ledger(request).kind


def _base(request: PageRequest) -> str:
    return f"/{_kind(request)}/import"


async def _choose(request: PageRequest, form: Form[Any]) -> Response[Any]:
    ledger = _ledger(request)
    recent = await uploads.recent_uploads(request.user, ledger)
    return page(
        request,
        "ledgers/choose.html",
        kind=ledger.kind,
        words=ledger.words,
        form=form,
        recent=recent,
        first=await ledger.first(request.user),
        claimed=await claims.waiting(request.user) if ledger.subject else 0,
        megabytes=MAX_UPLOAD // 2**20,
        status_code=form.status,
    )


def _show(request: PageRequest, ledger: Ledger, upload: Upload) -> Response[Any]:
    language = language_of(request)
    level, reason = (request.query_params.get(name, "") for name in ("level", "reason"))
    order = request.query_params.get("sort", "cell")
    chosen = [
        one
        for one in upload.report.findings
        if level in ("", one.level) and reason in ("", _plain_reason(one, "en"))
    ]
    if order == "reason":
        chosen.sort(key=lambda one: _plain_reason(one, language))
    job = upload.job
    return page(
        request,
        "ledgers/import.html",
        kind=upload.kind,
        words=ledger.words,
        upload=upload,
        job=job,
        left=seconds_left(job, machine_now()) if job else None,
        back=f"/{upload.kind}/import/{upload.id}",
        chosen=chosen[:SHOWN],
        matching=len(chosen),
        level=level,
        reason=reason,
        order=order,
        levels=_LEVELS,
        counts=[(name, _counted(upload.report.findings, name, language)) for name in _LEVELS],
        fields=ledger.fields,
        hints=_hints(ledger, upload.report.findings),
        afterwards=ledger.afterwards,
        ignored=IGNORED,
        say=lambda finding: _said(finding, language),
    )


def _hints(ledger: Ledger, findings: Sequence[Finding]) -> list[Hint]:
    reasons = {one.reason for one in findings}
    return [hint for reason, hint in ledger.hints.items() if reason in reasons]


def _counted(findings: Sequence[Finding], level: str, language: str) -> list[tuple[str, str, int]]:
    """Reasons of a level, the most frequent first: for the address, for the reader, how often."""
    found: dict[str, tuple[str, int]] = {}
    for one in findings:
        if one.level == level:
            key = _plain_reason(one, "en")
            found[key] = (_plain_reason(one, language), found.get(key, ("", 0))[1] + 1)
    ordered = sorted(found.items(), key=lambda item: -item[1][1])
    return [(key, said, times) for key, (said, times) in ordered]


def _plain_reason(finding: Finding, language: str) -> str:
    return translate(language, finding.reason, **finding.params)


def _said(finding: Finding, language: str) -> tuple[str, str]:
    hint = translate(language, finding.hint, **finding.params) if finding.hint else ""
    return _plain_reason(finding, language), hint


def _export_findings(request: PageRequest, findings: Sequence[Finding]) -> Response[Any]:
    language = language_of(request)
    header = [translate(language, text) for text in (N_("Cell"), N_("What"), N_("Reason"), N_("Hint"))]
    table = [[one.cell, translate(language, _LEVELS[one.level]), *_said(one, language)] for one in findings]
    if request.scope["path"].endswith(".csv"):
        return attachment(to_csv(header, table), "findings.csv")
    sheet = translate(language, N_("Findings"))
    return attachment(to_xlsx(header, table, sheet=sheet), "findings.xlsx")


def router(ledgers: Mapping[str, Ledger]) -> Router:
    """The same pages for every kind of ledger, under the address of its list; and what two areas claim."""
    claiming = claim_pages.router(subjects(ledgers))
    return Router("/", route_handlers=[*(_of(ledger) for ledger in ledgers.values()), claiming])


def _of(ledger: Ledger) -> Router:
    explaining = [headers] if ledger.profile else []
    return Router(
        f"/{ledger.kind}/import",
        route_handlers=[choose, send, template, show, findings, again, apply, discard, *explaining],
        opt={"access": ledger.access, "ledger": ledger},
    )
