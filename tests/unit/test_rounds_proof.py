"""The proof over all pairs: it knows the people and the rules, and neither arcs nor groups."""

from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbours import a_demand
from prefecture import DATED, a_prefecture

from jiedui_matching import Prices, check, solve
from jiedui_pairing import all_pairs, costs, proof, rules, trait_groups, traits
from jiedui_pairing.candidates import everybody, first_helpers, in_portions
from jiedui_pairing.people import NO_LIMIT, kinds_mask
from jiedui_pairing.policy import standard
from jiedui_pairing.proof import all_priced
from jiedui_pairing.rules import RULES, Rule, eligible

PACK = standard()


def a_round(households=600, volunteers=300):
    return first_helpers(*a_prefecture(households, volunteers).people(PACK), PACK, DATED)


@pytest.fixture
def a_new_rule(monkeypatch):
    """Only volunteers with two places or more: no rule has ever read that."""
    monkeypatch.setitem(traits.VOLUNTEER, "places", attrgetter("volunteers.capacity"))
    new = Rule("new", reads=("places",), refuses="No.", counts="{n} no", allows=lambda seen: seen.places > 1)
    monkeypatch.setattr(rules, "RULES", (*RULES, new))


def dropped(candidates, arcs):
    """The same without these arcs, and the best plan of what is left."""
    problem, kept = candidates.problem, np.ones(candidates.problem.arcs, dtype=np.bool_)
    kept[arcs] = False
    fewer = replace(
        problem, arc_slot=problem.arc_slot[kept], arc_volunteer=problem.arc_volunteer[kept],
        arc_cost=problem.arc_cost[kept], pinned=problem.pinned[kept],
    )  # fmt: skip
    return replace(candidates, problem=fewer), solve(fewer)


def test_a_plan_for_want_of_a_pair_that_matters_is_found_out():
    candidates = everybody(a_round())
    best, worse = solve(candidates.problem), 0
    for arc in best.pair_arc[::40].tolist():
        fewer, plan = dropped(candidates, [arc])
        assert check(fewer.problem, plan).passed
        if plan.weight > best.weight:
            household = candidates.household[candidates.problem.arc_slot[arc]]
            volunteer = candidates.problem.arc_volunteer[arc]
            violation = all_priced(fewer, plan).violation
            assert violation.endswith(f"all pairs; look at household {household} and volunteer {volunteer}")
            worse += 1
    assert worse > 5


@pytest.mark.usefixtures("a_new_rule")
def test_what_wrong_groups_have_kept_away_is_found_out(monkeypatch):
    """The fault as it was: the groups do not know what the new rule reads, and one of each is asked."""
    by = trait_groups._Groups.by
    monkeypatch.setattr(
        trait_groups._Groups, "by", lambda self, reader: self if reader.name == "new" else by(self, reader)
    )
    monkeypatch.setattr(all_pairs, "_FEW_PAIRS", 0)
    candidates, plan = all_pairs.best_plan(a_round(), lambda: False)
    assert check(candidates.problem, plan.solution()).passed
    assert "over all pairs; look at household" in all_priced(candidates, plan.solution()).violation


def test_a_pair_against_the_rules_is_found_out(request):
    candidates = everybody(a_round())
    plan = solve(candidates.problem)
    assert all_priced(candidates, plan).passed
    request.getfixturevalue("a_new_rule")
    assert "of the plan's pairs are against the rules" in all_priced(candidates, plan).violation


def test_a_pair_at_a_wrong_cost_is_found_out():
    candidates = everybody(a_round())
    dearer = replace(candidates.problem, arc_cost=candidates.problem.arc_cost + 1)
    plan = solve(dearer)
    assert check(dearer, plan).passed
    assert "cost something else" in all_priced(replace(candidates, problem=dearer), plan).violation


@settings(max_examples=150, deadline=None)
@given(demand=a_demand(), data=st.data())
def test_whatever_the_prices_no_pair_that_counts_is_passed_over(demand, data):
    """The sum over pairs below 0, from places, against the same from one pair after the other."""
    candidates = everybody(demand)
    plan = solve(candidates.problem)

    def near(prices):
        off = st.lists(st.integers(-9_000, 9_000), min_size=len(prices), max_size=len(prices))
        return prices + np.array(data.draw(off), dtype=np.int64)

    prices = Prices(near(plan.prices.slot), near(plan.prices.volunteer))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(proof, "_AT_ONCE", data.draw(st.sampled_from([1, 5, 2**18])))
        sweep = proof._Sweep(candidates, replace(plan, prices=prices))
        below = sweep.below(lambda: False).sum
    counted = 0
    for pairs in map(eligible, in_portions(demand.setting, demand.rows)):
        slot = np.searchsorted(demand.rows, pairs.household)
        reduced = costs.total(pairs) + sweep._price[pairs.volunteer] - prices.slot[slot]
        counted += int(reduced[(reduced < 0) & ~sweep._pinned.having(pairs)].sum())
    assert below == counted
    assert sweep.bound(below) <= plan.weight


@pytest.mark.parametrize("price", [0, 400, 2_000, 10**6])
def test_no_price_makes_places_vanish_for_want_of_arcs(price):
    """Whoever was let in for one family only has two places all the same: both count in the bound."""
    whole = everybody(with_two_places())
    optimum = solve(whole.problem).weight
    fewer, plan = dropped(whole, [1])
    sweep = proof._Sweep(fewer, plan)
    sweep._price, sweep._least = np.array([price]), np.array([price])
    assert sweep.bound(sweep.below(lambda: False).sum) <= optimum


def with_two_places():
    """Two families next door to one volunteer."""
    families, givers = a_prefecture(2, 1).people(PACK)
    needs, home = kinds_mask(PACK, ["companionship"]), np.full(2, 30.0)
    return first_helpers(
        replace(families, needs=[needs] * 2, minor=[False] * 2, wanted=[1] * 2, lat=home, lng=home),
        replace(givers, offers=[needs], active=[True], capacity=[2], lat=home[:1], lng=home[:1]),
        PACK, DATED,
    )  # fmt: skip


@pytest.mark.parametrize("north", np.random.default_rng(0).uniform(0, 0.2, 40).tolist())
def test_a_pair_counts_from_the_metre_on_that_it_is_cheaper(north):
    """Nobody lives as near as the straight line to her says, nor is passed over for it."""
    families, givers = a_prefecture(1, 1).people(PACK)
    needs = np.array([kinds_mask(PACK, ["companionship"])])
    demand = first_helpers(
        replace(families, needs=needs, minor=[False], wanted=[1]),
        replace(
            givers, offers=needs, active=[True], reach_m=[NO_LIMIT],
            lat=families.lat + north, lng=families.lng,
        ),
        PACK, DATED,
    )  # fmt: skip
    candidates = everybody(demand)
    plan, (cost,) = solve(candidates.problem), candidates.problem.arc_cost
    for more in (0, 1):
        prices = Prices(np.array([cost + more]), np.zeros(1, dtype=np.int64))
        assert proof._Sweep(candidates, replace(plan, prices=prices)).below(lambda: False).sum == -more


def test_the_proof_stops_when_told():
    candidates = everybody(a_round(60, 30))
    with pytest.raises(InterruptedError):
        all_priced(candidates, solve(candidates.problem), lambda: True)
