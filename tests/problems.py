"""Made-up pairing problems for tests and measurements."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from jiedui_matching import Problem, ortools_flow
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import cost_of, unassigned_after


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


def small(rng, slots=9, volunteers=6, dearest=8):
    """Few people, many ties, a weight with room for slots that come later."""
    n, m = rng.integers(1, slots + 1), rng.integers(1, volunteers + 1)
    arcs = np.flatnonzero(rng.random(n * m) < rng.choice([0.3, 0.7, 1.0]))
    slot, volunteer = np.divmod(arcs, m)
    return Problem(
        tier=rng.integers(1, 4, n),
        wanted=rng.integers(0, 3, n),
        capacity=rng.integers(0, 4, m),
        held=rng.integers(0, 3, m),
        arc_slot=slot,
        arc_volunteer=volunteer,
        arc_cost=rng.integers(0, dearest, len(arcs), endpoint=True),
        load_step=int(rng.integers(0, 4)),
        tier_weight=10_000,
    )


def one_event(rng, plan):
    """Something happens to somebody at random; what cannot happen is refused."""
    problem = plan.problem
    slot, volunteer = int(rng.integers(problem.slots)), int(rng.integers(problem.volunteers))
    event = rng.choice(["want", "capacity", "forbid", "allow", "pin", "unpin", "add", "join"])
    if event == "want":
        plan.want(slot, int(rng.integers(0, 4)))
    elif event == "capacity":
        plan.set_capacity(volunteer, int(rng.integers(0, 6)))
    elif event == "add":
        who = np.flatnonzero(rng.random(problem.volunteers) < 0.6)
        plan.add_slot(int(rng.integers(1, 4)), int(rng.integers(0, 3)), who, rng.integers(0, 9, len(who)))
    elif event == "join":
        which = np.flatnonzero(rng.random(problem.slots) < 0.6)
        capacity, held = rng.integers(0, 4, 2).tolist()
        plan.add_volunteer(capacity, held, which, rng.integers(0, 9, len(which)))
    else:
        getattr(plan, event)(slot, volunteer)
    return event


def eventful_plan(rng):
    """A small plan to which a few things have happened: its prices are not those of a cold solve."""
    plan = LivePlan(small(rng))
    for _ in range(int(rng.integers(0, 8))):
        with suppress(ValueError):
            one_event(rng, plan)
    return plan


def weight(problem):
    """What OR-Tools says the best plan weighs: its cost, and the weight of every helper lacking."""
    chosen = ortools_flow.choose(problem)
    lacking = (problem.tier_weight * problem.tier * unassigned_after(problem, chosen)).astype(object)
    return cost_of(problem, chosen) + int(lacking.sum())


def without(problem, arc):
    """The same without one arc."""
    keep = np.arange(problem.arcs) != arc
    return replace(
        problem, arc_slot=problem.arc_slot[keep], arc_volunteer=problem.arc_volunteer[keep],
        arc_cost=problem.arc_cost[keep], pinned=problem.pinned[keep],
    )  # fmt: skip


def one_hot(size, at):
    """One at a single place."""
    return np.eye(1, size, at, dtype=np.int64)[0]


def marked(mask, at):
    """A copy of the mask with one more yes."""
    more = mask.copy()
    more[at] = True
    return more


def untouched(plan):
    """Everything about a plan that explaining it must leave alone."""
    solution = plan.solution()
    return solution.pair_arc.tolist(), solution.prices.slot.tolist(), solution.prices.volunteer.tolist()


@st.composite
def small_problems(draw, slots=4, volunteers=4, dearest=6, most_arcs=9, tier_weights=(0,)):
    """Small, with ties, zero capacities, several helpers per slot, empty sides and pins."""
    n, m = draw(st.integers(0, slots)), draw(st.integers(0, volunteers))
    pairs = st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), max_size=most_arcs)
    arcs = sorted(draw(pairs)) if n * m else []
    wanted = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    capacity = draw(st.lists(st.integers(0, 3), min_size=m, max_size=m))
    held = draw(st.lists(st.integers(0, 2), min_size=m, max_size=m))
    left, room = list(wanted), [max(c - h, 0) for c, h in zip(capacity, held, strict=True)]
    pinned = []
    for slot, volunteer in arcs:
        pin = left[slot] > 0 and room[volunteer] > 0 and draw(st.integers(0, 4)) == 0
        pinned.append(bool(pin))
        left[slot] -= pin
        room[volunteer] -= pin
    return Problem(
        tier=draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)),
        wanted=wanted,
        capacity=capacity,
        held=held,
        arc_slot=[slot for slot, _ in arcs],
        arc_volunteer=[volunteer for _, volunteer in arcs],
        arc_cost=draw(st.lists(st.integers(0, dearest), min_size=len(arcs), max_size=len(arcs))),
        load_step=draw(st.integers(0, 3)),
        tier_weight=draw(st.sampled_from(tier_weights)),
        pinned=np.array(pinned, dtype=bool),
    )
