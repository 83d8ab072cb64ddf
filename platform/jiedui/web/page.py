"""Answers of page handlers: a rendered page, a redirect, something to say on the next page."""

import base64
import binascii
import hmac
import re
from typing import Any, cast

import msgspec
from litestar import Litestar, Request, Response
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template
from litestar.response.base import ASGIResponse
from litestar.utils import url_quote

from jiedui import i18n
from jiedui.actor import Actor
from jiedui.errors import DomainError
from jiedui.web import cookies, forgery
from jiedui.web.rendering import RENDERED_FOR, View

PageRequest = HTMXRequest
"""What page handlers take: `request.user` is the Actor, `request.htmx` says whether a fragment is wanted."""

_FLASH_SECONDS = 300
_HOMES = {
    "volunteer": "/me", "coordinator": "/desk", "vetting_officer": "/volunteers",
    "safeguarding_officer": "/concerns", "auditor": "/audit",
}  # fmt: skip


class Page(Template):
    """A template rendered for the reader of this request."""

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **rest: Any) -> ASGIResponse:
        """Render while the context variable names the reader; rendering never waits, so nothing mixes."""
        rendered_for = RENDERED_FOR.set(_view(request, self.context["at"]))
        try:
            return super().to_asgi_response(app, request, **rest)
        finally:
            RENDERED_FOR.reset(rendered_for)


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
    at: str | None = None,
    **context: Any,
) -> Page:
    """A page or a fragment from a template; `actor`, `language` and `wants_fragment` come with it.

    `at` is where a page that answers a form can be opened again, when that is not the form's own address or
    the nearest page above it.
    """
    return Page(
        template,
        context={
            "actor": request.scope.get("user"),
            "language": language_of(request),
            "wants_fragment": wants_fragment(request),
            "secure_address": request.app.state.settings.public_url
            if request.app.state.cookies.secure
            else "",
            "at": "" if request.method in forgery.SAFE else at or _page_above(request),
            **context,
        },
        status_code=status_code,
        headers=headers,
        media_type="text/html",
    )


def addresses(app: Litestar) -> list[re.Pattern[str]]:
    """The addresses of all pages that can be opened."""
    return [
        re.compile(re.sub(r"\{[^}]*:(\w+)\}", _part, route.path))
        for route in app.routes
        if any("GET" in handler.http_methods for handler in getattr(route, "route_handlers", ()))
    ]


def _part(found: re.Match[str]) -> str:
    return {"uuid": "[0-9a-fA-F-]{36}", "int": "[0-9]+", "path": ".*"}.get(found[1], "[^/]+")


def _page_above(request: Request[Any, Any, Any]) -> str:
    path: str = request.scope["path"]
    while path and not any(page.fullmatch(path) for page in request.app.state.pages):
        path = path.rpartition("/")[0]
    return path or "/"


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language of this request's answer."""
    chosen = request.cookies.get(request.app.state.cookies.lang)
    return i18n.choose(chosen, request.headers.get("accept-language"))


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asks, and for a part of a page rather than for one it lost from its history."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


def home_of(actor: Actor) -> str:
    """Where her day begins."""
    return next((path for hat, path in _HOMES.items() if hat in actor.hats), "/figures")


def client_address(request: Request[Any, Any, Any]) -> str:
    """Where a request comes from, for limits; what a proxy says of it is believed if it is a trusted one."""
    return request.client.host if request.client else "-"


def see_other(request: Request[Any, Any, Any], path: str) -> Response[Any]:
    """Go on to another page after a form; also when htmx sent it."""
    if request.headers.get("hx-request") == "true":
        return Response(
            b"", status_code=200, headers={"HX-Redirect": url_quote(path)}, media_type="text/html"
        )
    return Redirect(path, status_code=303)


def flash(request: Request[Any, Any, Any], msgid: str, *, kind: str = "done", **params: Any) -> None:
    """Say something on the next page, as `done` or `problem`; it travels signed in the reader's browser."""
    say_again(request, [{"kind": kind, "msgid": msgid, "params": params}])


def say_again(request: Request[Any, Any, Any], more: list[dict[str, Any]]) -> None:
    """The same for what was said before, when a form is sent a second time."""
    said = cast(list[Any], cast(dict[str, Any], request.scope).setdefault("flashes", []))
    said += more
    if not said:
        return
    body = base64.urlsafe_b64encode(msgspec.json.encode(said)).decode()
    name = request.app.state.cookies.flash
    cookies.put(request, name, f"{body}.{_signature(request, body)}", seconds=_FLASH_SECONDS)


def unsay(request: Request[Any, Any, Any]) -> None:
    """What was going to be said did not come true."""
    scope = cast(dict[str, Any], request.scope)
    if scope.pop("flashes", None):
        scope["cookies_to_set"].pop(request.app.state.cookies.flash)


def _view(request: Request[Any, Any, Any], at: str) -> View:
    state = request.app.state
    return View(
        language=language_of(request),
        actor=request.scope.get("user"),
        now=state.clock(),
        path=request.scope["path"],
        address=at or _address(request),
        demo=state.settings.demo,
        token=lambda: forgery.token(request),
        flashes=lambda: _take_flashes(request),
    )


def _address(request: Request[Any, Any, Any]) -> str:
    if cast(dict[str, Any], request.scope).get("failed"):
        return "/"  # what failed may have had somebody's name in its address, and leads nowhere anyway
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query else "")


def _take_flashes(request: Request[Any, Any, Any]) -> list[dict[str, Any]]:
    name = request.app.state.cookies.flash
    body, _, signature = request.cookies.get(name, "").partition(".")
    if not body or not hmac.compare_digest(signature.encode(), _signature(request, body).encode()):
        return []
    cookies.put(request, name, "", seconds=0)
    try:
        said = msgspec.json.decode(base64.urlsafe_b64decode(body), type=list[dict[str, Any]])
    except (binascii.Error, msgspec.DecodeError):
        return []
    return [{"kind": one["kind"], "error": DomainError(one["msgid"], **one["params"])} for one in said]


def _signature(request: Request[Any, Any, Any], body: str) -> str:
    key = hmac.digest(request.app.state.settings.secret, b"flash", "sha256")
    return hmac.digest(key, body.encode(), "sha256").hex()
