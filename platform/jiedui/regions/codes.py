"""Area codes: GB/T 2260 to the county, the statistics bureau's digits below: 2+2+2+3+3."""

_ENDS = (2, 4, 6, 9, 12)


def is_code(text: str) -> bool:
    """Whether a text is a 12-digit area code (it need not exist)."""
    return len(text) == _ENDS[-1] and text.isascii() and text.isdigit()


def significant(code: str) -> str:
    """The digits of a 12-digit code that say something: 500230000000 → 500230; the country is ''."""
    stripped = code.rstrip("0")
    return code[: next(end for end in (0, *_ENDS) if end >= len(stripped))]


def within(area: str, code: str) -> bool:
    """Whether the region `code` is the region `area` or lies in it."""
    return code.startswith(significant(area))


def parent(code: str) -> str | None:
    """The code one level up, or None for a province."""
    digits = len(significant(code))
    ends = [end for end in _ENDS if end < digits]
    return code[: ends[-1]].ljust(12, "0") if ends else None


def township(code: str) -> str:
    """The township a village belongs to (a township is its own)."""
    return code[:9].ljust(12, "0")


def county(code: str) -> str:
    """The county a region belongs to."""
    return code[:6].ljust(12, "0")
