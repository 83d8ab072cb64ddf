"""One line per event, on stdout or in a file, for people and programs alike: time, level, who, what, values.

    2026-11-28T09:12:03.481+08:00 WARNING jiedui.worker PostgreSQL does not answer again=58

No personal data: a value is an id, a route or a count. What goes wrong again and again is said once a minute.
"""

import json
import logging
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path

from jiedui.clock import SHANGHAI
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.log_file import SharedFile

_QUIET_SECONDS = 60


def begin(file: Path | None) -> None:
    """Let every logger of this process write so: into the file, on stdout where there is none."""
    _begin(_lines(SharedFile(file) if file else logging.StreamHandler(sys.stdout)))


def begin_aloud(file: Path | None) -> None:
    """For a process that a person may watch: words on stderr, and lines in the file where there is one.

    Raises Refused for a file that cannot be written.
    """
    words = logging.StreamHandler(sys.stderr)
    words.setLevel(logging.WARNING)
    words.setFormatter(logging.Formatter())  # else basicConfig gives it one with names
    if file is None:
        _begin(words)
        return
    lines = SharedFile(file)
    try:
        lines.write(b"")
    except OSError as error:
        raise Refused(
            N_("The log {file} cannot be written: {reason}. Set log_file to a file in a folder of jiedui's."),
            file=file,
            reason=error.strerror,
        ) from error
    _begin(words, _lines(lines))


def _begin(*handlers: logging.Handler) -> None:
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would quote addresses with their queries


def _lines(handler: logging.Handler) -> logging.Handler:
    handler.setFormatter(Line())
    handler.addFilter(_OnceAMinute())
    return handler


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
