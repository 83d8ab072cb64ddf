"""One run of a round on screen: its pairs, the families left out, its map; taken along, published."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_, translate
from jiedui.ledgers.export import Cell, attachment, to_csv, to_xlsx
from jiedui.rounds import atlas, lists, views, words
from jiedui.rounds.lists import LeftOutFilter, NewcomerFilter, PairFilter
from jiedui.rounds.publication import publish_round
from jiedui.store.columns import Row
from jiedui.web.forms import blank
from jiedui.web.once import once
from jiedui.web.page import PageRequest, flash, language_of, page, see_other, wants_fragment
from jiedui.web.words import colour_name, date_exact, mask_name

PLAN = "/rounds/{round_id:uuid}/plans/{number:int}"


@get(PLAN, name="plans:show")
async def pairs(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The plan's figures and its pairs."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    wanted = _filter(request, PairFilter)
    found = await lists.pairs_of(plan, wanted, **_keys(request))
    return await _plan_page(request, "rounds/pairs.html", round_row, plan, wanted, found)


@get(f"{PLAN}/left-out", name="plans:left_out")
async def left_out(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The families without a helper, each with the reasons."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    wanted = _filter(request, LeftOutFilter)
    found = await lists.left_out_of(plan, wanted, **_keys(request))
    return await _plan_page(request, "rounds/left_out.html", round_row, plan, wanted, found)


@get(f"{PLAN}/recruit", name="plans:recruit")
async def recruit(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """Where one more volunteer would help most; a township's mark on the map opens its rows as a fragment."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    wanted = _filter(request, NewcomerFilter)
    found = await lists.newcomers_of(plan, wanted, **_keys(request))
    if wants_fragment(request):
        pack, query = await views.pack_of(round_row), urlencode(msgspec.to_builtins(wanted))
        panel = "rounds/panel_township.html"
        return _panel(request, panel, round_row, plan, rows=found.rows, pack=pack, query=query)
    return await _plan_page(request, "rounds/recruit.html", round_row, plan, wanted, found)


@get(f"{PLAN}/recruit.json", name="plans:recruit_data")
async def recruit_data(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]
) -> dict[str, Any]:
    """What the map of where to recruit draws."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    rows = await lists.best_newcomers(plan, _filter(request, NewcomerFilter))
    pack, language = await views.pack_of(round_row), language_of(request)
    told = [{**row, "said": words.newcomer(pack, row, language)} for row in rows]
    return await atlas.recruitment_map(round_row, told)


@get(f"{PLAN}/map", name="plans:map")
async def map_(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The map, and the same by township as a table."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    return page(
        request,
        "rounds/map.html",
        townships=await atlas.townships_summary(plan),
        **await head(request, round_row, plan),
    )


@get(f"{PLAN}/map.json", name="plans:map_data")
async def map_data(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> dict[str, Any]:
    """What the map draws."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    return await atlas.plan_map(round_row, plan)


@get(f"{PLAN}/pair/{{candidate_id:uuid}}", name="plans:pair")
async def pair(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int], candidate_id: FromPath[UUID]
) -> Response[Any]:
    """One pair, for the side panel."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    found = await lists.pair_at(plan, candidate_id)
    if found is None:
        raise NotFound
    kinds = await _kinds(request, round_row)
    return _panel(request, "rounds/panel_pair.html", round_row, plan, pair=found, kinds=kinds)


@get(f"{PLAN}/village/{{code:str}}", name="plans:village")
async def village(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int], code: FromPath[str]
) -> Response[Any]:
    """One village: its pairs, who is left out, who has room."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    found = await atlas.village_on_map(plan, round_row, code)
    if found is None:
        raise NotFound
    paired = await lists.between(plan, code)
    return _panel(request, "rounds/panel_village.html", round_row, plan, village=found, pairs=paired)


@get(f"{PLAN}/between/{{home:str}}/{{helper:str}}", name="plans:between")
async def between(
    request: PageRequest,
    round_id: FromPath[UUID],
    number: FromPath[int],
    home: FromPath[str],
    helper: FromPath[str],
) -> Response[Any]:
    """The pairs that one line of the map stands for."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    found = await lists.between(plan, home, helper)
    if not found:
        raise NotFound
    return _panel(request, "rounds/panel_between.html", round_row, plan, pairs=found)


@get([f"{PLAN}/pairs.csv", f"{PLAN}/pairs.xlsx"], name="plans:pairs_file")
async def pairs_file(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The pairs as they are filtered, with what the screen shows and nothing more."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    now, wanted = request.app.state.clock(), _filter(request, PairFilter)
    rows = await lists.take_pairs_along(request.user, round_row, plan, wanted, now)
    kinds = await _kinds(request, round_row)
    language = language_of(request)
    headings = [N_("Township"), N_("Village"), N_("Family"), N_("Risk colour"), N_("Needs met"),
                N_("Needs not met"), N_("Volunteer"), N_("Number"), N_("Kilometres"), N_("Load after"),
                N_("Families at most"), N_("Next best"), N_("Which helper")]  # fmt: skip
    table = [
        [
            row["township"] or "", row["village"], mask_name(row["household_name"]),
            colour_name(row["colour"], language=language),
            "、".join(kinds[one] for one in row["needs_met"]),
            "、".join(kinds[one] for one in row["needs_unmet"]),
            row["volunteer_name"], row["number"], _kilometres(row["distance_m"]),
            row["load"], row["capacity"],
            words.next_best(row, language),
            translate(language, words.STAGES[row["stage"]]),
        ]
        for row in rows
    ]  # fmt: skip
    return _file(request, headings, table, N_("Who helps whom"), "pairs")


@get([f"{PLAN}/left-out.csv", f"{PLAN}/left-out.xlsx"], name="plans:left_out_file")
async def left_out_file(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]
) -> Response[Any]:
    """The families left out as they are filtered, with their reasons."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    now, wanted = request.app.state.clock(), _filter(request, LeftOutFilter)
    rows = await lists.take_left_out_along(request.user, round_row, plan, wanted, now)
    kinds = await _kinds(request, round_row)
    language = language_of(request)
    headings = [N_("Township"), N_("Village"), N_("Family"), N_("Risk colour"), N_("Needs"), N_("Why"),
                N_("What would help")]  # fmt: skip
    table = [
        [
            row["township"] or "", row["village"], mask_name(row["household_name"]),
            colour_name(row["colour"], language=language), "、".join(kinds[one] for one in row["needs"]),
            words.why_left_out(row["reasons"], language),
            " ".join(words.smallest_change(one, language) for one in row["reasons"].get("changes", ())),
        ]
        for row in rows
    ]  # fmt: skip
    return _file(request, headings, table, N_("Left out"), "left-out")


