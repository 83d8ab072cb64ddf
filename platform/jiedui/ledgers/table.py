"""Walks the rows of a ledger: skips what is no row, fills merged places down, counts every row once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from jiedui.i18n import N_
from jiedui.ledgers.errors import LedgerError
from jiedui.ledgers.header import SEARCHED_ROWS, Header, Profile, find_header, header_key
from jiedui.ledgers.report import Finding, Reading, Record, Report, UnknownHeader
from jiedui.ledgers.values import blank, clean, normal
from jiedui.ledgers.workbook import Cell, Sheet, address, open_workbook

DUPLICATE = N_("same identity number as an earlier row")
CUT = N_("text too long, its end was cut off")

_PLACE = ("township", "village")
_FOOTERS = (
    "填表人",
    "制表",
    "审核人",
    "审核:",
    "填报",
    "负责人:",
    "经办人",
    "合计",
    "总计",
    "小计",
    "共计",
    "说明:",
    "注:",
    "备注:",
)
_Value = TypeVar("_Value")


class RejectedRow(Exception):
    """This row cannot be taken, and why: raised by the reader of a row, never leaves this package."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.reason)


class SheetRow:
    """One row below the header, its cells by field, and what had to be warned about while reading it."""

    def __init__(
        self, sheet: str, number: int, columns: Mapping[str, int], cells: Mapping[str, Cell]
    ) -> None:
        self.sheet = sheet
        self.number = number
        self.warnings: list[Finding] = []
        self._columns = columns
        self._cells = cells

    def __getitem__(self, field: str) -> Cell:
        return self._cells.get(field)

    def has(self, field: str) -> bool:
        """Whether the ledger has a column for it, whatever stands there."""
        return field in self._columns

    def cell(self, field: str | None = None) -> str:
        """The address of a field (台账!E17), or of the row's first cell."""
        return f"{self.sheet}!{address(self.number, self._columns.get(field or '', 0))}"

    def text(self, field: str, limit: int) -> str:
        """The text of a field, at most `limit` characters, a cut being warned about."""
        text = clean(self[field])
        if len(text) > limit:
            self.warn(field, CUT)
        return text[:limit]

    def read(self, field: str, parser: Callable[[Cell], _Value | None], reason: str) -> _Value | None:
        """What the parser understands; None for a blank cell, and with a warning for one that it does not."""
        if blank(self[field]):
            return None
        value = parser(self[field])
        if value is None:
            self.warn(field, reason)
        return value

    def require(self, field: str, parser: Callable[[Cell], _Value | None], reason: str) -> _Value:
        """What the parser understands. Raises RejectedRow when it does not."""
        value = parser(self[field])
        return self.reject(field, reason) if value is None else value

    def warn(self, field: str, reason: str) -> None:
        """Note that a cell was not fully understood, once for each cell and reason."""
        finding = Finding(self.cell(field), reason, "warning", self.number + 1)
        if finding not in self.warnings:
            self.warnings.append(finding)

    def reject(self, field: str, reason: str, hint: str = "", **params: object) -> NoReturn:
        """Refuse the row because of this field."""
        raise RejectedRow(Finding(self.cell(field), reason, "rejected", self.number + 1, hint, params))


def read_table(
    path: Path,
    profile: Profile,
    record_of: Callable[[SheetRow], Record],
    *,
    mapping: Mapping[str, str],
    others: Sequence[Profile] = (),
) -> Reading[Record]:
    """All rows of all sheets with this ledger's header. Raises LedgerError if no sheet has it."""
    records: list[Record] = []
    findings: list[Finding] = []
    unknown: list[UnknownHeader] = []
    seen: dict[str, str] = {}
    rows = 0
    for sheet, header in _tables(open_workbook(path), profile, mapping, others, findings):
        unknown += header.unknown
        for row in _rows(sheet, header):
            rows += 1
            try:
                record = record_of(row)
                _refuse_repetition(row, record, seen)
            except RejectedRow as refused:
                findings.append(refused.finding)
            else:
                records.append(record)
                findings += row.warnings
    return Reading(records, Report(rows, len(records), findings), unknown)


def _refuse_repetition(row: SheetRow, record: msgspec.Struct, seen: dict[str, str]) -> None:
    number = record.identity_number  # type: ignore[attr-defined]  # both kinds of record have one
    if number in seen:
        row.reject("identity_number", DUPLICATE, N_("The earlier row: {earlier}"), earlier=seen[number])
    seen[number] = row.cell("identity_number")


