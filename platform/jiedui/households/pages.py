"""The household ledger on screen: the list of an area, one household's file, the list to take along."""

from datetime import timedelta
from typing import Annotated, Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.accounts import policy as grants_policy
from jiedui.accounts.opening import open_for
from jiedui.households import policy
from jiedui.households.file import history_of, household_file, open_card
from jiedui.households.lists import (
    HouseholdFilter,
    export_households,
    find_person,
    households_of,
    townships_of,
)
from jiedui.households.words import CONTACT_WAYS, FIELDS, GUARDED, HELPERS, PURPOSES, SORTS
from jiedui.i18n import N_, translate
from jiedui.ledgers.export import attachment, to_csv, to_xlsx
from jiedui.ledgers.person import more_names
from jiedui.policies.force import in_force
from jiedui.regions.codes import is_code
from jiedui.regions.service import path_name, path_names
from jiedui.store.columns import Row
from jiedui.web import words
from jiedui.web.carried import carried, carry
from jiedui.web.forms import blank, read_form
from jiedui.web.once import shown
from jiedui.web.page import PageRequest, language_of, page, see_other

_LOOKED_FOR = timedelta(minutes=10)


class Person(msgspec.Struct):
    """Whom somebody looks for: household number, name, telephone or identity number."""

    text: Annotated[str, msgspec.Meta(max_length=40)]


@get("/households", name="households:list", opt={"access": policy.DEEDS["list"]})
async def show_list(request: PageRequest) -> Response[Any]:
    """The households of the area, narrowed by what the address says."""
    wanted = _filter(request)
    found = await households_of(
        request.user,
        wanted,
        after=request.query_params.get("after", ""),
        before=request.query_params.get("before", ""),
    )
    narrowed = msgspec.to_builtins(wanted)
    query = urlencode(narrowed)
    return page(
        request,
        "households/list.html",
        found=found,
        wanted=wanted,
        narrowed={name: value for name, value in narrowed.items() if name != "sort"},
        form=blank(**msgspec.structs.asdict(wanted)),
        query=query,
        previous=_link(narrowed, before=found.before),
        next=_link(narrowed, after=found.after),
        **await _choices(request, wanted),
    )


@post(
    "/households/find",
    name="households:find",
    opt={"access": policy.DEEDS["find"], "keyless": "looking for somebody changes nothing"},
)
async def find(request: PageRequest) -> Response[Any]:
    """Look for one person; what was typed is sent in the form, so that no address ever holds it."""
    form = await read_form(request, Person)
    if not form.ok:
        return page(request, "households/found.html", form=form, rows=[], status_code=form.status, **_words())
    carry(request, "person", form.value.text, _LOOKED_FOR)
    return see_other(request, "/households/find")


@get("/households/find", name="households:found", opt={"access": policy.DEEDS["find"]})
async def found(request: PageRequest) -> Response[Any]:
    """Who is called like this; what was typed stays in her browser a few minutes, for Back and Reload."""
    text = carried(request, "person", str)
    if text is None:
        return see_other(request, "/households")
    limits, now = request.app.state.limits, request.app.state.clock()
    rows = await find_person(request.user, text, limits=limits, now=now)
    return page(request, "households/found.html", form=blank(text=text), rows=rows, **_words())


@get(
    ["/households.csv", "/households.xlsx"],
    name="households:export",
    opt={"access": policy.DEEDS["export"]},
)
async def export(request: PageRequest) -> Response[Any]:
    """The list as it is filtered, with what the screen shows of each household and nothing more."""
    language, now = language_of(request), request.app.state.clock()
    wanted = _filter(request)
    rows = await export_households(request.user, wanted, now)
    headings = [N_("Township"), N_("Village"), N_("Household number"), N_("Name"), N_("Risk colour"),
                N_("Children"), N_("Needs"), N_("How she may be told"), N_("Paired with"),
                N_("Changed")]  # fmt: skip
    header = [translate(language, heading) for heading in headings]
    table = [_cells(row, language) for row in rows]
    if request.scope["path"].endswith(".csv"):
        return attachment(to_csv(header, table), "households.csv")
    footer = f"{request.user.name} · {words.date_exact(now)}"
    sheet = translate(language, N_("Households"))
    return attachment(to_xlsx(header, table, sheet=sheet, footer=footer), "households.xlsx")


