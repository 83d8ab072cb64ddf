"""The household's single screen: no login, one question, three buttons; what goes wrong says what to do."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.accounts.limits import Rule
from jiedui.consents.texts import current
from jiedui.errors import Conflict, DomainError, Refused
from jiedui.i18n import N_
from jiedui.pairs import service
from jiedui.web.carried import carried, carry, drop
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once
from jiedui.web.page import PageRequest, client_address, page, see_other

KNOCKS = Rule("household.link", 120, 600)
"""A village office helps many households from one address; guessing a link takes longer than the universe."""
_AT_ONCE = timedelta(minutes=1)
"""How long a browser may take to follow; nothing of a household stays in it longer."""
ANSWERED = {
    "yes": N_("You have said yes. Your helper will get in touch, first through the village committee."),
    "another": N_("We will look for somebody else for you. Nobody holds it against you."),
    "concern": N_("We have read what you wrote, and somebody you can trust will get back to you."),
}


class Birth(msgspec.Struct):
    """What opens a link."""

    birth_year: Annotated[int, msgspec.Meta(ge=1900, le=2100)]


class Answer(msgspec.Struct):
    """One of three buttons, with words for the third."""

    proof: Annotated[str, msgspec.Meta(max_length=100)]
    answer: str
    text: str = ""


@get("/h/{token:str}", name="household:link")
async def knock(request: PageRequest, token: FromPath[str]) -> Response[Any]:
    """A neutral page that asks for the year of birth, or who would help, where it has just been told.

    Looking at it changes nothing; opened again, it asks again.
    """
    proof, now = _just_given(request, token), request.app.state.clock()
    try:
        await _admit(request)
        await service.check_link(token, now)
        if proof:
            return _helper(request, token, await service.opened_before(token, proof, now), blank())
    except DomainError as error:
        return _over(request, error)
    return _ask(request, token, blank())


@post(
    "/h/{token:str}", name="household:open", opt={"keyless": "a wrong year counts, the right one is no deed"}
)
async def open_link(request: PageRequest, token: FromPath[str]) -> Response[Any]:
    """The right year of birth leads on to who would help."""
    form = await read_form(request, Birth)
    try:
        await _admit(request)
        if form.ok:
            opened = await service.open_link(token, form.value.birth_year, request.app.state.clock())
            carry(request, "opened", [token, opened.proof], _AT_ONCE)
            return see_other(request, f"/h/{token}")
        await service.check_link(token, request.app.state.clock())
    except Refused as error:
        form.refuse(error)
    except DomainError as error:
        return _over(request, error)
    return _ask(request, token, form)


@post("/h/{token:str}/answer", name="household:answer")
async def answer(request: PageRequest, token: FromPath[str]) -> Response[Any]:
    """Yes, another one, or a concern: the first answer counts and the link is used."""
    form, now = await read_form(request, Answer), request.app.state.clock()
    proof, said = form.text("proof"), form.text("answer")

    async def work() -> str:
        match said:
            case "yes":
                await service.household_accepts(token, proof, now)
            case "another":
                await service.household_asks_another(token, proof, now)
            case _:
                await service.household_raises_concern(token, proof, form.text("text"), now)
        return f"/h/{token}/answered"

    try:
        await _admit(request)
        if said not in ANSWERED:
            return _helper(request, token, await service.opened_before(token, proof, now), form)
        answer = await once(request, work)
        carry(request, "answered", said, _AT_ONCE)
        return answer
    except Refused as error:
        form.refuse(error)
        return _helper(request, token, await service.opened_before(token, proof, now), form)
    except Conflict as error:
        form = blank()
        form.refuse(error)
        return _ask(request, token, form)
    except DomainError as error:
        return _over(request, error)


@get("/h/{token:str}/answered", name="household:answered")
async def answered(request: PageRequest, token: FromPath[str]) -> Response[Any]:
    """What was understood, said once; afterwards the link says only that it is used."""
    said = carried(request, "answered", str)
    drop(request, "answered")
    if said in ANSWERED:
        return page(request, "pairs/household_answered.html", sentence=ANSWERED[said])
    return see_other(request, f"/h/{token}")


def _just_given(request: PageRequest, token: str) -> str | None:
    link, proof = carried(request, "opened", tuple[str, str]) or ("", "")
    drop(request, "opened")
    return proof if link == token else None


async def _admit(request: PageRequest) -> None:
    await request.app.state.limits.admit((KNOCKS, client_address(request)))


def _ask(request: PageRequest, token: str, form: Form[Any]) -> Response[Any]:
    return page(request, "pairs/household_ask.html", token=token, form=form, status_code=form.status)


def _helper(request: PageRequest, token: str, opened: Any, form: Form[Any]) -> Response[Any]:
    return page(
        request,
        "pairs/household_helper.html",
        token=token,
        helper=opened.helper,
        proof=opened.proof,
        consent=current("pairing.household"),
        form=form,
        status_code=form.status,
    )


def _over(request: PageRequest, error: DomainError) -> Response[Any]:
    return page(request, "pairs/household_over.html", error=error, status_code=error.status_code)


ROUTER = Router("/", route_handlers=[knock, open_link, answer, answered], opt={"access": "public"})
