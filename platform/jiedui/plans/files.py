"""The lists of a plan as files to take along."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from jiedui.i18n import N_, translate
from jiedui.ledgers.export import Cell, attachment, to_csv, to_xlsx
from jiedui.plans import lists, views, words
from jiedui.plans.frame import PLAN, asked, kinds_of
from jiedui.plans.lists import LeftOutFilter, NewcomerFilter, PairFilter
from jiedui.rounds.views import plan_at
from jiedui.web.page import PageRequest, language_of
from jiedui.web.words import colour_name, date_exact


@get([f"{PLAN}/pairs.csv", f"{PLAN}/pairs.xlsx"], name="plans:pairs_file")
async def pairs_file(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """The pairs as they are filtered, with what the screen shows and nothing more."""
    round_row, plan = await plan_at(request.user, round_id, number)
    now, wanted = request.app.state.clock(), asked(request, PairFilter)
    rows = await lists.export_pairs(request.user, round_row, plan, wanted, now)
    kinds, pack = await kinds_of(request, round_row), await views.pack_of(round_row)
    language = language_of(request)
    headings = [N_("Township"), N_("Village"), N_("Family"), N_("Household number"), N_("Risk colour"),
                N_("Needs met"), N_("Needs not met"), N_("Volunteer"), N_("Number"), N_("Kilometres"),
                N_("Load after"), N_("Families at most"), N_("Next best"), N_("Which helper")]  # fmt: skip
    table = [
        [
            row["township"] or "", words.village(row["village"], language),
            row["household_name"], row["household_number"],
            colour_name(row["colour"], language=language),
            "、".join(kinds[one] for one in row["needs_met"]),
            "、".join(kinds[one] for one in row["needs_unmet"]),
            row["volunteer_name"], row["number"], _kilometres(row["distance_m"]),
            row["load"], row["capacity"],
            words.next_best(row, language),
            pack.stage_name(row["stage"], language),
        ]
        for row in rows
    ]  # fmt: skip
    return _file(request, headings, table, N_("Who helps whom"), "pairs")


@get([f"{PLAN}/left-out.csv", f"{PLAN}/left-out.xlsx"], name="plans:left_out_file")
async def left_out_file(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]
) -> Response[Any]:
    """The families left out as they are filtered, with their reasons."""
    round_row, plan = await plan_at(request.user, round_id, number)
    now, wanted = request.app.state.clock(), asked(request, LeftOutFilter)
    rows = await lists.export_left_out(request.user, round_row, plan, wanted, now)
    kinds = await kinds_of(request, round_row)
    language = language_of(request)
    headings = [N_("Township"), N_("Village"), N_("Family"), N_("Household number"), N_("Risk colour"),
                N_("Needs"), N_("Why"), N_("What would help")]  # fmt: skip
    table = [
        [
            row["township"] or "", words.village(row["village"], language),
            row["household_name"], row["household_number"],
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
    round_row, plan = await plan_at(request.user, round_id, number)
    now, wanted = request.app.state.clock(), asked(request, NewcomerFilter)
    rows = await lists.export_newcomers(request.user, round_row, plan, wanted, now)
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


def _file(
    request: PageRequest, headings: list[str], table: Sequence[Sequence[Cell]], sheet: str, name: str
) -> Response[Any]:
    language, now = language_of(request), request.app.state.clock()
    header = [translate(language, heading) for heading in headings]
    if request.scope["path"].endswith(".csv"):
        return attachment(to_csv(header, table), f"{name}.csv")
    footer = f"{request.user.name} · {date_exact(now)}"
    return attachment(to_xlsx(header, table, sheet=translate(language, sheet), footer=footer), f"{name}.xlsx")


def _kilometres(metres: int) -> float:
    """With one decimal; adding nought makes 0.0 of -0.0."""
    return round(metres / 1000, 1) + 0.0


HANDLERS = [pairs_file, left_out_file, recruit_file]
