"""Numbers from text files, line by line, so that a wrong one is found where it stands."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper

from jiedui_matching.problem import LIMIT

# The longest array any format may ask for: 256 MB of whole numbers.
LARGEST = 2**25

# Read at once; longer lines come in pieces where only the order of the words counts.
_LONGEST_LINE = 2**20
_NUMBER = re.compile(r"[+-]?\d{1,4300}")


def words_of(file: BufferedReader) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not empty, as its number and its words; raises ValueError for endless lines."""
    text, number = _text(file), 0
    while line := text.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"line {number}: longer than {_LONGEST_LINE} characters")
        if words := line.split():
            yield number, words


def pieces_of(file: BufferedReader) -> Iterator[tuple[int, list[str]]]:
    """All words in order, with the line on which they stand, however long that is."""
    text, number, begun = _text(file), 1, ""
    while piece := text.readline(_LONGEST_LINE):
        ended = piece[-1].isspace()
        words = (begun + piece).split()
        begun = "" if ended or not words else words.pop()
        if len(begun) > _LONGEST_LINE:
            raise ValueError(f"line {number}: {begun[:40]!r} is not a whole number")
        yield number, words
        number += piece[-1] == "\n"
    yield number, begun.split()


def _text(file: BufferedReader) -> TextIOWrapper:
    """The file as text, without the mark that some editors put before it."""
    if file.peek(len(BOM_UTF8)).startswith(BOM_UTF8):
        file.read(len(BOM_UTF8))
    return TextIOWrapper(file, encoding="latin-1")


def whole_numbers(line: int, words: list[str]) -> list[int]:
    """The words as whole numbers below 2^62; raises ValueError naming the line and the word."""
    try:
        numbers = [int(word) for word in words]
        if any("_" in word for word in words):
            raise ValueError
    except ValueError:
        wrong = next((word for word in words if not _NUMBER.fullmatch(word)), max(words, key=len))
        raise ValueError(f"line {line}: {wrong[:40]!r} is not a whole number") from None
    for number in numbers:
        if abs(number) >= LIMIT:
            raise ValueError(f"line {line}: {number} is too large: numbers must stay below 2^62")
    return numbers
