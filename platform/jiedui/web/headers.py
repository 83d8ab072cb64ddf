"""Headers that every answer carries, also errors and static files."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

_ALWAYS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_HSTS = "max-age=63072000"


def security_headers(*, https: bool) -> BeforeMessageSendHookHandler:
    """A `before_send` hook; only there are answers to unknown addresses reached too."""

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _ALWAYS.items():
            headers[name] = value
        if https:
            headers["strict-transport-security"] = _HSTS
        headers["cache-control"] = _caching(message["status"], scope)

    return add


def _caching(status: int, scope: Scope) -> str:
    if not scope["path"].startswith("/static/") or status not in (200, 304):
        return "no-store"
    # an address with the content's hash in it never changes; others (fonts, marker images) hardly ever
    return (
        "public, max-age=31536000, immutable" if b"v=" in scope["query_string"] else "public, max-age=86400"
    )
