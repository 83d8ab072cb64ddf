"""What one page hands on to another without its address: sealed in the reader's own browser, for a while.

Only the browser it was sealed in can bring it back: it is bound to the login, or to the cookie before one.
"""

import base64
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from litestar import Request

from jiedui.errors import DomainError
from jiedui.i18n import N_
from jiedui.store import vault
from jiedui.web import cookies
from jiedui.web.forgery import holder

T = TypeVar("T")
_MOST = 3_800
"""A browser drops a cookie of more than 4,096 characters without a word."""


class TooMuch(DomainError):
    """More was typed than fits."""

    status_code = 413
    msgid = N_("The file or form is larger than this page takes. Please send a smaller one.")


class _Sealed(msgspec.Struct):
    until: datetime
    value: msgspec.Raw


def carry(request: Request[Any, Any, Any], name: str, value: Any, lasts: timedelta) -> None:
    """Hand a value on to the pages that follow, until they drop it or its time is over. Raises TooMuch."""
    until = request.app.state.clock() + lasts
    text = msgspec.json.encode(_Sealed(until, msgspec.Raw(msgspec.json.encode(value)))).decode()
    sealed = base64.urlsafe_b64encode(vault.seal(text, _place(request, name))).decode()
    if len(sealed) > _MOST:
        raise TooMuch
    cookies.put(request, _cookie(request, name), sealed, seconds=lasts // timedelta(seconds=1))


def carried(request: Request[Any, Any, Any], name: str, kind: type[T]) -> T | None:
    """What was handed on, or None when there is nothing, no longer, or not in this browser."""
    given = request.cookies.get(_cookie(request, name), "")
    try:
        text = vault.unseal(base64.urlsafe_b64decode(given), _place(request, name))
        sealed = msgspec.json.decode(text, type=_Sealed)
        return (
            msgspec.json.decode(sealed.value, type=kind) if sealed.until > request.app.state.clock() else None
        )
    except (ValueError, InvalidTag, msgspec.MsgspecError):
        return None


def drop(request: Request[Any, Any, Any], name: str) -> None:
    """It has been used."""
    if request.cookies.get(_cookie(request, name)):
        cookies.put(request, _cookie(request, name), "", seconds=0)


def _cookie(request: Request[Any, Any, Any], name: str) -> str:
    cookie: str = request.app.state.cookies.carried(name)
    return cookie


def _place(request: Request[Any, Any, Any], name: str) -> str:
    return f"carried.{name} {vault.keyed_hash(holder(request), 'carried')}"
