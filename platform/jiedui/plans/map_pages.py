"""A plan on the map: its lines and marks, and what lies behind each of them."""

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from jiedui.errors import NotFound
from jiedui.plans import lists, plan_map, views, words
from jiedui.plans.frame import PLAN, asked, head, kinds_of, panel
from jiedui.plans.lists import NewcomerFilter
from jiedui.rounds.views import plan_at
from jiedui.web.page import PageRequest, language_of, page


@get(f"{PLAN}/recruit.json", name="plans:recruit_data")
async def recruit_data(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]
) -> dict[str, Any]:
    """What the map of where to recruit draws."""
    round_row, plan = await plan_at(request.user, round_id, number)
    rows = await lists.best_newcomers(request.user, plan, asked(request, NewcomerFilter))
    pack, language = await views.pack_of(round_row), language_of(request)
    told = [{**row, "said": words.newcomer(pack, row, language)} for row in rows]
    return await plan_map.recruitment_map(request.user, round_row, told, language)


@get(f"{PLAN}/map", name="plans:map")
async def map_(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The map, and the same by township as a table."""
    round_row, plan = await plan_at(request.user, round_id, number)
    return page(
        request,
        "plans/map.html",
        townships=await plan_map.townships_summary(request.user, plan),
        **await head(request, round_row, plan),
    )


@get(f"{PLAN}/map.json", name="plans:map_data")
async def map_data(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> dict[str, Any]:
    """What the map draws."""
    round_row, plan = await plan_at(request.user, round_id, number)
    return await plan_map.plan_map(request.user, round_row, plan, language_of(request))


@get(f"{PLAN}/pair/{{candidate_id:uuid}}", name="plans:pair")
async def pair(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int], candidate_id: FromPath[UUID]
) -> Response[Any]:
    """One pair, for the side panel."""
    round_row, plan = await plan_at(request.user, round_id, number)
    found = await lists.pair_at(request.user, plan, candidate_id)
    if found is None:
        raise NotFound
    kinds, pack = await kinds_of(request, round_row), await views.pack_of(round_row)
    return panel(
        request, "plans/panel_pair.html", round_row, plan,
        pair=found, kinds=kinds, pack=pack, language=language_of(request),
    )  # fmt: skip


@get(f"{PLAN}/village/{{code:str}}", name="plans:village")
async def village(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int], code: FromPath[str]
) -> Response[Any]:
    """One village: its pairs, who is left out, who has room."""
    round_row, plan = await plan_at(request.user, round_id, number)
    found = await plan_map.village_on_map(request.user, plan, round_row, code)
    if found is None:
        raise NotFound
    paired = await lists.between(request.user, plan, code)
    return panel(request, "plans/panel_village.html", round_row, plan, village=found, pairs=paired)


@get(f"{PLAN}/between/{{home:str}}/{{helper:str}}", name="plans:between")
async def between(
    request: PageRequest,
    round_id: FromPath[UUID],
    number: FromPath[int],
    home: FromPath[str],
    helper: FromPath[str],
) -> Response[Any]:
    """The pairs that one line of the map stands for."""
    round_row, plan = await plan_at(request.user, round_id, number)
    found = await lists.between(request.user, plan, home, helper)
    if not found:
        raise NotFound
    return panel(request, "plans/panel_between.html", round_row, plan, pairs=found)


HANDLERS = [recruit_data, map_, map_data, pair, village, between]
