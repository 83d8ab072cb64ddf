"""A Problem as JSON, for people and other languages, or as npz, for large ones: the same both ways."""

import json
import lzma
import math
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from jiedui_matching.formats.lines import LARGEST
from jiedui_matching.problem import LIMIT, Ints, Problem

FIELDS = tuple(field.name for field in fields(Problem))
_NUMBERS = ("load_step", "tier_weight")
_OPTIONAL = (*_NUMBERS, "pinned")

# While JSON is read, an empty list takes twenty times its characters, a number six times.
_LARGEST_JSON = 2**27

# What unpacking a damaged archive may raise.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)

# Python refuses to read longer numbers, for they take very long.
_MOST_DIGITS = 4000


def write_json(problem: Problem, path: Path) -> None:
    """All fields by name, the weight of a tier included, so that nothing is worked out twice."""
    values = {name: getattr(problem, name) for name in FIELDS}
    plain = {name: value.tolist() if name not in _NUMBERS else value for name, value in values.items()}
    path.write_text(json.dumps(plain) + "\n", encoding="utf-8")


def write_npz(problem: Problem, path: Path) -> None:
    """All fields by name."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: np.asarray(getattr(problem, name)) for name in FIELDS})


def read_json(path: Path) -> Problem:
    """The Problem in the file; raises ValueError naming the field and the first wrong index."""
    with path.open("rb") as file:
        return problem_of_json(file)


def read_npz(path: Path) -> Problem:
    """The Problem in the file; nothing is unpacked before its size is known.

    Raises ValueError naming the field and the first wrong index.
    """
    with path.open("rb") as file:
        return problem_of_npz(file)


def problem_of_json(file: BinaryIO) -> Problem:
    """As `read_json`, of a file that is open."""
    given = _object(file)
    _check_names(set(given))
    return Problem(**{name: _field(name, value) for name, value in given.items()})


def problem_of_npz(file: BinaryIO) -> Problem:
    """As `read_npz`, of a file that is open."""
    # A pipe cannot be read from its end, and a device may have none.
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise ValueError("npz cannot be read from a pipe or a device: give it as a file")
    try:
        with zipfile.ZipFile(file) as archive:
            names = [member.filename.removesuffix(".npy") for member in archive.infolist()]
            _check_names(set(names))
            _check_once(names)
            arrays: dict[str, Any] = {}
            for member, name in zip(archive.infolist(), names, strict=True):
                with archive.open(member) as packed:
                    arrays[name] = _array(name, packed)  # type: ignore[arg-type]  # read() is all it needs
    except _DAMAGED as error:
        raise ValueError(f"not a readable npz file: {error}") from error
    for name in _NUMBERS:
        if name in arrays:
            if arrays[name].shape:
                raise ValueError(f"{name} has {arrays[name].ndim} dimensions: it must be one whole number")
            arrays[name] = arrays[name].item()
    return Problem(**arrays)


def read_object(path: Path) -> dict[str, Any]:
    """The one JSON object in the file; raises ValueError if it is anything else, or too large."""
    with path.open("rb") as file:
        return _object(file)


def shown(value: Any) -> str:
    """A value from JSON as it may stand in a sentence."""
    try:
        return json.dumps(value)[:40]
    except RecursionError:
        return "nested too deeply"


def whole_list(name: str, values: Any) -> Ints:
    """A JSON list of whole numbers; raises ValueError naming the first that is none."""
    if not isinstance(values, list):
        raise ValueError(f"{name} must be a list of whole numbers")
    if not set(map(type, values)) <= {int}:
        at = next(at for at, value in enumerate(values) if type(value) is not int)
        raise ValueError(f"{name}[{at}] is {shown(values[at])}: whole numbers only")
    if values and not -LIMIT < min(values) <= max(values) < LIMIT:
        at = next(at for at, value in enumerate(values) if not -LIMIT < value < LIMIT)
        raise ValueError(f"{name}[{at}] is too large: numbers must stay below 2^62")
    return np.array(values, dtype=np.int64)


def _number(word: str) -> int | str:
    """A number that is too long stays a word, to be refused with its field and index."""
    return int(word) if len(word) <= _MOST_DIGITS else word


class _Twice(ValueError):
    """A name that stands twice in one object or archive."""


def _object(file: BinaryIO) -> dict[str, Any]:
    # The size of a pipe is not known before it is read.
    content = file.read(_LARGEST_JSON + 1)
    if len(content) > _LARGEST_JSON:
        raise ValueError(f"larger than {_LARGEST_JSON} bytes: give it as npz")
    try:
        given = json.loads(content, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("nested too deeply to be a pairing") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not text in UTF-8 at byte {error.start}") from None
    except (json.JSONDecodeError, _Twice):
        raise
    except ValueError:
        # A number too long to be read.
        given = json.loads(content, object_pairs_hook=_once, parse_int=_number)
    if not isinstance(given, dict):
        raise ValueError("must hold one JSON object")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    given = dict(pairs)
    if len(given) < len(pairs):
        _check_once(name for name, _ in pairs)
    return given


def _check_once(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise _Twice(f"{name[:40]} stands there twice")
        seen.add(name)


def _check_names(names: set[str]) -> None:
    for name in FIELDS:
        if name not in names and name not in _OPTIONAL:
            raise ValueError(f"{name} is missing")
    if unknown := sorted(names - set(FIELDS)):
        raise ValueError(f"{unknown[0][:40]!r} is no field: there are {', '.join(FIELDS)}")


def _field(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return int(whole_list(name, [value])[0])
    if name != "pinned":
        return whole_list(name, value)
    if not isinstance(value, list):
        raise ValueError("pinned must be a list of true and false")
    for at, mark in enumerate(value):
        if type(mark) is not bool:
            raise ValueError(f"pinned[{at}] is {shown(mark)}: true or false only")
    return np.array(value, dtype=np.bool_)


def _array(name: str, file: BinaryIO) -> np.ndarray[Any, Any]:
    """The header is read by itself first: it may announce more than any memory holds."""
    try:
        # Later versions only allow longer headers, and no Problem needs one.
        if npy.read_magic(file) != (1, 0):
            raise ValueError("another version than 1.0")
        shape, _, dtype = npy.read_array_header_1_0(file)
    except (ValueError, SyntaxError, TokenError, RecursionError, MemoryError) as error:
        raise ValueError(f"{name} has no header that can be read: {str(error)[:80]}") from None
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"{name} has the shape {shape}: sizes are whole numbers, not negative")
    entries = math.prod(shape)
    if entries > LARGEST:
        raise ValueError(f"{name} has {entries} entries: there can be {LARGEST}")
    if dtype.kind not in "iufb" or dtype.itemsize > 8:
        raise ValueError(f"{name} holds {dtype}: it must be whole numbers")
    data = file.read(entries * dtype.itemsize)
    if len(data) < entries * dtype.itemsize:
        raise ValueError(f"{name} is cut short")
    flat = np.frombuffer(data, dtype=dtype)
    return flat if len(shape) == 1 else flat.reshape(shape)
