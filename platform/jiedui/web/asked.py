"""What text from outside means: an address, a key, a number, a day; None for what means nothing.

What that is worth is the caller's to say: no such page, or a list from its beginning.
The calendar is bounded because the driver sends its two ends as infinity, which no rule here reckons with.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

Day = TypeVar("Day", date, datetime)

FIRST_YEAR, LAST_YEAR = 1900, 2100
_LONGEST = 2000
LARGEST = 2**31 - 1
"""What a column of whole numbers has room for."""


def address(text: str | None) -> SplitResult | None:
    """An address by its parts; one with a port that is none is no address."""
    try:
        found = urlsplit(text or "")
        _ = found.port
    except ValueError:
        return None
    return found


def host(text: str) -> str | None:
    """Host and port of an address."""
    found = address(text)
    return found.netloc if found else None


def safe_path(text: str | None) -> str:
    """A path on this site to go to, or the first page for anything a browser might read as another site."""
    if not text or text[0] != "/" or text[1:2] in ("/", "\\") or not text.isprintable():
        return "/"
    return text if len(text.encode()) <= _LONGEST else "/"


def key(text: str | None) -> UUID | None:
    """The key of a row."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def number(text: str | None, most: int = LARGEST) -> int | None:
    """A whole number from nought to `most`."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > len(str(most)):
        return None
    return int(text) if int(text) <= most else None


def day(text: str | None) -> date | None:
    """A day as 2026-06-01."""
    return _read(date.fromisoformat, text)


def moment(text: str | None) -> datetime | None:
    """An instant as 2026-06-01T12:00:00+08:00; without its zone it is none."""
    return _read(datetime.fromisoformat, text)


def in_calendar(value: date | datetime) -> bool:
    """Whether a day or an instant lies in the years this product can be about."""
    if isinstance(value, datetime):
        try:
            value = value.astimezone(UTC)
        except OverflowError:
            return False
    return FIRST_YEAR <= value.year <= LAST_YEAR


def _read(kind: Callable[[str], Day], text: str | None) -> Day | None:
    try:
        value = kind(text or "")
    except ValueError:
        return None
    if isinstance(value, datetime) and value.tzinfo is None:
        return None
    return value if in_calendar(value) else None
