"""What a volunteer does with her pairs on a phone: answer a proposal, see her families, ask how to meet."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.consents.texts import current
from jiedui.errors import Refused
from jiedui.i18n import N_, translate
from jiedui.pairs import policy, service
from jiedui.pairs.rules import BODY_LENGTH, DECLINE_REASONS
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once, show_once, shown, submit
from jiedui.web.page import PageRequest, flash, language_of, page, see_other


class Decline(msgspec.Struct):
    """Why not."""

    reason: Annotated[str, msgspec.Meta(max_length=60)]


class Concern(msgspec.Struct):
    """What is on her mind."""

    text: Annotated[str, msgspec.Meta(max_length=BODY_LENGTH)]


@get("/me/families", name="families")
async def families(request: PageRequest) -> Response[Any]:
    """Her families by state."""
    return page(
        request,
        "pairs/families.html",
        families=await service.pairs_of(request.user, request.app.state.clock()),
    )


@get("/me/proposals/{pair_id:uuid}", name="proposal")
async def proposal(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """The one card: what is asked of her, where roughly, until when."""
    return await _proposal(request, pair_id, blank())


@post("/me/proposals/{pair_id:uuid}/accept", name="proposal:accept")
async def accept(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """She says yes."""

    async def work() -> str:
        await service.accept_proposal(request.user, pair_id, request.app.state.clock())
        flash(request, N_("Thank you! Now we ask the family, and tell you as soon as it has answered."))
        return f"/me/pairs/{pair_id}"

    try:
        return await once(request, work)
    except Refused as error:
        form = blank()
        form.refuse(error)
        return await _proposal(request, pair_id, form)


@post("/me/proposals/{pair_id:uuid}/decline", name="proposal:decline")
async def decline(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """She says no, and why."""
    form = await read_form(request, Decline)

    async def work() -> str:
        await service.decline_proposal(request.user, pair_id, form.value.reason, request.app.state.clock())
        flash(request, N_("Thank you for telling us. We will find this family somebody else."))
        return "/me"

    return await submit(request, form, work, lambda: _proposal(request, pair_id, form))


@get("/me/pairs/{pair_id:uuid}", name="family")
async def family(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """One family, as far as she may know it, with its number where she has just asked for it."""
    return await _family(request, pair_id, blank(), phone=await shown(request) or "")


@post("/me/pairs/{pair_id:uuid}/phone", name="family:phone")
async def phone(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """The telephone number, shown when asked for."""

    async def work() -> str:
        show_once(request, await service.show_phone(request.user, pair_id, request.app.state.clock()))
        return f"/me/pairs/{pair_id}"

    return await once(request, work)


@post("/me/pairs/{pair_id:uuid}/concern", name="family:concern")
async def concern(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Something is not right: a coordinator takes it from here."""
    form = await read_form(request, Concern)

    async def work() -> str:
        await service.raise_concern(request.user, pair_id, form.value.text, request.app.state.clock())
        flash(request, N_("Your coordinator has it now and will get back to you."))
        return f"/me/pairs/{pair_id}"

    return await submit(request, form, work, lambda: _family(request, pair_id, form))


async def _proposal(request: PageRequest, pair_id: UUID, form: Form[Any]) -> Response[Any]:
    family = await service.family_of(request.user, pair_id, request.app.state.clock())
    if family.state != "proposed":
        return see_other(request, f"/me/pairs/{pair_id}")
    return page(
        request,
        "pairs/proposal.html",
        family=family,
        form=form,
        reasons=[(why.code, translate(language_of(request), why.label), "") for why in DECLINE_REASONS],
        consent=current("pairing.volunteer"),
        status_code=form.status,
    )


async def _family(request: PageRequest, pair_id: UUID, form: Form[Any], phone: str = "") -> Response[Any]:
    family = await service.family_of(request.user, pair_id, request.app.state.clock())
    if family.state == "proposed":
        return see_other(request, f"/me/proposals/{pair_id}")
    return page(request, "pairs/family.html", family=family, form=form, phone=phone, status_code=form.status)


ROUTER = Router(
    "/",
    route_handlers=[families, proposal, accept, decline, family, phone, concern],
    opt={"access": policy.DEEDS["meet"]},
)
