"""Why a family is left out, and the smallest change that would help it: each solved again by OR-Tools."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from neighbours import a_demand

from jiedui_matching import Problem, Solution, closest, solve
from jiedui_matching.repair import LivePlan
from jiedui_pairing import costs, reasons
from jiedui_pairing.candidates import Candidates, Demand, everybody, first_helpers, further_helpers
from jiedui_pairing.people import Households, Volunteers, kinds_mask
from jiedui_pairing.policy import standard
from jiedui_pairing.reasons import MOST_CHANGES, SmallestChange, WhyLeftOut, why_left_out
from jiedui_pairing.rules import (  # fmt: skip
    AVAILABLE,
    CAPACITY,
    DISTANCE,
    FORBIDDEN,
    MINORS,
    OFFERS,
    RULES,
    Rule,
    refusals,
)
from jiedui_pairing.traits import Pairs

PACK = standard()
ON = dt.date(2026, 11, 1)
KINDS = ("companionship", "tutoring", "counselling", "practical")


def a_round(seed: int, households: int, volunteers: int, *, cleared: float = 0.7) -> Candidates:
    """A county in small: random people on a square of 0.3 degrees, children in a third of the households."""
    span = 0.3
    rng = np.random.default_rng(seed)
    spot = {"lat": 30 + span * rng.random(households), "lng": 107.7 + span * rng.random(households)}
    home = {"lat": 30 + span * rng.random(volunteers), "lng": 107.7 + span * rng.random(volunteers)}

    def some(most: int) -> int:
        return kinds_mask(PACK, rng.choice(KINDS, size=int(rng.integers(1, most + 1)), replace=False))

    families = Households(
        ids=range(households), **spot, colour=rng.choice(["red", "yellow", "green"], households).tolist(),
        minor=rng.random(households) < 0.35, needs=np.array([some(2) for _ in range(households)]),
        wanted=rng.integers(1, 3, households), identity_key=[None] * households,
        phone_key=[None] * households,
    )  # fmt: skip
    helpers = Volunteers(
        ids=range(volunteers), **home, offers=np.array([some(3) for _ in range(volunteers)]),
        skills=[{"心理咨询"} if rng.random() < 0.5 else {"英语"} for _ in range(volunteers)],
        capacity=rng.integers(1, 4, volunteers), held=rng.integers(0, 3, volunteers),
        reach_m=rng.choice([5_000, 15_000, 40_000], volunteers), active=rng.random(volunteers) < 0.9,
        record_check=[ON if rng.random() < cleared else None for _ in range(volunteers)],
        trained=np.ones(volunteers), identity_key=[None] * volunteers,
        phone_key=[None] * volunteers,
    )  # fmt: skip
    forbidden = [(int(h), int(v)) for h, v in rng.integers(0, [households, volunteers], (30, 2))]
    return everybody(first_helpers(families, helpers, PACK, ON, forbidden=forbidden))


@pytest.mark.parametrize("seed", range(5))
def test_one_covered_family_outweighs_whatever_any_plan_costs(seed: int) -> None:
    problem = a_round(seed, 12, 8).problem
    dearest = problem.wanted.sum() * (problem.arc_cost.max() + problem.load_step * problem.capacity.max())
    assert problem.tier_weight > 4 * dearest


def solved(problem: Problem) -> tuple[Solution, int]:
    """OR-Tools' plan, and what it weighs: its cost and every helper that is lacking."""
    plan = solve(problem, solver="ortools_flow")
    lacking = sum(problem.tier_weight * tier * n for tier, n in plan.uncovered.items())
    return plan, plan.cost + lacking


def with_the_pair(problem: Problem, slot: int, volunteer: int, cost: int, places: int) -> Problem:
    """The problem once these two can be paired, and are, and she has so many places more."""
    arcs = np.stack([problem.arc_slot, problem.arc_volunteer, problem.arc_cost, problem.pinned])
    others = arcs[:, (problem.arc_slot != slot) | (problem.arc_volunteer != volunteer)]
    arcs = np.c_[others, [slot, volunteer, cost, 1]]
    arcs = arcs[:, np.lexsort((arcs[1], arcs[0]))]
    capacity = problem.capacity.copy()
    capacity[volunteer] = (
        max(capacity[volunteer], problem.held[volunteer]) + places if places else capacity[volunteer]
    )
    return replace(
        problem,
        arc_slot=arcs[0],
        arc_volunteer=arcs[1],
        arc_cost=arcs[2],
        pinned=arcs[3].astype(bool),
        capacity=capacity,
    )


