"""Forms: typed values out of what a browser sends, or every mistake at its field and nothing typed lost."""

import dataclasses
import math
import re
import types
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from jiedui.errors import DomainError, Refused
from jiedui.i18n import N_
from jiedui.web.asked import LARGEST, in_calendar
from jiedui.web.body import Fields, fields_of

T = TypeVar("T")

_WIDE = {
    wide: wide - 0xFEE0 for wide in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_WIDE |= {ord(wide): plain for wide, plain in zip("＋－．／＠＿　", "+-./@_ ", strict=True)}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_BOOLEANS = {
    "on": True,
    "yes": True,
    "true": True,
    "1": True,
    "off": False,
    "no": False,
    "false": False,
    "0": False,
}
_LISTS = (list, set, frozenset, tuple)


@dataclasses.dataclass
class Form(Generic[T]):
    """What was typed, what it means (`value`) and what is wrong with it (`errors`, by field)."""

    typed: Mapping[str, list[str]]
    errors: dict[str, DomainError]
    _value: T | None = None

    @property
    def value(self) -> T:
        """The typed values; ask only when there are no errors."""
        if self._value is None:
            raise LookupError("a form with errors has no value")
        return self._value

    @property
    def ok(self) -> bool:
        """Whether every field was understood."""
        return not self.errors

    @property
    def status(self) -> int:
        """The status of the page that shows this form."""
        return 422 if self.errors else 200

    def refuse(self, error: DomainError) -> None:
        """Add what the service refused; without a field it stands above the form."""
        self.errors[getattr(error, "field", None) or ""] = error

    def text(self, name: str) -> str:
        """What stands in a field."""
        return next(iter(self.typed.get(name, [])), "")

    def chosen(self, name: str, option: object) -> bool:
        """Whether an option is ticked or selected."""
        return str(option) in self.typed.get(name, [])

    def error(self, name: str) -> DomainError | None:
        """What is wrong with a field."""
        return self.errors.get(name)


def blank(**values: Any) -> "Form[Any]":
    """A form before anything was sent, with what is already known filled in."""
    typed = {
        name: [str(one) for one in (value if isinstance(value, _LISTS) else [value])]
        for name, value in values.items()
        if value is not None and value is not False
    }
    return Form(typed={name: ["on"] if v == ["True"] else v for name, v in typed.items()}, errors={})


async def read_form(request: Request[Any, Any, Any], kind: type[T]) -> Form[T]:
    """The request's form as a msgspec Struct; all fields are looked at, not only up to the first mistake."""
    return understand(await fields_of(request), kind)


def understand(fields: Fields, kind: type[T]) -> Form[T]:
    """The same for fields that were read before."""
    typed = {
        name: [value for value in values if isinstance(value, str)]
        for name, values in fields.items()
        if not name.startswith("_")
    }
    form: Form[T] = Form(typed=typed, errors={})
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):  # type: ignore[arg-type]
        many, plain = shape(field.type)
        given = [
            clean for value in fields.get(field.encode_name, []) if (clean := _clean(value, plain)) != ""
        ]
        if not given and (not field.required):
            continue
        if not given and not many:
            form.errors[field.encode_name] = Refused(N_("Please fill this in."), field=field.encode_name)
            continue
        try:
            values[field.name] = _convert(given if many else given[-1], field.type, plain)
        except msgspec.ValidationError as error:
            form.errors[field.encode_name] = _explain(str(error), field.encode_name, many=many)
    if form.ok:
        try:
            form._value = kind(**values)
        except Refused as error:  # raised by the Struct's own __post_init__, for rules between fields
            form.refuse(error)
    return form


def shape(kind: Any) -> tuple[bool, Any]:
    """Whether a field takes several values, and the plain type of one."""
    if hasattr(kind, "__metadata__"):
        return shape(kind.__origin__)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return shape(next(part for part in get_args(kind) if part is not type(None)))
    if origin in _LISTS or kind in _LISTS:
        inner = get_args(kind)
        return True, shape(inner[0])[1] if inner else str
    return False, kind


def _clean(value: str | UploadFile, plain: Any) -> Any:
    if isinstance(value, UploadFile):
        return value
    if plain is str:  # full-width digits and letters become plain, Chinese punctuation stays as written
        text = unicodedata.normalize("NFC", value.translate(_WIDE))
    else:
        text = unicodedata.normalize("NFKC", value)
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()


def _convert(given: Any, kind: Any, plain: Any) -> Any:
    if plain is UploadFile:
        if not isinstance(given, UploadFile):
            raise msgspec.ValidationError("Expected `file`")
        return given
    if plain is bool:
        if given.casefold() not in _BOOLEANS:
            raise msgspec.ValidationError("Expected `bool`")
        return _BOOLEANS[given.casefold()]
    if plain in (int, float) and isinstance(given, str):
        given = given.replace(",", "")
    meant = msgspec.convert(given, kind, strict=False)
    for value in meant if isinstance(meant, _LISTS) else [meant]:
        _check_reach(value)
    return meant


def _check_reach(value: Any) -> None:
    """No day, no number that is valid as such and too far away for any rule or column."""
    if isinstance(value, date) and not in_calendar(value):
        raise msgspec.ValidationError("beyond the calendar")
    if isinstance(value, float) and not math.isfinite(value):
        raise msgspec.ValidationError("Expected `float`")
    if isinstance(value, int | float) and abs(value) > LARGEST:
        raise msgspec.ValidationError("beyond all numbers")


_EXPLANATIONS = (
    (r"of length >= 1$", N_("Please choose at least one.")),
    (r"`(array|set|tuple)` of length >= (?P<n>\d+)", N_("Please choose at least {n}.")),
    (r"`(array|set|tuple)` of length <= (?P<n>\d+)", N_("Please choose at most {n}.")),
    (r"`str` of length >= (?P<n>\d+)", N_("Please write at least {n} characters.")),
    (r"`str` of length <= (?P<n>\d+)", N_("Please write at most {n} characters.")),
    (r">= (?P<n>[\d.]+)", N_("Please write {n} or more.")),
    (r"> (?P<n>[\d.]+)", N_("Please write more than {n}.")),
    (r"<= (?P<n>[\d.]+)", N_("Please write {n} or less.")),
    (r"< (?P<n>[\d.]+)", N_("Please write less than {n}.")),
    (r"`int`|integer", N_("Please write a whole number.")),
    (r"`float`|`decimal`", N_("Please write a number.")),
    (r"RFC3339|ISO8601|date", N_("Please write the date like this: 2026-06-01.")),
    (r"beyond all numbers", N_("This number is too large.")),
    (r"beyond the calendar", N_("Please write a day between 1900 and 2100.")),
    (r"enum|UUID|`bool`", N_("Please choose one of the options.")),
    (r"`file`", N_("Please choose a file.")),
)


def _explain(error: str, field: str, *, many: bool) -> Refused:
    for pattern, msgid in _EXPLANATIONS:
        found = re.search(pattern, error)
        if found and not (pattern.startswith("of length") and not many):
            return Refused(msgid, field=field, **found.groupdict())
    return Refused(N_("Please look at this again: it is not understood."), field=field)
