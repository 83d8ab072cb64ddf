"""The flow against plain enumeration and against another solver, with the certificate every time."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import small_problems
from scipy.optimize import linear_sum_assignment

from jiedui_matching import Problem, check, solve
from jiedui_matching.certificate import prices_of
from jiedui_matching.instances import county
from jiedui_matching.solve import SOLVERS


def best_by_enumeration(problem):
    """Coverage of the weightiest tier, then the next, and so on, then the least cost: every plan tried."""
    tiers = sorted(set(problem.tier.tolist()), reverse=True)
    free = np.flatnonzero(~problem.pinned).tolist()
    pinned = np.flatnonzero(problem.pinned).tolist()
    best = None
    for size in range(len(free) + 1):
        for extra in itertools.combinations(free, size):
            lacking, load, cost = problem.wanted.tolist(), problem.held.tolist(), 0
            for arc in [*pinned, *extra]:
                slot, volunteer = problem.arc_slot[arc], problem.arc_volunteer[arc]
                lacking[slot] -= 1
                cost += int(problem.arc_cost[arc]) + problem.load_step * load[volunteer]
                load[volunteer] += 1
                if lacking[slot] < 0 or load[volunteer] > problem.capacity[volunteer]:
                    break
            else:
                short = [
                    sum(n for n, t in zip(lacking, problem.tier, strict=True) if t == tier) for tier in tiers
                ]
                best = min(filter(None, (best, (short, cost))))
    return best


@given(small_problems())
def test_the_flow_finds_what_trying_every_plan_finds(problem):
    solution = solve(problem)
    assert (list(solution.uncovered.values()), solution.cost) == best_by_enumeration(problem)
    assert check(problem, solution).violations == {}
    assert solution.status == "optimal"


@given(st.integers(1, 25), st.integers(1, 25), st.integers(0, 2**31), st.sampled_from([1, 50, 10**6]))
def test_one_to_one_problems_agree_with_scipy(n, m, seed, dearest):
    cost = np.random.default_rng(seed).integers(0, dearest, size=(n, m), endpoint=True)
    slot, volunteer = np.divmod(np.arange(n * m), m)
    problem = Problem(
        tier=np.ones(n, dtype=int),
        wanted=np.ones(n, dtype=int),
        capacity=np.ones(m, dtype=int),
        held=np.zeros(m, dtype=int),
        arc_slot=slot,
        arc_volunteer=volunteer,
        arc_cost=cost.ravel(),
    )
    solution = solve(problem)
    assert solution.cost == cost[linear_sum_assignment(cost)].sum()
    assert solution.uncovered == {1: max(n - m, 0)}
    assert check(problem, solution).violations == {}


@pytest.mark.parametrize("solver", SOLVERS)
@given(problem=small_problems())
@settings(max_examples=settings.default.max_examples // 3)
def test_every_solver_brings_a_proof_that_holds(solver, problem):
    assert check(problem, solve(problem, solver=solver)).violations == {}


@given(small_problems(slots=6, volunteers=6, dearest=10**14))
def test_huge_costs_stay_exact(problem):
    assert check(problem, solve(problem)).violations == {}


def test_a_red_slot_is_covered_however_dear_it_is():
    problem = Problem(
        tier=[3, 1],
        wanted=[1, 1],
        capacity=[1],
        held=[0],
        arc_slot=[0, 1],
        arc_volunteer=[0, 0],
        arc_cost=[10**9, 0],
    )
    solution = solve(problem)
    assert solution.pair_slot.tolist() == [0]
    assert solution.uncovered == {3: 0, 1: 1}


def test_many_green_slots_never_outweigh_one_yellow():
    problem = Problem(
        tier=[2, 1, 1, 1],
        wanted=[1, 1, 1, 1],
        capacity=[1],
        held=[0],
        arc_slot=[0, 1, 2, 3],
        arc_volunteer=[0, 0, 0, 0],
        arc_cost=[9, 0, 0, 0],
    )
    assert solve(problem).uncovered == {2: 0, 1: 3}


def test_a_slot_that_wants_two_gets_two_different_people():
    problem = Problem(
        tier=[1], wanted=[2], capacity=[5, 5], held=[0, 0],
        arc_slot=[0, 0], arc_volunteer=[0, 1], arc_cost=[1, 100],
    )  # fmt: skip
    assert solve(problem).pair_volunteer.tolist() == [0, 1]


def test_load_counts_up_from_what_is_already_held():
    problem = Problem(
        tier=[1, 1], wanted=[1, 1], capacity=[9, 9], held=[2, 0],
        arc_slot=[0, 0, 1, 1], arc_volunteer=[0, 1, 0, 1], arc_cost=[0, 15, 0, 15], load_step=10,
    )  # fmt: skip
    solution = solve(problem)
    # 2·10 + 15 + 0·10; both at volunteer 0 would be 20 + 30, both at volunteer 1 15 + 15 + 10.
    assert solution.cost == 35
    assert sorted(solution.pair_volunteer.tolist()) == [0, 1]


def test_a_pinned_pair_stands_even_against_coverage():
    problem = Problem(
        tier=[3, 1], wanted=[1, 1], capacity=[1], held=[0],
        arc_slot=[0, 1], arc_volunteer=[0, 0], arc_cost=[1, 1], pinned=[False, True],
    )  # fmt: skip
    solution = solve(problem)
    assert solution.pair_slot.tolist() == [1]
    assert check(problem, solution).violations == {}


def test_a_pinned_pair_takes_the_first_place_and_the_next_household_pays_for_the_second():
    problem = Problem(
        tier=[1, 1], wanted=[1, 1], capacity=[2, 1], held=[0, 0], load_step=10,
        arc_slot=[0, 1, 1], arc_volunteer=[0, 0, 1], arc_cost=[0, 0, 5], pinned=[True, False, False],
    )  # fmt: skip
    solution = solve(problem)
    assert solution.pair_volunteer.tolist() == [0, 1]
    assert solution.cost == 5


def test_the_same_problem_gives_the_same_plan_twice():
    rng = np.random.default_rng(7)
    slot, volunteer = np.divmod(np.flatnonzero(rng.random(60 * 30) < 0.3), 30)
    problem = Problem(
        tier=rng.integers(1, 4, 60), wanted=np.ones(60, dtype=int), capacity=rng.integers(0, 4, 30),
        held=np.zeros(30, dtype=int), arc_slot=slot, arc_volunteer=volunteer,
        arc_cost=rng.integers(0, 3, len(slot)), load_step=1,
    )  # fmt: skip
    assert solve(problem).pair_arc.tolist() == solve(problem).pair_arc.tolist()


def test_an_unknown_solver_is_refused_by_name():
    with pytest.raises(ValueError, match="solver is 'magic': choose auto or one of prices, ortools_flow"):
        solve(Problem(tier=[], wanted=[], capacity=[], held=[], arc_slot=[], arc_volunteer=[], arc_cost=[]),
              solver="magic")  # fmt: skip


@given(small_problems(), st.sampled_from(SOLVERS), st.integers(0, 4))
def test_wherever_a_solver_is_stopped_its_plan_is_allowed_and_its_bound_holds(problem, solver, asked):
    answers = iter([False] * asked)
    stopped = solve(problem, solver=solver, stop=lambda: next(answers, True))
    assert check(problem, stopped).violations.keys() <= {"optimal"}
    assert stopped.bound <= solve(problem).weight <= stopped.weight
    if asked == 0:
        assert (stopped.status, stopped.pair_arc.tolist()) == (
            "stopped",
            np.flatnonzero(problem.pinned).tolist(),
        )


@given(small_problems())
@settings(max_examples=settings.default.max_examples // 5)
def test_a_long_flow_in_a_process_of_its_own_answers_the_same(problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["jiedui_matching.solve"], "_LONG", 0)
        apart = solve(problem, solver="ortools_flow")
    assert np.array_equal(apart.pair_arc, solve(problem, solver="ortools_flow").pair_arc)
    assert (apart.status, apart.bound) == ("optimal", apart.weight)


def test_a_flow_that_is_not_done_in_time_leaves_a_bound_above_nothing():
    problem = county(2500, nearest=30)
    asked = []
    stopped = solve(problem, solver="ortools_flow", stop=lambda: len(asked) > 1 or asked.append(None))
    assert stopped.status == "stopped"
    assert 0 < stopped.bound < solve(problem).weight


@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_is_as_good_as_a_stop_rule(solver):
    def interrupt():
        raise KeyboardInterrupt

    stopped = solve(county(50, nearest=5), solver=solver, stop=interrupt)
    assert (stopped.status, len(stopped.pair_arc)) == ("stopped", 0)
    assert 0 == stopped.bound < stopped.weight


def test_working_out_the_proof_can_be_stopped_too():
    problem = county(50, nearest=5)
    with pytest.raises(InterruptedError):
        prices_of(problem, problem.pinned, lambda: True)
