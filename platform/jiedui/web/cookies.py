"""The cookies of the site: few, small, and written to an answer wherever in the request they were decided."""

from dataclasses import dataclass
from typing import Any, Literal, cast

from litestar import Request
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.types import Message, Scope


@dataclass(frozen=True)
class Cookies:
    """Names and safety of the cookies; `__Host-` binds them to this very host and needs https."""

    secure: bool

    @property
    def session(self) -> str:
        """The login."""
        return self._name("jiedui")

    @property
    def seed(self) -> str:
        """What the form token of somebody not logged in is made from."""
        return self._name("seed")

    @property
    def flash(self) -> str:
        """What to say on the next page."""
        return self._name("flash")

    @property
    def shown(self) -> str:
        """Which form's answer may be shown in full."""
        return self._name("shown")

    def carried(self, name: str) -> str:
        """What a page hands on to the next."""
        return self._name(f"carried-{name}")

    @property
    def lang(self) -> str:
        """The language chosen by the visible switch."""
        return "lang"

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name


def put(
    request: Request[Any, Any, Any],
    name: str,
    value: str,
    *,
    seconds: int,
    samesite: Literal["lax", "strict"] = "lax",
) -> None:
    """Set a cookie with this request's answer; 0 seconds removes it."""
    pending = cast(dict[str, Cookie], cast(dict[str, Any], request.scope).setdefault("cookies_to_set", {}))
    pending[name] = Cookie(
        key=name,
        value=value,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=request.app.state.cookies.secure,
        samesite=samesite,
    )


async def write(message: Message, scope: Scope) -> None:
    """`before_send` hook: the cookies decided during the request."""
    pending: dict[str, Cookie] = cast(dict[str, Any], scope).get("cookies_to_set", {})
    if message["type"] == "http.response.start" and pending:
        headers = MutableScopeHeaders.from_message(message)
        for cookie in pending.values():
            headers.add("set-cookie", cookie.to_header(header=""))
