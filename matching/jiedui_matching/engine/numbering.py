"""Who is paired close together stands close together in memory: an order walked along the cheapest arcs."""

import numpy as np
from numba import njit

from jiedui_matching.problem import Ints, Problem

# Cheapest arcs of each slot that the walk follows.
_NEAREST = 4


def along_arcs(problem: Problem) -> tuple[Ints, Ints]:
    """Slots and volunteers in the order of the walk: order[new] = old."""
    near = np.full((problem.slots, _NEAREST), -1, dtype=np.int32)
    slot, volunteer = np.empty(problem.slots, dtype=np.int64), np.empty(problem.volunteers, dtype=np.int64)
    _cheapest(problem.row, problem.arc_cost, problem.arc_volunteer, near)
    _walk(near, slot, volunteer)
    return slot, volunteer


@njit(cache=True, nogil=True)
def _cheapest(row, cost, volunteer, near):
    """The volunteers of each slot's cheapest arcs into its row of `near`, -1 stays where it has fewer."""
    count = near.shape[1]
    key = np.empty(count, dtype=np.int64)
    for i in range(len(row) - 1):
        found = 0
        for a in range(row[i], row[i + 1]):
            if found == count and cost[a] >= key[count - 1]:
                continue
            found = min(found + 1, count)
            t = found - 1
            while t > 0 and key[t - 1] > cost[a]:
                key[t], near[i, t] = key[t - 1], near[i, t - 1]
                t -= 1
            key[t], near[i, t] = cost[a], volunteer[a]


@njit(cache=True, nogil=True)
def _walk(near, slot_order, volunteer_order):
    """Depth first from slot to volunteer to slot; volunteers nobody is near to come last."""
    slots, count = near.shape
    volunteers = len(volunteer_order)
    start = np.zeros(volunteers + 1, dtype=np.int64)
    for i in range(slots):
        for t in range(count):
            if near[i, t] >= 0:
                start[near[i, t] + 1] += 1
    start = np.cumsum(start)
    fill = start[:-1].copy()
    fans = np.empty(start[volunteers], dtype=np.int64)
    for i in range(slots):
        for t in range(count):
            if near[i, t] >= 0:
                fans[fill[near[i, t]]] = i
                fill[near[i, t]] += 1
    slot_seen = np.zeros(slots, dtype=np.bool_)
    seen = np.zeros(volunteers, dtype=np.bool_)
    stack = np.empty(slots, dtype=np.int64)
    n = m = 0
    for first in range(slots):
        if slot_seen[first]:
            continue
        slot_seen[first] = True
        stack[0] = first
        top = 1
        while top > 0:
            top -= 1
            i = stack[top]
            slot_order[n] = i
            n += 1
            for t in range(count):
                j = near[i, t]
                if j < 0 or seen[j]:
                    continue
                seen[j] = True
                volunteer_order[m] = j
                m += 1
                for f in range(start[j], start[j + 1]):
                    if not slot_seen[fans[f]]:
                        slot_seen[fans[f]] = True
                        stack[top] = fans[f]
                        top += 1
    for j in range(volunteers):
        if not seen[j]:
            volunteer_order[m] = j
            m += 1
