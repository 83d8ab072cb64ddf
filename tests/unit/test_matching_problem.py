"""A Problem refuses what no solver should ever see, and says where it is wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jiedui_matching import Problem, ortools_cpsat, ortools_flow, prices
from jiedui_matching.solution import weight_of

SMALL: dict[str, Any] = {
    "tier": [3, 1],
    "wanted": [1, 1],
    "capacity": [1, 2],
    "held": [0, 1],
    "arc_slot": [0, 0, 1],
    "arc_volunteer": [0, 1, 1],
    "arc_cost": [10, 20, 30],
    "load_step": 5,
}


def test_a_small_problem_is_understood():
    problem = Problem(**SMALL)
    assert (problem.slots, problem.volunteers, problem.arcs) == (2, 2, 3)
    assert problem.row.tolist() == [0, 2, 3]
    assert problem.room.tolist() == [1, 1]
    assert problem.tier_weight > 20 + 30 + 5


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("tier", [3, 0], r"tier\[1\] is 0"),
        ("wanted", [1, -1], r"wanted\[1\] is -1"),
        ("capacity", [1, -2], r"capacity\[1\] is -2"),
        ("held", [-1, 0], r"held\[0\] is -1"),
        ("arc_cost", [10, -20, 30], r"arc_cost\[1\] is -20"),
        ("arc_cost", [10, float("nan"), 30], r"arc_cost\[1\] is nan: whole numbers only"),
        ("arc_cost", [10, 20.5, 30], r"arc_cost\[1\] is 20.5: whole numbers only"),
        ("arc_cost", [10, 20, 2**62], r"arc_cost\[2\] is 4611686018427387904: .* below 2\^62"),
        ("arc_cost", np.array([10, 20, 2**63], dtype=np.uint64), r"arc_cost\[2\]"),
        ("arc_cost", ["a", "b", "c"], "arc_cost holds"),
        ("arc_cost", [10, 10**30, 30], r"arc_cost\[1\] is 10+: whole numbers below 2\^62 only"),
        ("arc_cost", [10, 20, None], r"arc_cost\[2\] is None: whole numbers below 2\^62 only"),
        ("arc_cost", np.array([10, np.nan, 30], dtype=np.float16), r"arc_cost\[1\] is nan"),
        ("arc_cost", [np.int64(10), None, 30], r"arc_cost\[1\] is None"),
        ("arc_cost", [[10, 20, 30]], "arc_cost has 2 dimensions"),
        ("tier", [[1], [1, 2]], "tier holds lists of different lengths"),
        ("pinned", [[True], [True, False]], "pinned holds lists of different lengths"),
        ("arc_cost", [10, 20], "arc_slot has 3 entries and arc_cost has 2"),
        ("wanted", [1], "wanted has 1 entries and tier has 2"),
        ("held", [0, 0, 0], "held has 3 entries and capacity has 2"),
        ("arc_slot", [0, 0, 2], r"arc_slot\[2\] is 2: there are 2 slots"),
        ("arc_volunteer", [0, -1, 1], r"arc_volunteer\[1\] is -1: there are 2 volunteers"),
        ("arc_slot", [0, 1, 0], r"arc_slot\[2\] is 0: arcs must be sorted"),
        ("arc_volunteer", [1, 0, 1], r"arc_volunteer\[1\] is 0: arcs must be sorted"),
        ("arc_volunteer", [1, 1, 1], r"arc_volunteer\[1\] is 1: the same pair"),
        ("load_step", -1, "load_step is -1"),
        ("load_step", 0.5, "load_step is 0.5"),
        ("load_step", True, "load_step is True"),
        ("load_step", None, "load_step is None: it must be a whole number"),
        ("load_step", 2**62, rf"load_step is {2**62}: it must be a whole number below 2\^62"),
        ("load_step", np.uint64(2**63), rf"load_step is {2**63}: it must be a whole number below 2\^62"),
        ("tier_weight", -1, "tier_weight is -1"),
        ("tier_weight", 2**70, rf"tier_weight is {2**70}: it must be a whole number below 2\^62"),
        ("wanted", [2**61, 2**61], r"wanted\[1\] is 2305843009213693952: all helpers together"),
        ("pinned", [1, 0, 0], "pinned must be a list of true and false"),
        ("pinned", [True], "pinned has 1 entries"),
        ("pinned", [True, True, False], r"pinned\[0\]: slot 0 wants 1 helpers but 2 pairs are pinned"),
        ("pinned", [False, True, True], r"pinned\[1\]: volunteer 1 has room for 1 but 2 pairs are pinned"),
    ],
)
def test_a_wrong_field_is_named_with_its_first_wrong_place(field, value, sentence):
    with pytest.raises(ValueError, match=sentence):
        Problem(**SMALL | {field: value})


def test_costs_that_could_overflow_on_a_path_are_refused():
    with pytest.raises(ValueError, match=rf"arc_cost\[1\] is {2**60}: .* must stay below 2\^62"):
        Problem(**SMALL | {"arc_cost": [10, 2**60, 30]})
    with pytest.raises(ValueError, match=rf"load_step is {2**60}: .* must stay below 2\^62"):
        Problem(**SMALL | {"load_step": 2**60})
    with pytest.raises(ValueError, match=rf"tier_weight is {2**60}: .* must stay below 2\^62"):
        Problem(**SMALL | {"tier_weight": 2**60})
    with pytest.raises(ValueError, match=rf"tier\[1\] is {2**61}: .* must stay below 2\^62"):
        Problem(**SMALL | {"tier": [3, 2**61], "tier_weight": 1})


def test_a_weight_too_large_is_named_even_if_there_are_no_slots():
    nobody = dict.fromkeys(SMALL, ()) | {"load_step": 0}
    assert Problem(**nobody).tier_weight == 1
    with pytest.raises(ValueError, match=rf"tier_weight is {2**61}: .* must stay below 2\^62"):
        Problem(**nobody | {"tier_weight": 2**61})


def test_the_largest_costs_allowed_are_one_below_the_limit():
    nodes, tier = 2 + 2 + 4, 3
    weight = (2**62 - 1) // (4 * nodes * tier)
    assert Problem(**SMALL | {"tier_weight": weight}).tier_weight == weight
    with pytest.raises(ValueError, match=r"must stay below 2\^62"):
        Problem(**SMALL | {"tier_weight": weight + 1})


def at_the_edge(seed, most, chance, unit, load):
    """As dear as a problem may be in whole units, half of it `load` if so told."""
    rng = np.random.default_rng(seed)
    slots, volunteers = (int(count) for count in rng.integers(1, most, 2, endpoint=True))
    largest = (2**62 - 1) // (4 * (slots + volunteers + 4)) // unit * unit
    dearest = largest // unit // 2 * unit if load else largest
    slot, volunteer = np.divmod(np.flatnonzero(rng.random(slots * volunteers) < chance), volunteers)
    costs = [0, unit, dearest // 2 // unit * unit, dearest - unit, dearest]
    return Problem(
        tier=np.ones(slots, dtype=int),
        wanted=rng.integers(0, 3, slots),
        capacity=rng.integers(0, 3, volunteers),
        held=np.zeros(volunteers, dtype=int),
        arc_slot=slot,
        arc_volunteer=volunteer,
        arc_cost=rng.choice(costs, len(slot)),
        load_step=dearest if load else 0,
        tier_weight=largest,
    )


@pytest.mark.parametrize("load", [False, True])
@pytest.mark.parametrize("chance", [0.2, 0.5, 1.0])
def test_the_largest_costs_allowed_are_none_too_large_for_the_flow(chance, load):
    for seed in range(40):
        problem = at_the_edge(seed, 30, chance, 1, load)
        assert weight_of(problem, prices.choose(problem)) == weight_of(problem, ortools_flow.choose(problem))


@pytest.mark.parametrize("load", [False, True])
def test_nor_for_cp_sat_if_few_pairs_are_so_dear(load):
    """It adds up all costs."""
    for seed in range(20):
        problem = at_the_edge(seed, 7, 0.3, 1, load)
        assert weight_of(problem, prices.choose(problem)) == weight_of(problem, ortools_cpsat.choose(problem))


def test_two_pairs_nearly_too_dear_for_the_flow_are_refused():
    nearly = {
        "tier": [1, 1], "wanted": [1, 1], "capacity": [1, 1], "held": [0, 0],
        "arc_slot": [0, 1], "arc_volunteer": [0, 1], "arc_cost": [10**15, 1],
    }  # fmt: skip
    with pytest.raises(ValueError, match=rf"tier_weight is {8 * 10**17}: .* must stay below 2\^62"):
        Problem(**nearly, tier_weight=8 * 10**17)


@pytest.mark.parametrize("choose", [prices.choose, ortools_flow.choose, ortools_cpsat.choose])
def test_the_largest_load_step_costs_nothing_where_everybody_takes_one(choose):
    problem = Problem(**SMALL | {"load_step": 2**62 - 1, "held": [0, 0], "capacity": [1, 1]})
    assert weight_of(problem, choose(problem)) == 10 + 30


def test_numbers_that_are_frozen_already_are_shared_between_problems():
    problem = Problem(**SMALL)
    other = replace(problem, load_step=6)
    assert other.arc_cost is problem.arc_cost
    costs = np.array([10, 20, 30])
    view = costs[:]
    view.setflags(write=False)
    looked_at = Problem(**SMALL | {"arc_cost": view})
    costs[0] = -1
    assert looked_at.arc_cost[0] == 10


def test_the_arrays_cannot_be_changed_afterwards():
    costs = np.array([10, 20, 30])
    problem = Problem(**SMALL | {"arc_cost": costs})
    costs[0] = -1
    assert problem.arc_cost[0] == 10
    with pytest.raises(ValueError, match="read-only"):
        problem.arc_cost[0] = 0
