"""Groups of people whom rules and cost terms treat alike, so that one pair can be judged for thousands.

What makes a group follows from what rules and terms say they read. People of a group may still differ in
where they live and in whom they know. What `groups` judges only narrows the search for volunteers: every
pair that goes into a plan is judged by all rules itself, and the plan's proof knows no groups (proof.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jiedui_matching.nearby import NEVER
from jiedui_pairing import costs, rules
from jiedui_pairing.costs import Term
from jiedui_pairing.people import NO_LIMIT, NOBODY, Ints, PairSet, Setting
from jiedui_pairing.rules import Rule
from jiedui_pairing.traits import BY_NAME, HOUSEHOLD, VOLUNTEER, Pairs, column

# Pairs of groups that are judged: 64 MB for what each costs, and as much for how far it may be.
_MOST = 2**23
# Pairs of groups judged at once.
_AT_ONCE = 2**20


@dataclass(frozen=True, eq=False)
class Alike:
    """The group of each household and volunteer; between two groups what a pair of strangers costs at least
    beside the way (NEVER if a rule is against all of them), and how far apart such a pair may live."""

    household: Ints
    volunteer: Ints
    cost: Ints
    limit_m: Ints


def groups(setting: Setting, rows: Ints) -> Alike:
    """The groups of these households and of all volunteers.

    A rule or term is not asked if it wants to know the way, or if its traits would make too many groups:
    then more volunteers are looked at than need be.
    """
    here, there = _Groups(setting, HOUSEHOLD, rows), _everybody(setting)
    asked: list[Rule | Term] = []
    for reader in _readers():
        finer = here.by(reader), there.by(reader)
        if _tells(reader) and len(finer[0].first) * len(finer[1].first) <= _MOST:
            (here, there), asked = finer, [*asked, reader]
    shape = len(here.first), len(there.first)
    cost, limit_m = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    step = max(_AT_ONCE // max(shape[1], 1), 1)
    for start in range(0, shape[0], step):
        some = here.first[start : start + step]
        pairs = Pairs(setting, np.repeat(some, shape[1]), np.tile(there.first, len(some))).strangers()
        for table, answer in zip((cost, limit_m), _judged(pairs, asked), strict=True):
            table[start : start + step] = answer.reshape(-1, shape[1])
    return Alike(here.group, there.group, cost, limit_m)


def households(setting: Setting, rows: Ints) -> tuple[Ints, Ints]:
    """One household of each group of these that all rules and terms treat alike, and the group of each."""
    groups = _Groups(setting, HOUSEHOLD, rows)
    for reader in _readers():
        groups = groups.by(reader)
    return groups.first, groups.group


def named(setting: Setting) -> PairSet:
    """All pairs that some rule or term knows by name."""
    known = NOBODY
    for name in {name for reader in _readers() for name in reader.traits(BY_NAME)}:
        known |= BY_NAME[name](setting)
    return known


class _Groups:
    """One of each group of these people, by its row, and the group of each; at first all are alike."""

    def __init__(self, setting: Setting, side: Mapping[str, Any], rows: Ints) -> None:
        self._setting, self._side, self._rows = setting, side, rows
        self._told: tuple[str, ...] = ()
        self.first, self.group = rows[:1], np.zeros(len(rows), dtype=np.int64)

    def by(self, reader: Rule | Term) -> "_Groups":
        """The groups if this one tells people apart as well."""
        new = [name for name in reader.traits(self._side) if name not in self._told]
        if not new:
            return self
        finer = _Groups(self._setting, self._side, self._rows)
        finer._told, group = (*self._told, *new), self.group
        for name in new:
            values, place = np.unique(column(self._setting, name)[self._rows], return_inverse=True)
            _, first, group = np.unique(group * len(values) + place, return_index=True, return_inverse=True)
            finer.first, finer.group = self._rows[first], group
        return finer


def _readers() -> tuple[Rule | Term, ...]:
    return *rules.RULES, *costs.TERMS


def _tells(reader: Rule | Term) -> bool:
    """Whether its answer is known before two are measured."""
    return not reader.reads_way or (isinstance(reader, Rule) and reader.farthest is not None)


def _judged(pairs: Pairs, asked: Iterable[Rule | Term]) -> tuple[Ints, Ints]:
    """What each pair costs beside the way, and how far apart it may be."""
    allowed = np.ones(len(pairs), dtype=np.bool_)
    cost, limit_m = np.zeros(len(pairs), dtype=np.int64), np.full(len(pairs), NO_LIMIT)
    for one in asked:
        if isinstance(one, Term):
            cost += one.cost(pairs)
        elif one.reads_way:
            limit_m = np.minimum(limit_m, one.reach(pairs))
        else:
            allowed &= one.allowed(pairs)
    return np.where(allowed, cost, NEVER), limit_m


def _everybody(setting: Setting) -> _Groups:
    return _Groups(setting, VOLUNTEER, np.arange(len(setting.volunteers)))
