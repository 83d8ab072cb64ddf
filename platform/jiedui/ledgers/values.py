"""What people write in cells, read without guessing: a parser gives None for what it does not understand."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from jiedui.ledgers.workbook import Cell


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INVISIBLE = re.compile(
    r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]"
)
_HAN = r"\u2e80-\u2fdf\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NOTHING = _words("无 没有 暂无 / \\ - -- — —— 0 null none n/a 未填") | {""}
_UNLIMITED = _words("不限 无限 无限制 不限制 不限距离 不限公里 均可 都可以 全县 全县范围")
_YES = _words("是 有 √ ✓ ✔ ☑ 对 y yes 1 true 已 已参加 参加 参加过 已培训 已完成 合格 通过 已通过")
_NO = _words("否 无 × ✗ ✘ x 不是 没有 n no 0 false 未 未参加 没参加 未培训 未完成 不合格 未通过 待培训")
_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_WHOLE = re.compile(
    r"([+-]?\d{1,9})(?:\.0+)?(?:户|家|个|名|人|口|位|公里|千米|km)?(?:以内|以下|之内|内|左右)?", re.I
)
_HAN_WHOLE = re.compile(
    r"([一二两三四五六七八九]?)(十?)([一二两三四五六七八九]?)(?:户|家|个|名|人|口|位|公里|千米)(?:以内|左右)?"
)
_DATE = re.compile(
    r"(\d{4})\s*[年./\-_]\s*(\d{1,2})(?:\s*[月./\-_]\s*(\d{1,2}))?\s*[月日号]?份?"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*(?:起|至今|出生|生)?"
)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_SERIAL_ZERO = date(1899, 12, 30)
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}")


def clean(cell: Cell) -> str:
    """The text of a cell for people: invisible characters gone, white space single, punctuation as it was."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float):
        cell = int(cell) if cell.is_integer() and abs(cell) < 1e15 else cell
    return " ".join(_INVISIBLE.sub("", str(cell)).split())


def normal(cell: Cell) -> str:
    """The text of a cell for comparing: also half-width (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", clean(cell)).split())


def blank(cell: Cell) -> bool:
    """Whether nothing that can be seen is written."""
    return not clean(cell)


def nothing(cell: Cell) -> bool:
    """Whether the cell is blank or says that there is none (无, /, —)."""
    return normal(cell).lower() in _NOTHING


def person_name(cell: Cell) -> str | None:
    """A name without stray spaces, one dot (·) between its parts. None without a letter, or for #N/A."""
    name = re.sub(r"\s*[•・‧∙●·]\s*", "·", normal(cell))
    name = re.sub(rf"(?<=[{_HAN}])\s+|\s+(?=[{_HAN}])", "", name)
    return name if any(letter.isalpha() for letter in name) and not name.startswith("#") else None


def phone(cell: Cell) -> str | None:
    """The first telephone number in the cell, digits only: a mobile, or a landline with its area code."""
    for part in re.split(r"[、,;/|\n]|(?<=\d{7})\s+(?=\d{7})", normal(cell)):
        digits = re.sub(r"[\s\-—()._]", "", part)
        digits = re.sub(r"^(?:\+86|0086|86(?=1[3-9]\d{9}$))", "", digits)
        if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits):
            return digits
    return None


