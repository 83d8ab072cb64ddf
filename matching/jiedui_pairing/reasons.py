"""Why a household was left out: how many each rule kept from it, and what small change would help.

In a large round thousands of households are left out, and thousands of volunteers offer something to each.
So nothing is asked twice: traits once for all households that are alike, the way once between two places,
and the rules that name pairs about those pairs alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jiedui_matching import Problem, Solution
from jiedui_pairing import costs, rules, trait_groups
from jiedui_pairing.candidates import Candidates
from jiedui_pairing.people import NO_LIMIT, Ints, Pairs, PairSet, Setting
from jiedui_pairing.rules import AVAILABLE, CAPACITY, DISTANCE, FORBIDDEN, MINORS, OFFERS, RULES, Rule

MOST_CHANGES = 3
# So many ways from place to place are remembered: 32 MB.
_WAYS = 2**22
# Nobody is asked to go farther than half as far again as the policy allows.
_STRETCH = 1.5
# What a person could do something about.
_LIFTABLE = (MINORS, DISTANCE, FORBIDDEN, CAPACITY)
# What is against a pair is a number with a bit for each rule, the first rule's the lowest, and above them one
# for a pair of the plan.
_BIT = {rule: 1 << place for place, rule in enumerate(RULES)}
_PAIRED = 1 << len(RULES)
_FIRST = np.array([[int(bit == number & -number) for number in range(2 * _PAIRED)] for bit in _BIT.values()])


@dataclass(frozen=True)
class Change:
    """One thing that would let this volunteer (a row) help, while nobody else loses a helper.

    She is kept away by this rule alone; by CAPACITY if all she lacks is one place more. With that out of
    the way for these two, the best plan that pairs them costs `cost` more than the plan.
    """

    rule: Rule
    volunteer: int
    distance_m: int
    cost: int


@dataclass(frozen=True)
class LeftOut:
    """`offering` available volunteers offer something this household (a row) asks for. Each of them is
    counted once: under the first rule that refuses her, or in `taken` if none does and her places went
    to others. `changes` are the best one for each rule, the cheapest first."""

    household: int
    slot: int
    lacking: int
    offering: int
    refused: tuple[tuple[str, int], ...]
    taken: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, eq=False)
class _Offering:
    """Who offers something to households that are alike, by volunteer.

    `against` her is what her traits are, and in `beyond` also the distance, as if she lived too far away;
    `count` says how often each number occurs there. She may live `ask_m` away for a change to be thought
    of. `cost` is all but the way: with her places as they are, and with one more.
    """

    volunteer: Ints
    home: Ints
    against: Ints
    beyond: Ints
    count: Ints
    ask_m: Ints
    cost: tuple[Ints, Ints]


@dataclass(frozen=True, eq=False)
class _Judged:
    """What is against everybody for one household, counted; pair by pair for whom there may be a change."""

    count: Ints
    pairs: Pairs
    against: Ints
    cost: tuple[Ints, Ints]


def why_left_out(
    candidates: Candidates, solution: Solution, stop: Callable[[], bool] = lambda: False
) -> list[LeftOut]:
    """One answer for every household that lacks a helper, in the order of the households.

    Raises InterruptedError once `stop` says yes.
    """
    short = np.flatnonzero(solution.unassigned > 0)
    rows = candidates.household[short]
    judge = _Judge(candidates, solution, rows)
    answers: dict[int, LeftOut] = {}
    examples, group = trait_groups.households(candidates.setting, rows)
    for number, example in enumerate(examples.tolist()):
        offering = judge.offering(example)
        for slot in short[group == number].tolist():
            if stop():
                raise InterruptedError("the reasons were stopped before all were found")
            household = int(candidates.household[slot])
            judged = judge.judged(offering, household)
            refused = zip(RULES, (_FIRST @ judged.count).tolist(), strict=True)
            answers[slot] = LeftOut(
                household=household,
                slot=slot,
                lacking=int(solution.unassigned[slot]),
                offering=len(offering.volunteer),
                refused=tuple((rule.name, n) for rule, n in refused if n),
                taken=int(judged.count[0]),
                # Somebody else's helper would weigh far more than half of one.
                changes=_changes(judged, candidates.problem.tier_weight // 2),
            )
    return [answers[slot] for slot in short.tolist()]


class _Judge:
    """Asks the rules about everybody who offers something, no more often than the answer may differ."""

    def __init__(self, candidates: Candidates, solution: Solution, rows: Ints) -> None:
        self._setting = setting = candidates.setting
        self._coming = _coming(candidates.problem, solution)
        self._named, self._why = _named(setting, rows, candidates.chosen(solution))
        here, there = setting.households, setting.volunteers
        self._spots, self._spot = trait_groups.grouped(here.lat, here.lng, of=np.arange(len(here)))
        self._homes, self._home = trait_groups.grouped(there.lat, there.lng, of=np.arange(len(there)))
        self._ways = lru_cache(_WAYS // max(len(self._homes), 1))(self._measured)

    def offering(self, example: int) -> _Offering:
        """What holds for all households that are like this one."""
        setting, everyone = self._setting, np.arange(len(self._setting.volunteers))
        pairs = _who_offers(Pairs(setting, np.full_like(everyone, example), everyone))
        against = _against(pairs, rules.BY_TRAITS)
        too_far = _against(pairs.apart(NO_LIMIT), [DISTANCE])
        farthest = int(_STRETCH * setting.pack.eligibility.max_distance_m)
        cost, (as_she_is, one_more) = costs.total(pairs, costs.BY_TRAITS), self._coming
        return _Offering(
            volunteer=pairs.volunteer,
            home=self._home[pairs.volunteer],
            against=against,
            beyond=against | too_far,
            count=_counted(against | too_far),
            ask_m=np.where(too_far, farthest, NO_LIMIT),
            cost=(cost + as_she_is[pairs.volunteer], cost + one_more[pairs.volunteer]),
        )

    def judged(self, offering: _Offering, household: int) -> _Judged:
        """What holds for this one: only those near or named are other than `offering` has them."""
        metres = self._ways(int(self._spot[household]))[offering.home]
        own = slice(*np.searchsorted(self._named.household, [household, household + 1]))
        named = np.searchsorted(offering.volunteer, self._named.volunteer[own])
        other = metres <= offering.ask_m
        other[named] = True
        near = np.flatnonzero(other)
        volunteer = offering.volunteer[near]
        pairs = Pairs(self._setting, np.full_like(volunteer, household), volunteer).apart(metres[near])
        against = offering.against[near] | _against(pairs, [DISTANCE])
        against[np.searchsorted(near, named)] |= self._why[own]
        count = offering.count - _counted(offering.beyond[near]) + _counted(against)
        way = costs.DISTANCE.of(pairs)
        as_she_is, one_more = offering.cost
        return _Judged(count, pairs, against, (as_she_is[near] + way, one_more[near] + way))

    def _measured(self, spot: int) -> Ints:
        """The metres from one place where households live to all where volunteers do."""
        return Pairs(self._setting, np.full_like(self._homes, self._spots[spot]), self._homes).distance_m


def _named(setting: Setting, rows: Ints, paired: PairSet) -> tuple[Pairs, Ints]:
    """Pairs of these households that a rule names or the plan has, with what is against each."""
    some = rules.named(setting) | paired
    asked = np.isin(some.household, rows)
    pairs = _who_offers(Pairs(setting, some.household[asked], some.volunteer[asked]))
    return pairs, _against(pairs, rules.BY_NAME) | np.where(paired.having(pairs), _PAIRED, 0)


def _who_offers(pairs: Pairs) -> Pairs:
    for rule in (AVAILABLE, OFFERS):
        pairs = pairs.where(rule.allows(pairs))
    return pairs


def _against(pairs: Pairs, rules: Iterable[Rule]) -> Ints:
    against = np.zeros(len(pairs), dtype=np.int64)
    for rule in rules:
        against |= np.where(rule.allows(pairs), 0, _BIT[rule])
    return against


def _counted(against: Ints) -> Ints:
    return np.bincount(against, minlength=2 * _PAIRED)


def _changes(judged: _Judged, too_much: int) -> tuple[Change, ...]:
    """The cheapest change for each rule, of those that cost less than this."""
    changes = []
    for rule in _LIFTABLE:
        alone = judged.against == _BIT[rule]
        if rule is CAPACITY:  # Whom no rule keeps away would come, had she one place more.
            alone |= judged.against == 0
        cost = np.where(alone, judged.cost[rule is CAPACITY], too_much)
        if cost.min(initial=too_much) < too_much:
            best = int(cost.argmin())
            volunteer, metres = judged.pairs.volunteer[best], judged.pairs.distance_m[best]
            changes.append(Change(rule, int(volunteer), int(metres), int(cost[best])))
    return tuple(sorted(changes, key=lambda one: one.cost)[:MOST_CHANGES])


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
