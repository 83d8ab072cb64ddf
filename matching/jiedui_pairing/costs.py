"""What a pair costs, in metre-equivalents: one named object per term, with the words for it.

What a volunteer already holds (LOAD) grows with each new household and so belongs to the whole plan,
not to a pair: the solver counts it from the policy's load_step.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from jiedui_pairing.people import EARTH_RADIUS_M, Ints, Pairs, Setting
from jiedui_pairing.texts import N_


@dataclass(frozen=True)
class Term:
    """`of` gives whole metre-equivalents for each pair."""

    name: str
    sentence: str
    of: Callable[[Pairs], Ints]


def _distance(pairs: Pairs) -> Ints:
    return pairs.distance_m


def _unmet(pairs: Pairs) -> Ints:
    unmet = pairs.setting.needs[pairs.household] & ~pairs.common
    return pairs.setting.pack.cost.need_unmet * _count(unmet)


def _unskilled(pairs: Pairs) -> Ints:
    met_without = pairs.common & pairs.setting.unskilled[pairs.volunteer]
    return pairs.setting.pack.cost.preferred_skill_missing * _count(met_without)


def _other_helper(pairs: Pairs) -> Ints:
    # "Today" is before the round: a first helper whom this very round has found does not count.
    helped = pairs.setting.helpers_before[pairs.household] > 0
    return pairs.setting.pack.cost.other_helper * helped.astype(np.int64)


DISTANCE = Term("distance", N_("The way between the two villages"), _distance)
UNMET = Term("need_unmet", N_("What this family asks for and this volunteer does not offer"), _unmet)
UNSKILLED = Term("preferred_skill_missing", N_("A welcome skill this volunteer does not have"), _unskilled)
OTHER_HELPER = Term("other_helper", N_("This family already knows another helper"), _other_helper)
LOAD = N_("Families this volunteer already looks after")

TERMS = (DISTANCE, UNMET, UNSKILLED, OTHER_HELPER)
# What these charge is the same for all who share the traits named in alike.py.
BY_TRAITS = (UNMET, UNSKILLED, OTHER_HELPER)


def total(pairs: Pairs, terms: Iterable[Term] = TERMS) -> Ints:
    """All terms together, or some."""
    return sum((term.of(pairs) for term in terms), np.zeros(len(pairs), dtype=np.int64))


def breakdown(pairs: Pairs) -> dict[str, Ints]:
    """Each term by its name, for the card that explains a pair."""
    return {term.name: term.of(pairs) for term in TERMS}


def coverage_weight(setting: Setting, helpers: int) -> int:
    """What one covered helper outweighs: four times what any plan of so many helpers can cost.

    Four times, so that a marginal value says at once whether somebody gains or loses a helper, also when
    a newcomer is weighed who costs more than anybody in the problem.
    """
    pack, people = setting.pack, (setting.households, setting.volunteers)
    lat, lng = (np.concatenate([getattr(each, name) for each in people]) for name in ("lat", "lng"))
    across = np.radians(np.ptp(lat) + np.ptp(lng)) if len(lat) else 0.0
    farthest = int(across * EARTH_RADIUS_M * pack.eligibility.road_factor) + 1
    if not pack.eligibility.remote_kinds:
        farthest = min(farthest, pack.eligibility.max_distance_m)
    needs = len(pack.kind) * (pack.cost.need_unmet + pack.cost.preferred_skill_missing)
    load = pack.cost.load_step * int(setting.volunteers.capacity.max(initial=1))
    return 4 * max(helpers, 1) * (farthest + needs + pack.cost.other_helper + load) + 1


def _count(masks: Ints) -> Ints:
    return np.bitwise_count(masks).astype(np.int64)
