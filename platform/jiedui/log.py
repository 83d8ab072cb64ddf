"""One line per event on stdout, for people and programs alike: time, level, who says it, what, named values.

    2026-11-28T09:12:03.481+08:00 WARNING jiedui.worker PostgreSQL does not answer again=58

No personal data: a value is an id, a route or a count. What goes wrong again and again is said once a minute.
"""

import json
import logging
import sys
import time
import traceback
from datetime import datetime

from jiedui.clock import SHANGHAI

_QUIET_SECONDS = 60


def begin() -> None:
    """Let every logger of this process write so."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Line())
    handler.addFilter(_OnceAMinute())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would quote addresses with their queries


def places(error: BaseException) -> str:
    """What an error is and where it arose, with its causes; never its message, which may quote a person."""
    lines = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        lines += [type(cause).__name__, *(f"  {at.filename}:{at.lineno} {at.name}" for at in frames)]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines)


class Line(logging.Formatter):
    """What a line looks like."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, SHANGHAI).isoformat(timespec="milliseconds")
        named = getattr(record, "named", {})
        words = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            words += "\n" + places(record.exc_info[1])
        words = " | ".join(words.splitlines())
        return " ".join(
            [
                at,
                record.levelname,
                record.name,
                words,
                *(f"{name}={_plain(value)}" for name, value in named.items()),
            ]
        )


class _OnceAMinute(logging.Filter):
    """A warning that comes again within a minute is counted, and the count is said with the next one."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        error = record.exc_info and record.exc_info[1]
        what = record.name, str(record.msg), places(error) if error else ""
        last, again = self._said.get(what, (-_QUIET_SECONDS, 0))
        now = time.monotonic()
        if now - last < _QUIET_SECONDS:
            self._said[what] = last, again + 1
            return False
        self._said[what] = now, 0
        if again:
            record.named = {**getattr(record, "named", {}), "again": again}
        return True


def _plain(value: object) -> str:
    text = str(value)
    return text if text.isascii() and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
