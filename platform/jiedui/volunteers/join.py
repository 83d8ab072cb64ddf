"""The public sign-up: one page, then the telephone is confirmed; nothing typed is lost on the way."""

from typing import Any

from litestar import Response, Router, get, post

from jiedui.accounts.codes import mobile_number, redeem_code, request_code
from jiedui.accounts.pages import enter
from jiedui.accounts.service import actor_of
from jiedui.consents.texts import current
from jiedui.errors import DomainError, NotFound, Refused, TooMany
from jiedui.i18n import N_
from jiedui.regions.pages import choices_for, wants_choices
from jiedui.regions.service import townships
from jiedui.volunteers import rules, words
from jiedui.volunteers.enrolment import (
    RECORD_CHECK,
    SERVICE,
    Draft,
    Enrolled,
    Outcome,
    check_draft,
    enrol,
    open_draft,
    seal_draft,
)
from jiedui.volunteers.forms import Join, Sealed, typed_wishes
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.page import PageRequest, client_address, flash, page, see_other
from jiedui_pairing.policy import standard

_WELCOMES = {
    Outcome.NEW: N_("Thank you! Your sign-up has arrived."),
    Outcome.AGAIN: N_("Welcome back! Your sign-up has arrived."),
    Outcome.KNOWN: N_("This telephone is registered already. What you told us before still stands."),
}
_UNFILLED = {
    "kind": N_("Please choose what you are."),
    "offers": N_("Please choose at least one kind of help."),
    "times": N_("Please say when you have time."),
    "name": N_("Please write your name."),
    "phone": N_("Please write your mobile number."),
}
"""Said in the summary above the form, where "please fill this in" five times would not help."""


@get("/join", name="join")
async def join_form(request: PageRequest) -> Response[Any]:
    """The sign-up page; whoever is a volunteer already goes to her own page."""
    if request.user is not None and request.user.role == "volunteer":
        return see_other(request, "/me/profile")
    return await _form(request, blank(capacity=1, reach_km="any"))


@post("/join", name="join:send")
async def join_send(request: PageRequest) -> Response[Any]:
    """Look at the form; when it is complete, send the code."""
    form = await read_form(request, Join)
    if wants_choices(form):
        shown = Form[Join](typed=form.typed, errors={})
        if not await choices_for(shown):
            shown.refuse(_no_village())
        return await _form(request, shown)
    try:
        draft = await _draft(request, form)
        if form.ok and draft is not None:
            await _send_code(request, draft)
            return _code_page(request, blank(draft=seal_draft(draft)), draft)
    except (Refused, TooMany) as refused:
        form.refuse(refused)
    return await _form(request, form)


@post("/join/edit", name="join:edit")
async def join_edit(request: PageRequest) -> Response[Any]:
    """Back to the form, with everything that was typed."""
    try:
        draft = open_draft((await read_form(request, Sealed)).text("draft"), request.app.state.clock())
    except Refused as refused:
        return await _started_over(request, refused)
    return await _form(request, _typed(draft))


@post("/join/again", name="join:again")
async def join_again(request: PageRequest) -> Response[Any]:
    """Another code for the same draft."""
    form = await read_form(request, Sealed)
    try:
        draft = open_draft(form.text("draft"), request.app.state.clock())
    except Refused as refused:
        return await _started_over(request, refused)
    form = blank(draft=form.text("draft"))
    try:
        await _send_code(request, draft)
    except TooMany as refused:
        form.refuse(refused)
    return _code_page(request, form, draft, again=form.ok)


@post("/join/confirm", name="join:confirm")
async def join_confirm(request: PageRequest) -> Response[Any]:
    """The code is right: she is a volunteer, or turns out to be one already, and is logged in."""
    state, form = request.app.state, await read_form(request, Sealed)
    now = state.clock()
    try:
        draft = open_draft(form.text("draft"), now)
    except Refused as refused:
        return await _started_over(request, refused)
    try:
        await redeem_code(
            draft.phone,
            form.text("code").replace(" ", ""),
            "signup",
            address=client_address(request),
            limits=state.limits,
            now=now,
        )
    except (Refused, TooMany) as refused:
        form.refuse(refused)
        return _code_page(request, form, draft)
    try:
        enrolled = await enrol(draft, standard(), now)
    except (Refused, NotFound) as refused:
        typed = _typed(draft)
        typed.refuse(refused)
        return await _form(request, typed)
    return await _welcome(request, enrolled)


async def _welcome(request: PageRequest, enrolled: Enrolled) -> Response[Any]:
    actor = await actor_of(enrolled.account_id, request.app.state.clock())
    if actor is None:
        raise NotFound
    flash(request, _WELCOMES[enrolled.outcome])
    return await enter(request, actor, "/me/profile")


async def _draft(request: PageRequest, form: Form[Join]) -> Draft | None:
    """The draft, if the form was understood; mistakes the Struct cannot see are added either way."""
    for field, sentence in _UNFILLED.items():
        if form.error(field) and not form.text(field).strip():
            form.refuse(Refused(sentence, field=field))
    if not form.text("village"):
        form.refuse(_no_village())
    if not form.chosen("consent", "on"):
        form.refuse(Refused(N_("Without your consent we may not keep your data."), field="consent"))
    phone = form.text("phone")
    if phone.strip():
        phone = mobile_number(phone)
    if not form.ok:
        return None
    value = form.value
    draft = Draft(
        kind=value.kind,
        offers=value.offers,
        skills=value.skills,
        capacity=value.capacity,
        reach_km=value.kilometres(),
        region_code=value.village,
        times=value.times,
        name=value.name,
        phone=phone,
        agreed=value.agreed(),
        begun_at=request.app.state.clock(),
    )
    try:
        await check_draft(draft, standard())
    except NotFound as error:
        raise _no_village() from error
    return draft


async def _send_code(request: PageRequest, draft: Draft) -> None:
    # The same for every telephone: whether it is known shows only to who holds it.
    await request_code(
        draft.phone,
        "signup",
        send=True,
        region_code=draft.region_code,
        address=client_address(request),
        limits=request.app.state.limits,
        now=request.app.state.clock(),
    )


def _typed(draft: Draft) -> Form[Any]:
    return blank(
        **typed_wishes(draft),
        kind=draft.kind,
        village=draft.region_code,
        name=draft.name,
        phone=draft.phone,
        consent=SERVICE in draft.agreed,
        record_check=RECORD_CHECK in draft.agreed,
    )


def _no_village() -> Refused:
    return Refused(N_("Please choose your village or community from the list."), field="village")


async def _started_over(request: PageRequest, refused: DomainError) -> Response[Any]:
    form = blank(capacity=1, reach_km="any")
    form.refuse(refused)
    return await _form(request, form)


async def _form(request: PageRequest, form: Form[Any]) -> Response[Any]:
    return page(
        request,
        "volunteers/join.html",
        form=form,
        places=await choices_for(form),
        townships=await townships(),
        pack=standard(),
        kinds=words.KINDS,
        times=rules.TIMES,
        reaches=rules.REACHES,
        texts=[("consent", current(SERVICE)), ("record_check", current(RECORD_CHECK))],
        status_code=form.status,
    )


def _code_page(request: PageRequest, form: Form[Any], draft: Draft, *, again: bool = False) -> Response[Any]:
    return page(
        request, "volunteers/code.html", form=form, phone=draft.phone, again=again, status_code=form.status
    )


ROUTER = Router(
    "/", route_handlers=[join_form, join_send, join_edit, join_again, join_confirm], opt={"access": "public"}
)
