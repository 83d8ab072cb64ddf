"""Made-up pairing problems for tests and measurements."""

import numpy as np

from jiedui_matching import Problem


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
