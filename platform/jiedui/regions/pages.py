"""The type-ahead: villages that fit what a person has typed so far; and the region tree as staff see it."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, Router, get

from jiedui.accounts.limits import Rule
from jiedui.i18n import N_, translate
from jiedui.regions import policy, service
from jiedui.regions.codes import is_code
from jiedui.regions.lists import RegionFilter, regions_of, tree_of
from jiedui.regions.service import Place
from jiedui.web.forms import Form, blank
from jiedui.web.page import PageRequest, client_address, language_of, page

SUGGESTIONS = Rule("suggest-address", 240, 60)
"""A village office shares one address; a person typing asks about once in half a second."""
POSITIONS = {"known": N_("Position known"), "unknown": N_("Position not known")}


@get("/regions/suggest", name="regions:suggest")
async def suggest(request: PageRequest) -> Response[Any]:
    """Choices to pick from; the village already chosen stays among them."""
    await request.app.state.limits.admit((SUGGESTIONS, client_address(request)))
    asked = {name: request.query_params.get(name, "") for name in ("q", "village", "township")}
    places = await choices(**asked)
    return page(request, "regions/choices.html", places=places, asked=asked)


@get("/regions", name="regions:list", opt={"access": policy.DEEDS["read"]})
async def show_list(request: PageRequest) -> Response[Any]:
    """The townships and villages of the area, narrowed by what the address says."""
    given = {name: value.strip()[:40] for name, value in request.query_params.items()}
    township, position = given.get("township", ""), given.get("position", "")
    wanted = RegionFilter(
        q=given.get("q", ""),
        township=township if is_code(township) else "",
        position="unknown" if position == "unknown" else "known" if position == "known" else "",
    )
    found = await regions_of(
        request.user, wanted, after=given.get("after", ""), before=given.get("before", "")
    )
    townships = [(place.code, place.name) for place in await service.townships(request.user.region_code)]
    narrowed = msgspec.to_builtins(wanted)
    said = [
        wanted.q,
        dict(townships).get(wanted.township, wanted.township),
        translate(language_of(request), POSITIONS.get(wanted.position, "")),
    ]
    return page(
        request,
        "regions/list.html",
        found=found,
        tree=await tree_of(request.user),
        form=blank(**msgspec.structs.asdict(wanted)),
        townships=townships,
        positions=POSITIONS,
        several_counties=request.user.level in ("country", "province", "city"),
        narrowed=" · ".join(filter(None, said)),
        previous=_link(narrowed, before=found.before),
        next=_link(narrowed, after=found.after),
    )


def wants_choices(form: Form[Any]) -> bool:
    """Whether a form came back only to be shown villages; Enter in any field presses "Find" too."""
    if form.text("step") == "find":
        known = f"{form.text('q')}|{form.text('township')}"
        return not form.text("village") or form.text("found_for") != known
    return form.text("step") == "township"


async def choices_for(form: Form[Any]) -> list[Place]:
    """What the village field of a form shows."""
    q = "" if form.text("step") == "township" else form.text("q")
    return await choices(q, form.text("village"), form.text("township"))


async def choices(q: str, village: str, township: str) -> list[Place]:
    """What the field offers: the chosen village first, then what the words or the township find."""
    found: list[Place] = []
    if q.strip():
        found = await service.find_villages(q)
    elif is_code(township):
        found = await service.find_villages("", township=township, limit=60)
    if is_code(village) and all(place.code != village for place in found):
        found = [*await service.villages([village]), *found]
    return found


def _link(narrowed: dict[str, str], **key: str) -> str:
    return "/regions?" + urlencode(narrowed | key) if all(key.values()) else ""


ROUTER = Router("/", route_handlers=[suggest, show_list], opt={"access": "public"})
