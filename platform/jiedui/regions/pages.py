"""The region tree as staff see it."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, Router, get

from jiedui.i18n import N_, translate
from jiedui.regions import policy, service
from jiedui.regions.choosing import suggest
from jiedui.regions.codes import is_code
from jiedui.regions.lists import RegionFilter, regions_of, tree_of
from jiedui.web.forms import blank
from jiedui.web.page import PageRequest, language_of, page

POSITIONS = {"known": N_("Position known"), "unknown": N_("Position not known")}


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


def _link(narrowed: dict[str, str], **key: str) -> str:
    return "/regions?" + urlencode(narrowed | key) if all(key.values()) else ""


ROUTER = Router("/", route_handlers=[suggest, show_list], opt={"access": "public"})
