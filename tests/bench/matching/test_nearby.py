"""How long the proven optimum over all eligible pairs takes at a prefecture's size, and what a cap costs."""

import resource
import statistics
import time

import msgspec
import prefecture
import pytest
from prefecture import DATED, a_prefecture

from jiedui_matching import check, solve
from jiedui_pairing import all_pairs
from jiedui_pairing.candidates import assembled, first_helpers
from jiedui_pairing.policy import standard
from jiedui_pairing.proof import all_priced

KILOMETRES = 40


def demand_of(households, volunteers, seed=0):
    """First helpers within 40 km, by kinds, skills, minors and reach."""
    base = standard()
    far = msgspec.structs.replace(base.eligibility, max_distance_m=1000 * KILOMETRES)
    pack = msgspec.structs.replace(base, eligibility=far)
    return first_helpers(*a_prefecture(households, volunteers, seed).people(pack), pack, DATED)


def never():
    """Nobody stops a measurement."""
    return False


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Compiled before anything is measured."""
    all_pairs._let_in(demand_of(400, 200), never, all_pairs.NOBODY)


def test_the_best_of_all_pairs_is_proven_soon(say, monkeypatch):
    taken, arcs = [], []
    monkeypatch.setattr(
        all_pairs, "assembled", lambda *given: arcs.append(given[1].shape[1]) or assembled(*given)
    )
    for seed in range(3):
        demand = demand_of(50_000, 25_000, seed)
        arcs.clear()
        started, busy = time.perf_counter(), time.process_time()
        candidates, plan = all_pairs.best_plan(demand, never)
        taken.append(time.perf_counter() - started)
        busy = time.process_time() - busy
        solution = plan.solution()
        say(
            f"50,000 x 25,000 within {KILOMETRES} km: {taken[-1]:.1f} s ({busy:.1f} s of one core), "
            f"{len(arcs)} turns, "
            f"{arcs[0]:,} arcs at first and {arcs[-1]:,} at last, "
            f"uncovered {sum(solution.uncovered.values())}"
        )
        assert check(candidates.problem, solution).passed
        better, cut = all_pairs._Area(demand, never).better(candidates, plan, 100, 1)
        assert (better.shape[1], cut) == (0, False)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    say(f"median {statistics.median(taken):.1f} s; the process never took more than {memory:.1f} GB")
    assert statistics.median(taken) <= 60


@pytest.mark.parametrize("places", [1.1, 0.67])
@pytest.mark.parametrize("households", [50_000, 100_000])
def test_every_pair_is_priced_in_less_time_than_the_plan_took(households, places, say, monkeypatch):
    monkeypatch.setattr(prefecture, "_PLACES_PER_HOUSEHOLD", places)
    pack = standard()
    demand = first_helpers(*a_prefecture(households, households // 2).people(pack), pack, DATED)
    busy = [time.process_time()]
    candidates, plan = all_pairs.best_plan(demand, never)
    busy.append(time.process_time())
    started, solution = time.perf_counter(), plan.solution()
    report = all_priced(candidates, solution)
    taken = time.perf_counter() - started
    busy.append(time.process_time())
    say(
        f"{households:,} x {households // 2:,}, {places} places, {demand.pairs:,} pairs: "
        f"plan {busy[1] - busy[0]:.1f} s of one core, {sum(solution.uncovered.values()):,} left out; "
        f"all priced in {taken:.1f} s ({busy[2] - busy[1]:.1f} s of one core)"
    )
    assert report.passed
    assert busy[2] - busy[1] < busy[1] - busy[0]


@pytest.mark.parametrize("nearest_only", [20, 100])
def test_a_cap_on_the_nearest_leaves_families_uncovered(nearest_only, say):
    demand = demand_of(50_000, 25_000)
    few = assembled(demand, all_pairs._Area(demand, never).nearest(nearest_only)).problem
    started = time.perf_counter()
    capped = solve(few, solver="prices")
    seconds = time.perf_counter() - started
    best = all_pairs.best_plan(demand, never)[1].solution()
    say(
        f"nearest {nearest_only} only ({few.arcs:,} arcs): uncovered {sum(capped.uncovered.values())} in "
        f"{seconds:.1f} s; all pairs: {sum(best.uncovered.values())}; "
        f"cost {capped.cost:,} and {best.cost:,}"
    )
    assert capped.weight >= best.weight
