"""Whatever a new rule reads, small and large rounds come to the same plan, proven over all pairs."""

import os
from dataclasses import replace

import numpy as np
import pytest
from prefecture import DATED, a_prefecture

from jiedui_matching import check
from jiedui_pairing import all_pairs, costs, rules, trait_groups, traits
from jiedui_pairing.candidates import everybody, first_helpers, further_helpers
from jiedui_pairing.costs import Term
from jiedui_pairing.people import NO_LIMIT, PairSet
from jiedui_pairing.policy import standard
from jiedui_pairing.proof import all_priced
from jiedui_pairing.reasons import why_left_out
from jiedui_pairing.rules import RULES, Rule
from jiedui_pairing.traits import WAY, Pairs, UndeclaredError, more_of_households, more_of_volunteers

PACK = standard()
RULES_TRIED = 200 if os.environ.get("FULL") == "1" else 40
# What no rule of ours has ever read: two values, a handful, and nearly everybody's own.
VALUES = {"flag": 2, "handful": 7, "own": 1000}
MORE = {f"her_{name}": most for name, most in VALUES.items()}
THEIR_MORE = {f"their_{name}": most for name, most in VALUES.items()}


@pytest.fixture(autouse=True)
def more_traits(monkeypatch):
    """Traits that only the rules of these tests read."""
    for name in MORE:
        monkeypatch.setitem(traits.VOLUNTEER, name, more_of_volunteers(name))
    for name in THEIR_MORE:
        monkeypatch.setitem(traits.HOUSEHOLD, name, more_of_households(name))
    monkeypatch.setitem(traits.BY_NAME, "introduced", introduced)


def introduced(setting):
    """Every ninth pair or so knows each other."""
    everyone = np.arange(len(setting.households))
    return PairSet.of((int(h), int(v)) for h in everyone for v in range(h % 9, len(setting.volunteers), 9))


