"""What ledgers of people say of each alike: name, identity number, telephone, kinds of support."""

import re
from datetime import date
from typing import Literal

from jiedui.i18n import N_
from jiedui.ledgers import identity, values
from jiedui.ledgers.table import SheetRow
from jiedui_pairing.policy import Pack

NAME_MISSING = N_("name missing")
NAME_WRONG = N_("name is not a name")
MORE_UNKNOWN = N_("word not in the policy's list")
PHONE_MALFORMED = N_("telephone number malformed")

_LONGEST_NAME = 100


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


def more_headers(pack: Pack, of: Literal["households", "volunteers"]) -> dict[str, str]:
    """The headers of what the policy's rules also want to know of these people, and their fields."""
    return {header: f"more:{trait.code}" for trait in pack.more for header in getattr(trait, of)}


def more(row: SheetRow, pack: Pack) -> list[str]:
    """What stands there, as "trait:word"; a word the policy does not list is warned about."""
    found = []
    for trait in pack.more:
        main = {spelling: words[0] for words in trait.words for spelling in words}
        for word in values.items(row[f"more:{trait.code}"]):
            if word in main:
                found.append(f"{trait.code}:{main[word]}")
            else:
                row.warn(f"more:{trait.code}", MORE_UNKNOWN)
    return list(dict.fromkeys(found))
