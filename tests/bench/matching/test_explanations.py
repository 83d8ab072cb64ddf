"""What explanations promise about time in a county of 50,000 slots, and that full solves agree with them."""

import statistics
import time
from dataclasses import replace

import numpy as np
import pytest
from problems import marked, without

from jiedui_matching import prices, runners_up, shortages, smallest_changes
from jiedui_matching.instances import county
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import cost_of, unassigned_after
from jiedui_matching.warm_up import warm_up


@pytest.fixture(scope="module")
def plan():
    """Tight enough that some dozens are left out."""
    warm_up()
    return LivePlan(county(50_000, nearest=100))


def seconds(work, *arguments):
    started = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - started, result


def weight(problem):
    """What the best plan weighs, solved from nothing."""
    chosen, _, _ = prices.plan(problem, lambda: False)
    lacking = problem.tier_weight * problem.tier * unassigned_after(problem, chosen)
    return cost_of(problem, chosen) + int(lacking.astype(object).sum())


def some_pairs(plan, count):
    """A quarter of any that may be, a quarter of slots left out, and half of what the plan has instead:
    the runners-up of its pairs."""
    problem, solution, rng = plan.problem, plan.solution(), np.random.default_rng(3)
    instead = runners_up(plan).arc
    left_out = np.flatnonzero((solution.unassigned > 0)[problem.arc_slot])
    arcs = np.concatenate(
        [
            rng.choice(problem.arcs, count // 4),
            rng.choice(left_out, count // 4),
            rng.choice(instead[instead >= 0], count // 2),
        ]
    )
    arcs = arcs[problem.room[problem.arc_volunteer[arcs]] > 0]
    return list(zip(problem.arc_slot[arcs].tolist(), problem.arc_volunteer[arcs].tolist(), strict=True))


def test_all_marginal_values_come_at_once(plan, say):
    def afresh():
        plan.now.forget()
        return plan.margins()

    taken = statistics.median(seconds(afresh)[0] for _ in range(7))
    say(f"all marginal values: {taken:.2f} s")
    assert taken <= 0.2


def test_a_forced_pair_is_answered_at_once(plan, say):
    pairs = some_pairs(plan, 400)
    plan.now.forget()
    first, _ = seconds(plan.forced, *pairs[0])
    taken = [seconds(plan.forced, *pair)[0] for pair in pairs[1:]]
    median, mean = statistics.median(taken), statistics.mean(taken)
    say(
        f"a forced pair ({len(taken)} of them): median {median * 1e3:.2f}, mean {mean * 1e3:.2f}, worst "
        f"{max(taken) * 1e3:.1f} ms; the first after an event, with the marginal values, {first:.2f} s"
    )
    assert median <= 2e-3


def test_every_pair_has_its_runner_up_in_seconds(plan, say):
    plan.now.forget()
    taken, found = seconds(runners_up, plan)
    say(f"{len(found.arc)} runners-up: {taken:.1f} s, {taken / len(found.arc) * 1e6:.0f} us each")
    assert taken <= 10


@pytest.mark.parametrize("places", [0.9, 1.1])
def test_every_slot_left_out_has_its_proof_and_its_smallest_change(places, say):
    plan = LivePlan(county(50_000, nearest=100, places_per_slot=places))
    plan.solution()
    taken, found = seconds(shortages, plan)
    change, changes = seconds(smallest_changes, plan)
    say(
        f"{(found.of >= 0).sum()} left out: {len(found.sets)} shortages in {taken:.2f} s, "
        f"{(changes.volunteer >= 0).sum()} smallest changes in {change:.2f} s"
    )
    assert taken <= 3
    assert change <= 1


def test_full_solves_agree_and_a_question_takes_no_time(plan, say):
    problem, rng = plan.problem, np.random.default_rng(4)
    now, wrong, solves = weight(problem), 0, 0
    for slot, volunteer in rng.permutation(some_pairs(plan, 400))[:100].tolist():
        arc = int(problem.row[slot] + np.searchsorted(row_of(problem, slot), volunteer))
        rise = weight(replace(problem, pinned=marked(problem.pinned, arc))) - now
        wrong += plan.forced(slot, volunteer).weight != rise
        solves += 1
    found, solution, taken = runners_up(plan), plan.solution(), []
    for pair in rng.integers(len(solution.pair_arc), size=100).tolist():
        slot, volunteer = int(solution.pair_slot[pair]), int(solution.pair_volunteer[pair])
        rise = weight(without(problem, solution.pair_arc[pair])) - now
        passed, answer = seconds(plan.what_if, lambda twin, of=(slot, volunteer): twin.forbid(*of))
        taken.append(passed)
        wrong += answer.weight != rise
        wrong += found.weight[pair] != rise
        solves += 1
    say(f"what if a pair is forbidden: {statistics.median(taken) * 1e3:.0f} ms")
    say(f"forced pairs, runners-up and questions: {wrong} mismatches in {solves} full solves")
    assert wrong == 0


def row_of(problem, slot):
    """The volunteers who may help a slot, in rising order."""
    return problem.arc_volunteer[problem.row[slot] : problem.row[slot + 1]]
