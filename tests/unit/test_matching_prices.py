"""Our own engine against OR-Tools and against plain enumeration, its prices checked every time."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import random_problem

from jiedui_matching import Problem, check, prices, solve
from jiedui_matching.check import bound_of
from jiedui_matching.engine.numbering import along_arcs
from jiedui_matching.instances import county
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import Prices


def agrees(problem, warm=None):
    ours, theirs = solve(problem, solver="prices", warm=warm), solve(problem, solver="ortools_flow")
    assert (ours.uncovered, ours.cost) == (theirs.uncovered, theirs.cost)
    assert check(problem, ours).violations == {}
    assert ours.status == "optimal"


@given(
    st.integers(0, 2**32),
    st.sampled_from([(4, 4), (12, 6), (6, 12), (30, 20)]),
    st.sampled_from([0.1, 0.4, 1.0]),
    st.sampled_from([0, 3, 1000, 10**12]),
)
def test_our_engine_and_the_flow_agree_on_every_kind_of_problem(seed, size, density, dearest):
    rng = np.random.default_rng(seed)
    agrees(random_problem(rng, slots=size[0], volunteers=size[1], density=density, dearest=dearest))


@pytest.mark.parametrize("places", [0.5, 0.9, 1.1, 2.2])
def test_a_small_county_is_solved_alike(places):
    agrees(county(600, 300, nearest=12, places_per_slot=places))


@pytest.mark.parametrize("patience", [0, 1, 1000])
def test_bids_only_change_how_fast_the_optimum_is_found(monkeypatch, patience):
    monkeypatch.setattr(prices, "_PATIENCE", patience)
    agrees(county(300, 150, nearest=8))


def test_a_slot_that_wants_more_helpers_than_anyone_can_count_is_no_trouble():
    agrees(
        Problem(
            tier=[1, 2],
            wanted=[10**6, 2],
            capacity=[1, 3],
            held=[0, 0],
            arc_slot=[0, 0, 1],
            arc_volunteer=[0, 1, 0],
            arc_cost=[5, 1, 9],
        )
    )


def test_a_volunteer_who_holds_beyond_all_bounds_is_simply_full():
    agrees(
        Problem(
            tier=[1],
            wanted=[1],
            capacity=[1, 1],
            held=[2**61, 0],
            arc_slot=[0, 0],
            arc_volunteer=[0, 1],
            arc_cost=[0, 1],
            load_step=7,
        )
    )


def test_the_same_problem_gives_the_same_pairs():
    problem = county(500, 250, nearest=10)
    first, second = (solve(problem, solver="prices").pair_arc for _ in range(2))
    assert np.array_equal(first, second)


def test_the_walk_names_everybody_exactly_once():
    problem = county(200, 150, nearest=3)
    slot, volunteer = along_arcs(problem)
    assert np.array_equal(np.sort(slot), np.arange(200))
    assert np.array_equal(np.sort(volunteer), np.arange(150))


@pytest.mark.parametrize("asked", [0, 1, 2, 3])
def test_a_stop_rule_leaves_an_allowed_plan_and_a_true_bound(monkeypatch, asked):
    monkeypatch.setattr(prices, "_ROWS", 50)
    problem = county(400, 200, nearest=8)
    answers = iter([False] * asked)
    solution = solve(problem, solver="prices", stop=lambda: next(answers, True))
    assert solution.status == "stopped"
    assert set(check(problem, solution).violations) <= {"optimal"}
    proven = bound_of(problem, solution.prices.slot, solution.prices.volunteer)
    assert solution.bound == proven <= solve(problem, solver="ortools_flow").weight <= solution.weight


def test_control_c_ends_the_solve_with_the_pairs_made_so_far(monkeypatch):
    monkeypatch.setattr(prices, "_ROWS", 50)
    problem = county(400, 200, nearest=8)
    asked = []

    def interrupt():
        asked.append(None)
        if len(asked) > 4:
            raise KeyboardInterrupt
        return False

    solution = solve(problem, solver="prices", stop=interrupt)
    assert solution.status == "stopped"
    assert len(solution.pair_arc) > 0
    assert set(check(problem, solution).violations) <= {"optimal"}


def test_a_large_solve_asks_often_enough_to_stop_within_a_fifth_of_a_second():
    problem = county(20_000, 10_000, nearest=40)
    solve(problem, solver="prices")  # compiled and in the cache
    asked = []
    solve(problem, solver="prices", stop=lambda: bool(asked.append(time.thread_time())))
    assert np.diff(asked).max() < 0.2


def a_day_later(rng, problem):
    """The same people; arcs come and go, costs, places, wishes and pins change."""
    n, m = problem.slots, problem.volunteers
    there = np.zeros((n, m), dtype=bool)
    there[problem.arc_slot, problem.arc_volunteer] = True
    cost = rng.integers(0, 9, (n, m))
    cost[problem.arc_slot, problem.arc_volunteer] = problem.arc_cost + rng.integers(0, 3, problem.arcs)
    slot, volunteer = np.nonzero(there ^ (rng.random((n, m)) < rng.choice([0, 0.1, 0.5])))
    wanted = np.maximum(problem.wanted + rng.integers(-1, 2, n), 0)
    capacity = np.maximum(problem.capacity + rng.integers(-1, 2, m), 0)
    pinned = np.zeros(len(slot), dtype=bool)
    for a in rng.permutation(len(slot))[:2]:
        i, j = slot[a], volunteer[a]
        pinned[a] = (pinned & (slot == i)).sum() < wanted[i] and (
            (pinned & (volunteer == j)).sum() < capacity[j] - problem.held[j]
        )
    return Problem(
        tier=problem.tier, wanted=wanted, capacity=capacity, held=problem.held, arc_slot=slot,
        arc_volunteer=volunteer, arc_cost=cost[slot, volunteer], load_step=problem.load_step, pinned=pinned,
    )  # fmt: skip


def some_plan(rng, problem):
    """Pairs that need not be allowed and prices without any sense."""
    some = np.flatnonzero(rng.random(problem.arcs) < 0.5)
    far = 10 ** int(rng.integers(1, 18))
    prices_ = Prices(*(rng.integers(-far, far, size) for size in (problem.slots, problem.volunteers)))
    return replace(
        solve(problem), pair_arc=some, pair_slot=problem.arc_slot[some],
        pair_volunteer=problem.arc_volunteer[some], prices=prices_,
    )  # fmt: skip


@given(st.integers(0, 2**32), st.sampled_from([(5, 4), (12, 8), (30, 20)]), st.sampled_from([0.2, 0.6, 1.0]))
def test_from_any_earlier_plan_the_same_optimum_is_reached(seed, size, density):
    rng = np.random.default_rng(seed)
    before = random_problem(rng, slots=size[0], volunteers=size[1], density=density, dearest=9)
    later = a_day_later(rng, before)
    for warm in (
        solve(before, solver="prices"),
        solve(before, solver="ortools_flow"),
        some_plan(rng, before),
    ):
        agrees(later, warm)


@given(st.integers(0, 2**32), st.sampled_from([0, 3, 10**12]))
def test_a_plan_taken_up_again_stays_as_it_was(seed, dearest):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, slots=20, volunteers=12, density=0.4, dearest=dearest)
    for solver in ("prices", "ortools_flow"):
        earlier = solve(problem, solver=solver)
        again = solve(problem, solver="prices", warm=earlier)
        assert np.array_equal(again.pair_arc, earlier.pair_arc)


@pytest.mark.parametrize("places", [0.8, 1.1, 2.2])
def test_a_county_after_a_few_refusals_is_solved_alike_from_yesterday(places):
    rng = np.random.default_rng(3)
    problem = county(600, 300, nearest=12, places_per_slot=places)
    yesterday = solve(problem, solver="prices")
    kept = np.delete(np.arange(problem.arcs), rng.choice(yesterday.pair_arc, 30, replace=False))
    today = replace(
        problem, arc_slot=problem.arc_slot[kept], arc_volunteer=problem.arc_volunteer[kept],
        arc_cost=problem.arc_cost[kept], pinned=problem.pinned[kept],
    )  # fmt: skip
    agrees(today, yesterday)
    kept_pairs = set(zip(yesterday.pair_slot, yesterday.pair_volunteer, strict=True))
    found = solve(today, solver="prices", warm=yesterday)
    assert len(kept_pairs - set(zip(found.pair_slot, found.pair_volunteer, strict=True))) < 150


@pytest.mark.parametrize("asked", range(12))
def test_a_warm_start_can_be_stopped_anywhere(monkeypatch, asked):
    monkeypatch.setattr(prices, "_ROWS", 50)
    monkeypatch.setattr(prices, "_OFFERS", 1)
    rng = np.random.default_rng(4)
    problem = county(400, 200, nearest=8)
    answers = iter([False] * asked)
    warm = some_plan(rng, problem)
    solution = solve(problem, solver="prices", stop=lambda: next(answers, True), warm=warm)
    assert set(check(problem, solution).violations) <= {"optimal"}
    proven = bound_of(problem, solution.prices.slot, solution.prices.volunteer)
    assert solution.bound == proven <= solve(problem, solver="ortools_flow").weight <= solution.weight


def test_a_kept_plan_takes_up_an_earlier_one_and_repairs_it():
    problem = county(300, 150, nearest=8)
    earlier = solve(problem)
    plan = LivePlan(problem, warm=earlier)
    assert np.array_equal(plan.solution().pair_arc, earlier.pair_arc)
    plan.forbid(int(earlier.pair_slot[0]), int(earlier.pair_volunteer[0]))
    cold = solve(plan.problem, solver="ortools_flow")
    assert (plan.solution().cost, plan.solution().uncovered) == (cold.cost, cold.uncovered)


def test_a_plan_of_other_people_is_no_start():
    problem, other = county(30, 15, nearest=3), solve(county(31, 14, nearest=3))
    with pytest.raises(ValueError, match="the earlier plan has 31 slot prices: there are 30 slots"):
        solve(problem, solver="prices", warm=other)
    mine = solve(problem)
    wrong = replace(mine, pair_volunteer=mine.pair_volunteer + 15)
    with pytest.raises(ValueError, match=r"the earlier plan's pair 0 has volunteer \d+: there are 15"):
        LivePlan(problem, warm=wrong)
