"""What a pair costs, in metre-equivalents: one named object per term, with what it reads and words for it.

What a volunteer already holds (LOAD) grows with each new household and so belongs to the whole plan,
not to a pair: the solver counts it from the policy's load_step.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from jiedui_pairing.people import EARTH_RADIUS_M, Ints, Setting
from jiedui_pairing.policy import Pack
from jiedui_pairing.texts import N_
from jiedui_pairing.traits import WAY, Pairs, Reader, Seen


@dataclass(frozen=True)
class Term(Reader):
    """`of` gives whole metre-equivalents for each pair, never less than 0; `most` for one that may be."""

    sentence: str
    of: Callable[[Seen], Ints]
    most: Callable[[Setting], int]

    def cost(self, pairs: Pairs) -> Ints:
        """What it charges; nothing may be given back, for who costs too much already is not asked about.

        Raises UndeclaredError if it reads more than it says, ValueError if it is less than 0.
        """
        cost = self.whole(pairs, self.of(self.seen(pairs)), np.int64)
        if cost.min(initial=0) < 0:
            raise ValueError(f"{self.name} charges {cost.min()}: it cannot be negative")
        return cost


def _farthest(setting: Setting) -> int:
    """So far apart no pair lives that may be."""
    pack, people = setting.pack, (setting.households, setting.volunteers)
    lat, lng = (np.concatenate([getattr(each, name) for each in people]) for name in ("lat", "lng"))
    across = np.radians(np.ptp(lat) + np.ptp(lng)) if len(lat) else 0.0
    farthest = int(across * EARTH_RADIUS_M * pack.eligibility.road_factor) + 1
    return farthest if pack.eligibility.remote_kinds else min(farthest, pack.eligibility.max_distance_m)


def _per_kind(cost: Callable[[Pack], int]) -> Callable[[Setting], int]:
    return lambda setting: len(setting.pack.kind) * cost(setting.pack)


DISTANCE = Term(
    "distance",
    reads=(WAY,),
    sentence=N_("The way between the two villages"),
    of=lambda seen: seen.distance_m,
    most=_farthest,
)
UNMET = Term(
    "need_unmet",
    reads=("needs", "common"),
    sentence=N_("What this family asks for and this volunteer does not offer"),
    of=lambda seen: seen.pack.cost.need_unmet * _count(seen.needs & ~seen.common),
    most=_per_kind(lambda pack: pack.cost.need_unmet),
)
UNSKILLED = Term(
    "preferred_skill_missing",
    reads=("common", "unskilled"),
    sentence=N_("A welcome skill this volunteer does not have"),
    of=lambda seen: seen.pack.cost.preferred_skill_missing * _count(seen.common & seen.unskilled),
    most=_per_kind(lambda pack: pack.cost.preferred_skill_missing),
)
OTHER_HELPER = Term(
    "other_helper",
    reads=("helped",),
    sentence=N_("This family already knows another helper"),
    of=lambda seen: seen.pack.cost.other_helper * seen.helped.astype(np.int64),
    most=lambda setting: setting.pack.cost.other_helper,
)
LOAD = N_("Families this volunteer already looks after")

TERMS = (DISTANCE, UNMET, UNSKILLED, OTHER_HELPER)


def total(pairs: Pairs, terms: Iterable[Term] | None = None) -> Ints:
    """All terms together, or some."""
    terms = TERMS if terms is None else terms
    return sum((term.cost(pairs) for term in terms), np.zeros(len(pairs), dtype=np.int64))


def breakdown(pairs: Pairs) -> dict[str, Ints]:
    """Each term by its name, for the card that explains a pair."""
    return {term.name: term.cost(pairs) for term in TERMS}


def most(setting: Setting) -> int:
    """What a pair that may be costs at most, wherever the two live."""
    return sum(term.most(setting) for term in TERMS)


def coverage_weight(setting: Setting, helpers: int) -> int:
    """What one covered helper outweighs: four times what any plan of so many helpers can cost.

    Four times, so that a marginal value says at once whether somebody gains or loses a helper, also when
    a newcomer is weighed who costs more than anybody in the problem.
    """
    load = setting.pack.cost.load_step * int(setting.volunteers.capacity.max(initial=1))
    return 4 * max(helpers, 1) * (most(setting) + load) + 1


def _count(masks: Ints) -> Ints:
    return np.bitwise_count(masks).astype(np.int64)
