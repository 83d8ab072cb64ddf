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

from jiedui.actor import Actor
from jiedui.errors import NotFound, Refused
from jiedui.i18n import DEFAULT, N_
from jiedui.notices import console, lists, policy, service
from jiedui.notices.letters import Letter, pdf_of
from jiedui.notices.lists import Item
from jiedui.web import asked
from jiedui.web.forms import read_form
from jiedui.web.once import once, show_once, shown
from jiedui.web.page import PageRequest, flash, page
from jiedui_notifications.tables import STATES

T = TypeVar("T")
KINDS = ("household", "volunteer", "number")


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
        hold_reasons=console.HOLD_REASONS,
        details=console.DETAILS,
    )


@get("/notices/calls", name="notices:calls")
async def show_calls(request: PageRequest) -> Response[Any]:
    """The call list under half names; names and numbers are opened by a form of their own."""
    return await _list(request, "call", opened=bool(await shown(request)))


@post("/notices/calls", name="notices:calls:open")
async def open_calls(request: PageRequest) -> Response[Any]:
    """The call list with names and numbers, noted in the audit trail."""
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

    return await once(request, work)


@get("/notices/villages", name="notices:villages")
async def show_villages(request: PageRequest) -> Response[Any]:
    """Whom the villages are asked to tell, under half names."""
    return await _list(request, "village", opened=bool(await shown(request)))


@post("/notices/villages", name="notices:villages:open")
async def open_villages(request: PageRequest) -> Response[Any]:
    """The same with full names, for printing, noted in the audit trail."""
    return await _open(request, "village")


@post("/notices/{notice_id:uuid}/passed-on", name="notices:passed_on")
async def passed_on(request: PageRequest, notice_id: FromPath[UUID]) -> Response[Any]:
    """Note that the village has told her."""

    async def work() -> str:
        await service.mark_passed_on(request.user, notice_id, request.app.state.clock())
        return "/notices/villages"

    return await once(request, work)


@get("/notices/letters", name="notices:letters")
async def show_letters(request: PageRequest) -> Response[Any]:
    """The letters that wait, and what to do with them."""
    return await _list(request, "letter", opened=False)


@get("/notices/letters.pdf", name="notices:letters:pdf")
async def letters_pdf(request: PageRequest) -> Response[bytes]:
    """The letters waiting at a moment (or one of them) on paper; changes nothing."""
    query = request.query_params
    if "notice" in query:
        letters = await lists.one_letter(request.user, _understood(asked.key(query["notice"])))
    else:
        now = request.app.state.clock()
        until = _understood(asked.moment(query["until"])) if "until" in query else now
        letters = await lists.letters_until(request.user, until)
    if not letters:
        raise NotFound(N_("There are no letters to print."))
    return await _on_paper(request.user, letters, request.app.state.clock())


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
    async def work() -> str:
        items = await lists.on_list(request.user, channel)
        if items:
            await service.note_opened(request.user, channel, len(items), request.app.state.clock())
        show_once(request, True)
        return f"/notices/{channel}s"

    return await once(request, work)


async def _list(request: PageRequest, channel: str, *, opened: bool) -> Response[Any]:
    now = request.app.state.clock()
    items = await lists.on_list(request.user, channel)
    return page(
        request,
        f"notices/{channel}s.html",
        townships=_by_township(items),
        total=len(items),
        opened=opened,
        until=now,
        details=console.DETAILS,
    )


def _by_township(items: list[Item]) -> list[tuple[str, list[tuple[str, list[Item]]]]]:
    """Townships, in them villages, in them households; the items come in the order of their codes."""
    return [
        (township, [(village, list(homes)) for village, homes in groupby(inside, lambda item: item.village)])
        for township, inside in groupby(items, lambda item: item.township)
    ]


async def _on_paper(actor: Actor, letters: list[Letter], now: datetime) -> Response[bytes]:
    pdf = await asyncio.to_thread(pdf_of, letters, DEFAULT)
    await service.note_opened(actor, "letter", len(letters), now)
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
