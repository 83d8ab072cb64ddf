"""Files that are no ledger, and files made to hurt: one clear sentence each, and this process lives on."""

import io
import os
import random
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from jiedui.households.reading import read_households
from jiedui.ledgers import child, container, workbook
from jiedui.ledgers.errors import LedgerError
from jiedui.ledgers.workbook import address, open_workbook
from jiedui.regions.villages import VillageIndex
from jiedui_pairing.policy import standard

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
UNSAFE = "cannot be read safely"


def book(write: Callable[[xlsxwriter.Workbook], None] | None = None) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as made:
        if write is not None:
            write(made)
        else:
            made.add_worksheet("台账").write_row(0, 0, ["姓名", 1.5, True])
    return buffer.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changed(data: bytes, **parts: bytes | Callable[[bytes], bytes]) -> bytes:
    """A workbook with parts replaced, changed or added; `sheet1` stands for the first sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    for name, new in parts.items():
        path = "xl/worksheets/sheet1.xml" if name == "sheet1" else name
        content[path] = new if isinstance(new, bytes) else new(content[path])
    return zipped(content)


def one_cell(reference: str) -> bytes:
    return changed(book(), sheet1=lambda xml: xml.replace(b'r="A1"', b'r="%s"' % reference.encode()))


def laughs(xml: bytes) -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    head, body = xml.split(b"\n", 1)
    return (
        head + b'<!DOCTYPE x [<!ENTITY l0 "ha">' + entities + b"]>" + body.replace(b"<v>1.5", b"<v>&l9;1.5")
    )


def lying_directory() -> bytes:
    """A part that says it is small and is not."""
    data = bytearray(changed(book(), sheet1=b"<worksheet>" + b" " * 5_000_000 + b"</worksheet>"))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = data.find(mark)
        while start >= 0:
            data[start + offset : start + offset + 4] = (1000).to_bytes(4, "little")
            start = data.find(mark, start + 4)
    return bytes(data)


def heavy_without_ratio() -> bytes:
    """More than 100 MB unpacked behind 1.5 MB that do not compress."""
    padding = random.Random(1).randbytes(1_500_000)
    return changed(book(), **{"xl/media/image1.png": padding, "xl/media/image2.png": bytes(110 * 2**20)})


def encrypted_part() -> bytes:
    data = bytearray(book())
    start = data.find(b"PK\x01\x02")
    data[start + 8] |= 1
    return bytes(data)


def openpyxl_formula() -> bytes:
    made, buffer = openpyxl.Workbook(), io.BytesIO()
    made.active.append(["姓名", "=1+1"])
    made.save(buffer)
    return buffer.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty file": (lambda: b"", container.EMPTY),
    "xls": (lambda: OLE + "Workbook".encode("utf-16-le"), container.OLD_EXCEL),
    "password": (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), container.ENCRYPTED),
    "doc": (lambda: OLE + "WordDocument".encode("utf-16-le"), container.DOCUMENT),
    "csv": (lambda: "姓名,身份证号\n".encode("utf-8-sig"), container.TEXT),
    "csv of Excel": (lambda: "姓名,身份证号\n".encode("gb18030"), container.TEXT),
    "unicode text": (lambda: "姓名\t身份证号\n".encode("utf-16"), container.TEXT),
    "html named xls": (lambda: b"<html><table></table></html>", container.TEXT),
    "pdf": (lambda: b"%PDF-1.7\n\x00\x01", container.PDF),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n\x00\x00", container.UNKNOWN),
    "zip": (lambda: zipped({"台账.xlsx": book()}), container.PACKED),
    "docx": (
        lambda: zipped({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}),
        container.DOCUMENT,
    ),
    "xlsb": (
        lambda: zipped({"[Content_Types].xml": b"<a/>", "xl/workbook.bin": b"a"}),
        container.OTHER_SHEET,
    ),
    "ods": (lambda: zipped({"mimetype": b"a", "content.xml": b"<a/>"}), container.OTHER_SHEET),
    "macros": (lambda: changed(book(), **{"xl/vbaProject.bin": b"a"}), container.MACROS),
    "macro type": (
        lambda: changed(
            book(),
            **{"[Content_Types].xml": lambda xml: xml.replace(b"sheet.main", b"sheet.macroEnabled.main")},
        ),
        container.MACROS,
    ),
    "encrypted part": (encrypted_part, container.ENCRYPTED),
    "truncated": (lambda: book()[:-200], container.DAMAGED),
    "cut in the middle": (lambda: book()[:2000] + book()[-1000:], container.DAMAGED),
    "part that is no XML": (lambda: changed(book(), sheet1=b"<worksheet><sheetData><row"), container.DAMAGED),
    "billion laughs": (lambda: changed(book(), sheet1=laughs), container.DAMAGED),
    "lying directory": (lying_directory, container.DAMAGED),
    "cell at the end of the sheet": (lambda: one_cell("XFD1048576"), container.TOO_MANY_ROWS),
    "cell in row 20001": (lambda: one_cell("A20001"), container.TOO_MANY_ROWS),
    "cell in column 201": (lambda: one_cell("GS1"), container.TOO_MANY_ROWS),
    "ratio bomb": (lambda: changed(book(), sheet1=b"<worksheet>" + b" " * 5_000_000), container.TOO_LARGE),
    "heavy bomb": (heavy_without_ratio, container.TOO_LARGE),
    "two parts of one name": (
        lambda: changed(book(), **{"XL/worksheets/sheet1.xml": b"<worksheet/>"}),
        container.DAMAGED,
    ),
    "many entries": (
        lambda: changed(book(), **{f"xl/x{n}.xml": b"<a/>" for n in range(200)}),
        container.TOO_LARGE,
    ),
    "large file": (lambda: book() + bytes(container.MAX_FILE), container.TOO_LARGE),
    "formula without result": (openpyxl_formula, container.FORMULAS),
    "forged merged areas": (
        lambda: changed(
            book(),
            sheet1=lambda xml: xml.replace(
                b"</sheetData>",
                b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:C1"/>' * 9 + b"</mergeCells>",
            ),
        ),
        container.DAMAGED,
    ),
}


@pytest.mark.parametrize("hazard", REFUSED)
def test_a_file_that_is_no_ledger_is_refused_in_one_sentence(tmp_path: Path, hazard: str):
    build, sentence = REFUSED[hazard]
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(build())
    with pytest.raises(LedgerError) as refused:
        open_workbook(path)
    assert refused.value.msgid == sentence


def test_a_cell_that_hides_its_address_ends_the_child_and_not_us(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(changed(book(), sheet1=lambda xml: xml.replace(b'r="A1"', b'r="&#88;FD1048576"')))
    with pytest.raises(LedgerError):
        open_workbook(path)


def test_a_reader_that_aborts_or_eats_memory_ends_the_child_and_not_us(tmp_path: Path, monkeypatch):
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(book())
    for deed in ("os.abort()", "bytearray(2**30)", "os._exit(3)"):
        code = (
            f"import os; from jiedui.ledgers import child; child._sheets = lambda data: {deed}; child.main()"
        )
        monkeypatch.setattr(workbook, "_CHILD", ("-c", code))
        with pytest.raises(LedgerError, match=UNSAFE):
            open_workbook(path)


def test_a_reader_that_hangs_is_ended_at_the_deadline(tmp_path: Path, monkeypatch):
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(book())
    monkeypatch.setattr(workbook, "_CHILD", ("-c", "import time; time.sleep(60)"))
    with pytest.raises(LedgerError, match="took too long"):
        open_workbook(path, deadline_seconds=0.5)


def test_a_child_whose_parent_is_gone_ends_by_itself(tmp_path: Path, monkeypatch):
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(book())
    code = "import time; from jiedui.ledgers import child; child.WALL_SECONDS = 1"
    monkeypatch.setattr(
        workbook, "_CHILD", ("-c", f"{code}; child._sheets = lambda _: time.sleep(60); child.main()")
    )
    with pytest.raises(LedgerError, match=UNSAFE):
        open_workbook(path)


def test_an_answer_too_long_for_us_is_not_sent(tmp_path: Path, monkeypatch):
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(book())
    code = "from jiedui.ledgers import child; child.MAX_ANSWER = 10; child.main()"
    monkeypatch.setattr(workbook, "_CHILD", ("-c", code))
    with pytest.raises(LedgerError) as refused:
        open_workbook(path)
    assert refused.value.msgid == container.TOO_LARGE


def test_the_child_sees_no_secret_and_no_open_file(tmp_path: Path, monkeypatch):
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(book())
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    code = """if True:
        import os, sys, msgspec
        seen = {"refused": " ".join([*os.environ, *os.listdir("/proc/self/fd")])}
        sys.stdout.buffer.write(msgspec.msgpack.encode(seen))
    """
    monkeypatch.setattr(workbook, "_CHILD", ("-c", code))
    with path.open("rb") as ours, pytest.raises(LedgerError) as refused:
        os.set_inheritable(ours.fileno(), True)
        open_workbook(path)
    # 3 is the listing itself; Python may set its own character type.
    assert set(refused.value.msgid.split()) <= {"0", "1", "2", "3", "LC_CTYPE"}


def test_the_limits_are_those_that_were_promised():
    assert (container.MAX_UNPACKED, container.MAX_ENTRIES, container.MAX_RATIO) == (100 * 2**20, 200, 100)
    assert (container.MAX_ROWS, container.MAX_COLUMNS) == (20_000, 200)
    assert (child.MEMORY, workbook.DEADLINE_SECONDS) == (512 * 2**20, 30)


def test_styled_empty_cells_far_below_the_table_do_no_harm(tmp_path: Path):
    def write(made: xlsxwriter.Workbook) -> None:
        sheet = made.add_worksheet("台账")
        sheet.write_row(0, 0, ["姓名", "身份证号"])
        sheet.write_blank(60_000, 0, None, made.add_format({"border": 1}))

    path = tmp_path / "ledger.xlsx"
    path.write_bytes(book(write))
    assert [len(sheet.rows) for sheet in open_workbook(path)] == [1]


def test_cells_arrive_as_they_were_stored(tmp_path: Path):
    def write(made: xlsxwriter.Workbook) -> None:
        sheet = made.add_worksheet("台账")
        sheet.write_row(1, 1, ["姓名", 5.5, True, ""])
        sheet.write_datetime(2, 1, date(2024, 6, 3), made.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_formula(2, 2, "=1+1", None, 2)
        sheet.write_string(2, 3, "500230197007230044")
        sheet.merge_range(3, 1, 5, 1, "合")
        made.add_worksheet("隐").hide()

    path = tmp_path / "ledger.xlsx"
    path.write_bytes(book(write))
    first, second = open_workbook(path)
    assert first.rows[1][1:4] == ["姓名", 5.5, True]
    assert first.rows[2][1].date() == date(2024, 6, 3)
    assert first.rows[2][2:4] == [2, "500230197007230044"]
    assert (first.merged, first.visible, second.visible) == ([(3, 1, 3, 1)], True, False)


@pytest.mark.parametrize(
    ("place", "name"), [((0, 0), "A1"), ((16, 4), "E17"), ((0, 25), "Z1"), ((9, 26), "AA10")]
)
def test_a_cell_is_named_as_people_name_it(place: tuple[int, int], name: str):
    assert address(*place) == name


def test_a_missing_file_and_a_folder_are_refused_too(tmp_path: Path):
    for path in (tmp_path / "none.xlsx", tmp_path):
        with pytest.raises(LedgerError):
            read_households(path, VillageIndex([]), standard(), on=date(2026, 11, 1))
