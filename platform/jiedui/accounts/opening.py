"""The form that opens people in clear: for a purpose, and once."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Response

from jiedui.web.forms import Form, read_form
from jiedui.web.once import show_once, submit
from jiedui.web.page import PageRequest


class Opening(msgspec.Struct):
    """What somebody wants to see people in clear for."""

    purpose: str


async def open_for(
    request: PageRequest,
    read: Callable[..., Awaitable[Any]],
    what: Any,
    path: str,
    again: Callable[[Form[Any]], Awaitable[Response[Any]]],
) -> Response[Any]:
    """Show on the page at `path` what `read(actor, what, purpose, limits=…, now=…)` opens."""
    form = await read_form(request, Opening)

    async def work() -> str:
        limits, now = request.app.state.limits, request.app.state.clock()
        show_once(request, await read(request.user, what, form.value.purpose, limits=limits, now=now))
        return path

    return await submit(request, form, work, lambda: again(form))