LIFTABLE = (CAPACITY, DISTANCE, FORBIDDEN, MINORS)
SCARCE, MANY = {"households": 40, "volunteers": 22}, {"households": 30, "volunteers": 50, "cleared": 0.1}


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("people", [SCARCE, MANY])
def test_every_change_costs_what_it_says_and_takes_nobodys_helper(seed: int, people: dict[str, Any]) -> None:
    one = a_round(seed, **people)
    plan, weight = solved(one.problem)
    left_out = why_left_out(one, plan)
    assert left_out
    for left in left_out:
        for change in left.changes:
            pair = Pairs(one.setting, np.array([left.household]), np.array([change.volunteer]))
            places = int(change.rule is CAPACITY)
            after = with_the_pair(one.problem, left.slot, change.volunteer, int(costs.total(pair)[0]), places)
            again, after_weight = solved(after)
            colour = int(one.problem.tier[left.slot])
            assert after_weight == weight - one.problem.tier_weight * colour + change.cost
            assert again.uncovered == {**plan.uncovered, colour: plan.uncovered[colour] - 1}
            assert change.distance_m == pair.distance_m[0]


def cost_of_pairing(one: Candidates, plan: Solution, slot: int, pair: Pairs, places: int) -> int | None:
    """What the plan costs more once the two are a pair, solved again; None if another loses a helper."""
    problem, volunteer = one.problem, int(pair.volunteer[0])
    pins = int(problem.pins[volunteer])
    if not places and problem.held[volunteer] + pins >= problem.capacity[volunteer]:
        return None
    after = with_the_pair(problem, slot, volunteer, int(costs.total(pair)[0]), places)
    again, after_weight = solved(after)
    if sum(again.uncovered.values()) == sum(plan.uncovered.values()):
        return None
    weight = plan.weight - problem.tier_weight * int(problem.tier[slot])
    return after_weight - weight


def recounted(one: Candidates, plan: Solution) -> list[WhyLeftOut]:
    """The same answers from one pair after the other, each change from a plan of its own."""
    chosen = one.chosen(plan)
    paired = set(zip(chosen.household.tolist(), chosen.volunteer.tolist(), strict=True))
    return [
        left_out_recounted(one, plan, slot, paired) for slot in np.flatnonzero(plan.unassigned > 0).tolist()
    ]


