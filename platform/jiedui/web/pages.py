"""Pages that belong to nobody in particular: the front door, the language switch, the sign of life."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from asyncpg import InterfaceError, PostgresError
from litestar import Request, Response, Router, get, post
from litestar.static_files import create_static_files_router
from redis.exceptions import RedisError

from jiedui.i18n import LANGUAGES
from jiedui.web import cookies
from jiedui.web.asked import safe_path
from jiedui.web.body import fields_of
from jiedui.web.page import home_of, page, see_other
from jiedui.web.rendering import STATIC
from jiedui.web.tables import SentForm

_PATIENCE_SECONDS = 2
_log = logging.getLogger("jiedui.web")
_YEAR = 365 * 24 * 3600


@get("/", name="front:door")
async def front_door(request: Request[Any, Any, Any]) -> Response[Any]:
    """What this is, for each of the three who come here; who is logged in goes on to her own page."""
    if request.user is not None:
        return see_other(request, home_of(request.user))
    return page(request, "front_door.html")


# exempt: all that another site could change is a language, and pages without forms stay without cookies
@post(
    "/language",
    name="language:choose",
    opt={"csrf": "exempt", "keyless": "choosing the same language again changes nothing"},
)
async def choose_language(request: Request[Any, Any, Any]) -> Response[Any]:
    """The visible switch; back to the page it stood on."""
    fields = await fields_of(request)
    chosen, back = (next(iter(fields.get(name, [])), "") for name in ("language", "back"))
    if chosen in LANGUAGES:
        cookies.put(request, request.app.state.cookies.lang, str(chosen), seconds=_YEAR)
    return see_other(request, safe_path(str(back)))


@get("/livez", name="health:live", sync_to_thread=False)
def live() -> dict[str, str]:
    """This process answers: who watches it need not start it again."""
    return {"process": "ok"}


@get("/readyz", name="health:ready")
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """Whether pages can be answered: 503 while database or Redis is away."""
    database, redis = _ask_database(), request.app.state.redis.ping()
    found = {"database": await _answers(database), "redis": await _answers(redis)}
    return Response(found, status_code=200 if set(found.values()) == {"ok"} else 503)


async def _ask_database() -> None:
    await SentForm.raw("SELECT 1")


async def _answers(question: Awaitable[Any]) -> str:
    try:
        await asyncio.wait_for(question, _PATIENCE_SECONDS)
    except (OSError, TimeoutError, PostgresError, InterfaceError, RedisError) as error:
        _log.warning("%s: not ready", type(error).__name__)
        return "away"
    return "ok"


ROUTER = Router("/", route_handlers=[front_door, choose_language, live, ready], opt={"access": "public"})
STATIC_FILES = create_static_files_router(
    "/static", directories=[STATIC], opt={"access": "public", "static": True}, resolve_symlinks=False
)
