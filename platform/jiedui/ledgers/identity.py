"""Resident identity numbers (GB 11643): 18 characters with a date inside and ISO 7064 MOD 11-2 at the end.

`python-stdnum` is not used: it refuses valid numbers of counties it does not list.
"""

import re
from datetime import date

from jiedui.i18n import N_
from jiedui.ledgers.values import blank, normal
from jiedui.ledgers.workbook import Cell

MISSING = N_("identity number missing")
AS_NUMBER = N_("identity number stored as a number (digits lost)")
MASKED = N_("identity number is masked with asterisks")
OLD_FORM = N_("identity number of the old 15-digit form")
WRONG_LENGTH = N_("identity number is not 18 characters long")
CHECK_DIGIT = N_("identity number fails its check digit")
NO_DATE = N_("identity number contains no possible birth date")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+")


def identity_number(cell: Cell) -> str:
    """The number as written, spaces and full-width forms apart."""
    return re.sub(r"[\s'`‘’\-_]", "", normal(cell)).upper()


def fault(cell: Cell, on: date) -> str | None:
    """Why this cell holds no identity number of somebody born by `on`; None when it does."""
    if blank(cell):
        return MISSING
    number = identity_number(cell)
    if not isinstance(cell, str) or _SCIENTIFIC.fullmatch(number):
        return AS_NUMBER
    return _fault_of_text(number, on)


def check_digit(first17: str) -> str:
    """The 18th character that belongs to the first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def birth_date(number: str) -> date | None:
    """The date inside a number, or None if the calendar has no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex(number: str) -> str:
    """female or male, by the 17th digit."""
    return "male" if int(number[16]) % 2 else "female"


def _fault_of_text(number: str, on: date) -> str | None:
    if "*" in number:
        return MASKED
    if re.fullmatch(r"[0-9]{15}", number):
        return OLD_FORM
    if len(number) != 18:
        return WRONG_LENGTH
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number) or number[17] != check_digit(number[:17]):
        return CHECK_DIGIT
    born = birth_date(number)
    return None if born is not None and date(1900, 1, 1) <= born <= on else NO_DATE
