"""Tables to take along, as CSV or xlsx: every cell is text, and no spreadsheet computes one."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

import xlsxwriter
from litestar import Response

_FORMULA = re.compile(r"[\ufeff\x00-\x1f\x7f\s]*[=+\-@|%]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")
_WIDEST = 60
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def to_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with the mark that Excel and WPS need to recognise it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(text) for text in header])
    writer.writerows([_harmless(text) for text in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]], *, sheet: str, footer: str = "") -> bytes:
    """One sheet with a standing header; `footer` says below the table who took it when."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True, "bottom": 1})
        widths = [_width(text) for text in header]
        for column, text in enumerate(header):
            page.write_string(0, column, text, bold)
        number = 0
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row):
                page.write_string(number, column, _CONTROL.sub("", text))
                widths[column] = max(widths[column], _width(text))
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


def _harmless(text: str) -> str:
    """A leading apostrophe keeps a spreadsheet from computing what somebody wrote."""
    text = _CONTROL.sub("", text)
    return f"'{text}" if _FORMULA.match(text) else text


def _width(text: str) -> int:
    longest = max((sum(1 + (letter > "\u2e7f") for letter in line) for line in text.splitlines()), default=0)
    return min(_WIDEST, longest + 2)
