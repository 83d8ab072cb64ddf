"""The public sign-up: one page, then the telephone is confirmed; nothing typed is lost on the way."""

from datetime import timedelta
from typing import Any, NoReturn

from litestar import Response, Router, get, post

from jiedui.accounts.codes import WrongCode, mobile_number, redeem_code, request_code
from jiedui.accounts.pages import enter
from jiedui.accounts.service import actor_of
from jiedui.actor import Actor
from jiedui.consents.texts import current
from jiedui.errors import NotFound, Refused, TooMany
from jiedui.i18n import N_
from jiedui.policies.force import in_force
from jiedui.regions.choosing import choices_for, wants_choices
from jiedui.regions.service import townships
from jiedui.store.masked import masked_phone
from jiedui.volunteers import rules, words
from jiedui.volunteers.enrolment import (
    RECORD_CHECK,
    SERVICE,
    Draft,
    Outcome,
    check_draft,
    enrol,
)
from jiedui.volunteers.forms import Code, Join, typed_wishes
from jiedui.web.carried import carried, carry, drop
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once
from jiedui.web.page import PageRequest, client_address, flash, page, see_other

_TYPING = timedelta(minutes=30)
"""How long what was typed stays, sealed, in the browser of somebody who does not go on."""
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
    draft, typed = carried(request, "draft", Draft), carried(request, "typed", dict[str, list[str]])
    if draft is not None:
        return await _form(request, _typed(draft))
    return await _form(request, Form(typed=typed, errors={}) if typed else blank(capacity=1, reach_km="any"))


@post("/join", name="join:send")
async def join_send(request: PageRequest) -> Response[Any]:
    """Look at the form; when it is complete, send the code."""
    form = await read_form(request, Join)
    if wants_choices(form):
        shown = Form[Join](typed=form.typed, errors={})
        if not await choices_for(shown):
            shown.refuse(_no_village())
            return await _form(request, shown)
        drop(request, "draft")
        carry(request, "typed", form.typed, _TYPING)
        return see_other(request, "/join")
    try:
        draft = await _draft(request, form)
        if form.ok and draft is not None:
            return await _with_code(request, draft)
    except (Refused, TooMany) as refused:
        form.refuse(refused)
    return await _form(request, form)


@get("/join/code", name="join:code")
async def join_code(request: PageRequest) -> Response[Any]:
    """Where the code is typed; who has written nothing is led to the form."""
    draft = carried(request, "draft", Draft)
    if draft is None:
        return see_other(request, "/join")
    return _code_page(request, blank(), draft)


@post("/join/again", name="join:again")
async def join_again(request: PageRequest) -> Response[Any]:
    """Another code for the same draft."""
    draft, form = carried(request, "draft", Draft), blank()
    if draft is None:
        return await _started_over(request)
    try:
        return await _with_code(request, draft, again=True)
    except TooMany as refused:
        form.refuse(refused)
    return _code_page(request, form, draft)


@post("/join/confirm", name="join:confirm")
async def join_confirm(request: PageRequest) -> Response[Any]:
    """The code is right: she is a volunteer, or turns out to be one already, and is logged in."""
    state, form = request.app.state, await read_form(request, Code)
    draft, now = carried(request, "draft", Draft), state.clock()
    if draft is None:
        return await _started_over(request)
    actors: list[Actor] = []

    async def work() -> str:
        code, address = form.text("code").replace(" ", ""), client_address(request)
        await redeem_code(draft.phone, code, "signup", address=address, limits=state.limits, now=now)
        enrolled = await enrol(draft, in_force(), now)
        actors.append(await actor_of(enrolled.account_id, now) or _closed())
        flash(request, _WELCOMES[enrolled.outcome])
        return "/me/profile"

    try:
        answer = await once(request, work)
    except (WrongCode, TooMany) as refused:
        form.refuse(refused)
        return _code_page(request, form, draft)
    except (Refused, NotFound) as refused:
        typed = _typed(draft)
        typed.refuse(refused)
        return await _form(request, typed)
    drop(request, "draft")
    drop(request, "typed")
    return await enter(request, actors[0], "/me/profile") if actors else answer


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
    )
    try:
        await check_draft(draft, in_force())
    except NotFound as error:
        raise _no_village() from error
    return draft


async def _with_code(request: PageRequest, draft: Draft, *, again: bool = False) -> Response[Any]:
    async def work() -> str:
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
        if again:
            flash(request, N_("A new code is on its way. Only the newest one counts."))
        return "/join/code"

    answer = await once(request, work)
    carry(request, "draft", draft, _TYPING)
    return answer


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


async def _started_over(request: PageRequest) -> Response[Any]:
    form = blank(capacity=1, reach_km="any")
    form.refuse(Refused(N_("This form was left open too long. Please fill it in once more.")))
    return await _form(request, form)


def _closed() -> NoReturn:
    raise NotFound


async def _form(request: PageRequest, form: Form[Any]) -> Response[Any]:
    return page(
        request,
        "volunteers/join.html",
        form=form,
        places=await choices_for(form),
        townships=await townships(),
        pack=in_force(),
        kinds=words.KINDS,
        times=rules.TIMES,
        reaches=rules.REACHES,
        texts=[("consent", current(SERVICE)), ("record_check", current(RECORD_CHECK))],
        status_code=form.status,
        at="/join",
    )


def _code_page(request: PageRequest, form: Form[Any], draft: Draft) -> Response[Any]:
    return page(
        request,
        "volunteers/code.html",
        form=form,
        phone=masked_phone(draft.phone),
        status_code=form.status,
        at="/join/code",
    )


ROUTER = Router(
    "/", route_handlers=[join_form, join_send, join_code, join_again, join_confirm], opt={"access": "public"}
)
