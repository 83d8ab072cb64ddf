"""The household's single screen: no login, one question, three buttons; what goes wrong says what to do."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.accounts.limits import Rule
from jiedui.consents.texts import current
from jiedui.errors import Conflict, DomainError, Refused
from jiedui.i18n import N_
from jiedui.pairs import service
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.page import PageRequest, client_address, page

KNOCKS = Rule("household.link", 120, 600)
"""A village office helps many households from one address; guessing a link takes longer than the universe."""
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
    """A neutral page that asks for the year of birth; looking at it changes nothing."""
    try:
        await _admit(request)
        await service.check_link(token, request.app.state.clock())
    except DomainError as error:
        return _over(request, error)
    return _ask(request, token, blank())


@post("/h/{token:str}", name="household:open")
async def open_link(request: PageRequest, token: FromPath[str]) -> Response[Any]:
    """The right year of birth shows who would help."""
    form = await read_form(request, Birth)
    try:
        await _admit(request)
        if form.ok:
            opened = await service.open_link(token, form.value.birth_year, request.app.state.clock())
            return _helper(request, token, opened, blank())
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
    proof = form.text("proof")
    try:
        await _admit(request)
        match form.text("answer"):
            case "yes":
                await service.household_accepts(token, proof, now)
            case "another":
                await service.household_asks_another(token, proof, now)
            case "concern":
                await service.household_raises_concern(token, proof, form.text("text"), now)
            case _:
                return _helper(request, token, await service.opened_before(token, proof, now), form)
    except Refused as error:
        form.refuse(error)
        return _helper(request, token, await service.opened_before(token, proof, now), form)
    except Conflict as error:
        form = blank()
        form.refuse(error)
        return _ask(request, token, form)
    except DomainError as error:
        return _over(request, error)
    return page(request, "pairs/household_answered.html", sentence=ANSWERED[form.text("answer")])


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


ROUTER = Router("/", route_handlers=[knock, open_link, answer], opt={"access": "public"})
