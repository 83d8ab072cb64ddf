"""Whatever is told to a plan either happens or is refused in words, and then nothing has changed."""

import re
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import small_problems

from jiedui_matching import Problem, check, ortools_flow
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import weight_of

HOSTILE = (
    -1, 0.5, 1.9, 1.0, float("nan"), 2**61, 2**62 - 1, 2**62, 2**63, 2**70, -(2**63), None, True, "1",
    np.int8(1), np.int64(2), np.uint64(2), np.uint64(2**63), np.float16(1), [1], [[1], [1, 2]],
)  # fmt: skip
# Every refusal begins with what is wrong.
NAMED = r"(slot|volunteer|tier|wanted|capacity|held|(volunteers|slots|costs)(\[\d\])?|the new \w+:) "

good = st.integers(0, 4)
number = good | good | st.sampled_from(HOSTILE)
numbers = st.lists(number, max_size=3) | st.sampled_from(HOSTILE)
by_number = st.dictionaries(st.integers(0, 3), good | st.just(2**54), max_size=3)
arcs = by_number.map(lambda cost: (sorted(cost), [cost[end] for end in sorted(cost)]))
events = st.one_of(
    st.tuples(st.sampled_from(["want", "set_capacity", "forbid", "allow", "pin", "unpin"]), number, number),
    st.builds(
        lambda event, one, other, ends: (event, one, other, *ends),
        st.sampled_from(["add_slot", "add_volunteer"]),
        number,
        number,
        arcs | arcs | st.tuples(numbers, numbers),
    ),
)


def best_weight(problem):
    """What OR-Tools says, exactly however many helpers are lacking."""
    return weight_of(problem, ortools_flow.choose(problem))


def everything(plan):
    """All a plan says of itself, but for the time it took."""
    problem, solution = plan.problem, plan.solution()
    said = {
        f"{part.__class__.__name__}.{field.name}": getattr(part, field.name)
        for part in (problem, solution, solution.prices)
        for field in fields(part)
        if field.name not in ("prices", "seconds")
    }
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in said.items()}


@given(small_problems(slots=3, volunteers=3, tier_weights=(10_000, 2**55)), st.lists(events, max_size=8))
def test_any_event_happens_or_changes_nothing(problem, told):
    plan = LivePlan(problem)
    before = everything(plan)
    for event, *arguments in told:
        try:
            getattr(plan, event)(*arguments)
        except ValueError as refused:
            assert re.match(NAMED, str(refused))
            assert everything(plan) == before
        before = everything(plan)
    assert check(plan.problem, plan.solution()).violations == {}
    assert plan.solution().weight == best_weight(plan.problem)


def example(**changes):
    """Two slots and two volunteers, of whom one may help both."""
    ones = dict.fromkeys(("tier", "wanted", "capacity"), (1, 1))
    arcs = {"arc_slot": [0, 0, 1], "arc_volunteer": [0, 1, 0], "arc_cost": [5, 7, 1]}
    return LivePlan(Problem(**ones | arcs | {"held": [0, 0], "tier_weight": 1000} | changes))


@pytest.mark.parametrize(
    ("event", "arguments", "sentence"),
    [
        ("add_slot", (1, -1, [0], [1]), "wanted is -1: it must be a whole number"),
        ("add_slot", (1, 2**62, [0], [1]), f"wanted is {2**62}: it must be a whole number below"),
        ("add_slot", (1, 2**62 - 2, [0], [1]), "wanted is .*: all helpers together must stay below"),
        ("add_slot", (1, 1, [1.9], [1]), r"volunteers\[0\] is 1.9: whole numbers only"),
        ("add_slot", (1, 1, [0, 1], [1, 1.7]), r"costs\[1\] is 1.7: whole numbers only"),
        ("add_slot", (1, 1, [0], [2**63]), rf"costs\[0\] is {2**63}: numbers must stay below"),
        ("add_slot", (1.7, 1, [0], [1]), "tier is 1.7: it must be a whole number"),
        ("add_volunteer", (1, 0.5, [0], [1]), "held is 0.5: it must be a whole number"),
        ("add_volunteer", (1, 0, [0, 0], [1, 1]), r"slots\[1\] is 0: they must be in rising order"),
        ("add_slot", (2**50, 1, [0], [1]), "the new slot: the largest cost is then"),
        ("add_volunteer", (1, 0, [1.9], [1]), r"slots\[0\] is 1.9: whole numbers only"),
        ("want", (0, 0.5), "wanted is 0.5: it must be a whole number"),
        ("want", (0, 2**62 - 1), "wanted is .*: all helpers together must stay below"),
        ("want", (0.5, 1), "slot is 0.5: it must be a whole number"),
        ("forbid", (0, None), "volunteer is None: it must be a whole number"),
    ],
)
def test_a_wrong_number_is_named(event, arguments, sentence):
    plan = example()
    before = everything(plan)
    with pytest.raises(ValueError, match=sentence):
        getattr(plan, event)(*arguments)
    assert everything(plan) == before


