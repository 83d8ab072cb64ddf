"""What ledgers of people say of each alike: name, identity number, telephone, kinds of support."""

import re
from collections.abc import Sequence
from datetime import date

from jiedui.i18n import N_
from jiedui.ledgers import identity, values
from jiedui.ledgers.saving import Facts
from jiedui.ledgers.table import SheetRow
from jiedui_pairing.policy import MoreTrait, Pack

NAME_MISSING = N_("name missing")
NAME_WRONG = N_("name is not a name")
MORE_UNKNOWN = N_("word not in the policy's list")
PHONE_MALFORMED = N_("telephone number malformed")

_LONGEST_NAME = 100
_MORE = "more:"
_UNREAD = "?"


def name(row: SheetRow) -> str:
    """The person's name. Raises RejectedRow without one."""
    if values.blank(row["name"]):
        row.reject("name", NAME_MISSING)
    read = row.require("name", values.person_name, NAME_WRONG)
    return read if len(read) <= _LONGEST_NAME else row.reject("name", NAME_WRONG)


def identity_number(row: SheetRow, on: date) -> str:
    """The checked identity number. Raises RejectedRow with the first thing that is wrong about it."""
    fault = identity.fault(row["identity_number"], on)
    if fault is not None:
        row.reject("identity_number", fault)
    return identity.identity_number(row["identity_number"])


def phone(row: SheetRow) -> str | None:
    """The telephone number, or None: then a warning says so unless there is none to read."""
    return None if values.nothing(row["phone"]) else row.read("phone", values.phone, PHONE_MALFORMED)


def kinds(row: SheetRow, field: str, pack: Pack, unknown: str) -> list[str]:
    """The codes of the kinds of support named, in order; a word the catalogue lacks is `unknown`."""
    found = []
    for word in values.items(row[field]):
        code = pack.kind_code(word) or pack.kind_code(re.sub(r"[(\[].*$", "", word))
        if code is None:
            row.warn(field, unknown)
        else:
            found.append(code)
    return list(dict.fromkeys(found))


def more_headers(pack: Pack, of: str) -> dict[str, str]:
    """The headers of what the policy's rules also want to know of these people, and their fields."""
    return {header: f"{_MORE}{trait.code}" for trait in pack.more for header in getattr(trait, of)}


def more(row: SheetRow, pack: Pack) -> dict[str, list[str]]:
    """What stands there, by field; a word the policy does not list is warned about, and kept as not read.

    A ledger without the column says nothing of it, and so changes nothing.
    """
    said: dict[str, list[str]] = {}
    for trait in pack.more:
        field = f"{_MORE}{trait.code}"
        if row.has(field):
            said[field] = list(
                dict.fromkeys(_main(row, field, trait, word) for word in values.items(row[field]))
            )
    return said


def _main(row: SheetRow, field: str, trait: MoreTrait, word: str) -> str:
    main = trait.main(word)
    if main is None:
        row.warn(field, MORE_UNKNOWN)
    return main or _UNREAD


def more_in(column: Sequence[str]) -> Facts:
    """The same of somebody who is already there, out of the column that keeps it as "trait:word"."""
    said: Facts = {}
    for trait, _, word in (kept.partition(":") for kept in column):
        said.setdefault(f"{_MORE}{trait}", []).append(word)
    return said


def more_column(facts: Facts) -> list[str]:
    """And back into that column."""
    return [
        f"{field.removeprefix(_MORE)}:{word}"
        for field, words in facts.items()
        if is_more(field)
        for word in words
    ]


def is_more(field: str) -> bool:
    """Whether a fact of somebody is one of these: what it says may be as private as an illness."""
    return field.startswith(_MORE)


def more_names(pack: Pack, of: str) -> dict[str, str]:
    """What people call these fields."""
    return {f"{_MORE}{trait.code}": trait.header(of) for trait in pack.more}
