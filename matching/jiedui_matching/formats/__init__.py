"""Pairing problems in files: which formats there are, and how to tell them apart by their content."""

from codecs import BOM_UTF8
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path

from jiedui_matching.formats.arrays import problem_of_json, problem_of_npz
from jiedui_matching.formats.case import Case
from jiedui_matching.formats.dimacs import read_dimacs_min
from jiedui_matching.formats.orlib import read_orlib_assign
from jiedui_matching.general_flow import FlowNetwork

FORMATS: dict[str, Callable[[BufferedReader], Case | FlowNetwork]] = {
    "json": lambda file: Case(problem_of_json(file)),
    "npz": lambda file: Case(problem_of_npz(file)),
    "orlib-assign": read_orlib_assign,
    "dimacs-min": read_dimacs_min,
}


def read(path: Path, form: str | None = None) -> Case | FlowNetwork:
    """What the file asks: a Problem, or a network that is none; the file may be a pipe.

    Raises ValueError naming the field and index, or the line, that is wrong.
    """
    with path.open("rb") as file:
        return FORMATS[form or _guess(file)](file)


def guess(path: Path) -> str:
    """The format of a file by how it begins; raises ValueError where that says nothing."""
    with path.open("rb") as file:
        return _guess(file)


def _guess(file: BufferedReader) -> str:
    # A pipe cannot be read twice, so its beginning is left where it is.
    start = file.peek(4096).removeprefix(BOM_UTF8)
    first = start.split(maxsplit=1)[:1]
    if start.startswith(b"PK"):
        return "npz"
    if first and first[0].startswith(b"{"):
        return "json"
    if first and (first[0].startswith(b"c") or first[0] == b"p"):
        return "dimacs-min"
    if first and first[0].isdigit():
        return "orlib-assign"
    raise ValueError(f"its beginning shows no known format: choose one of {', '.join(FORMATS)}")


__all__ = ["FORMATS", "Case", "FlowNetwork", "guess", "read"]
