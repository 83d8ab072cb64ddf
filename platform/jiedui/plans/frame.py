"""What stands around every view of a plan: its figures above, its panel beside, what its address asks."""

from typing import Any

import msgspec
from litestar import Response

from jiedui.plans import lists, views, words
from jiedui.rounds.pins import pins_of
from jiedui.store.columns import Row
from jiedui.web.page import PageRequest, language_of, page, wants_fragment

PLAN = "/rounds/{round_id:uuid}/plans/{number:int}"


async def head(request: PageRequest, round_row: Row, plan: Row) -> dict[str, Any]:
    """What stands above all views of a plan."""
    pins = await pins_of(request.user, round_row["id"])
    pack = await views.pack_of(round_row)
    return {
        "round": round_row,
        "plan": plan,
        "path": f"/rounds/{round_row['id']}/plans/{plan['number']}",
        "summary": await views.plan_summary(request.user, plan),
        "pins": pins,
        "newer_pins": [one for one in pins if one["created_at"] > plan["created_at"]],
        "refused_pins": await views.refused_pins(request.user, plan),
        "answer_days": pack.consent.volunteer_answer_days,
        "road_factor": pack.eligibility.road_factor,
        "pack": pack,
        "kinds": await kinds_of(request, round_row),
        "language": language_of(request),
        "words": words,
    }


def panel(request: PageRequest, template: str, round_row: Row, plan: Row, **context: Any) -> Response[Any]:
    """A fragment for the side panel; the same on a page of its own where there is no JavaScript."""
    return page(
        request,
        template if wants_fragment(request) else "plans/panel_page.html",
        panel=template,
        round=round_row,
        plan=plan,
        path=f"/rounds/{round_row['id']}/plans/{plan['number']}",
        words=words,
        **context,
    )


async def kinds_of(request: PageRequest, round_row: Row) -> dict[str, str]:
    """The kinds of support of the round's policy, each by its name."""
    pack, language = await views.pack_of(round_row), language_of(request)
    return {kind.code: pack.kind_name(kind.code, language) for kind in pack.kind}


def asked(request: PageRequest, kind: type[lists.Filter]) -> lists.Filter:
    """What the address narrows a list to; a value that means nothing narrows nothing."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    asked: dict[str, Any] = {}
    for name, type_ in fields.items():
        try:
            asked[name] = msgspec.convert(request.query_params[name].strip(), type_, strict=False)
        except (KeyError, msgspec.ValidationError):
            continue
    return kind(**asked)


def keys(request: PageRequest) -> dict[str, str]:
    """Where a list goes on."""
    return {name: request.query_params.get(name, "") for name in ("after", "before")}
