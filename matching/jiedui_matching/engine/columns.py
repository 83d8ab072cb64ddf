"""Each volunteer's arcs, for searches that ask who would come to her."""

from typing import NamedTuple

import numpy as np
from numba import njit

from jiedui_matching.engine.network import Network, Small
from jiedui_matching.problem import Ints


class Columns(NamedTuple):
    """Volunteer j's arcs are start[j] to start[j + 1] of these, in the order of the slots.

    Arcs that came later, number start[-1] and following, hang on a chain: newest[j], then
    older[arc - start[-1]] until -1, each with its slot in later_slot.
    """

    start: Ints
    slot: Small
    arc: Small
    cost: Ints
    newest: Ints
    older: Ints
    later_slot: Ints


def columns_of(network: Network) -> Columns:
    """The network's arcs by volunteer, without chains."""
    none = np.empty(0, dtype=np.int64)
    newest = np.full(len(network.price), -1, dtype=np.int64)
    arcs = network.row[-1]
    columns = Columns(
        start=np.zeros(len(network.price) + 1, dtype=np.int64),
        slot=np.empty(arcs, dtype=np.int32),
        arc=np.empty(arcs, dtype=np.int32),
        cost=np.empty(arcs, dtype=np.int64),
        newest=newest,
        older=none,
        later_slot=none.copy(),
    )
    _fill_columns(network, columns)
    return columns


@njit(cache=True, nogil=True)
def _fill_columns(network, columns):
    row, volunteer, start = network.row, network.volunteer, columns.start
    for a in range(row[-1]):
        start[max(volunteer[a], ~volunteer[a]) + 1] += 1
    start[:] = np.cumsum(start)
    fill = start[:-1].copy()
    for i in range(len(row) - 1):
        for a in range(row[i], row[i + 1]):
            j = max(volunteer[a], ~volunteer[a])
            columns.slot[fill[j]], columns.arc[fill[j]], columns.cost[fill[j]] = i, a, network.cost[a]
            fill[j] += 1
