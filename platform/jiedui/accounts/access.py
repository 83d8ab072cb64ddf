"""Who may open what: every handler says it in `opt["access"]`, one guard enforces it.

It is a deed of the concept's policy, `policy.DEEDS["read"]`, or a word for what no policy decides. The guard
asks for the hat alone; whose row it is the service asks, with the row.
"""

from typing import Any, cast
from urllib.parse import quote

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from redis.exceptions import RedisError

from jiedui.accounts.sessions import Sessions
from jiedui.actor import Actor
from jiedui.errors import Forbidden, LoginNeeded, Unavailable
from jiedui.web.asked import address, safe_path

WORDS: dict[str, frozenset[str] | None] = {"public": None}


def admits(access: object, actor: Actor) -> bool:
    """Whether she may open a page of this access."""
    hats = _hats(access)
    return hats is None or bool(actor.hats & hats)


class Identify(ASGIMiddleware):
    """Says who is asking: `request.user` is an Actor or None, `request.auth` the session's id or None."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Read the session, and the account anew, so that a changed role counts from this request on."""
        scope["user"] = scope["auth"] = None
        if not scope["route_handler"].opt.get("static"):
            try:
                scope["user"], scope["auth"] = await _who(Request(scope))
            except RedisError:
                cast(dict[str, Any], scope)["sessions_unreachable"] = True
        await next_app(scope, receive, send)


def require_access(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of the whole site."""
    if connection.scope.get("method") == "OPTIONS":
        return
    access = handler.opt["access"]
    if _hats(access) is None:
        return
    if cast(dict[str, Any], connection.scope).get("sessions_unreachable"):
        raise Unavailable
    if connection.user is None:
        raise LoginNeeded(_login_path(connection, access))
    if not admits(access, connection.user):
        raise Forbidden


def check_declared(app: Litestar) -> None:
    """Raises RuntimeError naming every handler that does not say who may open it."""
    undeclared = [
        f"{route.path}: {handler}"
        for route in app.routes
        for handler in getattr(route, "route_handlers", None) or [getattr(route, "route_handler")]  # noqa: B009
        if getattr(handler, "http_methods", set()) != {"OPTIONS"}
        and not _understood(handler.opt.get("access"))
    ]
    if undeclared:
        raise RuntimeError('handlers without opt={"access": …}: ' + "; ".join(undeclared))


async def _who(request: Request[Any, Any, Any]) -> tuple[Actor | None, str | None]:
    state = request.app.state
    session_id = request.cookies.get(state.cookies.session)
    sessions: Sessions = state.sessions
    session = await sessions.find(session_id) if session_id else None
    if session_id is None or session is None:
        return None, None
    actor: Actor | None = await state.actor_of(session.account_id, state.clock())
    if actor is None or not await sessions.keep(session_id, session, actor.role):
        return None, None
    return actor, session_id


def _understood(access: object) -> bool:
    return access in WORDS if isinstance(access, str) else isinstance(access, frozenset) and bool(access)


def _hats(access: object) -> frozenset[str] | None:
    return WORDS[access] if isinstance(access, str) else cast(frozenset[str], access)


def _login_path(connection: ASGIConnection[Any, Any, Any, Any], access: object) -> str:
    login = "/login/volunteer" if (_hats(access) or frozenset()) <= {"volunteer", "system"} else "/login"
    if connection.headers.get("hx-request"):
        shown = address(connection.headers.get("hx-current-url"))
        back = shown._replace(scheme="", netloc="", fragment="").geturl() if shown else "/"
    elif connection.scope.get("method") == "GET":
        query = connection.scope.get("query_string", b"").decode("latin-1")
        back = connection.scope["path"] + (f"?{query}" if query else "")
    else:
        back = "/"
    back = safe_path(back)
    return login if back == "/" else f"{login}?next={quote(back, safe='/')}"
