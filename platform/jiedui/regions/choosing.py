"""The field for a village: what fits as a person types, or what her township holds."""

from typing import Any

from litestar import Response, get

from jiedui.accounts.limits import Rule
from jiedui.regions import service
from jiedui.regions.codes import is_code
from jiedui.regions.service import Place
from jiedui.web.forms import Form
from jiedui.web.page import PageRequest, client_address, page

SUGGESTIONS = Rule("suggest-address", 240, 60)
"""A village office shares one address; a person typing asks about once in half a second."""


@get("/regions/suggest", name="regions:suggest")
async def suggest(request: PageRequest) -> Response[Any]:
    """Choices to pick from; the village already chosen stays among them."""
    await request.app.state.limits.admit((SUGGESTIONS, client_address(request)))
    asked = {name: request.query_params.get(name, "") for name in ("q", "village", "township")}
    places = await choices(**asked)
    return page(request, "regions/choices.html", places=places, asked=asked)


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
