"""Empty ledgers to hand out: the usual headers, and one example row that says it is none."""

import io
from collections.abc import Mapping

import xlsxwriter

NO_IDENTITY = "000000190001010000"
"""Fails its check digit, so that an example can never be imported by mistake."""
NO_NAME = "示例(导入前请删除本行)"


def template_workbook(headers: Mapping[str, str], title: str, example: Mapping[str, str]) -> bytes:
    """The workbook: a title, the headers by field, the example in grey italics; every cell is text."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("台账")
        bold = book.add_format({"bold": True, "font_size": 14, "align": "center"})
        head = book.add_format({"bold": True, "border": 1, "text_wrap": True, "align": "center"})
        text = book.add_format({"num_format": "@"})
        grey = book.add_format({"num_format": "@", "italic": True, "font_color": "#808080"})
        page.merge_range(0, 0, 0, len(headers) - 1, title, bold)
        for column, (field, header) in enumerate(headers.items()):
            # As text, or a spreadsheet turns 18 digits into a number and loses the last three.
            page.set_column(column, column, 22 if field == "identity_number" else 14, text)
            page.write_string(1, column, header, head)
            page.write_string(2, column, example.get(field, ""), grey)
        page.freeze_panes(2, 0)
    return out.getvalue()
