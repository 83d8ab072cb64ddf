"""Where one more volunteer would help most: each township, kind of support and skill, valued exactly.

Nothing is solved again for it. With one place more, somebody new can relieve one slot: the plan's weight
then falls by what that slot's last helper is worth at the margin, less what the new pair costs.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jiedui_matching.repair import MarginalValues
from jiedui_pairing import costs, rules
from jiedui_pairing.candidates import Candidates
from jiedui_pairing.people import NOBODY, Floats, Ints, Setting, Volunteers
from jiedui_pairing.policy import Pack
from jiedui_pairing.traits import Pairs

# Pairs measured at once: about 50 MB however many people a round has.
_AT_ONCE = 2**19


@dataclass(frozen=True, eq=False)
class Places:
    """Where somebody could be recruited: region codes and their points."""

    code: Sequence[str]
    lat: Floats
    lng: Floats


@dataclass(frozen=True)
class NewcomerWorth:
    """What one more volunteer of a place would be worth, cleared, with one place, offering this one kind.

    `skilled` if she also has a skill that is welcome for it; `colour` of the family that would get a
    helper, None if nobody more would; `saved_m` what the plan would cost less, or more if negative.
    """

    code: str
    kind: str
    skilled: bool
    colour: str | None
    saved_m: int


@dataclass(frozen=True)
class Sort:
    """One sort of newcomer: the kind by its bit, and her skills."""

    bit: int
    skills: frozenset[str]
    skilled: bool


def worth_of_newcomers(
    candidates: Candidates,
    margins: MarginalValues,
    places: Places,
    stop: Callable[[], bool] = lambda: False,
) -> list[NewcomerWorth]:
    """All newcomers worth anything, by place and kind; a welcome skill only where it is worth more.

    Raises InterruptedError once `stop` says yes.
    """
    pack, sorts = candidates.setting.pack, _sorts(candidates.setting.pack)
    setting = _only(candidates.setting, newcomers(places, sorts, candidates.setting.on))
    value = _values(candidates, margins.one_less, setting, sorts, stop).reshape(-1, len(sorts))
    weight, colours = candidates.problem.tier_weight, {pack.tier(colour): colour for colour in pack.colours}
    worth = []
    for row, code in enumerate(places.code):
        for at, sort in enumerate(sorts):
            here = int(value[row, at])
            plain = int(value[row, at - 1]) if sort.skilled else 0
            if here > plain:
                # Costs stay below a quarter of the weight, so the nearest multiple tells the colour.
                tier = (here + weight // 2) // weight
                worth.append(
                    NewcomerWorth(
                        code, pack.kind[sort.bit].code, sort.skilled, colours.get(tier), here - tier * weight
                    )
                )
    return worth


def sort_of(pack: Pack, code: str, *, skilled: bool) -> Sort:
    """Somebody who offers this kind, with a skill it requires; `skilled` with one it welcomes besides."""
    kind = pack.kind_of(code)
    welcome = kind.preferred_skills[:1] if skilled else []
    return Sort(pack.kind.index(kind), frozenset((*kind.required_skills[:1], *welcome)), bool(welcome))


def newcomers(places: Places, sorts: Sequence[Sort], on: dt.date) -> Volunteers:
    """One newcomer of every sort in every place, cleared, with one place; the sorts of a place in a row."""
    count, all_sorts = len(places.code) * len(sorts), [*sorts] * len(places.code)
    return Volunteers.of(
        ids=range(count),
        lat=np.repeat(places.lat, len(sorts)).tolist(),
        lng=np.repeat(places.lng, len(sorts)).tolist(),
        offers=[1 << sort.bit for sort in all_sorts],
        skills=[sort.skills for sort in all_sorts],
        capacity=[1] * count,
        held=[0] * count,
        reach_m=[None] * count,
        active=[True] * count,
        record_check=[on] * count,
        trained=[True] * count,
        identity_key=[None] * count,
        phone_key=[None] * count,
    )


def _sorts(pack: Pack) -> list[Sort]:
    """Per kind the plain newcomer; where a skill is welcome, one who has it next."""
    return [
        sort_of(pack, kind.code, skilled=skilled)
        for kind in pack.kind
        for skilled in ((False, True) if kind.preferred_skills else (False,))
    ]


def _only(setting: Setting, people: Volunteers) -> Setting:
    """The same families before these newcomers alone."""
    return replace(
        setting, volunteers=people, held=people.held, never_again=NOBODY, forbidden=NOBODY, running=NOBODY
    )


def _values(
    candidates: Candidates, one_less: Ints, setting: Setting, sorts: list[Sort], stop: Callable[[], bool]
) -> Ints:
    """By how much the plan's weight would fall for each newcomer; 0 if not at all."""
    value = np.zeros(len(setting.volunteers), dtype=np.int64)
    places = np.arange(len(setting.volunteers) // len(sorts))
    step = max(_AT_ONCE // max(len(places), 1), 1)
    for start in range(0, len(candidates.household), step):
        if stop():
            raise InterruptedError("the newcomers were stopped before all were valued")
        some = np.arange(start, min(start + step, len(candidates.household)))
        slot, place = np.repeat(some, len(places)), np.tile(places, len(some))
        metres = Pairs(setting, candidates.household[slot], place * len(sorts)).distance_m
        # A pair costs its way at least.
        worth = metres < one_less[slot]
        slot, place, metres = slot[worth], place[worth], metres[worth]
        for at, sort in enumerate(sorts):
            wanted = candidates.needs[slot] >> sort.bit & 1 == 1
            pairs = Pairs(setting, candidates.household[slot[wanted]], place[wanted] * len(sorts) + at)
            pairs = rules.eligible(pairs.apart(metres[wanted]))
            paid = one_less[np.searchsorted(candidates.household, pairs.household)]
            np.maximum.at(value, pairs.volunteer, paid - costs.total(pairs))
    return value
