"""Of equally good plans the one that changes least, against trying every plan and against full solves."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import random_problem

from jiedui_matching import Prices, Problem, check, closest, solve
from jiedui_matching.instances import county
from jiedui_matching.solution import unassigned_after, weight_of


def most_kept_by_enumeration(problem, best, earlier):
    """Every set of arcs tried: the most earlier pairs in any plan that weighs no more than the best."""
    free = np.flatnonzero(~problem.pinned)
    most = -1
    for take in itertools.product([False, True], repeat=len(free)):
        chosen = problem.pinned.copy()
        chosen[free] = take
        new = np.bincount(problem.arc_volunteer[chosen], minlength=problem.volunteers)
        allowed = (unassigned_after(problem, chosen) >= 0).all() and (new <= problem.room).all()
        if allowed and weight_of(problem, chosen) == best:
            most = max(most, int((chosen & earlier).sum()))
    return most


def chosen_in(problem, solution):
    return np.isin(np.arange(problem.arcs), solution.pair_arc)


@given(st.integers(0, 2**32), st.sampled_from([0, 1, 3]), st.sampled_from(["prices", "ortools_flow"]))
def test_no_best_plan_keeps_more(seed, dearest, solver):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, slots=4, volunteers=4, density=0.6, dearest=dearest)
    if problem.arcs > 11:
        problem = replace(problem, **{
            name: getattr(problem, name)[:11] for name in ("arc_slot", "arc_volunteer", "arc_cost", "pinned")
        })  # fmt: skip
    problem = replace(problem, tier_weight=int(rng.choice([0, 1, 3])) or problem.tier_weight)
    earlier = rng.random(problem.arcs) < 0.4
    plan = solve(problem, solver=solver)
    kept = closest(problem, plan, earlier)
    assert check(problem, kept).violations == {}
    best = weight_of(problem, chosen_in(problem, plan))
    assert weight_of(problem, chosen_in(problem, kept)) == best
    assert (chosen_in(problem, kept) & earlier).sum() == most_kept_by_enumeration(problem, best, earlier)
    if problem.coverage_first:
        assert (kept.cost, kept.uncovered) == (plan.cost, plan.uncovered)


@given(st.integers(0, 2**32), st.integers(0, 2))
def test_a_best_plan_that_is_known_is_found_again_whole(seed, dearest):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, slots=25, volunteers=15, density=0.5, dearest=dearest)
    flow, ours = solve(problem, solver="ortools_flow"), solve(problem, solver="prices")
    for plan, wish in ((flow, ours), (ours, flow)):
        assert np.array_equal(closest(problem, plan, chosen_in(problem, wish)).pair_arc, wish.pair_arc)


def test_two_who_might_change_places_for_nothing_stay_where_they_are():
    problem = Problem(
        tier=[1, 1], wanted=[1, 1], capacity=[1, 1], held=[0, 0],
        arc_slot=[0, 0, 1, 1], arc_volunteer=[0, 1, 0, 1], arc_cost=[5, 5, 5, 5],
    )  # fmt: skip
    for earlier in ([True, False, False, True], [False, True, True, False]):
        wish = np.array(earlier)
        assert closest(problem, solve(problem), wish).pair_arc.tolist() == np.flatnonzero(wish).tolist()


def test_a_pair_that_would_cost_a_metre_more_is_not_kept():
    problem = Problem(
        tier=[1], wanted=[1], capacity=[1, 1], held=[0, 0],
        arc_slot=[0, 0], arc_volunteer=[0, 1], arc_cost=[5, 6],
    )  # fmt: skip
    assert closest(problem, solve(problem), np.array([False, True])).pair_volunteer.tolist() == [0]


def test_whoever_lacks_a_helper_may_change_only_within_a_tier():
    problem = Problem(
        tier=[3, 1, 1], wanted=[1, 1, 1], capacity=[2], held=[0],
        arc_slot=[0, 1, 2], arc_volunteer=[0, 0, 0], arc_cost=[7, 7, 7],
    )  # fmt: skip
    for green in (1, 2):
        earlier = np.arange(3) == green
        assert closest(problem, solve(problem), earlier).pair_slot.tolist() == [0, green]
    both = closest(problem, solve(problem), np.arange(3) > 0)
    assert both.uncovered == {3: 0, 1: 1}


def test_a_county_keeps_what_it_can():
    problem = replace(county(600, 300, nearest=12), arc_cost=county(600, 300, nearest=12).arc_cost // 1000)
    plan, other = solve(problem, solver="prices"), solve(problem, solver="ortools_flow")
    kept = closest(problem, plan, chosen_in(problem, other))
    assert not np.array_equal(plan.pair_arc, other.pair_arc)
    assert np.array_equal(kept.pair_arc, other.pair_arc)
    assert check(problem, kept).violations == {}


def test_a_plan_that_nothing_proves_is_refused():
    problem = county(40, 20, nearest=4)
    plan, earlier = solve(problem), np.zeros(problem.arcs, dtype=bool)
    nothing = Prices(np.zeros_like(plan.prices.slot), np.zeros_like(plan.prices.volunteer))
    with pytest.raises(ValueError, match="not proven best"):
        closest(problem, replace(plan, prices=nothing), earlier)
    with pytest.raises(ValueError, match="for each of the 160 arcs"):
        closest(problem, plan, earlier[1:])


@pytest.mark.parametrize("kept", range(6))
def test_nobody_goes_without_so_that_somebody_else_may_stay(kept):
    everyone = np.divmod(np.arange(18), 3)
    problem = Problem(
        tier=[1] * 6, wanted=[1] * 6, capacity=[6] * 3, held=[0] * 3,
        arc_slot=everyone[0], arc_volunteer=everyone[1], arc_cost=[5] * 18,
    )  # fmt: skip
    plan = solve(problem)
    earlier = np.isin(np.arange(18), 3 * kept + np.arange(3)) & ~chosen_in(problem, plan)
    assert closest(problem, plan, earlier).uncovered == {1: 0}
