"""The figures of an area, for whoever sees no people; and what a county shows her all the same."""

from typing import Any

from litestar import Response, Router, get

from jiedui.accounts import words
from jiedui.accounts.grants import shown_to
from jiedui.desks import policy
from jiedui.desks.figures import figures_of
from jiedui.i18n import N_
from jiedui.regions.service import region_name
from jiedui.web.page import PageRequest, page

HEADINGS = (
    N_("Households"),
    N_("of these most urgent"),
    N_("Volunteers"),
    N_("Running pairs"),
    N_("Households without a helper"),
)


@get("/figures", name="figures", opt={"access": policy.DEEDS["read"]})
async def show(request: PageRequest) -> Response[Any]:
    """The area and what lies in it, in numbers."""
    whole, parts = await figures_of(request.user)
    return page(
        request,
        "desks/figures.html",
        area=await region_name(request.user.region_code),
        whole=whole,
        parts=parts,
        headings=HEADINGS,
        cases=await shown_to(request.user, request.app.state.clock()),
        subjects=words.SUBJECTS,
        paths=words.PATHS,
    )


ROUTER = Router("/", route_handlers=[show])
