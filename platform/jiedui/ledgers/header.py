"""Finds the header row of a ledger under its titles and says which column is which field."""

import re
from collections.abc import Mapping

import msgspec

from jiedui.i18n import N_
from jiedui.ledgers.errors import LedgerError
from jiedui.ledgers.report import UnknownHeader
from jiedui.ledgers.values import normal
from jiedui.ledgers.workbook import Sheet, address

SEARCHED_ROWS = 15
_MAX_DEPTH = 3
_ENOUGH = 3  # fewer known headers in a row are chance, not a header

# Columns that every ledger may have and nobody needs to hear about.
_IGNORED = frozenset({"序号", "编号", "序", "号", "年龄", "性别", "出生年月", "出生日期", "no"})
# Under a group header naming somebody else, 姓名 is not the person's own name.
_OTHER_PERSON = re.compile("丈夫|配偶|爱人|儿童|子女|孩子|小孩|监护人|父|母亲|老人|紧急")


class Profile(msgspec.Struct, frozen=True):
    """One kind of ledger: the wordings of each field, the main one first; the fields it cannot do without.

    `mistaken` says that a workbook sent for another kind looks like one of this.
    """

    wordings: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    mistaken: str

    def columns(self, fields: list[str]) -> str:
        """The usual headers of these fields, for a sentence."""
        return "、".join(self.wordings[field][0] for field in fields)


class Header(msgspec.Struct, frozen=True):
    """Where a table begins: `columns` maps fields to column numbers, `first` is the row below the header."""

    columns: dict[str, int]
    texts: dict[int, str]
    row: int
    first: int
    unknown: list[UnknownHeader]
    repeated: list[UnknownHeader]

    def missing(self, profile: Profile) -> list[str]:
        """The required fields that no column is for."""
        return [field for field in profile.required if field not in self.columns]


def header_key(text: object) -> str:
    """A header without what varies: width, spaces, line breaks, brackets and marks."""
    return re.sub(
        r"[\s()\[\]【】〔〕{}<>《》“”\"'::、,,;;/\\|*.。_\-—]+", "", normal(str(text or ""))
    ).lower()


def find_header(sheet: Sheet, profile: Profile, mapping: Mapping[str, str]) -> Header | None:
    """The row among the first ones that names most fields, or None. `mapping` explains further header texts.

    Raises LedgerError if two columns claim the same required field.
    """
    known = dict.fromkeys(_IGNORED, "")
    known |= {header_key(word): field for field, words in profile.wordings.items() for word in words}
    known |= {header_key(text): field for text, field in mapping.items()}
    texts = _texts(sheet)
    candidates = [_header_at(sheet, texts, row, known) for row in range(min(SEARCHED_ROWS, len(sheet.rows)))]
    best = max(candidates, key=lambda header: len(header.columns), default=None)
    if best is None or len(best.columns) < _ENOUGH:
        return None
    for again in best.repeated:
        field = known[header_key(again.text)]
        if field in profile.required and not best.missing(profile):
            first = f"{sheet.name}!{address(best.row, best.columns[field])}"
            raise LedgerError(
                N_("Two columns mean the same: {first} and {second}. Please rename or remove one of them."),
                first=first,
                second=again.cell,
            )
    return best


def _header_at(
    sheet: Sheet, cells: Mapping[tuple[int, int], str], row: int, known: Mapping[str, str]
) -> Header:
    depth = _depth(sheet, row)
    columns: dict[str, int] = {}
    texts: dict[int, str] = {}
    unknown: list[UnknownHeader] = []
    repeated: list[UnknownHeader] = []
    for column in range(len(sheet.rows[row])):
        levels = [text for text in (cells.get((row + d, column), "") for d in range(depth)) if text]
        if not levels:
            continue
        word = next((w for w in _readings(levels) if header_key(w) in known), None)
        texts[column] = word or "".join(levels)
        here = UnknownHeader(f"{sheet.name}!{address(row, column)}", texts[column])
        if word is None:
            unknown.append(here)
        elif field := known[header_key(word)]:
            if field in columns:
                repeated.append(here)
            else:
                columns[field] = column
    return Header(columns, texts, row, row + depth, unknown, repeated)


def _readings(levels: list[str]) -> list[str]:
    """Ways to read a header of several levels: all together, then its own word unless under somebody else."""
    group, own = "".join(levels[:-1]), levels[-1]
    return [group + own] if not group or _OTHER_PERSON.search(group) else [group + own, own]


def _depth(sheet: Sheet, row: int) -> int:
    """How many rows the header takes: as many as its tallest merged cell of one column."""
    tall = [bottom - top + 1 for top, left, bottom, right in sheet.merged if top == row and left == right]
    return max([depth for depth in tall if depth <= _MAX_DEPTH], default=1)


def _texts(sheet: Sheet) -> dict[tuple[int, int], str]:
    """The texts of the first rows; a merged area reads as its text all along its first row, and once only."""
    top_rows = range(min(SEARCHED_ROWS + _MAX_DEPTH, len(sheet.rows)))
    texts = {(row, column): normal(cell) for row in top_rows for column, cell in enumerate(sheet.rows[row])}
    for top, left, bottom, right in sheet.merged:
        for row in range(top, min(bottom + 1, len(top_rows))):
            text = texts.get((top, left), "") if row == top else ""
            texts |= dict.fromkeys(((row, column) for column in range(left, right + 1)), text)
    return texts
