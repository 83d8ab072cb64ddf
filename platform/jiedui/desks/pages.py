"""The coordinator's day and the volunteer's week."""

from typing import Any

from litestar import Response, Router, get

from jiedui.clock import today
from jiedui.desks import policy
from jiedui.desks.service import waiting
from jiedui.followups.rules import urgency
from jiedui.followups.service import due_of, overdue_by_township
from jiedui.pairs import policy as pairs_policy
from jiedui.pairs.service import pairs_of, proposals_of
from jiedui.web.page import PageRequest, page


@get("/me", name="me", opt={"access": pairs_policy.DEEDS["meet"]})
async def week(request: PageRequest) -> Response[Any]:
    """What waits for her: proposals first, then contacts by urgency."""
    now = request.app.state.clock()
    day = today(now)
    families = {family.pair_id: family for family in await pairs_of(request.user, now)}
    due = [
        {**item, "family": families[item["pair"]], "urgency": urgency(item["due_on"], day)}
        for item in await due_of(request.user)
        if item["pair"] in families
    ]
    proposals = await proposals_of(request.user, now)
    return page(request, "desks/week.html", proposals=proposals, due=due, families=list(families.values()))


@get("/desk", name="desk", opt={"access": policy.DEEDS["desk"]})
async def show_desk(request: PageRequest) -> Response[Any]:
    """The coordinator's day: what waits for her, and what is overdue by township."""
    day = today(request.app.state.clock())
    return page(
        request,
        "desks/desk.html",
        waiting=await waiting(request.user),
        townships=await overdue_by_township(request.user, day),
        day=day,
    )


ROUTER = Router("/", route_handlers=[week, show_desk])
