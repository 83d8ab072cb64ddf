"""Numbers from text files, line by line, so that a wrong one is found where it stands."""

import re
from collections.abc import Iterator
from pathlib import Path

from jiedui_matching.problem import LIMIT

# The longest array any format may ask for: 256 MB of whole numbers.
LARGEST = 2**25

# Read at once; longer lines come in pieces where only the order of the words counts.
_LONGEST_LINE = 2**20
_NUMBER = re.compile(r"[+-]?\d{1,4300}")


def words_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not empty, as its number and its words; raises ValueError for endless lines."""
    with path.open(encoding="latin-1") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE:
                raise ValueError(f"line {number}: longer than {_LONGEST_LINE} characters")
            if words := line.split():
                yield number, words


def pieces_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """All words in order, with the line on which they stand, however long that is."""
    with path.open(encoding="latin-1") as file:
        number, begun = 1, ""
        while piece := file.readline(_LONGEST_LINE):
            ended = piece[-1].isspace()
            words = (begun + piece).split()
            begun = "" if ended or not words else words.pop()
            if len(begun) > _LONGEST_LINE:
                raise ValueError(f"line {number}: {begun[:40]!r} is not a whole number")
            yield number, words
            number += piece[-1] == "\n"
        yield number, begun.split()


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
