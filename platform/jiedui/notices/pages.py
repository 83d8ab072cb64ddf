"""Pages of notices: the operator's console, and the lists that people work off."""

import asyncio
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.accounts.opening import open_for
from jiedui.errors import NotFound, Refused
from jiedui.i18n import DEFAULT, N_, translate
from jiedui.notices import console, lists, policy, service
from jiedui.notices.letters import pdf_of
from jiedui.notices.lists import Item
from jiedui.notices.openings import PURPOSES, open_letters, open_list
from jiedui.web import asked
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once, shown
from jiedui.web.page import PageRequest, flash, language_of, page, wants_fragment
from jiedui_notifications.tables import STATES

T = TypeVar("T")
KINDS = ("household", "volunteer", "number")
CALLED = {
    "reached": N_("Reached: noted."),
    "no_answer": N_("Nobody answered: noted, and she stays on this list."),
}


class Called(msgspec.Struct):
    """How a call went."""

    answer: Literal["reached", "no_answer"]


class Printed(msgspec.Struct):
    """Up to which moment the letters were printed."""

    until: Annotated[datetime, msgspec.Meta(tz=True)]


@get("/notices", name="notices:console")
async def show_console(request: PageRequest) -> Response[Any]:
    """Every message of the area as it leaves, the newest first."""
    query = request.query_params
    state, kind = query.get("state", ""), query.get("kind", "")
    if state not in ("", *STATES) or kind not in ("", *KINDS):
        raise NotFound
    wanted = console.Filter(state, kind)
    settings, now = request.app.state.settings, request.app.state.clock()
    listed = await console.entries(
        request.user, wanted, settings, now, after=query.get("after", ""), before=query.get("before", "")
    )
    counts = await console.state_counts(request.user, kind)
    narrowed = {"state": state, "kind": kind}
    return page(
        request,
        "notices/console.html",
        entries=listed.entries,
        counts=counts,
        total=counts.get(state, 0) if state else sum(counts.values()),
        waiting=await lists.counts(request.user),
        wanted=wanted,
        previous="/notices?" + urlencode(narrowed | {"before": listed.before}) if listed.before else "",
        next="/notices?" + urlencode(narrowed | {"after": listed.after}) if listed.after else "",
        channels=console.CHANNELS,
        hold_reasons=console.HOLD_REASONS,
        details=console.DETAILS,
    )


@get("/notices/calls", name="notices:calls")
async def show_calls(request: PageRequest) -> Response[Any]:
    """The call list, masked; but for what has just been asked for."""
    return await _list(request, "call", people=await shown(request))


@post("/notices/calls", name="notices:calls:open")
async def open_calls(request: PageRequest) -> Response[Any]:
    """The call list with names and numbers, this once."""
    return await _open(request, "call")


@post("/notices/{notice_id:uuid}/called", name="notices:called")
async def called(request: PageRequest, notice_id: FromPath[UUID]) -> Response[Any]:
    """Note how a call went."""
    form = await read_form(request, Called)
    if not form.ok:
        raise Refused(N_("Please say how the call went."))

    async def work() -> str:
        await service.mark_called(request.user, notice_id, form.value.answer, request.app.state.clock())
        return "/notices/calls"

    return _marked(request, await once(request, work), CALLED[form.value.answer])


@get("/notices/villages", name="notices:villages")
async def show_villages(request: PageRequest) -> Response[Any]:
    """Whom the villages are asked to tell, masked; but for what has just been asked for."""
    return await _list(request, "village", people=await shown(request))


@post("/notices/villages", name="notices:villages:open")
async def open_villages(request: PageRequest) -> Response[Any]:
    """The same with full names, for printing, this once."""
    return await _open(request, "village")


@post("/notices/{notice_id:uuid}/passed-on", name="notices:passed_on")
async def passed_on(request: PageRequest, notice_id: FromPath[UUID]) -> Response[Any]:
    """Note that the village has told her."""

    async def work() -> str:
        await service.mark_passed_on(request.user, notice_id, request.app.state.clock())
        return "/notices/villages"

    return _marked(request, await once(request, work), N_("The village has told her: noted."))


@get("/notices/letters", name="notices:letters")
async def show_letters(request: PageRequest) -> Response[Any]:
    """The letters that wait, and what to do with them."""
    return await _list(request, "letter")


