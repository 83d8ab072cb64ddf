"""Why a household was left out: how many volunteers each rule kept from it, and how many went to others."""

from dataclasses import dataclass

import numpy as np

from jiedui.rounds.candidates import Candidates, in_portions
from jiedui.rounds.eligibility import AVAILABLE, OFFERS, RULES
from jiedui_matching import Solution


@dataclass(frozen=True)
class LeftOut:
    """`offering` available volunteers offer something this household (a row) asks for. Each of them is
    counted once: under the first rule that refuses her, or in `taken` if none does and her places went
    to others."""

    household: int
    lacking: int
    offering: int
    refused: tuple[tuple[str, int], ...]
    taken: int


def why_left_out(candidates: Candidates, solution: Solution) -> list[LeftOut]:
    """One answer for every household that lacks a helper, in the order of the households."""
    short = np.flatnonzero(solution.unassigned > 0)
    rows = candidates.household[short]
    size = len(candidates.setting.households)
    counts = {rule.name: np.zeros(size, dtype=np.int64) for rule in RULES}
    offering, allowed = np.zeros((2, size), dtype=np.int64)
    for pairs in in_portions(candidates.setting, rows):
        left = pairs
        for rule in RULES:
            fine = rule.allows(left)
            counts[rule.name] += np.bincount(left.household[~fine], minlength=size)
            left = left.where(fine)
            if rule is OFFERS:
                offering += np.bincount(left.household, minlength=size)
        allowed += np.bincount(left.household, minlength=size)
    taken = allowed - np.bincount(candidates.household[solution.pair_slot], minlength=size)
    named = [rule.name for rule in RULES if rule not in (AVAILABLE, OFFERS)]
    return [
        LeftOut(
            household=int(row),
            lacking=int(solution.unassigned[slot]),
            offering=int(offering[row]),
            refused=tuple((name, int(counts[name][row])) for name in named if counts[name][row]),
            taken=int(taken[row]),
        )
        for slot, row in zip(short.tolist(), rows.tolist(), strict=True)
    ]
