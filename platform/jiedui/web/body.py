"""Reading what a browser sends, strictly: bytes that mean nothing are refused with 400, never a crash."""

from typing import Any, cast
from urllib.parse import parse_qsl, unquote_to_bytes

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import SerializationException

from jiedui.errors import DomainError, NotFound
from jiedui.i18n import N_
from jiedui.web import asked

Fields = dict[str, list[str | UploadFile]]
MOST_FIELDS = 1000


class Unreadable(DomainError):
    """Bytes that are no text, a form that is no form."""

    status_code = 400
    msgid = N_("What your browser sent could not be read. Please go back and send it again.")


def check_address(request: Request[Any, Any, Any]) -> None:
    """Refuse an address the database would choke on: bytes that are no text, numbers it has no room for."""
    try:
        whole = unquote_to_bytes(request.scope["raw_path"] + b"?" + request.scope["query_string"])
        readable = "\0" not in whole.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable from error
    # the framework reads the host, too, when it says what is wrong with a value
    if not readable or asked.address(f"//{request.headers.get('host', '')}") is None:
        raise Unreadable
    if any(isinstance(part, int) and part > asked.LARGEST for part in request.path_params.values()):
        raise NotFound


async def fields_of(request: Request[Any, Any, Any]) -> Fields:
    """The fields of a form, each with all its values, blank ones included; read once per request."""
    kept = cast(dict[str, Any], request.scope)
    if "fields" not in kept:
        kept["fields"] = await _read(request)
    return cast(Fields, kept["fields"])


async def _read(request: Request[Any, Any, Any]) -> Fields:
    kind = request.content_type[0]
    try:
        if kind == RequestEncodingType.URL_ENCODED:
            fields = _urlencoded(await request.body())
        elif kind == RequestEncodingType.MULTI_PART:
            form = await request.form()
            fields = {name: list(form.getall(name)) for name in form}
        else:
            if kind == RequestEncodingType.JSON:
                await request.json()
            fields = {}
        for text in (text for name, values in fields.items() for text in (name, *values)):
            # some alphabets know half a character (utf-7, unicode_escape), the database does not
            if isinstance(text, str) and b"\0" in text.encode():
                raise Unreadable
    except (UnicodeError, LookupError, ValueError, RecursionError, SerializationException) as error:
        raise Unreadable from error  # LookupError: a part with a charset nobody knows
    return fields


def _urlencoded(body: bytes) -> Fields:
    # not request.form(): its parser keeps the last 1,024 bodies, passphrases included, in a cache
    fields: Fields = {}
    text = body.decode("ascii")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS):
        fields.setdefault(name, []).append(value)
    return fields
