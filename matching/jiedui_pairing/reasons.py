"""Why a household was left out: how many each rule kept from it, and what small change would help.

In a large round thousands of households are left out, and thousands of volunteers offer something to each.
So nothing is asked twice: traits once for all households that are alike, the way once between two places,
and pairs that are known by name one by one. Which rule is asked when follows from what it reads.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jiedui_matching import Problem, Solution
from jiedui_pairing import costs, rules, trait_groups
from jiedui_pairing.candidates import Candidates
from jiedui_pairing.people import NO_LIMIT, Ints, PairSet, grouped
from jiedui_pairing.rules import AVAILABLE, CAPACITY, DISTANCE, FORBIDDEN, MINORS, OFFERS, Rule
from jiedui_pairing.traits import Pairs

MOST_CHANGES = 3
# So many ways from place to place are remembered: 32 MB.
_WAYS = 2**22
# Nobody is asked to go farther than half as far again as the policy allows.
_STRETCH = 1.5
# What a person could do something about.
_LIFTABLE = (MINORS, DISTANCE, FORBIDDEN, CAPACITY)


@dataclass(frozen=True)
class SmallestChange:
    """One thing that would let this volunteer (a row) help, while nobody else loses a helper.

    She is kept away by this rule alone; by CAPACITY if all she lacks is one place more. With that out of
    the way for these two, the best plan that pairs them costs `cost` more than the plan.
    """

    rule: Rule
    volunteer: int
    distance_m: int
    cost: int


@dataclass(frozen=True)
class WhyLeftOut:
    """`offering` available volunteers offer something this household (a row) asks for. Each of them is
    counted once: under the first rule that refuses her, or in `taken` if none does and her places went
    to others. `changes` are the best one for each rule, the cheapest first."""

    household: int
    slot: int
    lacking: int
    offering: int
    refused: tuple[tuple[str, int], ...]
    taken: int
    changes: tuple[SmallestChange, ...]


@dataclass(frozen=True, eq=False)
class _Offering:
    """Who offers something to households that are alike, by volunteer, as if all were strangers.

    `against` her is what her traits are, and in `beyond` also the distance, as if she lived too far away;
    `count` says how often each rule is the first there. Only if she lives within `ask_m` may the way be
    another matter, or a change be thought of. `cost` is all but the way.
    """

    volunteer: Ints
    home: Ints
    against: Ints
    beyond: Ints
    count: Ints
    ask_m: Ints
    cost: Ints


@dataclass(frozen=True, eq=False)
class _Judged:
    """What is against everybody for one household, counted; pair by pair for whom there may be a change."""

    count: Ints
    pairs: Pairs
    against: Ints
    cost: Ints


def why_left_out(
    candidates: Candidates, solution: Solution, stop: Callable[[], bool] = lambda: False
) -> list[WhyLeftOut]:
    """One answer for every household that lacks a helper, in the order of the households.

    Raises InterruptedError once `stop` says yes.
    """
    short = np.flatnonzero(solution.unassigned > 0)
    rows = candidates.household[short]
    judge = _Judge(candidates, solution, rows)
    answers: dict[int, WhyLeftOut] = {}
    examples, group = trait_groups.households(candidates.setting, rows)
    for number, example in enumerate(examples.tolist()):
        offering = judge.offering(example)
        for slot in short[group == number].tolist():
            if stop():
                raise InterruptedError("the reasons were stopped before all were found")
            household = int(candidates.household[slot])
            judged = judge.judged(offering, household)
            *refused, _, taken = judged.count.tolist()
            answers[slot] = WhyLeftOut(
                household=household,
                slot=slot,
                lacking=int(solution.unassigned[slot]),
                offering=len(offering.volunteer),
                refused=tuple((rule.name, n) for rule, n in zip(rules.RULES, refused, strict=True) if n),
                taken=taken,
                changes=judge.changes(judged),
            )
    return [answers[slot] for slot in short.tolist()]


class _Judge:
    """Asks the rules about everybody who offers something, no more often than the answer may differ.

    What is against a pair is a number with a bit for each rule, the first rule's the lowest, and above them
    one for a pair of the plan.
    """

    def __init__(self, candidates: Candidates, solution: Solution, rows: Ints) -> None:
        self._setting = setting = candidates.setting
        self._problem, self._coming = candidates.problem, _coming(candidates.problem, solution)
        self._bit = {rule: 1 << place for place, rule in enumerate(rules.RULES)}
        self._paired = 1 << len(self._bit)
        self._named = self._known_by_name(rows, candidates.chosen(solution))
        here, there = setting.households, setting.volunteers
        self._spots, self._spot = grouped(here.lat, here.lng, of=np.arange(len(here)))
        self._homes, self._home = grouped(there.lat, there.lng, of=np.arange(len(there)))
        self._ways = lru_cache(_WAYS // max(len(self._homes), 1))(self._measured)

    def offering(self, example: int) -> _Offering:
        """What holds for all households that are like this one."""
        setting, everyone = self._setting, np.arange(len(self._setting.volunteers))
        pairs = _who_offers(Pairs(setting, np.full_like(everyone, example), everyone).strangers())
        against = self._against(pairs, [rule for rule in self._bit if not rule.reads_way])
        beyond, ask_m = against.copy(), np.full(len(pairs), self._stretch)
        limited = np.zeros(len(pairs), dtype=np.bool_)
        for rule in (rule for rule in self._bit if rule.farthest):
            reach = rule.reach(pairs)
            ends = reach < NO_LIMIT
            beyond |= np.where(ends, self._bit[rule], 0)
            ask_m = np.maximum(ask_m, np.where(ends, reach, 0))
            limited |= ends
        if any(rule.reads_way and not rule.farthest for rule in self._bit):
            limited[:] = False
        return _Offering(
            volunteer=pairs.volunteer,
            home=self._home[pairs.volunteer],
            against=against,
            beyond=beyond,
            count=self._counted(beyond),
            ask_m=np.where(limited, ask_m, NO_LIMIT),
            cost=costs.total(pairs, [term for term in costs.TERMS if not term.reads_way]),
        )

    def judged(self, offering: _Offering, household: int) -> _Judged:
        """What holds for this one: only those near or named are other than `offering` has them."""
        metres = self._ways(int(self._spot[household]))[offering.home]
        pairs, why, cost = self._named
        own = slice(*np.searchsorted(pairs.household, [household, household + 1]))
        named = np.searchsorted(offering.volunteer, pairs.volunteer[own])
        other = metres <= offering.ask_m
        other[named] = True
        near = np.flatnonzero(other)
        volunteer = offering.volunteer[near]
        strangers = Pairs(self._setting, np.full_like(volunteer, household), volunteer).strangers()
        strangers = strangers.apart(metres[near])
        judged = _Judged(
            count=offering.count - self._counted(offering.beyond[near]),
            pairs=strangers,
            against=offering.against[near]
            | self._against(strangers, [rule for rule in self._bit if rule.reads_way]),
            cost=offering.cost[near]
            + costs.total(strangers, [term for term in costs.TERMS if term.reads_way]),
        )
        known = np.searchsorted(near, named)
        judged.against[known], judged.cost[known] = why[own], cost[own]
        judged.count[:] += self._counted(judged.against)
        return judged

    def changes(self, judged: _Judged) -> tuple[SmallestChange, ...]:
        """The cheapest change for each rule, of those that take nobody's helper."""
        changes, (as_she_is, one_more) = [], self._coming
        volunteer, metres = judged.pairs.volunteer, judged.pairs.distance_m
        too_much = self._problem.tier_weight // 2  # Somebody else's helper would weigh far more.
        for rule in _LIFTABLE:
            alone = judged.against == self._bit[rule]
            if rule is CAPACITY:  # Whom no rule keeps away would come, had she one place more.
                alone |= judged.against == 0
            if rule is DISTANCE:
                alone &= metres <= self._stretch
            coming = one_more if rule is CAPACITY else as_she_is
            cost = np.where(alone, judged.cost + coming[volunteer], too_much)
            if cost.min(initial=too_much) < too_much:
                best = int(cost.argmin())
                changes.append(SmallestChange(rule, int(volunteer[best]), int(metres[best]), int(cost[best])))
        return tuple(sorted(changes, key=lambda one: one.cost)[:MOST_CHANGES])

    @property
    def _stretch(self) -> int:
        return int(_STRETCH * self._setting.pack.eligibility.max_distance_m)

    def _known_by_name(self, rows: Ints, paired: PairSet) -> tuple[Pairs, Ints, Ints]:
        """Pairs of these households that a rule names or the plan has, what is against each, and its cost."""
        some = trait_groups.named(self._setting) | paired
        asked = np.isin(some.household, rows)
        pairs = _who_offers(Pairs(self._setting, some.household[asked], some.volunteer[asked]))
        against = self._against(pairs, self._bit) | np.where(paired.having(pairs), self._paired, 0)
        return pairs, against, costs.total(pairs)

    def _against(self, pairs: Pairs, asked: Iterable[Rule]) -> Ints:
        against = np.zeros(len(pairs), dtype=np.int64)
        for rule in asked:
            against |= np.where(rule.allowed(pairs), 0, self._bit[rule])
        return against

    def _counted(self, against: Ints) -> Ints:
        """How often each rule is the first against a pair, then pairs of the plan, then nothing at all."""
        lowest = np.where(against, against & -against, 2 * self._paired)
        return np.bincount(np.bitwise_count(lowest - 1), minlength=len(self._bit) + 2)

    def _measured(self, spot: int) -> Ints:
        """The metres from one place where households live to all where volunteers do."""
        return Pairs(self._setting, np.full_like(self._homes, self._spots[spot]), self._homes).distance_m


def _who_offers(pairs: Pairs) -> Pairs:
    for rule in (AVAILABLE, OFFERS):
        pairs = pairs.where(rule.allowed(pairs))
    return pairs


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
