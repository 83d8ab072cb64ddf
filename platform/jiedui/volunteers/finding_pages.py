"""Looking for one volunteer: what is typed travels in a form, the answer is a short list, masked."""

from datetime import timedelta
from typing import Any

from litestar import Response, Router, get, post

from jiedui.policies.force import in_force
from jiedui.store.columns import Row
from jiedui.volunteers import policy, rules, words
from jiedui.volunteers.finding import MOST_FOUND, find_volunteers
from jiedui.volunteers.forms import Sought
from jiedui.web.carried import carried, carry
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.page import PageRequest, page, see_other
from jiedui.web.words import day_of

_LOOKED_FOR = timedelta(minutes=10)


@post(
    "/volunteers/find",
    name="volunteers:find",
    opt={"keyless": "looking for somebody changes nothing"},
)
async def volunteer_find(request: PageRequest) -> Response[Any]:
    """Look for one volunteer; what was typed is sent in the form, so that no address ever holds it."""
    form = await read_form(request, Sought)
    if not form.ok:
        return _found_page(request, form, [])
    carry(request, "volunteer", form.value.text, _LOOKED_FOR)
    return see_other(request, "/volunteers/find")


@get("/volunteers/find", name="volunteers:found")
async def volunteers_found(request: PageRequest) -> Response[Any]:
    """Who is called like this; what was typed stays in her browser a few minutes, for Back and Reload."""
    text = carried(request, "volunteer", str)
    if text is None:
        return see_other(request, "/volunteers")
    limits, now = request.app.state.limits, request.app.state.clock()
    rows = await find_volunteers(request.user, text, limits=limits, now=now)
    return _found_page(request, blank(text=text), rows)


def with_missing(request: PageRequest, rows: list[Row]) -> None:
    """What each still needs before she may meet children."""
    today = day_of(request.app.state.clock())
    for row in rows:
        row["missing"] = rules.before_children(row, in_force(), today)


def _found_page(request: PageRequest, form: Form[Any], rows: list[Row]) -> Response[Any]:
    with_missing(request, rows)
    return page(
        request,
        "volunteers/found.html",
        form=form,
        rows=rows,
        states=words.STATES,
        most=MOST_FOUND,
        status_code=form.status,
    )


ROUTER = Router("/", route_handlers=[volunteer_find, volunteers_found], opt={"access": policy.DEEDS["list"]})