def _tables(
    sheets: list[Sheet],
    profile: Profile,
    mapping: Mapping[str, str],
    others: Sequence[Profile],
    findings: list[Finding],
) -> Iterator[tuple[Sheet, Header]]:
    complete: list[tuple[Sheet, Header]] = []
    partial: list[tuple[Sheet, Header]] = []
    for sheet in sheets:
        header = find_header(sheet, profile, mapping) if sheet.visible else None
        if header is not None and not header.missing(profile):
            complete.append((sheet, header))
            findings += _header_notes(header)
            continue
        if header is not None:
            partial.append((sheet, header))
        if any(not blank(cell) for row in sheet.rows for cell in row):
            findings.append(_unread(sheet))
    if not complete:
        raise _refusal(sheets, partial, profile, others)
    yield from complete


def _header_notes(header: Header) -> list[Finding]:
    again = N_("second column of the same meaning, not read: {header}")
    unknown = N_("column not known, not read: {header}")
    return [Finding(h.cell, again, "note", params={"header": h.text}) for h in header.repeated] + [
        Finding(h.cell, unknown, "note", params={"header": h.text}) for h in header.unknown
    ]


def _unread(sheet: Sheet) -> Finding:
    hidden = N_("hidden sheet, not read")
    other = N_("sheet without the header of this ledger, not read")
    return Finding(f"{sheet.name}!A1", other if sheet.visible else hidden, "note")


def _refusal(
    sheets: list[Sheet],
    partial: list[tuple[Sheet, Header]],
    profile: Profile,
    others: Sequence[Profile],
) -> LedgerError:
    if not partial:
        return LedgerError(
            N_("No sheet has a header row with the columns {columns} in its first {rows} rows."),
            columns=profile.columns(list(profile.required)),
            rows=SEARCHED_ROWS,
        )
    sheet, header = max(partial, key=lambda found: len(found[1].columns))
    missing = profile.columns(header.missing(profile))
    cell = f"{sheet.name}!{address(header.row, 0)}"
    for other in others:
        found = find_header(sheet, other, {})
        if found is not None and not found.missing(other):
            return LedgerError(other.mistaken, columns=missing, cell=cell)
    return LedgerError(N_("The header row at {cell} has no column {columns}."), columns=missing, cell=cell)


def _rows(sheet: Sheet, header: Header) -> Iterator[SheetRow]:
    """The rows that somebody filled in.

    Merged places are filled down; a blank township below another one means the same, as on paper, while a
    village is filled down only when merged. No rows: blank ones, places or serial numbers alone, repeated
    headers, footers, section titles.
    """
    merged = {
        (row, left): sheet.at(top, left)
        for top, left, bottom, right in sheet.merged
        if left == right and left in {header.columns.get(field) for field in _PLACE}
        for row in range(top, bottom + 1)
    }
    wide = {
        row
        for top, left, bottom, right in sheet.merged
        if right - left >= 2
        for row in range(top, bottom + 1)
    }
    township: Cell = None
    for number in range(header.first, len(sheet.rows)):
        cells = sheet.rows[number]
        by_field = {
            field: merged.get((number, column), sheet.at(number, column))
            for field, column in header.columns.items()
        }
        filled = {field for field, cell in by_field.items() if not blank(cell)}
        if _is_footer(cells, by_field) or (number in wide and len([c for c in cells if not blank(c)]) == 1):
            continue
        township = by_field["township"] if "township" in filled else township
        if not filled.difference(_PLACE) or _is_header_again(by_field, header):
            continue
        if "township" in header.columns:
            by_field["township"] = township
        yield SheetRow(sheet.name, number, header.columns, by_field)


def _is_footer(cells: list[Cell], by_field: Mapping[str, Cell]) -> bool:
    if not blank(by_field.get("identity_number")):
        return False
    first = next((normal(cell).replace(" ", "") for cell in cells if not blank(cell)), "")
    return first.startswith(_FOOTERS)


def _is_header_again(by_field: Mapping[str, Cell], header: Header) -> bool:
    return all(
        header_key(by_field[field]) == header_key(header.texts[header.columns[field]])
        for field in ("name", "identity_number")
        if field in by_field
    )