def test_the_slots_may_want_as_many_helpers_as_a_problem_may():
    plan = example()
    plan.want(0, 2**62 - 2)
    plan.want(0, 2**62 - 3)
    plan.want(1, 2)
    with pytest.raises(ValueError, match="all helpers together"):
        plan.want(1, 3)
    assert plan.problem.wanted.tolist() == [2**62 - 3, 2]
    assert plan.solution().uncovered == {1: 2**62 - 3}


def test_a_volunteer_without_a_place_may_hold_more_than_any_load():
    plan = example(held=[2**61, 0], load_step=500)
    plan.set_capacity(0, 0)
    plan.set_capacity(0, 2**61)
    newcomer = plan.add_volunteer(2**61 + 1, 2**61, [], [])
    plan.add_slot(1, 1, [0], [1])
    assert plan.problem.held.tolist() == [2**61, 0, 2**61]
    for place in (
        lambda: plan.set_capacity(0, 2**61 + 1),
        lambda: plan.add_slot(1, 1, [newcomer], [1]),
        lambda: plan.add_volunteer(2**61 + 1, 2**61, [0], [1]),
    ):
        before = everything(plan)
        with pytest.raises(ValueError, match="the largest cost"):
            place()
        assert everything(plan) == before


def test_a_newcomer_who_waits_for_a_place_costs_her_load_once_she_has_it():
    plan = example(load_step=5)
    plan.add_volunteer(4, 2, [], [])
    plan.add_slot(2, 1, [2], [1])
    assert plan.solution().weight == best_weight(plan.problem) == 7 + 1 + 1 + 5 * 2


@pytest.mark.parametrize(
    "arrival",
    [lambda plan: plan.add_slot(1, 1, [0], [1]), lambda plan: plan.add_volunteer(1, 0, [0], [1])],
)
def test_whoever_comes_must_leave_room_for_the_largest_weight_there_is(arrival):
    plan = example(tier_weight=(2**62 - 1) // (4 * 9))
    arrival(plan)
    before = everything(plan)
    for again in (
        lambda: plan.add_slot(1, 1, [0], [1]),
        lambda: plan.add_volunteer(1, 0, [0], [1]),
    ):
        with pytest.raises(
            ValueError, match=r"the new \w+: the largest cost is then .* must stay below 2\^62"
        ):
            again()
        assert everything(plan) == before
    assert plan.solution().weight == best_weight(plan.problem)


def test_an_arc_and_a_place_as_dear_as_can_be_are_refused_together():
    """As a Problem does: it does not ask whether they meet."""
    dear = (2**62 - 1) // (4 * 10 * 2)
    plan = example(load_step=dear, tier_weight=dear)
    plan.set_capacity(1, 2)
    plan.add_slot(1, 1, [0], [dear])
    with pytest.raises(ValueError, match="the new slot: the largest cost"):
        plan.add_slot(1, 1, [1], [dear + 2])
    plan.add_slot(1, 1, [1], [1])
    with pytest.raises(ValueError, match="the new volunteer: the largest cost"):
        plan.add_volunteer(1, 0, [0], [1])
    assert plan.solution().weight == best_weight(plan.problem)
