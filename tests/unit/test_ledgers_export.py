"""Tables to take along: what somebody wrote stays text, what was counted can be added up."""

import csv
import io

import pytest
from openpyxl import load_workbook

from jiedui.ledgers.export import to_csv, to_xlsx

DANGEROUS = [
    "=1+1", "+8613800000000", "-2", "@SUM(A1)", "|calc", "%x", " =1+1", "\t=1+1", "\ufeff=1+1",
    "\x00=1+1", "\n=1", "＝1+1", "＋1", "－2", " ＠SUM(A1)",
]  # fmt: skip
HARMLESS = ["周敏", "a=b", "500101199001011234", "2026-11-22", "", "1"]


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet(header, rows, **named):
    return load_workbook(io.BytesIO(to_xlsx(header, rows, sheet="配对", **named))).active


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_spreadsheet_computes_what_somebody_wrote(text):
    header, row = csv_rows(to_csv([text], [[text]]))
    assert header == row
    assert row[0].startswith("'")
    page = sheet([text], [[text]])
    assert [page["A1"].data_type, page["A2"].data_type] == ["s", "s"]


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_is_written_as_it_is(text):
    assert csv_rows(to_csv([text], [[text, "x"]])) == [[text], [text, "x"]]
    cell = sheet(["姓名"], [[text]])["A2"]
    assert (cell.value or "", cell.data_type) == (text, "s")


def test_letters_that_nobody_sees_are_left_out_and_line_breaks_are_not():
    text, seen = "周\x00\x07敏\x7f\ufeff\n13楼", "周敏\n13楼"
    assert csv_rows(to_csv(["姓名"], [[text]]))[1] == [seen]
    assert sheet(["姓名"], [[text]])["A2"].value == seen


def test_links_and_numbers_in_text_stay_text():
    page = sheet(["a", "b"], [["https://example.org/h", "13800000000"]])
    assert [page["A2"].data_type, page["B2"].data_type] == ["s", "s"]
    assert page["A2"].hyperlink is None


def test_numbers_can_be_added_up():
    assert csv_rows(to_csv(["km", "户"], [[-1.25, 3]]))[1] == ["-1.25", "3"]
    page = sheet(["km", "户"], [[-1.25, 3]])
    assert [page["A2"].value, page["B2"].value] == [-1.25, 3]
    assert [page["A2"].number_format, page["B2"].number_format] == ["0.0", "General"]


def test_excel_is_told_that_a_csv_is_utf_8():
    assert to_csv(["姓名"], []).startswith(b"\xef\xbb\xbf")


def test_the_header_stays_in_sight_and_who_took_it_stands_below():
    page = sheet(["姓名"], [["周敏"], ["李霞"]], footer="周敏 2026-11-22")
    assert (page.title, page.freeze_panes) == ("配对", "A2")
    assert [cell.value for cell in page["A"]] == ["姓名", "周敏", "李霞", None, "周敏 2026-11-22"]
    assert sheet(["姓名"], [["周敏"]]).max_row == 2


def test_a_column_is_as_wide_as_its_longest_line_but_not_wider_than_a_screen():
    page = sheet(["备注", "a", "长"], [["三个字\n四个字呢", "ab", "字" * 500]])
    widths = [page.column_dimensions[letter].width for letter in "ABC"]
    assert [round(width) for width in widths] == [11, 5, 61]
