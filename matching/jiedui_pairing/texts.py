"""Sentences are written in English and translated by whoever shows them."""


def N_(msgid: str) -> str:  # noqa: N802 -- gettext's own name for "mark, translate later"
    """Mark a sentence for translation."""
    return msgid
