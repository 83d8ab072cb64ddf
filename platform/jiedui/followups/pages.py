"""The log of a contact, and what is overdue in an area."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery

from jiedui.clock import today
from jiedui.followups import service
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.service import family_of
from jiedui.regions.codes import is_code
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import submit
from jiedui.web.page import PageRequest, flash, page


class Contact(msgspec.Struct):
    """What a volunteer says about one contact."""

    medium: Literal["call", "visit", "message"]
    outcome: Literal["reached", "no_answer"]
    happened_on: date
    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


@get("/me/pairs/{pair_id:uuid}/log", name="visits:new")
async def new_visit(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """The log form, filled with what is most likely."""
    medium = request.query_params.get("medium", "call")
    form = blank(medium=medium, outcome="reached", happened_on=today(request.app.state.clock()))
    return await _form_page(request, pair_id, form)


@post("/me/pairs/{pair_id:uuid}/log", name="visits:log")
async def log_visit(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Keep the contact, once however often the form is sent, and go back to the week."""
    form = await read_form(request, Contact)
    return await submit(
        request, form, lambda: _log(request, pair_id, form.value), lambda: _form_page(request, pair_id, form)
    )


@get("/followups", name="followups")
async def overdue(
    request: PageRequest,
    township: FromQuery[str] = "",
    after: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> Response[Any]:
    """Overdue items of the area or one township, the longest overdue first."""
    day = today(request.app.state.clock())
    groups = await service.overdue_by_township(request.user, day)
    found = await service.overdue_items(
        request.user, day, township if is_code(township) else None, after=after, before=before
    )
    chosen = next((group for group in groups if group["township"] == township), None)
    total = chosen["items"] if chosen else sum(group["items"] for group in groups)
    return page(
        request,
        "followups/overdue.html",
        items=found.rows,
        groups=groups,
        chosen=chosen,
        township=township,
        total=total,
        previous=f"/followups?township={township}&before={found.before}" if found.before else "",
        next=f"/followups?township={township}&after={found.after}" if found.after else "",
        day=day,
    )


async def _log(request: PageRequest, pair_id: UUID, contact: Contact) -> str:
    await service.log_visit(
        request.user, pair_id, **msgspec.structs.asdict(contact), now=request.app.state.clock()
    )
    if contact.outcome == "reached":
        flash(request, N_("Thank you, noted."))
    else:
        flash(request, N_("Noted that nobody answered. The contact is still due; please try again."))
    return "/me"


async def _form_page(request: PageRequest, pair_id: UUID, form: Form[Any]) -> Response[Any]:
    family = await family_of(request.user, pair_id, request.app.state.clock())
    visits = await service.visits_of(request.user, pair_id, request.app.state.clock())
    return page(
        request, "followups/log.html", form=form, family=family, visits=visits, status_code=form.status
    )


ROUTER = Router(
    "/",
    route_handlers=[
        Router("/", route_handlers=[new_visit, log_visit], opt={"access": policy.DEEDS["meet"]}),
        Router("/", route_handlers=[overdue], opt={"access": policy.DEEDS["follow_up"]}),
    ],
)