@get("/notices/letters.pdf", name="notices:letters:pdf")
async def letters_pdf(request: PageRequest) -> Response[Any]:
    """The letters waiting at a moment, or one of them, on paper; before that, what for. Changes nothing."""
    query, now = request.query_params, request.app.state.clock()
    wanted: datetime | UUID = now
    if "notice" in query:
        wanted = _understood(asked.key(query["notice"]))
    elif "until" in query:
        wanted = _understood(asked.moment(query["until"]))
    form = blank(purpose=query.get("purpose"))
    try:
        if "purpose" in query:
            return await _on_paper(request, wanted, query["purpose"], now)
    except Refused as refused:
        form.refuse(refused)
    return page(
        request,
        "notices/purpose.html",
        form=form,
        fields={name: query[name] for name in ("notice", "until") if name in query},
        purposes=_purposes(request),
        status_code=form.status,
    )


@post("/notices/letters/printed", name="notices:letters:printed")
async def letters_printed(request: PageRequest) -> Response[Any]:
    """Note that they are printed and go out."""
    form = await read_form(request, Printed)
    if not form.ok:
        raise Refused(N_("Please open the list of letters again, then print."))

    async def work() -> str:
        n = await service.mark_printed(request.user, form.value.until, request.app.state.clock())
        flash(request, N_("{n} letters are noted as printed."), n=n)
        return "/notices/letters"

    return await once(request, work)


@post("/notices/{notice_id:uuid}/release", name="notices:release")
async def release(request: PageRequest, notice_id: FromPath[UUID]) -> Response[Any]:
    """Try a held or failed message again."""

    async def work() -> str:
        await service.release_held(request.user, notice_id, request.app.state.clock())
        flash(request, N_("It is tried again; the ledger decides anew how."))
        return "/notices"

    return await once(request, work)


@post("/notices/{notice_id:uuid}/arrived", name="notices:arrived")
async def arrived(request: PageRequest, notice_id: FromPath[UUID]) -> Response[Any]:
    """Note that a message of unknown outcome did arrive."""

    async def work() -> str:
        await service.mark_arrived(request.user, notice_id, request.app.state.clock())
        return "/notices"

    return await once(request, work)


async def _open(request: PageRequest, channel: str) -> Response[Any]:
    page_of = f"/notices/{channel}s"
    return await open_for(
        request, open_list, channel, page_of, lambda form: _list(request, channel, form=form)
    )


async def _list(
    request: PageRequest,
    channel: str,
    *,
    form: Form[Any] | None = None,
    people: dict[str, list[str]] | None = None,
) -> Response[Any]:
    items = await lists.on_list(request.user, channel)
    form = form or blank()
    return page(
        request,
        f"notices/{channel}s.html",
        townships=_by_township(items),
        total=len(items),
        form=form,
        people=people,
        purposes=_purposes(request),
        until=request.app.state.clock(),
        details=console.DETAILS,
        status_code=form.status,
    )


def _marked(request: PageRequest, done: Response[Any], said: str) -> Response[Any]:
    """In place where the list stands open, so that it need not be opened again for the next household."""
    return page(request, "notices/marked.html", said=said) if wants_fragment(request) else done


def _purposes(request: PageRequest) -> list[tuple[str, str]]:
    return [(code, translate(language_of(request), said)) for code, said in PURPOSES.items()]


def _by_township(items: list[Item]) -> list[tuple[str, list[tuple[str, list[Item]]]]]:
    """Townships, in them villages, in them households; the items come in the order of their codes."""
    return [
        (township, [(village, list(homes)) for village, homes in groupby(inside, lambda item: item.village)])
        for township, inside in groupby(items, lambda item: item.township)
    ]


async def _on_paper(
    request: PageRequest, wanted: datetime | UUID, purpose: str, now: datetime
) -> Response[Any]:
    letters = await open_letters(request.user, wanted, purpose, limits=request.app.state.limits, now=now)
    pdf = await asyncio.to_thread(pdf_of, letters, DEFAULT)
    headers = {"Content-Disposition": f'inline; filename="letters-{now:%Y-%m-%d}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _place_in_list(text: str) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    at, _, last = text.partition("_")
    return _understood(asked.moment(at)), _understood(asked.key(last))


def _understood(value: T | None) -> T:
    if value is None:
        raise NotFound
    return value


ROUTER = Router(
    "/",
    route_handlers=[
        show_console,
        show_calls,
        open_calls,
        called,
        show_villages,
        open_villages,
        passed_on,
        show_letters,
        letters_pdf,
        letters_printed,
        release,
        arrived,
    ],
    opt={"access": policy.DEEDS["work"]},
)
