"""Area codes: GB/T 2260 to the county, the statistics bureau's digits below: 2+2+2+3+3."""

from jiedui.actor import significant, within

__all__ = ["county", "is_code", "parent", "significant", "township", "within"]
_ENDS = (2, 4, 6, 9, 12)


def is_code(text: str) -> bool:
    """Whether a text is a 12-digit area code (it need not exist)."""
    return len(text) == _ENDS[-1] and text.isascii() and text.isdigit()


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
