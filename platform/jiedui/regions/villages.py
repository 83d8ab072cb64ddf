"""Finds the village that a row of a ledger means by the words its people use."""

import asyncio
import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from jiedui.actor import Actor, significant
from jiedui.clock import today
from jiedui.i18n import N_
from jiedui.ledgers.header import Profile
from jiedui.ledgers.ledger import Read
from jiedui.ledgers.report import Reading
from jiedui.ledgers.table import SheetRow
from jiedui.ledgers.values import clean, normal
from jiedui.ledgers.words import Hint
from jiedui.policies.force import in_force
from jiedui.regions import codes
from jiedui.regions.lists import tree_of
from jiedui.regions.tables import Region

VILLAGE_UNKNOWN = N_("village not found in its township")
NEAR_NAMES = N_("Similar names there: {names}")
HINTS = {
    VILLAGE_UNKNOWN: Hint(
        N_("Is a village missing from the list of regions? Have it completed, then read the file again."),
        "/regions",
        N_("To the regions"),
    )
}
_NO_VILLAGES = Hint(
    N_("Your area has no regions yet, so no village can be found."), "/regions", N_("To the regions")
)
_COUNTY_DIGITS = 6


class VillageIndex:
    """Finds a village by its township's name and its own (回龙村 for 回龙村村民委员会)."""

    def __init__(self, regions: Iterable[tuple[str, str, str]]) -> None:
        """`regions` are (code, name, level); counties among them make prefixes (丰都县三元镇) understood."""
        self._townships: dict[str, set[str]] = defaultdict(set)
        self._villages: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._names: dict[str, list[str]] = defaultdict(list)
        self._above: list[str] = []
        for code, name, level in regions:
            if level == "village":
                for form in _village_forms(name):
                    self._villages[codes.township(code)][form].add(code)
                self._names[codes.township(code)].append(_village_forms(name)[0])
            elif level == "township":
                for form in _township_forms(name):
                    self._townships[form].add(code)
            else:
                self._above.append(name)

    def find(self, township: str, village: str) -> str | None:
        """The village's code; None for none or several. Without a township the name must be unique."""
        wanted = self._townships_named(township) if township.strip() else set(self._villages)
        for form in self._forms_in(township, village):
            found = {code for t in wanted for code in self._villages.get(t, {}).get(form, ())}
            if found:
                return found.pop() if len(found) == 1 else None
        return None

    def is_township(self, name: str) -> bool:
        """Whether exactly one township is called so."""
        return len(self._townships_named(name)) == 1

    def near(self, township: str, village: str) -> list[str]:
        """Villages of the township whose names look alike, for a hint; none if the township is not known."""
        names = [name for t in sorted(self._townships_named(township)) for name in self._names.get(t, ())]
        return difflib.get_close_matches(_village_forms(village)[0], names, n=3, cutoff=0.5)

    def _townships_named(self, text: str) -> set[str]:
        forms = _township_forms(self._without_county(text))
        return next((self._townships[form] for form in forms if form in self._townships), set())

    def _forms_in(self, township: str, village: str) -> list[str]:
        bare = self._without_county(village)
        return _village_forms(bare.removeprefix(self._without_county(township)) or bare)

    def _without_county(self, text: str) -> str:
        bare = normal(text).replace(" ", "")
        for name in self._above:
            bare = bare.removeprefix(name)
        return bare


_COMMITTEES = {"村民委员会": "村", "村委会": "村", "居民委员会": "社区", "居委会": "社区"}
_GROUP = re.compile(r"(?<=.)第?[0-9一二三四五六七八九十]+(?:村民小组|小组|组|社|队|屯)$")
_OFFICE = re.compile(r"(人民政府|办事处|政府)$")
_TOWNSHIP_ENDING = re.compile(r"(?<=..)(?:街道|镇|(?:\w{1,4}族)?乡)$")
_VILLAGE_ENDING = re.compile(r"(?<=.)(?:社区|村)$")


def _village_forms(name: str) -> list[str]:
    """The full name, then the bare one: 回龙村 and 回龙社区 may be neighbours, so the full one goes first."""
    full = _GROUP.sub("", normal(name).replace(" ", ""))
    for committee, ending in _COMMITTEES.items():
        if full.endswith(committee):
            full = full.removesuffix(committee).removesuffix(ending) + ending
    bare = _VILLAGE_ENDING.sub("", full)
    return [full] if bare == full else [full, bare]


def _township_forms(name: str) -> list[str]:
    full = _OFFICE.sub("", normal(name).replace(" ", ""))
    bare = _TOWNSHIP_ENDING.sub("", full)
    return [full] if bare == full else [full, bare]


async def villages_around(actor: Actor) -> VillageIndex:
    """The regions a ledger may name: all of the county, so that a neighbour's village is known as such."""
    home = significant(actor.region_code)[:_COUNTY_DIGITS]
    rows = await Region.select(Region.code, Region.name, Region.level).where(Region.code.like(home + "%"))
    return VillageIndex((row["code"], row["name"], row["level"]) for row in rows)


def village(row: SheetRow, villages: VillageIndex) -> str:
    """The code of the village; a sheet named as a township stands in for the column. Raises RejectedRow."""
    township, named = clean(row["township"]), clean(row["village"])
    if not township and villages.is_township(row.sheet):
        township = row.sheet
    code = villages.find(township, named) if named else None
    if code is None:
        near = villages.near(township, named) if named else []
        row.reject("village", VILLAGE_UNKNOWN, NEAR_NAMES if near else "", names="、".join(near))
    return code


async def nothing_to_find(actor: Actor) -> Hint | None:
    """What to do first where no village can be found, because there is none."""
    return None if (await tree_of(actor)).villages else _NO_VILLAGES


def with_villages(read: Callable[..., Reading[Any]]) -> Read:
    """A reader of people's rows as a ledger offers it: with the villages of whoever sends the file."""

    async def read_file(
        actor: Actor,
        path: Path,
        *,
        mapping: Mapping[str, str],
        others: Sequence[Profile],
        now: datetime,
    ) -> Reading[Any]:
        villages = await villages_around(actor)
        reading = partial(read, path, villages, in_force(), on=today(now), mapping=mapping, others=others)
        return await asyncio.to_thread(reading)

    return read_file
