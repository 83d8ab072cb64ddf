"""One run of a round on screen: its pairs, the families left out, where to recruit; compared, published."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery

from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.plans import comparison, files, lists, map_pages, question_pages, views
from jiedui.plans.frame import PLAN, asked, head, keys, panel
from jiedui.plans.lists import LeftOutFilter, NewcomerFilter, PairFilter
from jiedui.rounds import policy
from jiedui.rounds.publication import publish_round
from jiedui.rounds.views import plan_at, plans_of, round_page
from jiedui.store.columns import Row
from jiedui.web.forms import blank
from jiedui.web.once import once
from jiedui.web.page import PageRequest, flash, page, see_other, wants_fragment


@get(PLAN, name="plans:show")
async def pairs(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The plan's figures and its pairs."""
    round_row, plan = await plan_at(request.user, round_id, number)
    wanted = asked(request, PairFilter)
    found = await lists.pairs_of(request.user, plan, wanted, **keys(request))
    return await _plan_page(request, "plans/pairs.html", round_row, plan, wanted, found)


@get(f"{PLAN}/left-out", name="plans:left_out")
async def left_out(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The families without a helper, each with the reasons."""
    round_row, plan = await plan_at(request.user, round_id, number)
    wanted = asked(request, LeftOutFilter)
    found = await lists.left_out_of(request.user, plan, wanted, **keys(request))
    return await _plan_page(request, "plans/left_out.html", round_row, plan, wanted, found)


@get(f"{PLAN}/recruit", name="plans:recruit")
async def recruit(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """Where one more volunteer would help most; a township's mark on the map opens its rows as a fragment."""
    round_row, plan = await plan_at(request.user, round_id, number)
    wanted = asked(request, NewcomerFilter)
    found = await lists.newcomers_of(request.user, plan, wanted, **keys(request))
    if wants_fragment(request):
        pack, query = await views.pack_of(round_row), urlencode(msgspec.to_builtins(wanted))
        template = "plans/panel_township.html"
        return panel(request, template, round_row, plan, rows=found.rows, pack=pack, query=query)
    return await _plan_page(request, "plans/recruit.html", round_row, plan, wanted, found)


@post(f"{PLAN}/publish", name="plans:publish")
async def publish(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """Ask the volunteers: all proposals at once, or none."""
    _, plan = await plan_at(request.user, round_id, number)
    path = f"/rounds/{round_id}/plans/{number}"

    async def work() -> str:
        count = await publish_round(request.user, round_id, plan["id"], request.app.state.clock())
        flash(request, N_("Published: {n} proposals are on their way to the volunteers."), n=f"{count:,}")
        return path

    try:
        return await once(request, work)
    except (Conflict, Refused) as refused:
        flash(request, refused.msgid, kind="problem", **refused.params)
    return see_other(request, path)


@get("/rounds/{round_id:uuid}/compare", name="rounds:compare")
async def compare(
    request: PageRequest, round_id: FromPath[UUID], a: FromQuery[int] = 0, b: FromQuery[int] = 0
) -> Response[Any]:
    """Two runs side by side; by default the newest ready one and the one before."""
    round_row = await round_page(request.user, round_id)
    ready = [plan for plan in await plans_of(request.user, round_id) if plan["state"] == "ready"]
    runs = {plan["number"]: plan for plan in ready}
    newest = sorted(runs)[-2:]
    if len(newest) < 2:
        return page(request, "plans/compare.html", round=round_row, ready=ready, sides=None)
    if (a or b) and not {a, b} <= runs.keys():
        raise NotFound
    one, other = (runs[a], runs[b]) if a and b else (runs[newest[0]], runs[newest[1]])
    return page(
        request,
        "plans/compare.html",
        round=round_row,
        ready=ready,
        sides=[{**run, **await views.plan_summary(request.user, run)} for run in (one, other)],
        only=[await comparison.only_in(request.user, *runs) for runs in _both_ways(one, other)],
        helped=[await comparison.helped_only_in(request.user, *runs) for runs in _both_ways(one, other)],
        most=comparison.MOST_SHOWN,
        comparable=comparison.comparable(one, other),
        longer_by=comparison.longer_by,
    )


async def _plan_page(
    request: PageRequest, template: str, round_row: Row, plan: Row, wanted: Any, found: Any
) -> Response[Any]:
    narrowed = msgspec.to_builtins(wanted)
    return page(
        request,
        template,
        wanted=wanted,
        found=found,
        form=blank(**msgspec.structs.asdict(wanted)),
        query=urlencode(narrowed),
        previous=_link(narrowed, before=found.before),
        next=_link(narrowed, after=found.after),
        townships=await lists.townships_of(request.user, plan),
        **await head(request, round_row, plan),
    )


def _both_ways(one: Row, other: Row) -> tuple[tuple[Row, Row], tuple[Row, Row]]:
    return (one, other), (other, one)


def _link(narrowed: dict[str, Any], **key: str) -> str:
    return "?" + urlencode({**narrowed, **key}) if all(key.values()) else ""


ROUTER = Router(
    "/",
    route_handlers=[
        pairs, left_out, recruit, publish, compare,
        *map_pages.HANDLERS, *files.HANDLERS, *question_pages.HANDLERS,
    ],
    opt={"access": policy.DEEDS["read"]},
)  # fmt: skip
