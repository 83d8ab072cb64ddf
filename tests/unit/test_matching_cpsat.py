"""CP-SAT agrees with the flow where both may answer, and with trying every plan where rules couple pairs."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import small_problems

from jiedui_matching import Problem, check, solve
from jiedui_matching.couplings import Apart, Kin, Share, Together, helpers_of, violations
from jiedui_matching.instances import county
from jiedui_matching.ortools_cpsat import choose, choose_coupled
from jiedui_matching.solution import cost_of, unassigned_after, weight_of

# Now and then cost may outweigh coverage.
LIGHT_TOO = (0, 0, 2)


@st.composite
def coupled(draw):
    """A problem with one to three rules of any kind, some of which cannot be kept."""
    problem = draw(
        small_problems(tier_weights=LIGHT_TOO).filter(
            lambda problem: problem.slots and problem.volunteers > 1
        )
    )
    slots = st.integers(0, problem.slots - 1)
    household = st.lists(slots, min_size=1, max_size=2, unique=True).map(tuple)
    households = st.lists(household, min_size=1, max_size=2).map(tuple)
    two = st.lists(st.integers(0, problem.volunteers - 1), min_size=2, max_size=2, unique=True).map(tuple)
    rule = st.one_of(
        st.builds(Together, two, households),
        st.builds(Apart, two, households),
        st.builds(Kin, st.lists(household, min_size=2, max_size=3).map(tuple)),
        st.lists(slots, min_size=1, unique=True).flatmap(
            lambda some: st.builds(Share, st.just(tuple(some)), st.integers(0, len(some)))
        ),
    )
    return problem, draw(st.lists(rule, min_size=1, max_size=3))


def rank(problem, chosen):
    """Smaller is better: coverage tier by tier and then cost, or one weight where tiers are light."""
    lacking = unassigned_after(problem, chosen)
    short = [int(lacking[problem.tier == tier].sum()) for tier in sorted(set(problem.tier.tolist()))[::-1]]
    weight = cost_of(problem, chosen) + int((problem.tier_weight * problem.tier * lacking).sum())
    return (short, weight) if problem.coverage_first else ([], weight)


def best_by_enumeration(problem, couplings):
    """Every set of arcs tried."""
    free = np.flatnonzero(~problem.pinned)
    best = None
    for take in itertools.product([False, True], repeat=len(free)):
        chosen = problem.pinned.copy()
        chosen[free] = take
        new = np.bincount(problem.arc_volunteer[chosen], minlength=problem.volunteers)
        if (unassigned_after(problem, chosen) < 0).any() or (new > problem.room).any():
            continue
        arcs = np.flatnonzero(chosen)
        helpers = helpers_of(
            zip(problem.arc_slot[arcs].tolist(), problem.arc_volunteer[arcs].tolist(), strict=True)
        )
        if not any(coupling.broken(helpers) for coupling in couplings):
            best = min(filter(None, (best, rank(problem, chosen))))
    return best


def small(**changes):
    """Two red households and a green one; volunteers 0 and 1 know everybody, volunteer 2 the last."""
    fields = {
        "tier": [3, 3, 1],
        "wanted": [2, 1, 1],
        "capacity": [2, 2, 2],
        "held": [0, 0, 0],
        "arc_slot": [0, 0, 0, 1, 1, 2, 2, 2],
        "arc_volunteer": [0, 1, 2, 0, 1, 0, 1, 2],
        "arc_cost": [10, 50, 20, 10, 30, 10, 40, 90],
    }
    return Problem(**fields | changes)


def pairs(problem, choice):
    arcs = np.flatnonzero(choice.chosen)
    return list(zip(problem.arc_slot[arcs].tolist(), problem.arc_volunteer[arcs].tolist(), strict=True))


@given(
    small_problems(6, 6, dearest=10**12, most_arcs=14, tier_weights=LIGHT_TOO)
    | small_problems(tier_weights=LIGHT_TOO)
)
def test_without_couplings_it_weighs_what_the_flow_weighs(problem):
    flow = solve(problem)
    chosen = np.isin(np.arange(problem.arcs), flow.pair_arc)
    choice = choose_coupled(problem, ())
    assert rank(problem, choose(problem)) == rank(problem, choice.chosen) == rank(problem, chosen)
    assert choice.status == "optimal"
    lacking = int((problem.tier_weight * problem.tier * flow.unassigned).sum())
    assert choice.bound == flow.cost + lacking


@given(coupled())
def test_with_couplings_it_finds_what_trying_every_plan_finds(case):
    problem, couplings = case
    best = best_by_enumeration(problem, couplings)
    choice = choose_coupled(problem, couplings)
    if best is None:
        assert choice.status == "infeasible"
    else:
        assert choice.status == "optimal"
        assert rank(problem, choice.chosen) == best
        assert choice.bound == best[1]


def test_the_small_example_without_rules():
    problem = small()
    assert pairs(problem, choose_coupled(problem, ())) == [(0, 0), (0, 2), (1, 1), (2, 0)]


def test_two_who_only_come_together_come_together():
    problem = small()
    choice = choose_coupled(problem, [Together((0, 1), ((0,),))])
    assert pairs(problem, choice) == [(0, 0), (0, 1), (1, 1), (2, 0)]


def test_two_who_must_not_meet_do_not_meet_in_any_slot_of_the_household():
    problem = small()
    choice = choose_coupled(problem, [Apart((0, 1), ((1, 2),))])
    assert [volunteer for slot, volunteer in pairs(problem, choice) if slot > 0] in ([0, 0], [0, 2], [1, 2])
    assert choice.status == "optimal"


def test_households_of_kin_get_the_same_volunteer():
    problem = small()
    choice = choose_coupled(problem, [Kin(((1,), (2,)))])
    helpers = helpers_of(pairs(problem, choice))
    assert helpers[1] == helpers[2]
    assert len(helpers[0]) == 2


def test_a_township_gets_its_share_even_at_the_price_of_a_red_household():
    problem = small(capacity=[1, 0, 0], wanted=[1, 1, 1])
    choice = choose_coupled(problem, [Share((2,), 1)])
    assert pairs(problem, choice) == [(2, 0)]


def test_a_rule_never_trades_one_red_household_for_two_yellow_ones():
    problem = Problem(
        tier=[3, 2, 2], wanted=[1, 1, 1], capacity=[2], held=[0],
        arc_slot=[0, 1, 2], arc_volunteer=[0, 0, 0], arc_cost=[9, 1, 1],
    )  # fmt: skip
    # Both yellow households of kin or the red one: 2 + 2 would weigh more than 3.
    choice = choose_coupled(problem, [Kin(((1,), (2,)))])
    assert pairs(problem, choice) == [(0, 0)]
    assert choice.status == "optimal"


def test_what_cannot_be_kept_is_infeasible_and_leaves_the_pinned_pairs():
    problem = small(capacity=[1, 0, 0], pinned=[True, *[False] * 7])
    choice = choose_coupled(problem, [Share((2,), 1)])
    assert choice.status == "infeasible"
    assert pairs(problem, choice) == [(0, 0)]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Together((0, 9), ((0,),)), r"couplings\[0\]: volunteer 9: there are 3 volunteers"),
        (Apart((1, 1), ((0,),)), r"couplings\[0\]: must name two volunteers"),
        (Kin(((0,), (7,))), r"couplings\[0\]: slot 7: there are 3 slots"),
        (Kin(((0,),)), r"couplings\[0\]: must name two households"),
        (Share((0, 1), 3), r"couplings\[0\]: least is 3: it speaks of 2 slots"),
    ],
)
def test_a_rule_that_does_not_fit_the_problem_is_refused(rule, sentence):
    with pytest.raises(ValueError, match=sentence):
        choose_coupled(small(), [rule])


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Together((0, 1), ((0,),)), "household (0,) gets volunteer 0 without volunteer 1"),
        (Apart((0, 1), ((1, 2),)), "household (1, 2) gets volunteers 0 and 1"),
        (Kin(((1,), (2,))), "volunteer 0 helps only one of households (1,) and (2,)"),
    ],
)
def test_a_broken_rule_is_told_from_the_pairs_alone(rule, sentence):
    problem = small()
    assert list(violations([rule], solve(problem))) == [f"couplings[0]: {sentence}"]


def test_a_share_not_reached_is_told():
    problem = small(capacity=[1, 0, 0], wanted=[1, 1, 1])
    told = list(violations([Share((0, 1, 2), 2)], solve(problem)))
    assert told == ["couplings[0]: 1 of the slots 0, 1, 2 are covered, at least 2 must be"]


def test_the_front_door_keeps_couplings_and_says_its_bound():
    problem, rules = small(), [Together((0, 1), ((0,),))]
    plan = solve(problem, couplings=rules)
    assert (plan.status, plan.solver) == ("optimal", "ortools_cpsat")
    assert plan.bound == plan.weight == choose_coupled(problem, rules).bound
    assert check(problem, plan, rules).violations == {}
    free = solve(problem)
    assert check(problem, free, rules).violations.keys() == {"couplings"}
    assert plan.prices.slot.tolist() == free.prices.slot.tolist()


def test_the_front_door_says_when_couplings_cannot_be_kept_or_do_not_fit():
    problem = small(capacity=[1, 0, 0], pinned=[True, *[False] * 7])
    plan = solve(problem, couplings=[Share((2,), 1)])
    assert (plan.status, plan.pair_arc.tolist()) == ("infeasible", [0])
    with pytest.raises(ValueError, match=r"couplings\[0\]: slot 7: there are 3 slots"):
        solve(problem, couplings=[Share((7,), 1)])
    with pytest.raises(ValueError, match="prices knows no couplings: choose ortools_cpsat"):
        solve(problem, couplings=[Share((2,), 1)], solver="prices")


def test_the_same_seed_gives_the_same_plan():
    problem = county(200, nearest=8, seed=4)
    rules = [Share(tuple(range(200)), 150), Apart(tuple(range(20)), tuple((slot,) for slot in range(200)))]
    one, two = (choose_coupled(problem, rules, seed=5) for _ in range(2))
    assert one.chosen.tolist() == two.chosen.tolist()


@pytest.mark.parametrize("asked", [0, 1, 5, 40])
def test_a_search_that_is_stopped_keeps_what_is_settled_and_claims_no_more(asked):
    problem = county(400, nearest=12, seed=1)
    rules = [Kin(((slot,), (slot + 1,))) for slot in range(0, 60, 2)]
    answers = iter([False] * asked)
    choice = choose_coupled(problem, rules, lambda: next(answers, True))
    assert choice.status in {"stopped", "infeasible"}
    assert solve(problem).weight <= choice.bound <= weight_of(problem, choice.chosen)


def test_parts_that_no_rule_touches_stay_as_they_are_when_the_search_is_stopped():
    problem = Problem(
        tier=[1, 1, 1], wanted=[1, 1, 1], capacity=[2, 1], held=[0, 0],
        arc_slot=[0, 1, 2], arc_volunteer=[0, 0, 1], arc_cost=[1, 1, 1],
    )  # fmt: skip
    choice = choose_coupled(problem, [Apart((0, 1), ((2,),))], lambda: True)
    assert (pairs(problem, choice), choice.status) == ([(0, 0), (1, 0), (2, 1)], "optimal")
    # One volunteer for both households of kin is one place too few only for volunteer 1.
    rules = [Kin(((0,), (2,)))]
    stopped = choose_coupled(problem, rules, lambda: True)
    assert (pairs(problem, stopped), stopped.status) == ([], "stopped")


def test_plans_that_differ_by_less_than_a_double_tells_are_told_apart():
    problem = Problem(
        tier=[1, 1, 1], wanted=[1, 1, 1], capacity=[4, 3], held=[0, 0],
        arc_slot=[0, 0, 1, 2, 2], arc_volunteer=[0, 1, 0, 0, 1],
        arc_cost=[2**53 + 1, 2**53 + 7, 2**53 + 1, 2**53 + 8, 2**53 + 5],
        load_step=7, tier_weight=2**55,
    )  # fmt: skip
    solution = solve(problem, solver="ortools_cpsat")
    assert (solution.status, solution.weight) == ("optimal", solve(problem, solver="prices").weight)


def test_a_stop_rule_that_said_yes_once_has_said_so():
    problem, rules = county(400, nearest=12, seed=1), [Kin(((0,), (1,)))]
    asked = []
    free = solve(problem, stop=lambda: asked.append(None))
    for yes in range(1, len(asked)):  # the last time it is asked the plan is proven
        answers = iter([False] * yes + [True])
        stopped = solve(problem, stop=lambda answers=answers: next(answers, False), couplings=rules)
        assert (stopped.status, stopped.bound <= free.weight) == ("stopped", True)
