"""What is done around every request: it has a number, HEAD is answered like GET, and a line is written of it.

The line says route, status, role and milliseconds: no address, no path, no query, no name. The number is what
an error page shows, and what the lines of the same request carry.
"""

import logging
import secrets
import time
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

NUMBER = "X-Request-Id"
_UNSPOKEN = ("/static/", "/livez", "/readyz")
"""Of what pages load and watchers ask every few seconds there is a line only when it fails."""
_log = logging.getLogger("jiedui.access")


def around(app: ASGIApp) -> ASGIApp:
    """The application with all this around it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if str(scope["type"]) != "http":
            await app(scope, receive, send)
            return
        kept: Any = scope
        number = kept["number"] = secrets.token_hex(4).upper()
        began, status, asked_head = time.monotonic(), 0, kept["method"] == "HEAD"
        if asked_head:
            kept["method"] = "GET"

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (NUMBER.lower().encode(), number.encode())]
            elif asked_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            await app(scope, receive, told)
        finally:
            route = kept.get("path_template") or "-"
            if status >= 400 or not route.startswith(_UNSPOKEN):
                _log.info(
                    kept["method"],
                    extra={
                        "named": {
                            "route": route, "status": status, "ms": round((time.monotonic() - began) * 1000),
                            "role": getattr(kept.get("user"), "role", "-"), "request": number,
                        }
                    },
                )  # fmt: skip

    return answer
