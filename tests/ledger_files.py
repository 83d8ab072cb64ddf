"""Small ledgers for tests: rows of synthetic people in a county's usual columns."""

import io
from pathlib import Path
from typing import Any

import xlsxwriter

from jiedui.households.headers import PROFILE as HOUSEHOLDS
from jiedui.ledgers.identity import check_digit
from jiedui.volunteers.headers import PROFILE as VOLUNTEERS

_PROFILES = {"households": HOUSEHOLDS, "volunteers": VOLUNTEERS}


def identity_number(n: int) -> str:
    """A number whose check digit is right; born on 1980-01-01."""
    first17 = f"50023019800101{n:03d}"
    return first17 + check_digit(first17)


def household_row(n: int, **changed: Any) -> dict[str, Any]:
    """A household of 虎威镇 回龙村; `changed` by field."""
    return {
        "township": "虎威镇",
        "village": "回龙村",
        "name": "测试甲",
        "identity_number": identity_number(n),
        "phone": f"199023{n:05d}",
        "children": "测试丙 2018.03、测试丁 2020.05",
        "colour": "黄",
        "needs": "亲情陪伴、学业辅导",
        "contact_way": "可短信",
    } | changed


def volunteer_row(n: int, **changed: Any) -> dict[str, Any]:
    """A trained caring mother of 虎威镇 回龙村."""
    return {
        "name": "测试乙",
        "identity_number": identity_number(n),
        "kind": "爱心妈妈",
        "phone": f"199123{n:05d}",
        "township": "虎威镇",
        "village": "回龙村",
        "skills": "小学辅导",
        "offers": "亲情陪伴",
        "capacity": "2",
        "reach_km": "15公里",
        "record_checked_on": "2026-06-01",
        "trained": "是",
    } | changed


def ledger(kind: str, *rows: dict[str, Any], headers: dict[str, str] | None = None) -> bytes:
    """A workbook of rows; `headers` replaces the usual header of a field."""
    fields = list(dict.fromkeys(field for row in rows for field in row))
    words = {field: words[0] for field, words in _PROFILES[kind].wordings.items()} | (headers or {})
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("台账")
        sheet.write_row(0, 0, [words[field] for field in fields])
        for number, row in enumerate(rows, start=1):
            for column, field in enumerate(fields):
                sheet.write(number, column, row.get(field))
    return out.getvalue()


def ledger_file(folder: Path, kind: str, *rows: dict[str, Any], **options: Any) -> Path:
    """The same in a file."""
    path = folder / f"{kind}.xlsx"
    path.write_bytes(ledger(kind, *rows, **options))
    return path
