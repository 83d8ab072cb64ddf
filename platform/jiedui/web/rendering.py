"""Templates: one Jinja environment over the folders of all concepts, and what every template can say.

Macros in components.html do not see the page's variables, so what depends on the request (language,
form token, the reader's clock) travels in a context variable that is set while a page is rendered.
"""

import functools
import hashlib
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.plugins.jinja import JinjaTemplateEngine
from markupsafe import Markup, escape

import jiedui
from jiedui.actor import Actor
from jiedui.errors import DomainError, recalled
from jiedui.i18n import translate
from jiedui.web import words

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class View:
    """The reader a page is rendered for."""

    language: str
    actor: Actor | None
    now: datetime
    path: str
    address: str
    """The path with its query."""
    demo: bool
    token: Callable[[], str]
    flashes: Callable[[], list[dict[str, Any]]]


RENDERED_FOR: ContextVar[View] = ContextVar("rendered_for")


def make_engine() -> JinjaTemplateEngine:
    """The template engine of the site."""
    root = Path(jiedui.__file__).parent
    folders = [root / "web" / "templates", *sorted(root.glob("*/templates"))]
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        _=_gettext,
        view=RENDERED_FOR.get,
        form_fields=_form_fields,
        token_field=_token_field,
        csrf_headers=_csrf_headers,
        asset=asset,
        colour_symbol=words.colour_symbol,
        colour_tone=words.colour_tone,
        colour_options=_colour_options,
    )
    environment.filters.update(
        date_people=_date_people,
        date_exact=words.date_exact,
        date_iso=lambda value: value.isoformat() if value else "",
        number=words.number,
        sentence=_sentence,
        recalled=recalled,
        **{
            name: _in_language(getattr(words, name))
            for name in (
                "date_long",
                "km",
                "colour_name",
                "kind_name",
                "skill_name",
                "volunteer_kind_name",
                "duration",
            )
        },
    )
    engine = JinjaTemplateEngine.from_environment(environment)
    del environment.globals["csrf_token"]  # Litestar's own, which is not in use here
    return engine


@functools.cache
def asset(name: str) -> str:
    """The address of a static file, with its content's hash so that browsers keep it until it changes."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _gettext(msgid: str) -> str:
    return translate(RENDERED_FOR.get().language, msgid)


def _form_fields() -> Markup:
    key = Markup('<input type="hidden" name="_once" value="{}">').format(secrets.token_urlsafe(16))
    return _token_field() + key


def _token_field() -> Markup:
    return Markup('<input type="hidden" name="_csrf_token" value="{}">').format(RENDERED_FOR.get().token())


def _csrf_headers() -> Markup:
    return Markup('hx-headers="{}"').format(f'{{"x-csrf-token": "{RENDERED_FOR.get().token()}"}}')


def _sentence(error: DomainError) -> str:
    return translate(RENDERED_FOR.get().language, error.msgid, **error.params)


def _colour_options() -> list[tuple[str, str]]:
    return words.colour_options(language=RENDERED_FOR.get().language)


def _date_people(value: Any) -> Markup:
    view = RENDERED_FOR.get()
    if value is None:
        return Markup("—")
    said = words.date_people(value, today=words.day_of(view.now), language=view.language)
    exact = words.date_exact(value)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(), exact, escape(said))


def _in_language(say: Callable[..., str]) -> Callable[..., str]:
    return lambda value, **options: say(value, language=RENDERED_FOR.get().language, **options)
