"""Who may open what: every handler says it in `opt["access"]`, one guard enforces it."""

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
from jiedui.errors import Forbidden, Unavailable
from jiedui.web.asked import address, safe_path

ADMITTED: dict[str, frozenset[str] | None] = {
    "public": None,
    "signed_in": frozenset({"volunteer", "coordinator", "administrator"}),
    "volunteer": frozenset({"volunteer"}),
    "coordinator": frozenset({"coordinator", "administrator"}),
    "administrator": frozenset({"administrator"}),
}


HOMES = {"volunteer": "/me", "coordinator": "/desk", "administrator": "/desk"}
"""Where each role's day begins."""


class LoginNeeded(Exception):
    """Nobody is logged in: the answer is the way to the login page, and back afterwards."""

    def __init__(self, login_path: str) -> None:
        self.login_path = login_path


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
    roles = ADMITTED[access]
    if roles is None:
        return
    if cast(dict[str, Any], connection.scope).get("sessions_unreachable"):
        raise Unavailable
    if connection.user is None:
        raise LoginNeeded(_login_path(connection, access))
    if connection.user.role not in roles:
        raise Forbidden


def check_declared(app: Litestar) -> None:
    """Raises RuntimeError naming every handler that does not say who may open it."""
    undeclared = [
        f"{route.path}: {handler}"
        for route in app.routes
        for handler in getattr(route, "route_handlers", None) or [getattr(route, "route_handler")]  # noqa: B009
        if getattr(handler, "http_methods", set()) != {"OPTIONS"}
        and handler.opt.get("access") not in ADMITTED
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
    actor: Actor | None = await state.actor_of(session.account_id)
    if actor is None or not await sessions.keep(session_id, session, actor.role):
        return None, None
    return actor, session_id


def _login_path(connection: ASGIConnection[Any, Any, Any, Any], access: str) -> str:
    login = "/login/volunteer" if access == "volunteer" else "/login"
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
