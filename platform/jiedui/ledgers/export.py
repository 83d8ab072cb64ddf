"""Tables to take along, as CSV or xlsx: a number is a number, and no spreadsheet computes what is text."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

import xlsxwriter
from litestar import Response

_FORMULA = re.compile(r"[\ufeff\x00-\x1f\x7f\s]*[=+\-@|%＝＋－＠]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")
_WIDEST = 60
Cell = str | int | float
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def to_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with the mark that Excel and WPS need to recognise it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(text) for text in header])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str, footer: str = "") -> bytes:
    """One sheet with a standing header; `footer` says below the table who took it when.

    Numbers can be added up and sorted; a float shows one decimal. What only looks like a number, such as an
    identity number or a telephone's, comes as `str` and stays text.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True, "bottom": 1})
        decimal = book.add_format({"num_format": "0.0"})
        widths = [_width(text) for text in header]
        for column, text in enumerate(header):
            page.write_string(0, column, text, bold)
        number = 0
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(number, column, _CONTROL.sub("", cell))
                else:
                    page.write_number(number, column, cell, decimal if isinstance(cell, float) else None)
                widths[column] = max(widths[column], _width(str(cell)))
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        page.freeze_panes(1, 0)
        if footer:
            page.write_string(number + 2, 0, footer)
    return out.getvalue()


def attachment(content: bytes, name: str) -> Response[bytes]:
    """An answer that a browser saves instead of showing."""
    kind = "text/csv; charset=utf-8" if name.endswith(".csv") else _XLSX
    return Response(
        content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def _harmless(cell: Cell) -> Cell:
    """A leading apostrophe keeps a spreadsheet from computing what somebody wrote."""
    if not isinstance(cell, str):
        return cell
    text = _CONTROL.sub("", cell)
    return f"'{text}" if _FORMULA.match(text) else text


def _width(text: str) -> int:
    longest = max((sum(1 + (letter > "\u2e7f") for letter in line) for line in text.splitlines()), default=0)
    return min(_WIDEST, longest + 2)
