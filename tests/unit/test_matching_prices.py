"""Our own engine against OR-Tools and against plain enumeration, its prices checked every time."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiedui_matching import Problem, check, prices, solve
from jiedui_matching.check import bound_of
from jiedui_matching.engine.numbering import along_arcs
from jiedui_matching.instances import county


def random_problem(rng, *, slots, volunteers, density, dearest, wanted=3, room=3, load=4, pins=0.1):
    """Every trouble at once: ties, full volunteers, several helpers, pins, people over their capacity."""
    n, m = rng.integers(0, slots + 1), rng.integers(0, volunteers + 1)
    arcs = np.flatnonzero(rng.random(n * m) < density)
    slot, volunteer = np.divmod(arcs, max(m, 1))
    wants = rng.integers(0, wanted + 1, n)
    held, capacity = rng.integers(0, 3, m), rng.integers(0, room + 3, m)
    left, places = wants.copy(), np.maximum(capacity - held, 0)
    pinned = np.zeros(len(arcs), dtype=bool)
    for a in np.flatnonzero(rng.random(len(arcs)) < pins):
        if left[slot[a]] > 0 and places[volunteer[a]] > 0:
            pinned[a] = True
            left[slot[a]] -= 1
            places[volunteer[a]] -= 1
    return Problem(
        tier=rng.integers(1, 4, n), wanted=wants, capacity=capacity, held=held,
        arc_slot=slot, arc_volunteer=volunteer, arc_cost=rng.integers(0, dearest, len(arcs), endpoint=True),
        load_step=int(rng.integers(0, load + 1)), pinned=pinned,
    )  # fmt: skip


def agrees(problem):
    ours, theirs = solve(problem, solver="prices"), solve(problem, solver="ortools_flow")
    assert (ours.uncovered, ours.cost) == (theirs.uncovered, theirs.cost)
    assert check(problem, ours).violations == {}
    assert ours.status == "optimal"


@given(
    st.integers(0, 2**32),
    st.sampled_from([(4, 4), (12, 6), (6, 12), (30, 20)]),
    st.sampled_from([0.1, 0.4, 1.0]),
    st.sampled_from([0, 3, 1000, 10**12]),
)
@settings(max_examples=400, deadline=None)
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
    best = solve(problem, solver="ortools_flow")
    weight = best.cost + int((problem.tier_weight * problem.tier * best.unassigned).sum())
    assert bound_of(problem, solution.prices.slot, solution.prices.volunteer) <= weight


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
    solve(problem, solver="prices", stop=lambda: bool(asked.append(time.perf_counter())))
    assert np.diff(asked).max() < 0.2