def when(cell: Cell) -> date | None:
    """A day; the first of the month where only the month is written.

    The text "2016.1" is January. The *number* 2016.1 may have been typed 2016.10, so it is not understood.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, float | int):
        return _numeric_date(float(cell))
    text = normal(cell).rstrip("。.")
    found = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    return _day(*found.groups()) if found else None


def whole_number(cell: Cell) -> int | None:
    """A whole number with or without its unit: 3, "3户", "10公里", "三户"; a fraction or a range is none."""
    if isinstance(cell, bool | datetime):
        return None
    text = normal(cell).replace(" ", "")
    if found := _WHOLE.fullmatch(text):
        return int(found[1])
    if (found := _HAN_WHOLE.fullmatch(text)) and (found[1] or found[2]):
        tens, ten, ones = found.groups()
        if not ten:
            return _DIGITS[tens] if not ones else None
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    return None


def unlimited(cell: Cell) -> bool:
    """Whether the cell says that there is no limit (不限), or nothing at all."""
    return (nothing(cell) and normal(cell) != "0") or normal(cell).replace(" ", "") in _UNLIMITED


def yes_no(cell: Cell) -> bool | None:
    """是 or 否 in their many spellings."""
    text = normal(cell).lower()
    return True if text in _YES else False if text in _NO else None


def items(cell: Cell) -> list[str]:
    """The items of a list by any of the usual separators, in order, each once; numbering (1. 2.) dropped."""
    text = re.sub(r"(?:^|(?<=[\s、,;]))\d{1,2}[.、)](?=\D)", " ", normal(cell))
    parts = (part.strip(" .。") for part in re.split(r"[、,;/|\\。\s]+", text))
    return list(dict.fromkeys(part for part in parts if part.lower() not in _NOTHING))


def children(cell: Cell) -> list[tuple[str, date | None]]:
    """Names and birth months of the children in one cell; a birth that is unclear is None.

    Who is only called a daughter, or given by an age or a year, is a child too, without a name.
    """
    text = normal(cell)
    if nothing(cell):
        return []
    found: list[tuple[str, date | None]] = []
    position = 0
    for match in _BIRTH.finditer(text):
        people = _people(text[position : match.start()]) or [""]
        found += [(name, None) for name in people[:-1]]
        found.append((people[-1], when(match[0])))
        position = match.end()
    found += [(name, None) for name in _people(text[position:])]
    return found or [("", None)]


_BIRTH = re.compile(
    r"(?<!\d)(?:\d{4}\s?[年./\-]\s?\d{1,2}(?:[月./\-]\d{1,2}(?!\d))?\s?[月日]?|\d{8}|\d{6})(?!\d)"
)
_KIN = _words("儿子 女儿 长子 次子 三子 长女 次女 三女 孙子 孙女 外孙 外孙女")
_NOT_A_NAME = _KIN | _words("男 女 出生 生 生于 出生于 出生年月 岁 周岁 姓名 月 日 年 号")
_YOUNG = re.compile(r"(?<!\d)(?:(?:1[0-7]|\d)\s*周?岁|(?:19|20)\d{2}(?!\d))")
"""An age of less than eighteen, or no more than the year of a birth."""


def _people(text: str) -> list[str]:
    """Everybody of whom a piece of a cell without a birth month speaks; blank who has no name there."""
    tokens = [token for token in re.split(r"[\s、,;/|()\[\]:。.\-~\d]+", text) if token]
    names = _names(token for token in tokens if token not in _NOT_A_NAME)
    many = max(sum(token in _KIN for token in tokens), len(_YOUNG.findall(text)))
    return [""] * (many - len(names)) + names


def _names(tokens: Iterable[str]) -> list[str]:
    names: list[str] = []
    for token in tokens:
        # "董 颖": a name padded to the width of its neighbours.
        if names and len(names[-1]) == 1:
            names[-1] += token
        else:
            names.append(token)
    return names


def _numeric_date(number: float) -> date | None:
    if number.is_integer() and 30_000 <= number <= 60_000:
        return _SERIAL_ZERO + timedelta(days=int(number))
    if number.is_integer():
        found = _COMPACT_DATE.fullmatch(str(int(number)))
    else:
        found = re.fullmatch(r"(\d{4})\.(0\d|1[0-2]|[2-9])()", f"{number:.6f}".rstrip("0"))
    return _day(*found.groups()) if found else None


def _day(year: str, month: str, day: str | None) -> date | None:
    try:
        return date(int(year), int(month), int(day or 1)) if 1900 <= int(year) <= 2100 else None
    except ValueError:
        return None