def a_demand(rng, households, volunteers):
    """First helpers of a small prefecture; some pairs are known by name."""
    families, givers = a_prefecture(households, volunteers, int(rng.integers(2**31))).people(PACK)
    # A prefecture drawn together, so that most live within reach of some.
    families, givers = (
        replace(people, lat=30 + (people.lat - 30) / 3, lng=107.5 + (people.lng - 107.5) / 3)
        for people in (families, givers)
    )

    def more(names, count):
        return {name: rng.integers(0, most, count) for name, most in names.items()}

    def some(count):
        return {(int(h), int(v)) for h, v in rng.integers(0, [households, volunteers], (count, 2))}

    running = some(households // 10)
    held = np.bincount([v for _, v in running], minlength=volunteers)
    return first_helpers(
        replace(families, more=more(THEIR_MORE, households)),
        replace(givers, more=more(MORE, volunteers), held=held, capacity=givers.capacity + held),
        PACK, DATED, running=running, never_again=some(households // 4), forbidden=some(households // 4),
        pinned=some(3),
    )  # fmt: skip


def a_rule(rng):
    """A random yes or no for what it reads: any traits, the way (near or far), pairs known by name."""
    bits, reads = a_reading(rng, way=rng.random() < 0.4, names=rng.random() < 0.4)
    table = rng.random(2 ** len(reads)) < rng.choice([0.3, 0.6, 0.9])
    return Rule("new", reads=reads, refuses="No.", counts="{n} no", allows=lambda seen: table[bits(seen)])


def a_rule_of_the_way(rng):
    """A random farthest way for what it reads."""
    bits, reads = a_reading(rng, way=False, names=False)
    metres = rng.choice([0, 2_000, 9_000, 30_000, NO_LIMIT], 2 ** len(reads))

    def farthest(seen):
        return metres[bits(seen)]

    return Rule(
        "new", reads=(WAY, *reads), refuses="No.", counts="{n} no",
        allows=lambda seen: seen.distance_m <= farthest(seen), farthest=farthest,
    )  # fmt: skip


def a_term(rng):
    """A random charge for what it reads."""
    bits, reads = a_reading(rng, way=rng.random() < 0.3, names=rng.random() < 0.3)
    charge = rng.integers(0, 8_000, 2 ** len(reads))
    return Term("new", reads=reads, sentence="", of=lambda seen: charge[bits(seen)], most=lambda _: 8_000)


def a_reading(rng, *, way, names):
    """Some traits, and a function that makes a number out of one bit of each."""
    people = [*traits.HOUSEHOLD, *traits.VOLUNTEER, traits.COMMON]
    reads = tuple(rng.choice(people, int(rng.integers(1, 5)), replace=False).tolist())
    reads += (WAY,) * way + ("introduced",) * names
    factors, shift = rng.integers(1, 2**20, len(reads)) * 2 + 1, int(rng.integers(0, 12))
    band = int(rng.integers(1_500, 15_000))

    def bits(seen):
        number = np.zeros(len(seen), dtype=np.int64)
        for at, name in enumerate(reads):
            value = getattr(seen, name)
            if name == WAY:
                value = value // band
            elif value.dtype != np.bool_:
                value = value * factors[at] >> shift
            number |= (value.astype(np.int64) & 1) << at
        return number

    return bits, reads


def planned(demand, monkeypatch, *, large, groups=2**23):
    """The stage's candidates and plan, by judging everybody or by letting in who could do better."""
    with monkeypatch.context() as forced:
        if large:
            forced.setattr(all_pairs, "_FEW_PAIRS", 0)
            forced.setattr(all_pairs, "_NEAREST", 3)
            forced.setattr(all_pairs, "_BETTER", 3)
            forced.setattr(trait_groups, "_MOST", groups)
        candidates, plan = all_pairs.best_plan(demand, lambda: False)
    return candidates, plan.solution()


def with_a_new(monkeypatch, *readers):
    monkeypatch.setattr(rules, "RULES", (*RULES, *(one for one in readers if isinstance(one, Rule))))
    monkeypatch.setattr(costs, "TERMS", (*costs.TERMS, *(one for one in readers if isinstance(one, Term))))


@pytest.mark.parametrize("seed", range(RULES_TRIED))
def test_a_random_rule_holds_for_small_and_large_rounds_alike(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    demand = a_demand(rng, int(rng.integers(60, 201)), int(rng.integers(40, 121)))
    new = (a_rule_of_the_way if rng.random() < 0.2 else a_rule)(rng)
    with_a_new(monkeypatch, new, *([a_term(rng)] if rng.random() < 0.4 else []))
    # Now and then there are more groups than may be judged.
    groups = int(rng.choice([2**23, 2**23, 2_000, 1]))
    for stage in (1, 2):
        small, reference = planned(demand, monkeypatch, large=False)
        large, solution = planned(demand, monkeypatch, large=True, groups=groups)
        assert (solution.weight, solution.uncovered) == (reference.weight, reference.uncovered), new.reads
        for candidates, plan in ((small, reference), (large, solution)):
            assert check(candidates.problem, plan).violations == {}
            assert all_priced(candidates, plan).violation == ""
        assert told(why_left_out(small, reference)) == recounted(small, reference)
        demand = further_helpers(2, small, reference, demand.pinned)
        assert stage == 2 or demand.rows.size


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_several_new_rules_and_a_term_at_once_hold_alike(seed, monkeypatch):
    """One of any traits, one of the way, one of the families alone: together they split groups further."""
    rng = np.random.default_rng(seed)
    demand = a_demand(rng, 120, 80)
    theirs = Rule(
        "theirs", reads=("their_own",), refuses="No.", counts="{n} no",
        allows=lambda seen: seen.their_own % 5 != seed % 5,
    )  # fmt: skip
    way = replace(a_rule_of_the_way(rng), name="way")
    with_a_new(monkeypatch, a_rule(rng), way, theirs, a_term(rng))
    for stage in (1, 2):
        small, reference = planned(demand, monkeypatch, large=False)
        large, solution = planned(demand, monkeypatch, large=True, groups=int(rng.choice([2**23, 50])))
        assert (solution.weight, solution.uncovered) == (reference.weight, reference.uncovered)
        for candidates, plan in ((small, reference), (large, solution)):
            assert all_priced(candidates, plan).violation == ""
        demand = further_helpers(2, small, reference, demand.pinned)
        assert stage == 2 or demand.rows.size


def test_a_rule_that_lets_nobody_in_leaves_everybody_out_in_small_and_large_rounds(monkeypatch):
    demand = a_demand(np.random.default_rng(3), 60, 40)
    nobody = Rule(
        "nobody", reads=("her_own",), refuses="No.", counts="{n} no", allows=lambda seen: seen.her_own < 0
    )
    with_a_new(monkeypatch, nobody)
    for large in (False, True):
        candidates, plan = planned(demand, monkeypatch, large=large)
        assert len(plan.pair_arc) == 0 and all_priced(candidates, plan).violation == ""


def told(left_out):
    return [(one.household, one.offering, one.refused, one.taken) for one in left_out]


def recounted(candidates, plan):
    """The same, every rule asked about every pair."""
    setting, chosen, answers = candidates.setting, candidates.chosen(plan), []
    for household in candidates.household[plan.unassigned > 0].tolist():
        everyone = np.arange(len(setting.volunteers))
        pairs = Pairs(setting, np.full_like(everyone, household), everyone)
        allowed = {rule.name: rule.allowed(pairs) for rule in rules.RULES}
        offering = allowed["available"] & allowed["offers"]
        left, refused = offering, {}
        for name, may in allowed.items():
            refused[name] = int((left & ~may).sum())
            left = left & may
        taken = int((left & ~chosen.having(pairs)).sum())
        refused = tuple((name, count) for name, count in refused.items() if count)
        answers.append((household, int(offering.sum()), refused, taken))
    return answers


def only_those_with(name, least):
    """Only volunteers with so much of a trait that nobody read before."""
    return Rule(
        "new", reads=(name,), refuses="No.", counts="{n} no", allows=lambda seen: getattr(seen, name) >= least
    )


def a_round(households=600, volunteers=300):
    families, givers = a_prefecture(households, volunteers).people(PACK)
    return families, replace(givers, more={"her_own": givers.capacity})


def test_a_new_rule_leaves_nobody_out_of_a_large_round_whom_a_small_one_covers(monkeypatch):
    """150 were left out instead of 87: their helpers' group was judged by one who lacked what was read."""
    demand = first_helpers(*a_round(), PACK, DATED)
    with_a_new(monkeypatch, only_those_with("her_own", 2))
    for large in (False, True):
        candidates, plan = planned(demand, monkeypatch, large=large)
        assert sum(plan.uncovered.values()) == 87
        assert all_priced(candidates, plan).passed


@pytest.mark.parametrize("undeclared", ["cleared", "minor", "her_own", "distance_m", "forbidden", "common"])
def test_what_is_read_and_not_declared_is_refused(undeclared, monkeypatch):
    demand = first_helpers(*a_round(20, 10), PACK, DATED)
    rule = Rule(
        "sly", reads=("active", "needs"), refuses="No.", counts="{n} no",
        allows=lambda seen: getattr(seen, undeclared, seen.active) == 1,
    )  # fmt: skip
    term = Term(
        "sly", reads=("active",), sentence="", most=lambda _: 0,
        of=lambda seen: seen.active + getattr(seen, undeclared),
    )  # fmt: skip
    for sly in (rule, term):
        with monkeypatch.context() as new, pytest.raises(UndeclaredError, match=f"sly reads '{undeclared}'"):
            with_a_new(new, sly)
            everybody(demand)


def test_how_far_at_most_is_said_without_knowing_how_far():
    demand = first_helpers(*a_round(20, 10), PACK, DATED)
    rule = Rule(
        "sly", reads=(WAY,), refuses="No.", counts="{n} no",
        allows=lambda seen: seen.distance_m < 9, farthest=lambda seen: seen.distance_m,
    )  # fmt: skip
    with pytest.raises(UndeclaredError, match="sly reads 'distance_m'"):
        rule.reach(Pairs(demand.setting, np.array([0]), np.array([0])))


def test_only_what_there_is_can_be_declared():
    with pytest.raises(ValueError, match=r"new reads \['shoe_size'\]: there is only"):
        only_those_with("shoe_size", 38)


def test_a_trait_of_both_sides_would_be_the_familys_for_both(monkeypatch):
    monkeypatch.setitem(traits.VOLUNTEER, "minor", traits.VOLUNTEER["cleared"])
    with pytest.raises(ValueError, match=r"new reads \['minor'\] of both sides"):
        only_those_with("minor", 1)


@pytest.mark.parametrize("answer", [True, np.ones(3, dtype=np.bool_), np.ones(1, dtype=np.int64)])
def test_a_rule_answers_yes_or_no_for_every_pair(answer):
    demand = first_helpers(*a_round(20, 10), PACK, DATED)
    rule = Rule("new", reads=(), refuses="No.", counts="{n} no", allows=lambda seen: answer)
    with pytest.raises(TypeError, match="new must answer with one bool for each"):
        rule.allowed(Pairs(demand.setting, np.array([0]), np.array([0])))


def test_no_rule_can_write_into_what_the_next_one_reads():
    demand = first_helpers(*a_round(20, 10), PACK, DATED)
    pairs = Pairs(demand.setting, np.array([0]), np.array([0]))
    with pytest.raises(ValueError, match="read-only"):
        Rule(
            "new", reads=(WAY,), refuses="No.", counts="{n} no",
            allows=lambda seen: seen.distance_m.fill(0),
        ).allowed(pairs)  # fmt: skip


@pytest.mark.parametrize(("charge", "said"), [(-1, "new charges -1: it cannot be negative"), (9, "costs")])
def test_a_term_charges_no_less_than_nothing_and_no_more_than_it_says(charge, said, monkeypatch):
    demand = first_helpers(*a_round(60, 30), PACK, DATED)
    dear = max(costs.most(demand.setting), 1)
    with_a_new(
        monkeypatch,
        Term("new", reads=(), sentence="", of=lambda s: np.full(len(s), charge * dear), most=lambda _: 8),
    )
    with pytest.raises(ValueError, match=said if charge > 0 else "new charges"):
        everybody(demand)
