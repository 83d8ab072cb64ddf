"""What a file really is, by its bytes and counted while unpacking: only a plain .xlsx of sane size passes."""

import io
import re
import zipfile
import zlib

from jiedui.i18n import N_
from jiedui.ledgers.errors import LedgerError

MAX_FILE = 20 * 2**20
MAX_UNPACKED = 100 * 2**20
MAX_ENTRIES = 200
MAX_RATIO = 100
MAX_ROWS = 20_000
MAX_COLUMNS = 200

EMPTY = N_("This file is empty. Please choose the ledger itself, saved as .xlsx.")
OLD_EXCEL = N_(
    "This is a workbook of the old Excel format (.xls) or of WPS. Please open it, choose “Save as” and .xlsx."
)
ENCRYPTED = N_("This workbook is locked with a password. Please save it without a password and try again.")
TEXT = N_("This is a text file (perhaps .csv). Please open it in Excel or WPS and save it as .xlsx.")
PDF = N_("This is a PDF. Please choose the workbook it was printed from, saved as .xlsx.")
DOCUMENT = N_(
    "This is a text document or a presentation, not a workbook. Please put the table into an .xlsx workbook."
)
OTHER_SHEET = N_(
    "This is a spreadsheet of another format (.xlsb or .ods). Please open it and save it as .xlsx."
)
PACKED = N_("This is a packed folder (.zip). Please unpack it and choose the .xlsx workbook inside.")
MACROS = N_("This workbook contains macros. Please save it as a plain .xlsx workbook without macros.")
DAMAGED = N_(
    "This workbook is damaged or was not sent completely. Please open it, save it again and try once more."
)
UNKNOWN = N_("This is not a workbook. Please choose the ledger, saved as .xlsx.")
TOO_LARGE = N_(
    "This workbook is far too large for a ledger."
    " Please copy the table alone into a new workbook and save it as .xlsx."
)
TOO_MANY_ROWS = N_(
    "A sheet of this workbook has more than {rows} rows or {columns} columns."
    " Please delete what lies outside the table, or split it by township."
)
FORMULAS = N_(
    "This workbook holds formulas without their results."
    " Please open it in Excel or WPS, save it and try again."
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A cell with content: empty styled cells far below a table are a harmless habit and do not count.
_CELL = re.compile(
    rb"<(?:\w+:)?c\s[^<>]*?\br\s*=\s*[\"']([A-Z]{1,8})(\d{1,9})[\"'][^<>]*(?<!/)>\s*<(?:\w+:)?(?:v|is|f)\b"
)
# Excel and WPS always store a formula's result; an empty text result is marked t="str".
_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?c\s(?![^<>]*\bt\s*=\s*[\"']str)[^<>]*>"
    rb"\s*<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_OVERLAP = 1024
_CHUNK = 64 * 1024


def check_container(data: bytes) -> None:
    """Nothing, for a plain workbook that may be unpacked. Raises LedgerError naming what else."""
    if not data:
        raise LedgerError(EMPTY)
    if len(data) > MAX_FILE:
        raise LedgerError(TOO_LARGE)
    if data.startswith(OLE):
        raise LedgerError(_old_office(data))
    if not data.startswith(b"PK"):
        raise LedgerError(PDF if data.startswith(b"%PDF") else TEXT if _is_text(data) else UNKNOWN)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_entries(archive)
            _check_unpacked(archive, len(data))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise LedgerError(DAMAGED) from error


def _old_office(data: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return ENCRYPTED
    if "WordDocument".encode("utf-16-le") in data or "PowerPoint".encode("utf-16-le") in data:
        return DOCUMENT
    return OLD_EXCEL


def _is_text(data: bytes) -> bool:
    sample = data[:4096]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return b"\0" not in sample and sum(byte < 32 and byte not in b"\t\r\n\x1b" for byte in sample) == 0


def _check_entries(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = {entry.filename.lstrip("/") for entry in entries}
    lower = {name.lower() for name in names}
    if any(entry.flag_bits & 1 for entry in entries):
        raise LedgerError(ENCRYPTED)
    if "[content_types].xml" not in lower or "xl/workbook.xml" not in lower:
        raise LedgerError(_other_zip(lower))
    if any(name.rsplit("/", 1)[-1] == "vbaproject.bin" for name in lower):
        raise LedgerError(MACROS)
    if len(entries) > MAX_ENTRIES:
        raise LedgerError(TOO_LARGE)
    if len(lower) < len(entries):
        # Two parts of one name: what is checked need not be what is read.
        raise LedgerError(DAMAGED)


def _other_zip(names: set[str]) -> str:
    if "xl/workbook.bin" in names or ("mimetype" in names and "content.xml" in names):
        return OTHER_SHEET
    if any(name.startswith(("word/", "ppt/")) for name in names):
        return DOCUMENT
    return PACKED


def _check_unpacked(archive: zipfile.ZipFile, packed: int) -> None:
    allowed = min(MAX_UNPACKED, MAX_RATIO * packed)
    total = 0
    for entry in archive.infolist():
        scan = entry.filename.lower().endswith(".xml")
        tail = b""
        with archive.open(entry) as part:
            while chunk := part.read(_CHUNK):
                total += len(chunk)
                if total > allowed:
                    raise LedgerError(TOO_LARGE)
                if scan:
                    window = tail + chunk
                    _check_xml(window, entry.filename.lower())
                    tail = window[-_OVERLAP:]


def _check_xml(window: bytes, name: str) -> None:
    if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
        raise LedgerError(DAMAGED)
    if name == "[content_types].xml" and b"macroEnabled" in window:
        raise LedgerError(MACROS)
    if _UNCOMPUTED.search(window):
        raise LedgerError(FORMULAS)
    for column, row in _CELL.findall(window):
        if int(row) > MAX_ROWS or _column_number(column) > MAX_COLUMNS:
            raise LedgerError(TOO_MANY_ROWS, rows=MAX_ROWS, columns=MAX_COLUMNS)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
