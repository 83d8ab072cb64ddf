"""Groups of people whom the rules treat alike, so that one pair can be judged for thousands.

People of a group share every trait that BY_TRAITS rules and cost terms look at; they may differ in where
they live and in whom they know. What `groups` judges only narrows the search for volunteers: every pair
that goes into a plan is judged by all rules itself.
"""

from dataclasses import dataclass

import numpy as np

from jiedui_matching.nearby import NEVER
from jiedui_pairing import costs, rules
from jiedui_pairing.people import NO_LIMIT, Floats, Ints, Mask, Pairs, Setting


@dataclass(frozen=True, eq=False)
class Alike:
    """The group of each household and volunteer; between two groups what a pair costs at least beside the
    way (NEVER if a rule is against all of them), and whether the way may be of any length."""

    household: Ints
    volunteer: Ints
    cost: Ints
    anywhere: Mask


def groups(setting: Setting, rows: Ints) -> Alike:
    """The groups of these households and of all volunteers."""
    first, household = households(setting, rows)
    everyone = np.arange(len(setting.volunteers))
    full = setting.held >= setting.volunteers.capacity
    one, volunteer = grouped(
        setting.offered, setting.unskilled, setting.cleared, setting.volunteers.active, full, of=everyone
    )
    shape = len(first), len(one)
    pairs = Pairs(setting, np.repeat(first, shape[1]), np.tile(one, shape[0]))
    allowed = np.ones(len(pairs), dtype=np.bool_)
    for rule in rules.BY_TRAITS:
        allowed &= rule.allows(pairs)
    cost = np.where(allowed, costs.total(pairs, costs.BY_TRAITS), NEVER)
    anywhere = rules.DISTANCE.allows(pairs.apart(NO_LIMIT))
    return Alike(household, volunteer, cost.reshape(shape), anywhere.reshape(shape))


def households(setting: Setting, rows: Ints) -> tuple[Ints, Ints]:
    """One household of each group of these, and the group of each."""
    return grouped(setting.needs, setting.households.minor, setting.helpers_before > 0, of=rows)


def grouped(*traits: Ints | Floats | Mask, of: Ints) -> tuple[Ints, Ints]:
    """One row of each group of these that share all traits, and the group of each row."""
    _, first, group = np.unique(
        np.stack([trait[of] for trait in traits]), axis=1, return_index=True, return_inverse=True
    )
    return of[first], group.ravel()
