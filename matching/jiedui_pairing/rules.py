"""Who may be paired with whom: one named object per rule, with what it reads and the words it refuses in.

A new rule is one object here, its place in RULES and one test from both sides; what it reads and nobody read
before is one line in traits.py. Everything else follows from `reads`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jiedui_pairing.people import NO_LIMIT, Ints, Mask, Setting, kinds_mask
from jiedui_pairing.texts import N_
from jiedui_pairing.traits import WAY, Pairs, Reader, Seen


@dataclass(frozen=True)
class Rule(Reader):
    """`refuses` speaks of one volunteer, `counts` of `{n}` volunteers it keeps from a household.

    A rule of the way that only says how far at most also gives those metres, `farthest` (NO_LIMIT if any):
    then people need not be measured one by one.
    """

    refuses: str
    counts: str
    allows: Callable[[Seen], Mask]
    farthest: Callable[[Seen], Ints] | None = None

    def allowed(self, pairs: Pairs) -> Mask:
        """Which of the pairs may be. Raises UndeclaredError if it reads more than it says."""
        return self.whole(pairs, self.allows(self.seen(pairs)), np.bool_)

    def reach(self, pairs: Pairs) -> Ints:
        """How far apart each pair may live, whatever the way between them is."""
        if self.farthest is None:
            raise ValueError(f"{self.name} says nothing of how far at most")
        return self.whole(pairs, self.farthest(self.seen(pairs, but=WAY)), np.int64)


def _farthest(seen: Seen) -> Ints:
    reach: Ints = seen.reach_m
    if not seen.pack.eligibility.remote_kinds:
        return reach
    remote = kinds_mask(seen.pack, seen.pack.eligibility.remote_kinds)
    by_telephone = (seen.common != 0) & (seen.common & ~remote == 0)
    return np.where(by_telephone, NO_LIMIT, reach)


AVAILABLE = Rule(
    "available",
    reads=("active",),
    refuses=N_("This volunteer is not vetted yet, is taking a break or has left."),
    counts=N_("{n} are not vetted yet, taking a break or gone"),
    allows=lambda seen: seen.active,
)
OFFERS = Rule(
    "offers",
    reads=("common",),
    refuses=N_("This volunteer offers nothing this family asks for, or lacks the skill it requires."),
    counts=N_("{n} offer something else or lack the required skill"),
    allows=lambda seen: seen.common != 0,
)
MINORS = Rule(
    "minors",
    reads=("minor", "cleared"),
    refuses=N_("A child lives here, and this volunteer has no record check in date or no training yet."),
    counts=N_("{n} are not cleared to meet children"),
    allows=lambda seen: ~seen.minor | seen.cleared,
)
DISTANCE = Rule(
    "distance",
    reads=(WAY, "reach_m", "common"),
    refuses=N_("The two villages are too far apart, or farther than this volunteer can go."),
    counts=N_("{n} live too far away"),
    allows=lambda seen: seen.distance_m <= _farthest(seen),
    farthest=_farthest,
)
NEVER_AGAIN = Rule(
    "never_again",
    reads=("never_again",),
    refuses=N_("These two have asked, or been asked, not to be paired again."),
    counts=N_("{n} are not to be paired with this family again"),
    allows=lambda seen: ~seen.never_again,
)
SAME_PERSON = Rule(
    "same_person",
    reads=("same_person",),
    refuses=N_("This volunteer and this family share an identity number or a telephone number."),
    counts=N_("{n} share an identity or telephone number with this family"),
    allows=lambda seen: ~seen.same_person,
)
FORBIDDEN = Rule(
    "forbidden",
    reads=("forbidden",),
    refuses=N_("A coordinator has ruled this pair out for this round."),
    counts=N_("{n} were ruled out by a coordinator"),
    allows=lambda seen: ~seen.forbidden,
)
ALREADY = Rule(
    "already",
    reads=("running",),
    refuses=N_("These two are paired already."),
    counts=N_("{n} are paired with this family already"),
    allows=lambda seen: ~seen.running,
)
CAPACITY = Rule(
    "capacity",
    reads=("full",),
    refuses=N_("This volunteer looks after as many families as she can."),
    counts=N_("{n} have no free place"),
    allows=lambda seen: ~seen.full,
)

# Cheap rules first: the distance is worked out only for pairs that are still possible.
RULES = (
    AVAILABLE, OFFERS, MINORS, DISTANCE, NEVER_AGAIN, SAME_PERSON, FORBIDDEN, ALREADY, CAPACITY,
)  # fmt: skip


def eligible(pairs: Pairs) -> Pairs:
    """The pairs that every rule allows."""
    for rule in RULES:
        pairs = pairs.where(rule.allowed(pairs))
    return pairs


def refusals(setting: Setting, household: int, volunteer: int) -> list[Rule]:
    """Every rule that speaks against this one pair; none means it may be."""
    pair = Pairs(setting, np.array([household]), np.array([volunteer]))
    return [rule for rule in RULES if not rule.allowed(pair)[0]]
