"""Area codes: GB/T 2260 to the county, the statistics bureau's digits below: 2+2+2+3+3."""

from jiedui.actor import parent, significant, within

__all__ = ["county", "is_code", "parent", "significant", "township", "within"]


def is_code(text: str) -> bool:
    """Whether a text is a 12-digit area code (it need not exist)."""
    return len(text) == 12 and text.isascii() and text.isdigit()


def township(code: str) -> str:
    """The township a village belongs to (a township is its own)."""
    return code[:9].ljust(12, "0")


def county(code: str) -> str:
    """The county a region belongs to."""
    return code[:6].ljust(12, "0")
