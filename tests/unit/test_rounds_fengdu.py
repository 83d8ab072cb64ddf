"""The county's round of 2026-11-01 against figures computed by another program: to the metre."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jiedui_matching import LivePlan, check, runners_up, solve
from jiedui_pairing import all_pairs
from jiedui_pairing.candidates import everybody, first_helpers, further_helpers
from jiedui_pairing.people import Households, PairSet, Volunteers, kinds_mask
from jiedui_pairing.policy import standard
from jiedui_pairing.proof import all_priced
from jiedui_pairing.reasons import why_left_out

INSTANCE = Path(__file__).parents[1] / "instances" / "fengdu"
REFERENCE = json.loads((INSTANCE / "reference.json").read_text("utf-8"))
ON = dt.date(2026, 11, 1)
TIERS = {"红": 3, "黄": 2, "绿": 1}


def kinds(pack, words):
    return kinds_mask(pack, [code for word in words if (code := pack.kind_code(word))])


@pytest.fixture(scope="module")
def demand():
    pack = standard()
    truth = json.loads((INSTANCE / "truth.json").read_text("utf-8"))
    families, givers = truth["households"], truth["volunteers"]
    households = Households.of(
        ids=[f["key"] for f in families],
        lat=[f["lat"] for f in families],
        lng=[f["lng"] for f in families],
        colour=[pack.colour_of(f["colour"]) for f in families],
        minor=[f["minor"] for f in families],
        needs=[kinds(pack, f["needs"]) for f in families],
        wanted=[pack.ratio] * len(families),
        identity_key=[f["key"] for f in families],
        phone_key=[None] * len(families),
    )
    volunteers = Volunteers.of(
        ids=[g["key"] for g in givers],
        lat=[g["lat"] for g in givers],
        lng=[g["lng"] for g in givers],
        offers=[kinds(pack, g["gives"]) for g in givers],
        skills=[set(g["skills"]) for g in givers],
        capacity=[g["capacity"] for g in givers],
        held=[0] * len(givers),
        reach_m=[g["reach_km"] and g["reach_km"] * 1000 for g in givers],
        active=[True] * len(givers),
        record_check=[g["checked"] and dt.date.fromisoformat(g["checked"]) for g in givers],
        trained=[g["trained"] for g in givers],
        identity_key=[g["key"] for g in givers],
        phone_key=[None] * len(givers),
    )
    return first_helpers(households, volunteers, pack, ON)


@pytest.fixture(scope="module")
def first(demand):
    return everybody(demand)


@pytest.fixture(scope="module")
def plan(first):
    return solve(first.problem, solver="ortools_flow")


def covered(problem, solution):
    return {
        word: [wanted - solution.uncovered.get(tier, 0), wanted]
        for word, tier in TIERS.items()
        for wanted in [int(problem.wanted[problem.tier == tier].sum())]
    }


def test_the_candidates_are_those_of_the_reference(first):
    assert first.problem.slots == REFERENCE["households_with_needs"] == 2910
    assert first.problem.volunteers == REFERENCE["volunteers"]
    assert int(first.problem.capacity.sum()) == REFERENCE["places"]
    assert int(first.setting.cleared.sum()) == REFERENCE["cleared_volunteers"] == 648
    assert first.problem.arcs == REFERENCE["arcs"] == 135_659


def test_the_first_helpers_equal_the_reference(first, plan):
    reference = REFERENCE["first_helper"]
    assert covered(first.problem, plan) == reference["covered_of"]
    assert covered(first.problem, plan) == {"红": [275, 275], "黄": [685, 689], "绿": [992, 1946]}
    assert len(plan.pair_arc) == reference["pairs"] == 1952
    assert plan.cost == reference["cost"] == 9_667_838
    # The reference calls this mean_km; it is the mean arc cost: distance, needs and skills.
    assert round(first.problem.arc_cost[plan.pair_arc].mean() / 1000, 3) == reference["mean_km"]
    assert round(first.distance_m[plan.pair_arc].mean() / 1000, 2) == 3.34


def test_our_own_engine_comes_to_the_same_metre(first, plan):
    ours = solve(first.problem, solver="prices")
    assert (ours.uncovered, ours.cost) == (plan.uncovered, 9_667_838)
    assert check(first.problem, ours).violations == {}
    # Marginal values do not depend on which of the equally good plans was found.
    assert np.array_equal(ours.prices.slot, plan.prices.slot)
    assert np.array_equal(ours.prices.volunteer, plan.prices.volunteer)


def test_the_plan_carries_its_proof(first, plan):
    assert plan.status == "optimal"
    assert check(first.problem, plan).violations == {}
    assert all_priced(first, plan).violation == ""


def test_the_second_helpers_come_to_the_indicative_figures(first, plan):
    second = everybody(further_helpers(2, first, plan))
    solution = solve(second.problem)
    reference = REFERENCE["second_helper"]
    wanted = covered(second.problem, solution)
    assert {word: wanted[word] for word in ("红", "黄", "绿")} == reference["covered_of"]
    assert len(solution.pair_arc) == reference["pairs"]
    assert solution.cost == reference["cost"]
    assert check(second.problem, solution).passed
    firsts, seconds = first.chosen(plan), second.chosen(solution)
    assert not set(zip(firsts.household, firsts.volunteer, strict=True)) & set(
        zip(seconds.household, seconds.volunteer, strict=True)
    )
    load = np.bincount(np.r_[firsts.volunteer, seconds.volunteer], minlength=len(first.problem.capacity))
    assert (load <= first.problem.capacity).all()


def test_every_household_left_out_has_reasons_that_add_up(first, plan):
    left = why_left_out(first, plan)
    assert len(left) == 2910 - 1952
    for one in left:
        assert one.offering == one.taken + sum(count for _, count in one.refused)
        assert one.lacking == 1
    # None of them has an eligible volunteer with a place left: else the plan would not be optimal.
    new = np.bincount(plan.pair_volunteer, minlength=first.problem.volunteers)
    slots = np.flatnonzero(plan.unassigned)
    open_arcs = np.isin(first.problem.arc_slot, slots)
    assert (new >= first.problem.room)[first.problem.arc_volunteer[open_arcs]].all()
    assert sum(one.taken for one in left) == open_arcs.sum()


def test_no_plan_without_one_of_its_pairs_is_better(first):
    result = runners_up(LivePlan(first.problem))
    assert (result.weight >= 0).all()
    assert (result.arc >= 0).sum() > 1700


def pairs_of(candidates, solution):
    chosen = candidates.chosen(solution)
    return set(zip(chosen.household.tolist(), chosen.volunteer.tolist(), strict=True))


def test_letting_in_only_who_could_do_better_comes_to_the_same_metre(demand, monkeypatch):
    monkeypatch.setattr(all_pairs, "_FEW_PAIRS", 0)
    candidates, plan = all_pairs.best_plan(demand, lambda: False)
    assert plan.solution().cost == 9_667_838
    assert covered(candidates.problem, plan.solution()) == REFERENCE["first_helper"]["covered_of"]
    assert candidates.problem.arcs < 100_000
    assert all_priced(candidates, plan.solution()).violation == ""


def test_ruling_out_one_pair_moves_a_handful(demand):
    candidates, plan = all_pairs.best_plan(demand, lambda: False)
    before = pairs_of(candidates, plan.solution())
    for ruled_out in sorted(before)[::300]:
        forbidden = replace(demand, setting=replace(demand.setting, forbidden=PairSet.of([ruled_out])))
        candidates, plan = all_pairs.best_plan(forbidden, lambda: False, PairSet.of(before))
        after = pairs_of(candidates, plan.solution())
        reference = solve(candidates.problem, solver="ortools_flow")
        assert (plan.solution().uncovered, plan.solution().cost) == (reference.uncovered, reference.cost)
        assert 1 <= len(before - after) <= 12


def test_asking_again_moves_nobody(demand):
    candidates, plan = all_pairs.best_plan(demand, lambda: False)
    before = pairs_of(candidates, solve(candidates.problem, solver="ortools_flow"))
    assert before != pairs_of(candidates, plan.solution())
    candidates, plan = all_pairs.best_plan(demand, lambda: False, PairSet.of(before))
    assert before == pairs_of(candidates, plan.solution())
