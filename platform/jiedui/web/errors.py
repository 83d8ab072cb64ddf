"""One voice for everything that goes wrong: a page, a fragment for htmx, or JSON."""

import logging
from typing import Any, cast

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from jiedui.errors import DomainError, Forbidden, LoginNeeded, NotFound, Unavailable
from jiedui.i18n import N_, translate
from jiedui.store.away import is_away
from jiedui.store.hindered import hindrance
from jiedui.web.page import language_of, page, see_other, wants_fragment

logger = logging.getLogger("jiedui.web")

_HEADINGS = {
    400: N_("That could not be read"),
    403: N_("Not for this account"),
    404: N_("Nothing here"),
    405: N_("That does not work here"),
    409: N_("This has changed in the meantime"),
    413: N_("That is too large"),
    422: N_("Something is not right yet"),
    429: N_("One moment please"),
    503: N_("Not reachable at the moment"),
}
_SENTENCES = {
    400: N_("What your browser sent could not be read. Please go back and send it again."),
    403: Forbidden.msgid,
    404: NotFound.msgid,
    405: N_("This address exists, but not for what was tried. Please go back to the page you came from."),
    413: N_("The file or form is larger than this page takes. Please send a smaller one."),
    415: N_("This page does not take that kind of file."),
    429: N_("Too many attempts. Please try again a little later."),
}
_UNFORESEEN = N_("This should not have happened, and nothing was changed.")


def exception_handlers() -> ExceptionHandlersMap:
    """What the application is given; nothing reaches the framework's own pages."""
    return {
        LoginNeeded: _to_login,
        DomainError: _domain,
        HTTPException: _http,
        Exception: _unknown,
    }


def _to_login(request: Request[Any, Any, Any], error: LoginNeeded) -> Response[Any]:
    if _wants_json(request):
        return _render(request, DomainError(N_("Please log in.")), 401)
    return see_other(request, error.login_path)


def _domain(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    if isinstance(error, Unavailable) and hindrance(error):
        return _unknown(request, error)
    return _render(request, error, error.status_code)


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code >= 500:
        return _unknown(request, error)
    return _render(
        request, DomainError(_SENTENCES.get(error.status_code, _SENTENCES[400])), error.status_code
    )


def _unreachable(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    logger.warning("%s: a server cannot be reached", type(error).__name__)
    return _render(request, Unavailable(), 503)


def _unknown(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if is_away(error):
        return _unreachable(request, error)
    reference = cast(dict[str, Any], request.scope)["number"]
    named = {"route": request.scope.get("path_template") or "-", "request": reference}
    logger.error("%s failed", request.method, exc_info=error, extra={"named": named})
    if hindered := hindrance(error):
        return _render(request, hindered, 503, reference)
    return _render(request, DomainError(_UNFORESEEN), 500, reference)


def _render(
    request: Request[Any, Any, Any], error: DomainError, status: int, reference: str = ""
) -> Response[Any]:
    """The answer; with the `reference` under which the operator finds it in the log."""
    cast(dict[str, Any], request.scope)["failed"] = True
    headers = {"Retry-After": str(error.params.get("seconds", 60))} if status in (429, 503) else {}
    language = language_of(request)
    sentence = translate(language, error.msgid, **error.params)
    if reference:
        with_number = N_("{sentence} Please tell us the number {reference}.")
        sentence = translate(language, with_number, sentence=sentence, reference=reference)
    if _wants_json(request):
        content = {"status": status, "detail": sentence}
        return Response(content, status_code=status, headers=headers, media_type="application/problem+json")
    if wants_fragment(request):
        headers |= {"HX-Retarget": "#alerts", "HX-Reswap": "innerHTML", "HX-Push-Url": "false"}
        return page(request, "alert.html", status_code=status, headers=headers, sentence=sentence)
    heading = error.heading or _HEADINGS.get(status, N_("That did not work"))
    return page(
        request,
        "error.html",
        status_code=status,
        headers=headers,
        sentence=sentence,
        heading=heading,
        status=status,
    )


def _wants_json(request: Request[Any, Any, Any]) -> bool:
    return request.headers.get("accept", "").split(",")[0].split(";")[0].strip().endswith("json")
