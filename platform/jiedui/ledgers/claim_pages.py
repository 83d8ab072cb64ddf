"""What two areas say of one person, as the one who decides between them sees it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.errors import Conflict, NotFound
from jiedui.i18n import N_
from jiedui.ledgers import claims, policy
from jiedui.ledgers.ledger import Subject
from jiedui.web.once import once
from jiedui.web.page import PageRequest, flash, page, see_other

KINDS = {"household": N_("Household"), "volunteer": N_("Volunteer")}
DONE = {
    "moved": N_("She is in the other area's ledger now; both areas' records say so."),
    "duplicate": N_("She stays where she is; the other row is the same person."),
    "mistake": N_("She stays where she is. Please tell the village that its ledger has a wrong number."),
}


@get("/claims", name="claims")
async def show(request: PageRequest) -> Response[Any]:
    """The claims that wait, with both sides."""
    found = await claims.claims_of(request.user, _subjects(request), request.query_params.get("after", ""))
    return page(
        request,
        "ledgers/claims.html",
        found=found,
        kinds=KINDS,
        next=f"/claims?{urlencode({'after': found.after})}" if found.after else "",
    )


@post("/claims/{claim_id:uuid}/{decision:str}", name="claims:decide")
async def decide(request: PageRequest, claim_id: FromPath[UUID], decision: FromPath[str]) -> Response[Any]:
    """Moved, the same twice, or a wrong number."""
    if decision not in DONE:
        raise NotFound

    async def work() -> str:
        now = request.app.state.clock()
        await claims.decide(request.user, claim_id, decision, _subjects(request), now)
        flash(request, DONE[decision])
        return "/claims"

    try:
        return await once(request, work)
    except Conflict as refused:
        flash(request, refused.msgid, kind="problem", **refused.params)
        return see_other(request, "/claims")


def router(subjects: Mapping[str, Subject]) -> Router:
    """The pages, for these kinds of people."""
    return Router(
        "/", route_handlers=[show, decide], opt={"access": policy.DEEDS["claims"], "subjects": subjects}
    )


def _subjects(request: PageRequest) -> Mapping[str, Subject]:
    subjects: Mapping[str, Subject] = request.route_handler.opt["subjects"]
    return subjects
