"""Two languages through gettext: source strings are English, zh_CN and en are complete.

The catalogue is compiled in memory when first needed: there is no build step to forget and no stale copy.
"""

import functools
import gettext
import io
import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh_CN", "en")
DEFAULT = "zh_CN"
_LOCALE = Path(__file__).parent / "locale"


def N_(msgid: str) -> str:  # noqa: N802 -- gettext's own name for "mark, translate later"
    """Mark a sentence for translation where it is written but not yet shown."""
    return msgid


@functools.cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; English is the source and needs none."""
    if language == "en":
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with (_LOCALE / language / "LC_MESSAGES" / "jiedui.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translate(language: str, msgid: str, **params: object) -> str:
    """A sentence in a language with its places filled."""
    if not msgid:
        return ""
    sentence = translations(language).gettext(msgid)
    return sentence.format(**params) if params else sentence


def choose(chosen: str | None, accept_language: str | None) -> str:
    """The visible switch first, then the browser's wish, then Chinese."""
    if chosen in LANGUAGES:
        return chosen
    for part in (accept_language or "").split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh_CN"
        if tag.startswith("en"):
            return "en"
    return DEFAULT


def of_terminal() -> str:
    """The command line's language: JIEDUI_LANG, else Chinese unless the locale is English."""
    wanted = os.environ.get("JIEDUI_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "en" if wanted.startswith("en") else DEFAULT


def say(msgid: str, **params: object) -> str:
    """A sentence in the terminal's language."""
    return translate(of_terminal(), msgid, **params)
