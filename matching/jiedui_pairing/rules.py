"""Who may be paired with whom: one named object per rule, with the words it refuses in.

A new rule is one object here, its place in RULES and in BY_TRAITS or BY_NAME, and one test from both sides.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jiedui_pairing.people import Mask, Pairs, PairSet, Setting, kinds_mask
from jiedui_pairing.texts import N_


@dataclass(frozen=True)
class Rule:
    """`refuses` speaks of one volunteer, `counts` of `{n}` volunteers it keeps from a household."""

    name: str
    refuses: str
    counts: str
    allows: Callable[[Pairs], Mask]


def _available(pairs: Pairs) -> Mask:
    active: Mask = pairs.setting.volunteers.active[pairs.volunteer]
    return active


def _offers(pairs: Pairs) -> Mask:
    some: Mask = pairs.common != 0
    return some


def _minors(pairs: Pairs) -> Mask:
    setting = pairs.setting
    fine: Mask = ~setting.households.minor[pairs.household] | setting.cleared[pairs.volunteer]
    return fine


def _distance(pairs: Pairs) -> Mask:
    policy = pairs.setting.pack.eligibility
    near: Mask = pairs.distance_m <= pairs.setting.reach_m[pairs.volunteer]
    if not policy.remote_kinds:
        return near
    remote = kinds_mask(pairs.setting.pack, policy.remote_kinds)
    by_telephone: Mask = (pairs.common != 0) & (pairs.common & ~remote == 0)
    return near | by_telephone


def _never_again(pairs: Pairs) -> Mask:
    return ~pairs.setting.never_again.having(pairs)


def _same_person(pairs: Pairs) -> Mask:
    return ~pairs.setting.same_person.having(pairs)


def _forbidden(pairs: Pairs) -> Mask:
    return ~pairs.setting.forbidden.having(pairs)


def _already(pairs: Pairs) -> Mask:
    return ~pairs.setting.running.having(pairs)


def _capacity(pairs: Pairs) -> Mask:
    free: Mask = pairs.setting.held < pairs.setting.volunteers.capacity
    return free[pairs.volunteer]


AVAILABLE = Rule(
    "available",
    N_("This volunteer is not vetted yet, is taking a break or has left."),
    N_("{n} are not vetted yet, taking a break or gone"),
    _available,
)
OFFERS = Rule(
    "offers",
    N_("This volunteer offers nothing this family asks for, or lacks the skill it requires."),
    N_("{n} offer something else or lack the required skill"),
    _offers,
)
MINORS = Rule(
    "minors",
    N_("A child lives here, and this volunteer has no record check in date or no training yet."),
    N_("{n} are not cleared to meet children"),
    _minors,
)
DISTANCE = Rule(
    "distance",
    N_("The two villages are too far apart, or farther than this volunteer can go."),
    N_("{n} live too far away"),
    _distance,
)
NEVER_AGAIN = Rule(
    "never_again",
    N_("These two have asked, or been asked, not to be paired again."),
    N_("{n} are not to be paired with this family again"),
    _never_again,
)
SAME_PERSON = Rule(
    "same_person",
    N_("This volunteer and this family share an identity number or a telephone number."),
    N_("{n} share an identity or telephone number with this family"),
    _same_person,
)
FORBIDDEN = Rule(
    "forbidden",
    N_("A coordinator has ruled this pair out for this round."),
    N_("{n} were ruled out by a coordinator"),
    _forbidden,
)
ALREADY = Rule(
    "already",
    N_("These two are paired already."),
    N_("{n} are paired with this family already"),
    _already,
)
CAPACITY = Rule(
    "capacity",
    N_("This volunteer looks after as many families as she can."),
    N_("{n} have no free place"),
    _capacity,
)

# Cheap rules first: the distance is worked out only for pairs that are still possible.
RULES = (
    AVAILABLE, OFFERS, MINORS, DISTANCE, NEVER_AGAIN, SAME_PERSON, FORBIDDEN, ALREADY, CAPACITY,
)  # fmt: skip
# What these ask is answered alike for all who share the traits named in alike.py.
BY_TRAITS = (AVAILABLE, OFFERS, MINORS, CAPACITY)
# These refuse only pairs that are known by name, see `named`.
BY_NAME = (NEVER_AGAIN, SAME_PERSON, FORBIDDEN, ALREADY)


def named(setting: Setting) -> PairSet:
    """All pairs that a rule of BY_NAME refuses."""
    return setting.never_again | setting.same_person | setting.forbidden | setting.running


def eligible(pairs: Pairs) -> Pairs:
    """The pairs that every rule allows."""
    for rule in RULES:
        pairs = pairs.where(rule.allows(pairs))
    return pairs


def refusals(setting: Setting, household: int, volunteer: int) -> list[Rule]:
    """Every rule that speaks against this one pair; none means it may be."""
    pair = Pairs(setting, np.array([household]), np.array([volunteer]))
    return [rule for rule in RULES if not rule.allows(pair)[0]]
