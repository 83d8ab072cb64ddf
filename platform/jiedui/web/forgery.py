"""No form is accepted that another site made the browser send.

Two walls: what the browser says about where a request comes from, and a token bound to the login
(or to a random cookie before it). The token is no secret of its own to store: it is recomputed.
"""

import base64
import hmac
import re
import secrets
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from jiedui.errors import Forbidden
from jiedui.i18n import N_
from jiedui.web import cookies
from jiedui.web.asked import host
from jiedui.web.body import check_address, fields_of

FIELD = "_csrf_token"
HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SEED = re.compile(r"[A-Za-z0-9_-]{43}")
_SEED_SECONDS = 24 * 3600


class Forged(Forbidden):
    """Perhaps only a page left open over a logout."""

    heading = N_("This form was not taken")
    msgid = N_("This page has been open too long, or was not opened here. Please reload it and send again.")


class NoCookie(Forged):
    """A form of somebody not logged in, without what its token is made from."""

    msgid = N_(
        "Your browser sent this form without the cookie that belongs to it: cookies are not allowed, the "
        "page was open for more than a day, or the site was opened at another address than {url} "
        "(with https, where it says so). Please open it there and send again."
    )


def token(request: Request[Any, Any, Any]) -> str:
    """The token for forms in the answer to this request."""
    if request.scope.get("auth"):
        return sign(request.app.state.settings.secret, "session", request.scope["auth"])
    seed = _seed(request)
    if seed is None:
        seed = request.scope.setdefault("new_seed", secrets.token_urlsafe(32))  # type: ignore[typeddict-item]
        cookies.put(request, request.app.state.cookies.seed, seed, seconds=_SEED_SECONDS)
    return sign(request.app.state.settings.secret, "seed", seed)


def holder(request: Request[Any, Any, Any]) -> str:
    """The login, or the cookie before one: whose browser this is."""
    return request.scope.get("auth") or _seed(request) or ""


def sign(secret: bytes, kind: str, value: str) -> str:
    """The token for a login (kind "session") or for somebody before it ("seed")."""
    key = hmac.digest(secret, b"forms", "sha256")
    signature = hmac.digest(key, f"{kind}:{value}".encode(), "sha256")
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")


async def refuse_forged(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every unsafe method; `opt={"csrf": "exempt"}` is for callers that are no browsers."""
    if not isinstance(connection, Request):
        return
    check_address(connection)
    if connection.method in SAFE or handler.opt.get("csrf") == "exempt":
        return
    if _from_elsewhere(connection):
        raise Forged
    fields = await fields_of(connection)
    given = connection.headers.get(HEADER) or next(iter(fields.get(FIELD, [])), "")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), _expected(connection).encode()):
        raise Forged


def _from_elsewhere(request: Request[Any, Any, Any]) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if (
        origin is None or origin == "null"
    ):  # our own Referrer-Policy makes browsers say null: the token decides
        return False
    site = host(origin)
    return site is None or site not in (
        request.headers.get("host"),
        host(request.app.state.settings.public_url),
    )


def _expected(request: Request[Any, Any, Any]) -> str:
    if request.scope.get("auth"):
        return sign(request.app.state.settings.secret, "session", request.scope["auth"])
    seed = _seed(request)
    if seed is None:
        raise NoCookie(url=request.app.state.settings.public_url)
    return sign(request.app.state.settings.secret, "seed", seed)


def _seed(request: Request[Any, Any, Any]) -> str | None:
    seed = request.cookies.get(request.app.state.cookies.seed, "")
    return seed if _SEED.fullmatch(seed) else None
