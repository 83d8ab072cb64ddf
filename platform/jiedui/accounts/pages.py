"""Coming in and going out: staff by passphrase, volunteers by a code on their telephone."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post

from jiedui.accounts import grant_pages, service
from jiedui.accounts.codes import LASTS, mobile_number
from jiedui.accounts.sessions import lifetime
from jiedui.actor import Actor
from jiedui.errors import Refused, TooMany
from jiedui.store.masked import masked_phone
from jiedui.web import cookies
from jiedui.web.asked import safe_path
from jiedui.web.carried import carried, carry, drop
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once
from jiedui.web.page import PageRequest, client_address, home_of, page, see_other

_GUESSES = "a wrong one counts, and the right one is no deed"


class StaffLogin(msgspec.Struct):
    """Name and passphrase."""

    login: Annotated[str, msgspec.Meta(max_length=60)]
    passphrase: Annotated[str, msgspec.Meta(max_length=200)]
    next: str = ""


class Telephone(msgspec.Struct):
    """Where the code goes."""

    phone: Annotated[str, msgspec.Meta(max_length=30)]
    next: str = ""


class Code(msgspec.Struct):
    """What came by text message."""

    phone: Annotated[str, msgspec.Meta(max_length=30)]
    code: Annotated[str, msgspec.Meta(max_length=20)]
    next: str = ""


@get("/login", name="login:staff")
async def staff_form(request: PageRequest) -> Response[Any]:
    """The staff's door."""
    return _door(request, "accounts/login.html")


@post("/login", name="login:staff:enter", opt={"keyless": _GUESSES})
async def staff_enter(request: PageRequest) -> Response[Any]:
    """Check the passphrase."""
    form = await read_form(request, StaffLogin)
    if form.ok:
        try:
            return await service.log_in_staff(
                form.value.login,
                form.value.passphrase,
                lambda actor: enter(request, actor, form.value.next),
                **_circumstances(request),
            )
        except (Refused, TooMany) as refused:
            form.refuse(refused)
    return page(request, "accounts/login.html", form=form, status_code=form.status)


@get("/login/volunteer", name="login:volunteer")
async def volunteer_form(request: PageRequest) -> Response[Any]:
    """The volunteer's door."""
    return _door(request, "accounts/telephone.html")


@post("/login/volunteer", name="login:volunteer:code")
async def volunteer_code(request: PageRequest) -> Response[Any]:
    """Send the code; the answer is the same whether or not the number is known."""
    form = await read_form(request, Telephone)
    if form.ok:
        try:
            phone = mobile_number(form.value.phone)

            async def work() -> str:
                await service.request_login_code(phone, **_circumstances(request))
                return "/login/volunteer/code"

            answer = await once(request, work)
            carry(request, "code", Code(phone, "", safe_path(form.value.next)), LASTS)
            return answer
        except (Refused, TooMany) as refused:
            form.refuse(refused)
    return page(request, "accounts/telephone.html", form=form, status_code=form.status)


@get("/login/volunteer/code", name="login:volunteer:typed")
async def volunteer_code_form(request: PageRequest) -> Response[Any]:
    """Where the code is typed; who has asked for none is led to the door."""
    asked = carried(request, "code", Code)
    if asked is None or request.user is not None:
        return see_other(request, "/login/volunteer")
    return _code_page(request, blank(phone=asked.phone, next=asked.next))


@post("/login/volunteer/code", name="login:volunteer:enter", opt={"keyless": _GUESSES})
async def volunteer_enter(request: PageRequest) -> Response[Any]:
    """Check the code."""
    form = await read_form(request, Code)
    if form.ok:
        try:
            phone, code = mobile_number(form.value.phone), form.value.code.replace(" ", "")
            actor = await service.log_in_volunteer(phone, code, **_circumstances(request))
            drop(request, "code")
            return await enter(request, actor, form.value.next)
        except (Refused, TooMany) as refused:
            form.refuse(refused)
    return _code_page(request, form)


@post("/logout", name="logout", opt={"keyless": "ending what has ended changes nothing"})
async def log_out(request: PageRequest) -> Response[Any]:
    """End the session on the server, then forget the cookie."""
    if request.auth:
        await request.app.state.sessions.end(request.auth)
    cookies.put(request, request.app.state.cookies.session, "", seconds=0)
    return see_other(request, "/")


async def enter(request: PageRequest, actor: Actor, back: str = "") -> Response[Any]:
    """Begin a session under a new id (an older one ends) and go where the person wanted to go."""
    state = request.app.state
    if request.auth:
        await state.sessions.end(request.auth)
    session_id = await state.sessions.begin(actor.account_id, actor.role)
    seconds = int(lifetime(actor.role).absolute.total_seconds())
    cookies.put(request, state.cookies.session, session_id, seconds=seconds)
    wanted = safe_path(back)
    return see_other(request, home_of(actor) if wanted == "/" else wanted)


def _door(request: PageRequest, template: str) -> Response[Any]:
    back = request.query_params.get("next", "")
    if request.user is not None:
        return see_other(request, home_of(request.user))
    form: Form[Any] = blank(next=safe_path(back))
    return page(request, template, form=form)


def _code_page(request: PageRequest, form: Form[Any]) -> Response[Any]:
    phone = masked_phone(form.text("phone"))
    return page(request, "accounts/code.html", form=form, phone=phone, status_code=form.status)


def _circumstances(request: PageRequest) -> dict[str, Any]:
    state = request.app.state
    return {"address": client_address(request), "limits": state.limits, "now": state.clock()}


ROUTER = Router(
    "/",
    route_handlers=[
        staff_form, staff_enter, volunteer_form, volunteer_code, volunteer_code_form, volunteer_enter,
        log_out, grant_pages.ROUTER,
    ],
    opt={"access": "public"},
)  # fmt: skip
