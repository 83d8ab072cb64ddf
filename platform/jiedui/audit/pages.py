"""The auditor's page: the records of her area, narrowed and paged."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, Router, get

from jiedui.audit import policy
from jiedui.audit.lists import EntryFilter, entries_of, kinds_of
from jiedui.i18n import N_
from jiedui.web import asked
from jiedui.web.forms import blank
from jiedui.web.page import PageRequest, page
from jiedui.web.words import ROLES

ACTING = ROLES | {"volunteer": N_("Volunteer"), "system": N_("The system itself")}


@get("/audit", name="audit:list", opt={"access": policy.DEEDS["read"]})
async def show(request: PageRequest) -> Response[Any]:
    """Who did what to which thing, the newest first."""
    given = {name: value.strip()[:64] for name, value in request.query_params.items()}
    wanted = EntryFilter(
        about=given.get("about", ""),
        role=given["role"] if given.get("role") in ACTING else "",
        account=given.get("account", ""),
        subject=given.get("subject", ""),
        since=asked.day(given.get("since", "")),
        until=asked.day(given.get("until", "")),
    )
    found = await entries_of(
        request.user, wanted, after=given.get("after", ""), before=given.get("before", "")
    )
    narrowed = msgspec.to_builtins(wanted)
    return page(
        request,
        "audit/list.html",
        found=found,
        form=blank(**msgspec.structs.asdict(wanted)),
        kinds=await kinds_of(request.user),
        roles=ACTING,
        previous="/audit?" + urlencode(narrowed | {"before": found.before}) if found.before else "",
        next="/audit?" + urlencode(narrowed | {"after": found.after}) if found.after else "",
    )


ROUTER = Router("/", route_handlers=[show])