@get([f"{PLAN}/recruit.csv", f"{PLAN}/recruit.xlsx"], name="plans:recruit_file")
async def recruit_file(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]
) -> Response[Any]:
    """Where to recruit, as it is filtered."""
    round_row, plan = await views.plan_at(request.user, round_id, number)
    now, wanted = request.app.state.clock(), _filter(request, NewcomerFilter)
    rows = await lists.take_newcomers_along(request.user, round_row, plan, wanted, now)
    pack, language = await views.pack_of(round_row), language_of(request)
    headings = [N_("Township"), N_("Left out there"), N_("What she would offer"), N_("What that would bring"),
                N_("Kilometres saved")]  # fmt: skip
    table = [
        [
            row["township"], row["left_out"], words.offer(pack, row["kind"], row["skilled"], language),
            words.worth(row, language), _kilometres(row["saved_m"]),
        ]
        for row in rows
    ]  # fmt: skip
    return _file(request, headings, table, N_("Where to recruit"), "recruit")


@post(f"{PLAN}/publish", name="plans:publish")
async def publish(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """Ask the volunteers: all proposals at once, or none."""
    _, plan = await views.plan_at(request.user, round_id, number)
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


HANDLERS = [
    pairs, left_out, recruit, recruit_data, map_, map_data, pair, village, between, pairs_file, left_out_file,
    recruit_file, publish,
]  # fmt: skip


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
        townships=await lists.townships_of(plan),
        **await head(request, round_row, plan),
    )


async def head(request: PageRequest, round_row: Row, plan: Row) -> dict[str, Any]:
    """What stands above all views of a plan."""
    wishes = await views.wishes_of(round_row["id"])
    pack = await views.pack_of(round_row)
    return {
        "round": round_row,
        "plan": plan,
        "path": f"/rounds/{round_row['id']}/plans/{plan['number']}",
        "summary": await views.plan_summary(plan["id"]),
        "wishes": wishes,
        "newer_wishes": [one for one in wishes if one["created_at"] > plan["created_at"]],
        "refused_pins": await views.refused_pins(plan),
        "answer_days": pack.consent.volunteer_answer_days,
        "road_factor": pack.eligibility.road_factor,
        "pack": pack,
        "kinds": await _kinds(request, round_row),
        "language": language_of(request),
        "words": words,
    }


def _panel(request: PageRequest, template: str, round_row: Row, plan: Row, **context: Any) -> Response[Any]:
    """A fragment for the side panel; the same on a page of its own where there is no JavaScript."""
    return page(
        request,
        template if wants_fragment(request) else "rounds/panel_page.html",
        panel=template,
        round=round_row,
        plan=plan,
        path=f"/rounds/{round_row['id']}/plans/{plan['number']}",
        words=words,
        **context,
    )


async def _kinds(request: PageRequest, round_row: Row) -> dict[str, str]:
    pack, language = await views.pack_of(round_row), language_of(request)
    return {kind.code: pack.kind_name(kind.code, language) for kind in pack.kind}


def _filter(request: PageRequest, kind: type[lists.Filter]) -> lists.Filter:
    """What the address narrows a list to; a value that means nothing narrows nothing."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    asked: dict[str, Any] = {}
    for name, type_ in fields.items():
        try:
            asked[name] = msgspec.convert(request.query_params[name].strip(), type_)
        except (KeyError, msgspec.ValidationError):
            continue
    return kind(**asked)


def _keys(request: PageRequest) -> dict[str, str]:
    return {name: request.query_params.get(name, "") for name in ("after", "before")}


def _link(narrowed: dict[str, Any], **key: str) -> str:
    return "?" + urlencode({**narrowed, **key}) if all(key.values()) else ""


def _file(
    request: PageRequest, headings: list[str], table: Sequence[Sequence[Cell]], sheet: str, name: str
) -> Response[Any]:
    language, now = language_of(request), request.app.state.clock()
    header = [translate(language, heading) for heading in headings]
    if request.url.path.endswith(".csv"):
        return attachment(to_csv(header, table), f"{name}.csv")
    footer = f"{request.user.name} · {date_exact(now)}"
    return attachment(to_xlsx(header, table, sheet=translate(language, sheet), footer=footer), f"{name}.xlsx")


def _kilometres(metres: int) -> float:
    """With one decimal; adding nought makes 0.0 of -0.0."""
    return round(metres / 1000, 1) + 0.0
