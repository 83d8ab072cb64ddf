"""Opens a workbook without trusting it: a child process with limits reads it, this one takes its cells."""

import logging
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from jiedui.i18n import N_
from jiedui.ledgers.errors import LedgerError

DEADLINE_SECONDS = 30.0
_CHILD = ("-m", "jiedui.ledgers.child")
log = logging.getLogger(__name__)

Cell = str | float | int | bool | datetime | None
"""A cell as it was stored; dates are midnight UTC."""


class Sheet(msgspec.Struct, frozen=True):
    """One sheet from A1 on; `merged` holds (top, left, bottom, right), counted from 0, both ends included."""

    name: str
    visible: bool
    rows: list[list[Any]]
    merged: list[tuple[int, int, int, int]]

    def at(self, row: int, column: int) -> Any:
        """The cell there; None outside of what is filled."""
        cells = self.rows[row] if row < len(self.rows) else []
        return cells[column] if column < len(cells) else None


class _Answer(msgspec.Struct):
    sheets: list[Sheet] = []
    refused: str | None = None
    params: dict[str, Any] = {}


def open_workbook(path: Path, *, deadline_seconds: float = DEADLINE_SECONDS) -> list[Sheet]:
    """The sheets of an .xlsx workbook. Raises LedgerError with what the file is and what to do instead."""
    try:
        with path.open("rb") as file:
            done = subprocess.run(  # noqa: S603 -- our own interpreter and module
                [sys.executable, "-I", *_CHILD],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},  # no secrets for a process that opens strangers' files
                timeout=deadline_seconds,
                check=False,
            )
    except FileNotFoundError as error:
        raise LedgerError(N_("There is no file {name}."), name=path.name) from error
    except (IsADirectoryError, PermissionError) as error:
        raise LedgerError(N_("The file {name} cannot be opened."), name=path.name) from error
    except subprocess.TimeoutExpired as error:
        raise LedgerError(
            N_("Reading this workbook took too long. Please copy the table alone into a new workbook.")
        ) from error
    if done.returncode != 0:
        log.warning("the process opening a workbook ended with status %d", done.returncode)
        raise LedgerError(
            N_("This workbook cannot be read safely. Please copy the table alone into a new workbook.")
        )
    answer = msgspec.msgpack.decode(done.stdout, type=_Answer)
    if answer.refused is not None:
        raise LedgerError(answer.refused, **answer.params)
    return answer.sheets


def address(row: int, column: int) -> str:
    """The cell's name in the sheet, as people say it: row 0, column 0 is A1."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"