@get("/households/{household_id:uuid}", name="households:show", opt={"access": policy.DEEDS["read"]})
async def show(request: PageRequest, household_id: FromPath[UUID]) -> Response[Any]:
    """One household's file, masked; but for what has just been asked for."""
    return await _file_page(request, household_id, card=await shown(request))


@post(
    "/households/{household_id:uuid}/reveal",
    name="households:reveal",
    opt={"access": policy.DEEDS["reveal"]},
)
async def reveal(request: PageRequest, household_id: FromPath[UUID]) -> Response[Any]:
    """The whole card in clear, this once."""
    return await open_for(
        request,
        open_card,
        household_id,
        f"/households/{household_id}",
        lambda form: _file_page(request, household_id, form=form),
    )


async def _file_page(
    request: PageRequest, household_id: UUID, *, form: Any = None, card: dict[str, Any] | None = None
) -> Response[Any]:
    household = await household_file(request.user, household_id)
    history = await history_of(request.user, household_id)
    places = {fact["region_code"] for line in history for fact in (line["before"], line["after"])
              if "region_code" in fact}  # fmt: skip
    return page(
        request,
        "households/show.html",
        household=household,
        place=await path_name(household["region_code"]),
        places=await path_names(places),
        history=history,
        form=form or blank(),
        card=card,
        today=words.day_of(request.app.state.clock()),
        guarded=GUARDED,
        purposes=_options(request),
        may_reveal=policy.may(request.user, "reveal"),
        may_show=grants_policy.may(request.user, "give"),
        status_code=form.status if form else 200,
        **_words(),
    )


def _filter(request: PageRequest) -> HouseholdFilter:
    """What the address asks for; a word that no filter knows is left out, as in an old bookmark."""
    given = {name: value.strip()[:40] for name, value in request.query_params.items()}
    known: dict[str, Any] = {
        "colour": in_force().colours,
        "contact_way": CONTACT_WAYS,
        "helper": HELPERS,
        "need": {kind.code for kind in in_force().kind},
        "sort": get_args(HouseholdFilter.__annotations__["sort"]),
    }
    chosen = {name: given[name] for name, options in known.items() if given.get(name) in options}
    if is_code(given.get("township", "")):
        chosen["township"] = given["township"]
    return HouseholdFilter(**chosen, place=given.get("place", ""))


def _link(narrowed: dict[str, str], **key: str) -> str:
    return "/households?" + urlencode(narrowed | key) if all(key.values()) else ""


async def _choices(request: PageRequest, wanted: HouseholdFilter) -> dict[str, Any]:
    language = language_of(request)
    townships = await townships_of(request.user)
    kinds = [(kind.code, words.kind_name(kind.code, language=language)) for kind in in_force().kind]
    colours = words.colour_options(language=language)
    chosen = [
        dict(townships).get(wanted.township, wanted.township),
        dict(colours).get(wanted.colour, ""),
        dict(kinds).get(wanted.need, ""),
        translate(language, CONTACT_WAYS[wanted.contact_way]) if wanted.contact_way else "",
        translate(language, HELPERS[wanted.helper]) if wanted.helper else "",
        wanted.place,
    ]
    said = " · ".join(filter(None, chosen))
    return {"townships": townships, "kinds": kinds, "colours": colours, "filter_words": said, **_words()}


def _options(request: PageRequest) -> list[tuple[str, str]]:
    return [(code, translate(language_of(request), said)) for code, said in PURPOSES.items()]


def _words() -> dict[str, Any]:
    fields = FIELDS | more_names(in_force(), "households")
    return {"fields": fields, "contact_ways": CONTACT_WAYS, "helpers": HELPERS, "sorts": SORTS}


def _cells(row: Row, language: str) -> list[str]:
    return [
        row["township"] or "",
        row["village"],
        row["number"],
        row["name"],
        words.colour_name(row["colour"], language=language),
        str(row["children"]),
        "、".join(words.kind_name(kind, language=language) for kind in row["needs"]),
        translate(language, CONTACT_WAYS[row["contact_way"]]),
        translate(language, HELPERS[row["helper"]]),
        words.date_exact(words.day_of(row["updated_at"])),
    ]


ROUTER = Router(
    "/",
    route_handlers=[show_list, find, found, export, show, reveal],
)
