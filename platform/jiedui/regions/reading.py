"""Reads the official region list of a county, a csv: one line, one checked region."""

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path

import msgspec

from jiedui.i18n import N_
from jiedui.ledgers.container import MAX_FILE, OLE
from jiedui.ledgers.errors import LedgerError
from jiedui.ledgers.header import header_key
from jiedui.ledgers.report import Finding, Reading, Report
from jiedui.ledgers.values import clean
from jiedui.ledgers.workbook import address
from jiedui.regions import codes

LEVELS = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}
HEADERS = {
    "code": ("code", "代码", "区划代码", "行政区划代码", "统计用区划代码"),
    "name": ("name", "名称", "区划名称", "行政区划名称"),
    "level": ("level", "级别", "层级"),
    "lat": ("lat", "latitude", "纬度"),
    "lng": ("lng", "lon", "longitude", "经度"),
    "position_source": ("position_source", "位置来源", "坐标来源"),
}
_REQUIRED = ("code", "name", "level")
_LEVEL_WORDS = {"省": "province", "市": "city", "县": "county", "乡镇": "township", "村": "village"}
_LAT, _LNG = (3.0, 54.0), (73.0, 136.0)

EMPTY = N_("This file is empty. Please choose the region list, saved as .csv.")
WORKBOOK = N_(
    "This is a workbook or a packed file."
    " Please open it in Excel or WPS and save the region list as .csv (UTF-8)."
)
CODE_AS_NUMBER = N_("code stored as a number (digits lost)")
CODE_WRONG = N_("code is not 12 digits of the form 2+2+2+3+3")
REPEATED = N_("same code as an earlier row")
NAME_MISSING = N_("name missing")
LEVEL_UNKNOWN = N_("level unknown")
LEVEL_WRONG = N_("level does not fit the code")
PARENT_MISSING = N_("the region above it is missing")
POSITION_HALF = N_("only one of latitude and longitude is given")
POSITION_WRONG = N_("latitude or longitude is not a number")
POSITION_SWAPPED = N_("latitude and longitude look exchanged")
OUTSIDE = N_("the region lies outside your area")
POSITION_ABROAD = N_("position lies outside China")


class RegionRecord(msgspec.Struct, frozen=True):
    """One region; the position is a place to measure from, with its origin."""

    code: str
    name: str
    level: str
    lat: float | None
    lng: float | None
    position_source: str
    cell: str


def read_regions(
    path: Path, *, known: Collection[str] = (), area: str = "000000000000"
) -> Reading[RegionRecord]:
    """The regions of a csv file (UTF-8 or GB 18030) that lie in `area`. Raises LedgerError if it is none.

    A region's parent must stand in the file too, or in `known`; the file's highest level needs none.
    """
    lines = _lines(path)
    columns = _columns(lines[0]) if lines else {}
    missing = [field for field in _REQUIRED if field not in columns]
    if missing:
        raise LedgerError(
            N_("The first line of the region list must name the columns {columns}."),
            columns=", ".join(f"{HEADERS[field][1]} ({field})" for field in missing),
        )
    findings: list[Finding] = []
    records: dict[str, RegionRecord] = {}
    numbers: dict[str, int] = {}
    rows = 0
    for number, line in enumerate(lines[1:], start=1):
        values = {
            field: clean(line[column]) if column < len(line) else "" for field, column in columns.items()
        }
        if not any(values.values()):
            continue
        rows += 1
        fault = _fault(values, records, area)
        if fault is not None:
            field, reason = fault
            cell = f"{path.name}!{address(number, columns[field])}"
            findings.append(Finding(cell, reason, "rejected", number + 1))
            continue
        records[values["code"]] = _record(values, f"{path.name}!{address(number, columns['code'])}")
        numbers[values["code"]] = number + 1
    for code in _orphans(records, set(known)):
        findings.append(Finding(records.pop(code).cell, PARENT_MISSING, "rejected", numbers[code]))
    accepted = list(records.values())
    return Reading(accepted, Report(rows, len(accepted), sorted(findings, key=lambda f: f.row or 0)))


def _lines(path: Path) -> list[list[str]]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise LedgerError(N_("The file {name} cannot be opened."), name=path.name) from error
    if not data:
        raise LedgerError(EMPTY)
    if data.startswith((b"PK\x03\x04", OLE)):
        raise LedgerError(WORKBOOK)
    if len(data) > MAX_FILE or b"\0" in data:
        raise LedgerError(N_("This is not a text file. Please save the region list as .csv (UTF-8)."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise LedgerError(
                N_("The characters cannot be read. Please save the list as .csv (UTF-8).")
            ) from error
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise LedgerError(
            N_("This is not a text file. Please save the region list as .csv (UTF-8).")
        ) from error


def _columns(header: list[str]) -> dict[str, int]:
    known = {header_key(word): field for field, words in HEADERS.items() for word in words}
    found: dict[str, int] = {}
    for column, text in enumerate(header):
        if (field := known.get(header_key(text))) is not None:
            found.setdefault(field, column)
    return found


def _fault(values: dict[str, str], records: dict[str, RegionRecord], area: str) -> tuple[str, str] | None:
    code = values["code"]
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", code):
        return "code", CODE_AS_NUMBER
    if not re.fullmatch(r"[0-9]{12}", code) or not codes.significant(code):
        return "code", CODE_WRONG
    if not codes.within(area, code):
        return "code", OUTSIDE
    if code in records:
        return "code", REPEATED
    return _level_fault(values) or _position_fault(values.get("lat", ""), values.get("lng", ""))


def _level_fault(values: dict[str, str]) -> tuple[str, str] | None:
    if not values["name"]:
        return "name", NAME_MISSING
    level = _LEVEL_WORDS.get(values["level"], values["level"])
    if level not in LEVELS.values():
        return "level", LEVEL_UNKNOWN
    return None if LEVELS[len(codes.significant(values["code"]))] == level else ("level", LEVEL_WRONG)


def _position_fault(lat: str, lng: str) -> tuple[str, str] | None:
    if not lat and not lng:
        return None
    if not lat or not lng:
        return ("lat" if lat else "lng"), POSITION_HALF
    try:
        north, east = float(lat), float(lng)
    except ValueError:
        return "lat", POSITION_WRONG
    if _inside(north, east):
        return None
    return "lat", POSITION_SWAPPED if _inside(east, north) else POSITION_ABROAD


def _inside(lat: float, lng: float) -> bool:
    return _LAT[0] <= lat <= _LAT[1] and _LNG[0] <= lng <= _LNG[1]


def _record(values: dict[str, str], cell: str) -> RegionRecord:
    lat, lng = values.get("lat", ""), values.get("lng", "")
    return RegionRecord(
        code=values["code"],
        name=values["name"],
        level=_LEVEL_WORDS.get(values["level"], values["level"]),
        lat=float(lat) if lat else None,
        lng=float(lng) if lng else None,
        position_source=values.get("position_source", ""),
        cell=cell,
    )


def _orphans(records: dict[str, RegionRecord], known: set[str]) -> list[str]:
    """Codes whose parent is nowhere, from the top down: a missing township takes its villages along."""
    depth = {code: len(codes.significant(code)) for code in records}
    top = min(depth.values(), default=0)
    present = set(known)
    orphans = []
    for code in sorted(records, key=depth.__getitem__):
        if depth[code] == top or codes.parent(code) in present:
            present.add(code)
        else:
            orphans.append(code)
    return orphans
