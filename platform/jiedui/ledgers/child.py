"""The child process that opens one workbook: `python -m jiedui.ledgers.child < FILE`; msgpack out.

A spreadsheet can make its reader hang, eat all memory or abort. Here that ends a process that holds nothing.
"""

import resource
import signal
import sys
from datetime import UTC, date, datetime, time
from io import BytesIO
from typing import Any

import msgspec
import python_calamine as calamine

from jiedui.ledgers import container
from jiedui.ledgers.errors import LedgerError

MEMORY = 512 * 2**20
CPU_SECONDS = 20
WALL_SECONDS = 30
MAX_ANSWER = 64 * 2**20


def main() -> None:
    """Limits first, then one read of stdin and one answer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Should the parent die, nobody else ends this process.
    signal.alarm(WALL_SECONDS)
    try:
        answer = msgspec.msgpack.encode({"sheets": _sheets(sys.stdin.buffer.read(container.MAX_FILE + 1))})
        if len(answer) > MAX_ANSWER:
            raise LedgerError(container.TOO_LARGE)
    except LedgerError as refused:
        answer = msgspec.msgpack.encode({"refused": refused.msgid, "params": refused.params})
    sys.stdout.buffer.write(answer)


def _sheets(data: bytes) -> list[dict[str, Any]]:
    container.check_container(data)
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(BytesIO(data))
        sheets = [
            _sheet(workbook, metadata)
            for metadata in workbook.sheets_metadata
            if metadata.typ == calamine.SheetTypeEnum.WorkSheet
        ]
    except calamine.PasswordError as error:
        raise LedgerError(container.ENCRYPTED) from error
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError, OSError, ValueError) as error:
        raise LedgerError(container.DAMAGED) from error
    if sum(len(sheet["rows"]) for sheet in sheets) > container.MAX_ROWS:
        raise LedgerError(container.TOO_MANY_ROWS, rows=container.MAX_ROWS, columns=container.MAX_COLUMNS)
    return sheets


def _sheet(workbook: calamine.CalamineWorkbook, metadata: calamine.SheetMetadata) -> dict[str, Any]:
    sheet = workbook.get_sheet_by_name(metadata.name)
    if sheet.total_height > container.MAX_ROWS or sheet.total_width > container.MAX_COLUMNS:
        raise LedgerError(container.TOO_MANY_ROWS, rows=container.MAX_ROWS, columns=container.MAX_COLUMNS)
    rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    return {
        "name": metadata.name,
        "visible": metadata.visible == calamine.SheetVisibleEnum.Visible,
        "rows": rows,
        "merged": _merged(sheet, height=len(rows), width=len(rows[0]) if rows else 0),
    }


def _merged(sheet: calamine.CalamineSheet, *, height: int, width: int) -> list[tuple[int, int, int, int]]:
    """The merged areas within what is filled; they cannot overlap, so more area than cells is forged."""
    areas = [
        (top, left, min(bottom, height - 1), min(right, width - 1))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
        if top < height and left < width
    ]
    if sum((bottom - top + 1) * (right - left + 1) for top, left, bottom, right in areas) > height * width:
        raise LedgerError(container.DAMAGED)
    return areas


def _cell(value: Any) -> Any:
    """A value msgpack carries unchanged: a date travels as a moment in UTC, unlike any text."""
    if value == "":
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, (str, bool, int, float)):
        return value
    return str(value)


if __name__ == "__main__":
    main()
