"""Pairs that may be, with their costs: the step from people to a problem the solver understands."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from jiedui_matching import Problem, Solution
from jiedui_pairing import costs, rules
from jiedui_pairing.people import Households, Ints, Mask, PairSet, Setting, Volunteers
from jiedui_pairing.policy import Pack
from jiedui_pairing.traits import Pairs

# Pairs judged at once: about 100 MB however many people a round has.
_AT_ONCE = 2**20


@dataclass(frozen=True, eq=False, kw_only=True)
class Demand:
    """What a stage asks for: so many helpers for each household row, and these pairs if they may be."""

    setting: Setting
    wanted: Ints
    pinned: tuple[tuple[int, int], ...]

    @cached_property
    def rows(self) -> Ints:
        """The households that ask: slot i is row `rows[i]`."""
        return np.flatnonzero(self.wanted > 0)

    @property
    def pairs(self) -> int:
        """How many pairs of those who ask and anybody there are."""
        return len(self.rows) * len(self.setting.volunteers)


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidates:
    """A stage's problem with what its slots and arcs mean.

    Slot i is household row `household[i]`, which asks for `needs[i]`; arc j goes `distance_m[j]` far and
    meets `needs_met[j]` (kinds as bits). Volunteers keep their rows. `refused_pins` are the pins that
    could not be honoured, each with the name of the rule against it.
    """

    setting: Setting
    problem: Problem
    household: Ints
    needs: Ints
    distance_m: Ints
    needs_met: Ints
    refused_pins: tuple[tuple[int, int, str], ...]

    def chosen(self, solution: Solution) -> PairSet:
        """The plan's pairs as household and volunteer rows, in the plan's order."""
        return PairSet(self.household[solution.pair_slot], solution.pair_volunteer)

    def arc(self, arcs: Ints) -> Pairs:
        """These arcs as pairs, to ask rules and cost terms about."""
        problem = self.problem
        return Pairs(self.setting, self.household[problem.arc_slot[arcs]], problem.arc_volunteer[arcs])


def first_helpers(
    households: Households,
    volunteers: Volunteers,
    pack: Pack,
    on: dt.date,
    *,
    never_again: Iterable[tuple[int, int]] = (),
    pinned: Iterable[tuple[int, int]] = (),
    forbidden: Iterable[tuple[int, int]] = (),
    running: Iterable[tuple[int, int]] = (),
) -> Demand:
    """Stage one: every household with a need gets the helpers it still lacks.

    Pairs are (household row, volunteer row). `running` pairs are kept: they count among the helpers a
    household wants and must already be in the volunteers' `held`; name them even if the volunteer is
    paused, so that stage two knows which needs she meets.
    """
    setting = Setting(
        households=households,
        volunteers=volunteers,
        pack=pack,
        on=on,
        never_again=PairSet.of(never_again),
        forbidden=PairSet.of(forbidden),
        running=PairSet.of(running),
    )
    asking = (setting.needs != 0) & np.isin(households.colour, pack.stage_colours(1))
    wanted = np.where(asking, np.maximum(households.wanted - setting.helpers, 0), 0)
    return Demand(setting=setting, wanted=wanted, pinned=tuple(pinned))


def further_helpers(
    number: int, last: Candidates, solution: Solution, pinned: Iterable[tuple[int, int]] = ()
) -> Demand:
    """A later stage of the policy, for the needs that nobody meets yet: one helper more each.

    The cost is that of stage one for what is still asked for; places filled in earlier stages count as held.
    The policy's `other_helper` is charged for helpers a household had before the round, not for the one
    an earlier stage has just given it (so does the reference; it could not change the choice anyway, being
    the same for all volunteers).
    """
    before, new = last.setting, last.chosen(solution)
    helped = before.running | new
    met = np.zeros(len(before.households), dtype=np.int64)
    np.bitwise_or.at(met, helped.household, before.offered[helped.volunteer])
    setting = replace(
        before,
        needs=before.needs & ~met,
        held=before.held + np.bincount(new.volunteer, minlength=len(before.volunteers)),
        running=helped,
        helpers_before=before.helpers_before,
    )
    policy = before.pack.stage[number - 1]
    wanted = (
        np.isin(before.households.colour, before.pack.stage_colours(number))
        & (setting.needs != 0)
        & (setting.helpers > 0)
        & (setting.helpers < policy.helpers)
    )
    given = set(zip(new.household.tolist(), new.volunteer.tolist(), strict=True))
    left = tuple(pair for pair in pinned if pair not in given)
    return Demand(setting=setting, wanted=wanted.astype(np.int64), pinned=left)


def everybody(demand: Demand) -> Candidates:
    """All pairs there are, judged one by one."""
    empty = np.zeros((5, 0), dtype=np.int64)
    parts = [judged(pairs) for pairs in in_portions(demand.setting, demand.rows)]
    return assembled(demand, np.concatenate([empty, *parts], axis=1))


def in_portions(setting: Setting, rows: Ints) -> Iterator[Pairs]:
    """All volunteers for each of these households, a bounded number of pairs at a time."""
    everyone = np.arange(len(setting.volunteers))
    step = max(_AT_ONCE // max(len(everyone), 1), 1)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        yield Pairs(setting, np.repeat(some, len(everyone)), np.tile(everyone, len(some)))


def judged(pairs: Pairs) -> Ints:
    """Those that all rules allow: household, volunteer, metres, needs met and cost, one column each."""
    left = rules.eligible(pairs)
    return np.stack([left.household, left.volunteer, left.distance_m, left.common, costs.total(left)])


def assembled(demand: Demand, pairs: Ints) -> Candidates:
    """The stage's problem from judged pairs, sorted by household, then volunteer, each pair once.

    Raises ValueError if a pair costs more than the cost terms say is possible: it could outweigh coverage.
    """
    setting, rows, wanted = demand.setting, demand.rows, demand.wanted
    household, volunteer, distance, met, cost = pairs
    if cost.max(initial=0) > (most := costs.most(setting)):
        raise ValueError(f"a pair costs {cost.max()}, and the terms say that none costs more than {most}")
    pins, refused = _pins(demand, Pairs(setting, household, volunteer))
    tier = {colour: setting.pack.tier(colour) for colour in setting.pack.colours}
    problem = Problem(
        tier=np.array([tier[setting.households.colour[row]] for row in rows.tolist()], dtype=np.int64),
        wanted=wanted[rows],
        capacity=setting.volunteers.capacity,
        held=setting.held,
        arc_slot=np.searchsorted(rows, household),
        arc_volunteer=volunteer,
        arc_cost=cost,
        load_step=setting.pack.cost.load_step,
        tier_weight=costs.coverage_weight(setting, int(wanted.sum())),
        pinned=pins,
    )
    return Candidates(
        setting=setting,
        problem=problem,
        household=rows,
        needs=setting.needs[rows],
        distance_m=distance,
        needs_met=met,
        refused_pins=refused,
    )


def _pins(demand: Demand, arcs: Pairs) -> tuple[Mask, tuple[tuple[int, int, str], ...]]:
    """Pins become arcs that must be taken, as long as each is allowed and there is room for all of them."""
    setting, allowed, refused = demand.setting, [], []
    slots_left, room = demand.wanted.copy(), setting.volunteers.capacity - setting.held
    for household, volunteer in dict.fromkeys(demand.pinned):
        against = rules.refusals(setting, household, volunteer)
        if against:
            refused.append((household, volunteer, against[0].name))
        elif slots_left[household] < 1:
            refused.append((household, volunteer, "not_wanted"))
        elif room[volunteer] < 1:
            refused.append((household, volunteer, rules.CAPACITY.name))
        else:
            slots_left[household] -= 1
            room[volunteer] -= 1
            allowed.append((household, volunteer))
    return PairSet.of(allowed).having(arcs), tuple(refused)
