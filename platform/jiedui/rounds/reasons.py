"""Why a household was left out: how many each rule kept from it, and what small change would help."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jiedui.rounds import costs
from jiedui.rounds.candidates import Candidates
from jiedui.rounds.eligibility import AVAILABLE, CAPACITY, DISTANCE, FORBIDDEN, MINORS, OFFERS, RULES, Rule
from jiedui.rounds.people import Ints, Mask, Pairs, Setting
from jiedui_matching import Problem, Solution

MOST_CHANGES = 3
# Pairs judged at once: about 100 MB however many people a round has.
_AT_ONCE = 2**20
# Nobody is asked to go farther than half as far again as the policy allows.
_STRETCH = 1.5
# These two look only at the volunteer and at what is asked for, the others also at the household.
_WHO, _REST = (AVAILABLE, OFFERS), tuple(rule for rule in RULES if rule not in (AVAILABLE, OFFERS))


@dataclass(frozen=True)
class Change:
    """One thing that would let this volunteer (a row) help, while nobody else loses a helper.

    She is kept away by this rule alone; by CAPACITY if all she lacks is one place more. With that out of
    the way for these two, the best plan that pairs them costs `cost` more than the plan.
    """

    rule: Rule
    volunteer: int
    distance_m: int
    cost: int


@dataclass(frozen=True)
class LeftOut:
    """`offering` available volunteers offer something this household (a row) asks for. Each of them is
    counted once: under the first rule that refuses her, or in `taken` if none does and her places went
    to others. `changes` are the best one for each rule, the cheapest first."""

    household: int
    slot: int
    lacking: int
    offering: int
    refused: tuple[tuple[str, int], ...]
    taken: int
    changes: tuple[Change, ...]


class _Found(NamedTuple):
    """Possible changes as columns; `rule` is a place in _REST."""

    household: Ints
    rule: Ints
    volunteer: Ints
    distance_m: Ints
    cost: Ints


def why_left_out(
    candidates: Candidates, solution: Solution, stop: Callable[[], bool] = lambda: False
) -> list[LeftOut]:
    """One answer for every household that lacks a helper, in the order of the households.

    Raises InterruptedError once `stop` says yes.
    """
    short = np.flatnonzero(solution.unassigned > 0)
    rows = candidates.household[short]
    size = len(candidates.setting.households)
    counts = np.zeros((len(_REST), size), dtype=np.int64)
    offering, allowed = np.zeros((2, size), dtype=np.int64)
    coming = _coming(candidates.problem, solution)
    chosen = candidates.chosen(solution)
    found = []
    for pairs in _offering(candidates.setting, rows):
        if stop():
            raise InterruptedError("the reasons were stopped before all were found")
        offering += np.bincount(pairs.household, minlength=size)
        left, against = _refused_at_most_once(pairs, counts)
        allowed += np.bincount(left.household[against < 0], minlength=size)
        new = ~chosen.having(left)
        found.append(_best(left.where(new), against[new], coming, candidates.problem.tier_weight))
    taken = allowed - np.bincount(chosen.household, minlength=size)
    changes = _by_household(found)
    return [
        LeftOut(
            household=row,
            slot=slot,
            lacking=int(solution.unassigned[slot]),
            offering=int(offering[row]),
            refused=tuple((rule.name, int(n)) for rule, n in zip(_REST, counts[:, row], strict=True) if n),
            taken=int(taken[row]),
            changes=tuple(changes.get(row, ())),
        )
        for slot, row in zip(short.tolist(), rows.tolist(), strict=True)
    ]


def _offering(setting: Setting, rows: Ints) -> Iterator[Pairs]:
    """These households with everybody who takes part and offers what they ask for, in portions."""
    everyone = np.arange(len(setting.volunteers))
    for needs in np.unique(setting.needs[rows]):
        alike = rows[setting.needs[rows] == needs]
        pairs = Pairs(setting, np.full(len(everyone), alike[0]), everyone)
        for rule in _WHO:
            pairs = pairs.where(rule.allows(pairs))
        who = pairs.volunteer
        step = max(_AT_ONCE // max(len(who), 1), 1)
        for start in range(0, len(alike), step):
            some = alike[start : start + step]
            yield Pairs(setting, np.repeat(some, len(who)), np.tile(who, len(some)))


def _refused_at_most_once(pairs: Pairs, counts: Ints) -> tuple[Pairs, Ints]:
    """Those kept apart by no rule (-1) or by one that a person could lift; `counts` gains the first each."""
    against = np.full(len(pairs), -1, dtype=np.int64)
    for at, rule in enumerate(_REST):
        fine = rule.allows(pairs)
        first = ~fine & (against < 0)
        counts[at] += np.bincount(pairs.household[first], minlength=counts.shape[1])
        stays = fine | (first & _liftable(rule, pairs))
        pairs, against = pairs.where(stays), np.where(fine, against, at)[stays]
    return pairs, against


def _liftable(rule: Rule, pairs: Pairs) -> Mask:
    if rule is DISTANCE:
        farthest: Mask = pairs.distance_m <= _STRETCH * pairs.setting.pack.eligibility.max_distance_m
        return farthest
    return np.full(len(pairs), rule in (MINORS, FORBIDDEN, CAPACITY))


def _coming(problem: Problem, solution: Solution) -> tuple[Ints, Ints]:
    """What it costs that somebody from outside comes to a volunteer: as she is, and with one place more.

    Either she has a place to fill, at the load of her next household, or somebody moves from her to
    others, which is her price. One place more can always be filled.
    """
    held = problem.held + np.bincount(solution.pair_volunteer, minlength=problem.volunteers)
    next_load = problem.load_step * held
    nobody_to_move = problem.room <= problem.pins
    moving = np.where(nobody_to_move, problem.tier_weight, solution.prices.volunteer)
    filled = np.minimum(next_load, moving)
    return np.where(held < problem.capacity, filled, moving), filled


def _best(pairs: Pairs, against: Ints, coming: tuple[Ints, Ints], tier_weight: int) -> _Found:
    """The cheapest change per household and rule, of those by which nobody loses a helper."""
    one_place = _REST.index(CAPACITY)
    rule = np.where(against < 0, one_place, against)
    as_she_is, one_more = coming
    comes = np.where(rule == one_place, one_more[pairs.volunteer], as_she_is[pairs.volunteer])
    cost = costs.total(pairs) + comes
    # Somebody else's helper would weigh far more than half of one.
    fine = np.flatnonzero(cost < tier_weight // 2)
    order = fine[np.lexsort((cost[fine], rule[fine], pairs.household[fine]))]
    first = np.r_[True, (np.diff(pairs.household[order]) != 0) | (np.diff(rule[order]) != 0)][: len(order)]
    best = order[first]
    return _Found(
        pairs.household[best], rule[best], pairs.volunteer[best], pairs.distance_m[best], cost[best]
    )


def _by_household(found: list[_Found]) -> dict[int, list[Change]]:
    changes: dict[int, list[Change]] = {}
    for portion in found:
        for household, rule, volunteer, distance_m, cost in zip(
            *(column.tolist() for column in portion), strict=True
        ):
            changes.setdefault(household, []).append(Change(_REST[rule], volunteer, distance_m, cost))
    return {
        household: sorted(some, key=lambda one: one.cost)[:MOST_CHANGES]
        for household, some in changes.items()
    }
