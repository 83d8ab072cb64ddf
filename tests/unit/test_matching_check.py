"""The checker believes nothing: each way a plan can be wrong turns exactly its check red."""

from dataclasses import replace

import numpy as np
import pytest

from jiedui_matching import NotOptimalError, Prices, Problem, check, solve
from jiedui_matching.certificate import prices_of
from jiedui_matching.check import NO_ARC, bound_of, check_pairs
from jiedui_matching.couplings import Share


def example(**changes):
    """Three slots, three volunteers; the third slot wants two helpers and one volunteer is full."""
    fields = {
        "tier": [3, 2, 1],
        "wanted": [1, 1, 2],
        "capacity": [1, 2, 1],
        "held": [0, 0, 1],
        "arc_slot": [0, 0, 1, 1, 2, 2, 2],
        "arc_volunteer": [0, 1, 0, 1, 0, 1, 2],
        "arc_cost": [10, 30, 10, 20, 45, 50, 1],
        "load_step": 4,
    }
    return Problem(**fields | changes)


def with_arcs(problem, solution, arcs):
    """The plan changed to these arcs with every figure honestly recomputed, the prices kept."""
    arcs = np.array(arcs)
    slot, volunteer = problem.arc_slot[arcs], problem.arc_volunteer[arcs]
    lacking = problem.wanted - np.bincount(slot, minlength=problem.slots)
    load = np.bincount(volunteer, minlength=problem.volunteers)
    cost = (
        problem.arc_cost[arcs].sum()
        + problem.load_step * (load * problem.held + load * (load - 1) // 2).sum()
    )
    weight = cost + (problem.tier_weight * problem.tier * lacking).sum()
    tiers = {tier: int(lacking[problem.tier == tier].sum()) for tier in solution.uncovered}
    return replace(
        solution, pair_arc=arcs, pair_slot=slot, pair_volunteer=volunteer,
        unassigned=lacking, uncovered=tiers, cost=int(cost), weight=int(weight),
    )  # fmt: skip


def test_an_optimal_plan_passes_every_check():
    problem = example()
    report = check(problem, solve(problem))
    assert report.passed
    assert [c.name for c in report.checks] == [
        "arcs", "repeats", "wanted", "capacity", "pinned", "coverage", "cost", "prices", "optimal",
    ]  # fmt: skip


def test_the_example_is_solved_as_worked_out_by_hand():
    problem = example()
    solution = solve(problem)
    assert solution.pair_arc.tolist() == [0, 3, 5]
    assert solution.cost == 10 + 20 + 50 + 4
    assert solution.uncovered == {3: 0, 2: 0, 1: 1}
    assert solution.unassigned.tolist() == [0, 0, 1]


def test_a_cost_off_by_one_is_found():
    problem = example()
    solution = solve(problem)
    report = check(problem, replace(solution, cost=solution.cost + 1))
    assert report.violations == {"cost": "the pairs cost 84, the plan says 85"}


def test_a_weight_off_by_one_is_found():
    problem = example()
    solution = solve(problem)
    report = check(problem, replace(solution, weight=solution.weight - 1))
    assert list(report.violations) == ["cost"]
    assert report.violations["cost"] == f"the plan weighs {solution.weight} and says {solution.weight - 1}"


def test_a_bound_beyond_what_the_prices_prove_is_found():
    problem = example()
    solution = solve(problem)
    assert solution.bound == solution.weight
    assert check(problem, replace(solution, bound=solution.bound - 1)).passed
    report = check(problem, replace(solution, bound=solution.bound + 1))
    assert report.violations == {
        "optimal": f"the prices prove a bound of {solution.bound}, the plan says {solution.bound + 1}"
    }


def test_a_swapped_pair_that_costs_more_is_found():
    problem = example()
    solution = with_arcs(problem, solve(problem), [1, 2, 5])
    report = check(problem, solution)
    assert list(report.violations) == ["optimal"]
    assert "10 may be saved" in report.violations["optimal"]


def test_a_plan_that_leaves_someone_out_needlessly_is_found():
    problem = example()
    assert list(check(problem, with_arcs(problem, solve(problem), [0, 3])).violations) == ["optimal"]


def test_too_many_households_at_one_volunteer_are_found():
    problem = example()
    report = check(problem, with_arcs(problem, solve(problem), [1, 3, 5]))
    assert report.violations["capacity"] == "volunteer 1 holds 0 of 2 and gets 3 more"


def test_a_household_given_to_a_volunteer_who_is_full_is_found():
    problem = example()
    report = check(problem, with_arcs(problem, solve(problem), [0, 3, 5, 6]))
    assert report.violations["capacity"] == "volunteer 2 holds 1 of 1 and gets 1 more"


def test_a_volunteer_over_capacity_who_gets_nobody_new_is_no_fault():
    problem = example(held=[0, 0, 5])
    assert check(problem, solve(problem)).passed


def test_too_many_helpers_for_one_slot_are_found():
    problem = example()
    report = check(problem, with_arcs(problem, solve(problem), [0, 1, 3]))
    assert report.violations["wanted"] == "slot 0 wants 1 helpers and gets 2"


def test_a_repeated_pair_is_found():
    problem = example()
    report = check(problem, with_arcs(problem, solve(problem), [0, 3, 5, 5]))
    assert report.violations["repeats"] == "slot 2 and volunteer 1 are paired 2 times"


def test_an_arc_that_does_not_exist_is_found():
    problem = example()
    solution = solve(problem)
    for alien in (7, -2):
        report = check(problem, replace(solution, pair_arc=np.array([0, 3, alien])))
        assert report.violations == {"arcs": f"arc {alien} does not exist: there are 7"}


def test_a_pair_that_has_no_arc_is_found_by_its_place_in_the_list():
    problem = example()
    report = check(problem, replace(solve(problem), pair_arc=np.array([0, NO_ARC, 5])))
    assert report.violations == {"arcs": "pairs[1] is [1, 1]: these two cannot be paired"}


def test_whether_pairs_are_a_plan_is_told_without_its_figures():
    problem = example()
    solution = replace(solve(problem), cost=1, bound=10**20, uncovered={})
    assert check_pairs(problem, solution).passed
    twice = with_arcs(problem, solution, [0, 3, 5, 5])
    assert list(check_pairs(problem, twice).violations) == ["repeats", "capacity"]


def test_with_couplings_a_bound_above_the_plans_own_weight_is_found():
    problem, rules = example(), [Share((0, 1), 1)]
    solution = solve(problem, couplings=rules)
    assert check(problem, solution, rules).passed
    more = solution.weight + 1
    assert check(problem, replace(solution, bound=more), rules).violations == {
        "bound": f"the plan weighs {more - 1} and says that none weighs less than {more}"
    }


def test_a_pair_that_is_not_its_arc_is_found():
    problem = example()
    solution = solve(problem)
    report = check(problem, replace(solution, pair_volunteer=np.array([0, 1, 2])))
    assert report.violations == {"arcs": "slot 2 and volunteer 2 are not arc 5"}
    report = check(problem, replace(solution, pair_slot=np.array([0, 1])))
    assert list(report.violations) == ["arcs"]


def test_a_pinned_pair_left_out_is_found():
    problem = example(pinned=[False, True, False, False, False, False, False])
    solution = solve(problem)
    assert check(problem, solution).passed
    report = check(problem, with_arcs(problem, solution, [0, 3, 5]))
    assert report.violations["pinned"] == "arc 1 is pinned and not in the plan"


def test_coverage_told_too_well_is_found():
    problem = example()
    solution = solve(problem)
    report = check(problem, replace(solution, uncovered={3: 0, 2: 0, 1: 0}))
    assert report.violations == {"coverage": "tier 1 lacks 1, the plan says 0"}
    report = check(problem, replace(solution, unassigned=np.array([0, 0, 0])))
    assert report.violations == {"coverage": "slot 2 lacks 1 helpers, the plan says 0"}
    report = check(problem, replace(solution, unassigned=np.array([0, 0])))
    assert list(report.violations) == ["coverage"]


@pytest.mark.parametrize("side", ["slot", "volunteer"])
def test_prices_that_do_not_fit_prove_nothing(side):
    problem = example()
    solution = solve(problem)
    for prices in (np.zeros(2, dtype=np.int64), np.zeros(3), np.full(3, 2**62)):
        report = check(problem, replace(solution, prices=replace(solution.prices, **{side: prices})))
        assert list(report.violations) == ["prices"]


def test_a_price_moved_too_far_no_longer_proves_the_plan():
    problem = example()
    solution = solve(problem)
    moved = replace(solution.prices, slot=solution.prices.slot - np.array([0, 15, 0]))
    assert list(check(problem, replace(solution, prices=moved)).violations) == ["optimal"]


def test_no_prices_at_all_can_push_the_bound_above_the_best_plan():
    problem = example(pinned=[False, True, False, False, False, False, False])
    solution = solve(problem)
    weight = (problem.tier_weight * problem.tier * solution.unassigned).sum() + solution.cost
    rng = np.random.default_rng(3)
    for scale in (5, 60, 10**4):
        for _ in range(200):
            slot, volunteer = (rng.integers(-scale, scale, 3) for _ in range(2))
            assert bound_of(problem, slot, volunteer) <= weight
    assert bound_of(problem, solution.prices.slot, solution.prices.volunteer) == weight


@pytest.mark.parametrize("arcs", [[1, 2, 5], [0, 3], []])
def test_a_plan_that_can_be_improved_has_no_prices(arcs):
    problem = example()
    chosen = np.zeros(problem.arcs, dtype=bool)
    chosen[[0, 3, 5]] = True
    assert isinstance(prices_of(problem, chosen), Prices)
    chosen[:] = False
    chosen[arcs] = True
    with pytest.raises(NotOptimalError, match="negative cycle"):
        prices_of(problem, chosen)


def test_a_slot_price_is_what_one_more_helper_there_would_cost():
    problem = example()
    solution = solve(problem)
    weight = solution.cost + int((problem.tier_weight * problem.tier * solution.unassigned).sum())
    for slot in range(problem.slots):
        more = example(
            wanted=(problem.wanted + np.eye(3, dtype=int)[slot]).tolist(), tier_weight=problem.tier_weight
        )
        again = solve(more)
        total = again.cost + int((more.tier_weight * more.tier * again.unassigned).sum())
        assert total - weight == solution.prices.slot[slot]
