"""A form sent twice is done once: the second sending gets the answer of the first."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response

from jiedui.errors import Conflict
from jiedui.i18n import N_
from jiedui.web.body import fields_of
from jiedui.web.page import see_other

_SECONDS = 3600
_WAIT_SECONDS = 20.0


async def once(request: Request[Any, Any, Any], work: Callable[[], Awaitable[str]]) -> Response[Any]:
    """Do the work and go on to the page it names; for forms that carry `once_field()`.

    A second sending of the same form waits for the first and goes to the same page. What the work
    raises leaves the form free to be sent again.
    """
    given = next(iter((await fields_of(request)).get("_once", [])), "")
    if not isinstance(given, str) or not given:
        return see_other(request, await work())
    redis = request.app.state.redis
    owner = request.scope.get("auth") or request.cookies.get(request.app.state.cookies.seed, "")
    form = f"{owner} {request.scope['path']} {given}"
    key = f"once:{hashlib.sha256(form.encode()).hexdigest()}"
    if await redis.set(key, "", nx=True, ex=_SECONDS):
        try:
            path = await work()
        except BaseException:
            await redis.delete(key)
            raise
        await redis.set(key, path, ex=_SECONDS)
        return see_other(request, path)
    return see_other(request, await _answer_of_the_first(redis, key))


async def _answer_of_the_first(redis: Any, key: str) -> str:
    for _ in range(int(_WAIT_SECONDS / 0.1)):
        path: bytes | None = await redis.get(key)
        if path:
            return path.decode()
        if path is None:
            break
        await asyncio.sleep(0.1)
    raise Conflict(
        N_("This form was already sent and is still being worked on. Please look at the list first.")
    )