def left_out_recounted(
    one: Candidates, plan: Solution, slot: int, paired: set[tuple[int, int]]
) -> WhyLeftOut:
    household = int(one.household[slot])
    first, cheapest, taken = Counter[str](), dict[Rule, SmallestChange](), 0
    for volunteer in range(one.problem.volunteers):
        against = refusals(one.setting, household, volunteer)
        if AVAILABLE in against or OFFERS in against:
            continue
        first[against[0].name if against else "nothing"] += 1
        taken += not against and (household, volunteer) not in paired
        pair = Pairs(one.setting, np.array([household]), np.array([volunteer]))
        rule, metres = against[0] if against else CAPACITY, int(pair.distance_m[0])
        too_far = rule is DISTANCE and metres > 1.5 * one.setting.pack.eligibility.max_distance_m
        if len(against) > 1 or rule not in LIFTABLE or too_far or (household, volunteer) in paired:
            continue
        cost = cost_of_pairing(one, plan, slot, pair, int(rule is CAPACITY))
        if cost is not None and (rule not in cheapest or cost < cheapest[rule].cost):
            cheapest[rule] = SmallestChange(rule, volunteer, metres, cost)
    changes = [cheapest[rule] for rule in RULES if rule in cheapest]
    return WhyLeftOut(
        household=household,
        slot=slot,
        lacking=int(plan.unassigned[slot]),
        offering=first.total(),
        refused=tuple((rule.name, first[rule.name]) for rule in RULES if rule.name in first),
        taken=taken,
        changes=tuple(sorted(changes, key=lambda change: change.cost)[:MOST_CHANGES]),
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_reasons_are_those_of_a_recount_in_a_county(seed: int) -> None:
    one = a_round(seed, 14, 10, cleared=0.4)
    plan, _ = solved(one.problem)
    assert why_left_out(one, plan) == recounted(one, plan)


@given(demand=a_demand())
def test_the_reasons_are_those_of_a_recount_among_neighbours(demand: Demand) -> None:
    """With all rules at once, villages shared, pins, pairs running and kinds that need no nearness."""
    first = everybody(demand)
    plan, _ = solved(first.problem)
    assert why_left_out(first, plan) == recounted(first, plan)
    second = everybody(further_helpers(2, first, plan, demand.pinned))
    plan, _ = solved(second.problem)
    assert why_left_out(second, plan) == recounted(second, plan)


@pytest.mark.parametrize(
    ("helper", "advice"),
    [
        ({}, []),
        ({"record_check": None}, ["minors"]),
        ({"trained": False}, ["minors"]),
        ({"reach_m": 10, "lat": 30.01}, ["distance"]),
        ({"capacity": 2, "held": 2}, ["capacity"]),
        ({"record_check": None, "reach_m": 10, "lat": 30.01}, []),
        ({"record_check": None, "capacity": 0}, []),
        ({"active": False}, []),
        ({"offers": kinds_mask(PACK, ["legal"])}, []),
        ({"lat": 31.0}, []),
        ({"lat": 30.25}, ["distance"]),
    ],
)
def test_a_volunteer_kept_away_by_one_thing_is_advised_and_by_two_not(
    helper: dict[str, Any], advice: list[str]
) -> None:
    spot = {"lat": 30.0, "lng": 107.7, "identity_key": None, "phone_key": None}
    talk = kinds_mask(PACK, ["companionship"])
    family = spot | {"colour": "red", "minor": True, "needs": talk, "wanted": 1}
    able = spot | {
        "offers": talk, "skills": set(), "capacity": 2, "held": 0, "reach_m": None, "active": True,
        "record_check": ON, "trained": True,
    }  # fmt: skip
    demand = first_helpers(
        Households.of(ids=[0], **{name: [value] for name, value in family.items()}),
        Volunteers.of(ids=[0], **{name: [value] for name, value in (able | helper).items()}),
        PACK,
        ON,
    )
    one = everybody(demand)
    left_out = why_left_out(one, solved(one.problem)[0])
    assert [change.rule.name for left in left_out for change in left.changes] == advice


def test_of_many_changes_the_three_cheapest_are_told() -> None:
    talk = kinds_mask(PACK, ["companionship"])
    spot = {"lng": 107.7, "identity_key": None, "phone_key": None}
    family = spot | {"lat": 30.0, "colour": "red", "minor": True, "needs": talk, "wanted": 1}
    able = spot | {
        "offers": talk, "skills": set(), "capacity": 1, "held": 0, "reach_m": None, "active": True,
        "record_check": ON, "trained": True,
    }  # fmt: skip
    helpers = [
        able | {"lat": 30.01, "trained": False},
        able | {"lat": 30.04, "reach_m": 10},
        able | {"lat": 30.02},
        able | {"lat": 30.03, "held": 1},
    ]
    demand = first_helpers(
        Households.of(ids=[0], **{name: [value] for name, value in family.items()}),
        Volunteers.of(ids=range(4), **{name: [one[name] for one in helpers] for name in helpers[0]}),
        PACK,
        ON,
        forbidden=[(0, 2)],
    )
    one = everybody(demand)
    (left,) = why_left_out(one, solved(one.problem)[0])
    assert [change.rule for change in left.changes] == [MINORS, FORBIDDEN, CAPACITY]
    assert left.refused == (("minors", 1), ("distance", 1), ("forbidden", 1), ("capacity", 1))


def test_ways_measured_again_give_the_same_reasons_and_a_stop_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = a_round(1, **SCARCE)
    plan, _ = solved(one.problem)
    whole = why_left_out(one, plan)
    monkeypatch.setattr(reasons, "_WAYS", 0)
    assert why_left_out(one, plan) == whole
    with pytest.raises(InterruptedError):
        why_left_out(one, plan, lambda: True)


@pytest.mark.parametrize("seed", range(6))
def test_the_advice_does_not_depend_on_how_the_plan_was_found(seed: int) -> None:
    """Marginal values are those of the round, not of one of its equally good plans."""
    one = a_round(seed, **MANY)
    plan, _ = solved(one.problem)
    first = LivePlan(one.problem)
    some = np.random.default_rng(seed).random(one.problem.arcs) < 0.3
    kept = LivePlan(one.problem, warm=closest(one.problem, first.solution(), some))
    told = [
        {
            (left.household, change.rule.name): change.cost
            for left in why_left_out(one, each)
            for change in left.changes
        }
        for each in (plan, first.solution(), kept.solution())
    ]
    assert told[0] == told[1] == told[2]
    assert told[0]
