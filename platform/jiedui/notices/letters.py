"""Letters on paper: an A4 page for each household, with a square to scan; made offline, with our own font."""

import functools
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jiedui.i18n import N_, translate

if TYPE_CHECKING:
    from typst import Fonts

_TEMPLATE = Path(__file__).parent / "letter.typ"


@dataclass(frozen=True)
class Letter:
    """What differs from one household to the next."""

    recipient: str
    place: str
    salutation: str
    text: str
    link: str
    contact: str
    number: str
    dated: str


def pdf_of(letters: Sequence[Letter], language: str) -> bytes:
    """The letters as one PDF, a page each. Raises ValueError when there are none."""
    import typst

    if not letters:
        raise ValueError("no letters, no PDF")
    inputs = {
        "letters": json.dumps([{**vars(letter), "square": _square(letter.link)} for letter in letters]),
        "words": json.dumps(_words(language)),
    }
    return typst.compile(_TEMPLATE.read_bytes(), font_paths=_fonts(), sys_inputs=inputs)


def _words(language: str) -> dict[str, str | list[str]]:
    said = functools.partial(translate, language)
    return {
        "language": language[:2],
        "document": said(N_("Letters")),
        "personal": said(N_("To be opened by the addressee only")),
        "steps": [
            said(N_("Scan the square with the camera of a telephone or with WeChat.")),
            said(N_("Read what it is about, and press what suits you.")),
            said(N_("No telephone? Just tell the person named below.")),
        ],
        "address": said(N_("Or type this address:")),
        "free": said(
            N_("You decide. A no, or no answer at all, has no consequences for anything you are entitled to.")
        ),
        "ask": said(N_("Questions:")),
        "name": said(N_("Name")),
        "phone": said(N_("Telephone")),
    }


def _square(link: str) -> str:
    """A QR code as SVG, sturdy enough for a fold or a stain."""
    import segno

    drawn = io.BytesIO()
    segno.make(link, error="q", micro=False).save(drawn, kind="svg", border=2)
    return drawn.getvalue().decode()


@functools.cache
def _fonts() -> "Fonts":
    import pylopdf_fonts_zh_cn
    import typst

    folder = pylopdf_fonts_zh_cn.sans_path().parent
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
