"""A form sent twice is done once: its key is a row in the transaction of the deed.

The second sending waits for the first and gets its answer; the same key with other words is refused, and so
is a form without one. What a deed refuses leaves no key behind, so the form may be corrected and sent again.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import UploadFile
from litestar.handlers import BaseRouteHandler

from jiedui.errors import Conflict, DomainError, Refused
from jiedui.i18n import N_
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import keyed_hash
from jiedui.web import asked, cookies, sent
from jiedui.web.body import fields_of
from jiedui.web.forgery import SAFE, Forged, holder
from jiedui.web.forms import Form
from jiedui.web.page import say_again, see_other, unsay
from jiedui.web.sent import Answer
from jiedui.web.tables import SentForm

FIELD = "_once"
HEADER = "idempotency-key"
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class SentBefore(DomainError):
    """The key of another form: somebody went back, changed her mind and sent it again."""

    status_code = 422
    msgid = N_(
        "This form was sent before with something else in it, and that was done. "
        "Please look at what came of it; if you want this as well, open the form again."
    )


class Keyless(DomainError):
    """A form that was not rendered here, or long ago."""

    status_code = 422
    msgid = Forged.msgid


async def require_key(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every unsafe method; `opt={"keyless": "why"}` is for what is no deed."""
    if not isinstance(connection, Request) or connection.method in SAFE or "keyless" in handler.opt:
        return
    if not _KEY.fullmatch(await _key(connection)):
        raise Keyless


async def once(request: Request[Any, Any, Any], work: Callable[[], Awaitable[str]]) -> Response[Any]:
    """Do the work in one transaction with the form's key, and go on to the page it names.

    Whatever the work refuses is raised and undone, but for a refusal that is `counted`. Raises SentBefore
    for the key of another form, Conflict while the first sending is still at it.
    """
    form = SentForm(
        id=uuid4(),
        asker=_asker(request),
        key=await _key(request),
        route=request.scope["path_template"],
        asked=await _asked(request),
        created_at=request.app.state.clock(),
    )
    refused: DomainError | None = None
    try:
        async with DB.transaction() as transaction:
            start = await transaction.savepoint()
            try:
                answer = await _first_or_again(request, form, work)
            except DomainError as error:
                refused = error
                if error.counted:
                    await sent.unclaim(form.id)
                else:
                    await start.rollback_to()
    except asyncpg.LockNotAvailableError as error:
        raise Conflict(
            N_("This form was already sent and is still being worked on. Please look at the list first.")
        ) from error
    if refused is not None:
        raise refused
    return see_other(request, answer.path)


async def submit(
    request: Request[Any, Any, Any],
    form: Form[Any],
    work: Callable[[], Awaitable[str]],
    again: Callable[[], Awaitable[Response[Any]]],
    *,
    refusals: type[DomainError] | tuple[type[DomainError], ...] = Refused,
) -> Response[Any]:
    """Do once what a well filled form asks for; `again` shows the form with what is wrong or was refused."""
    if form.ok:
        try:
            return await once(request, work)
        except refusals as refused:
            form.refuse(refused)
    return await again()


def show_once(request: Request[Any, Any, Any], value: Any) -> None:
    """Let the page that the work names show a value: once, within a minute, in this session."""
    cast(dict[str, Any], request.scope)["to_show"] = value


async def shown(request: Request[Any, Any, Any]) -> Any:
    """What `show_once` let this page show, or None; afterwards it is gone."""
    name = request.app.state.cookies.shown
    form_id = asked.key(request.cookies.get(name))
    if form_id is None:
        return None
    cookies.put(request, name, "", seconds=0)
    return await sent.take_shown(form_id, _session(request), request.app.state.clock())


async def _first_or_again(
    request: Request[Any, Any, Any], form: SentForm, work: Callable[[], Awaitable[str]]
) -> Answer:
    before = await sent.claim(form)
    if before is None:
        return await _first(request, form, work)
    if before["asked"] != form.asked:
        raise SentBefore
    answer: Answer = before["answer"]
    say_again(request, answer.said)
    if before["shown"] is not None:
        _point_to(request, before["id"])
    return answer


async def _first(
    request: Request[Any, Any, Any], form: SentForm, work: Callable[[], Awaitable[str]]
) -> Answer:
    try:
        path = await work()
    except BaseException:
        unsay(request)
        raise
    scope = cast(dict[str, Any], request.scope)
    answer, value = Answer(path, scope.get("flashes", [])), scope.get("to_show")
    await sent.answer(form.id, answer, value, _session(request))
    if value is not None:
        _point_to(request, form.id)
    return answer


def _point_to(request: Request[Any, Any, Any], form_id: Any) -> None:
    seconds = sent.SHOWN // timedelta(seconds=1)
    cookies.put(request, request.app.state.cookies.shown, str(form_id), seconds=seconds)


async def _key(request: Request[Any, Any, Any]) -> str:
    given = request.headers.get(HEADER) or next(iter((await fields_of(request)).get(FIELD, [])), "")
    return given if isinstance(given, str) else ""


def _asker(request: Request[Any, Any, Any]) -> str:
    if request.user is not None:
        return str(request.user.account_id)
    return keyed_hash(holder(request), "asker")


def _session(request: Request[Any, Any, Any]) -> str:
    return keyed_hash(holder(request), "session")


async def _asked(request: Request[Any, Any, Any]) -> str:
    scope = request.scope
    said: list[Any] = [request.method, scope["path"], scope["query_string"].decode("latin-1")]
    fields = await fields_of(request)
    said += [
        [name, [await _content(value) for value in values]]
        for name, values in sorted(fields.items())
        if not name.startswith("_")
    ]
    if request.content_type[0] not in _FORMS:
        said.append(hashlib.sha256(await request.body()).hexdigest())
    return keyed_hash(msgspec.json.encode(said).decode(), "form")


async def _content(value: str | UploadFile) -> Any:
    if isinstance(value, str):
        return value
    content = await value.read()
    await value.seek(0)
    return {"sha256": hashlib.sha256(content).hexdigest()}
