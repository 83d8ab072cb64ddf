"""Compile the engine before anybody waits for it: `python -m jiedui_matching.warm_up`.

numba keeps what it has compiled on disk, beside the sources or in the user's cache folder; with that
this takes about a second, without it about half a minute.
"""

import numpy as np

from jiedui_matching.explain import runners_up
from jiedui_matching.hall import shortages
from jiedui_matching.nearby import Map, on_globe
from jiedui_matching.problem import Problem
from jiedui_matching.relief import smallest_changes, value_of_arcs
from jiedui_matching.repair import LivePlan


def warm_up() -> None:
    """Every compiled loop has run once."""
    slot, volunteer = np.divmod(np.arange(12), 3)
    plan = LivePlan(
        Problem(
            tier=np.array([3, 2, 1, 1]),
            wanted=np.ones(4, dtype=np.int64),
            capacity=np.ones(3, dtype=np.int64),
            held=np.zeros(3, dtype=np.int64),
            arc_slot=slot,
            arc_volunteer=volunteer,
            arc_cost=np.arange(12) % 5,
            load_step=1,
        )
    )
    LivePlan(plan.problem, warm=plan.solution())
    plan.margins()
    runners_up(plan)
    shortages(plan)
    smallest_changes(plan)
    nobody = np.empty(0, dtype=np.int64)
    value_of_arcs(plan, nobody, nobody, nobody)
    for other in range(3):
        plan.forced(0, other)
    helped, helper = int(plan.solution().pair_slot[0]), int(plan.solution().pair_volunteer[0])
    for event, *arguments in (
        (plan.want, helped, 0),
        (plan.want, helped, 1),
        (plan.forbid, helped, helper),
        (plan.allow, helped, helper),
        (plan.pin, helped, helper),
        (plan.unpin, helped, helper),
        (plan.set_capacity, helper, 2),
        (plan.set_capacity, helper, 0),
        (plan.add_slot, 1, 1, [0, 1], [1, 1]),
        (plan.add_volunteer, 1, 0, [0, 1], [1, 1]),
    ):
        event(*arguments)
    here, one = on_globe(np.array([30.0]), np.array([107.0]), 1.0), np.zeros(1, dtype=np.int64)
    Map(here, one, here, one, one, one[:, None], np.array([[True]])).cheapest(one + 1, one, 1)


if __name__ == "__main__":
    warm_up()
