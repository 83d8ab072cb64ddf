"""Nearest first, then whoever could still do better: the same optimum as judging everybody."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from neighbours import a_demand
from prefecture import a_prefecture

from jiedui_matching import check, solve
from jiedui_pairing import all_pairs
from jiedui_pairing.all_pairs import best_plan
from jiedui_pairing.candidates import everybody, first_helpers, further_helpers, in_portions, judged
from jiedui_pairing.policy import standard
from jiedui_pairing.trait_groups import groups

ON = dt.date(2026, 11, 1)


def let_in_slowly(monkeypatch, at_first, each_turn):
    """Column by column also where all pairs would be few."""
    monkeypatch.setattr(all_pairs, "_FEW_PAIRS", 0)
    monkeypatch.setattr(all_pairs, "_NEAREST", at_first)
    monkeypatch.setattr(all_pairs, "_BETTER", each_turn)


def same_as_everybody(demand):
    """The plan's candidates after a look at every pair; both optimal by different ways."""
    candidates, plan = best_plan(demand, lambda: False)
    solution, whole = plan.solution(), everybody(demand)
    reference = solve(whole.problem, solver="ortools_flow")
    assert (solution.uncovered, solution.cost) == (reference.uncovered, reference.cost)
    assert candidates.refused_pins == whole.refused_pins
    assert check(candidates.problem, solution).violations == {}
    return candidates, solution


@pytest.mark.parametrize(("at_first", "each_turn"), [(1, 1), (1, 3), (2, 1), (3, 2)])
@given(demand=a_demand())
def test_the_best_plan_of_all_pairs_is_found(demand, at_first, each_turn):
    with pytest.MonkeyPatch.context() as monkeypatch:
        let_in_slowly(monkeypatch, at_first, each_turn)
        first, solution = same_as_everybody(demand)
        same_as_everybody(further_helpers(2, first, solution, demand.pinned))


@given(demand=a_demand())
def test_a_group_never_costs_more_than_any_of_its_pairs(demand):
    alike = groups(demand.setting, demand.rows)
    for pairs in in_portions(demand.setting, demand.rows):
        household, volunteer, metres, _, cost = judged(pairs)
        group = alike.household[np.searchsorted(demand.rows, household)], alike.volunteer[volunteer]
        assert (alike.cost[group] <= cost - metres).all()
        assert (metres <= alike.limit_m[group]).all()


@pytest.mark.parametrize("seed", range(6))
def test_it_is_found_where_prices_rise_and_fall_many_times(seed, monkeypatch):
    let_in_slowly(monkeypatch, 1, 2)
    pack = standard()
    demand = first_helpers(*a_prefecture(400, 200, seed).people(pack), pack, ON)
    first, solution = same_as_everybody(demand)
    same_as_everybody(further_helpers(2, first, solution))
