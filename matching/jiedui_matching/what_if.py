"""What a change would mean: coverage, cost, whoever is worst off, and everybody who moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from jiedui_matching.plan_state import Pairs, PlanState
from jiedui_matching.problem import Ints
from jiedui_matching.solution import cost_of_pairs, uncovered_by_tier


@dataclass(frozen=True)
class Difference:
    """By how much the plan's weight and its cost would rise, and what it is like before and after.

    `uncovered` counts helpers lacking by tier; `dearest` is the pair whose arc costs most, as (slot,
    volunteer, cost), None without any pair. `moved` lists whose helpers change, by slot, as (slot,
    volunteer before, volunteer after), where -1 is nobody.
    """

    weight: int
    cost: int
    uncovered_before: Mapping[int, int]
    uncovered_after: Mapping[int, int]
    dearest_before: tuple[int, int, int] | None
    dearest_after: tuple[int, int, int] | None
    moved: Sequence[tuple[int, int, int]]


def difference(before: PlanState, after: PlanState) -> Difference:
    """Between a plan and what it became."""
    first, then = before.pairs(), after.pairs()
    lacking, lacking_then = _uncovered(before, first), _uncovered(after, then)
    cost = _cost(after, then) - _cost(before, first)
    tiers = sum(t * count for t, count in lacking_then.items()) - sum(
        t * count for t, count in lacking.items()
    )
    return Difference(
        weight=cost + before.tier_weight * tiers,
        cost=cost,
        uncovered_before=lacking,
        uncovered_after=lacking_then,
        dearest_before=_dearest(first),
        dearest_after=_dearest(then),
        moved=_moved(first, then),
    )


def _uncovered(now: PlanState, pairs: Pairs) -> dict[int, int]:
    lacking = now.wanted[: now.slots] - np.bincount(pairs.slot, minlength=now.slots)
    return uncovered_by_tier(now.tier[: now.slots], lacking)


def _cost(now: PlanState, pairs: Pairs) -> int:
    return cost_of_pairs(pairs.volunteer, pairs.cost, now.held, int(now.network.step))


def _dearest(pairs: Pairs) -> tuple[int, int, int] | None:
    if not len(pairs.cost):
        return None
    at = int(np.argmax(pairs.cost))
    return int(pairs.slot[at]), int(pairs.volunteer[at]), int(pairs.cost[at])


def _moved(before: Pairs, after: Pairs) -> list[tuple[int, int, int]]:
    people = 1 + int(max(before.volunteer.max(initial=0), after.volunteer.max(initial=0)))
    had, has = (pairs.slot * people + pairs.volunteer for pairs in (before, after))
    left, taken = (
        _by_slot(np.setdiff1d(one, other, assume_unique=True), people)
        for one, other in ((had, has), (has, had))
    )
    return [
        (slot, until, then)
        for slot in sorted(left.keys() | taken.keys())
        for until, then in zip_longest(left.get(slot, ()), taken.get(slot, ()), fillvalue=-1)
    ]


def _by_slot(keys: Ints, people: int) -> dict[int, list[int]]:
    volunteers: dict[int, list[int]] = {}
    for slot, volunteer in zip(*(end.tolist() for end in np.divmod(keys, people)), strict=True):
        volunteers.setdefault(slot, []).append(volunteer)
    return volunteers
