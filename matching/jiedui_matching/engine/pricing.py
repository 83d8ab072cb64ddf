"""Who could still do better: the cheapest volunteers within each slot's price, out of everybody."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jiedui_matching.engine.network import Small
from jiedui_matching.problem import Ints

Floats = NDArray[np.float64]

BLOCK = 32
"""Volunteers looked at or passed over together."""
# Distances are whole metres to the nearest; what the arithmetic itself may be off is far below a millimetre.
_ROUNDING = 0.501


class Blocks(NamedTuple):
    """Volunteers in blocks of neighbours, block b being those from BLOCK * b on.

    Volunteer t stands at `point[t]`, goes `reach[t]` metres at most, is of kind `kind[t]` and asks
    `price[t]`. A block's people stand within `radius` of its `centre`, ask `least` or more and go
    `widest` or less.
    """

    point: Floats
    reach: Floats
    kind: Small
    price: Ints
    centre: Floats
    radius: Floats
    least: Ints
    widest: Floats


@njit(cache=True, nogil=True)
def cheapest_within(blocks, extra, anywhere, point, kind, below, most, found, count):
    """For each slot the volunteers that cost it less than `below`.

    A volunteer costs at least the straight way, `extra[kind of slot, kind of volunteer]` and her price.
    The `most` cheapest go into the slot's row of `found`, how many they are into `count`.
    """
    size = len(blocks.radius)
    gap, order = np.empty(size), np.empty(size, dtype=np.int64)
    keys = np.empty(most, dtype=np.int64)
    cheapest_price = blocks.least.min() if size else np.int64(0)
    for i in range(len(point)):
        if i == 0 or (point[i] != point[i - 1]).any():
            for b in range(size):
                gap[b] = max(_way(point[i], blocks.centre[b]) - blocks.radius[b] - _ROUNDING, 0.0)
            order[:] = np.argsort(gap)
        fines, far, row = extra[kind[i]], anywhere[kind[i]], found[i]
        least_fine = fines.min()
        top, held = below[i], 0
        for b in order:
            rest = top - least_fine
            if gap[b] >= rest - cheapest_price:
                break
            if gap[b] >= rest - blocks.least[b] or gap[b] > blocks.widest[b]:
                continue
            for t in range(BLOCK * b, min(BLOCK * (b + 1), len(blocks.kind))):
                left = top - blocks.price[t] - fines[blocks.kind[t]]
                if left <= 0:
                    continue
                way = _way(point[i], blocks.point[t]) - _ROUNDING
                if way > left or (way > blocks.reach[t] and not far[blocks.kind[t]]):
                    continue
                key = top - left + np.int64(np.ceil(max(way, 0.0)))
                if key >= top:
                    continue
                held = _keep(keys, row, held, key, t)
                if held == most:
                    top = keys[0]
        count[i] = held


@njit(inline="always")
def _way(here, there):
    x, y, z = here[0] - there[0], here[1] - there[1], here[2] - there[2]
    return np.sqrt(x * x + y * y + z * z)


@njit(inline="always")
def _keep(keys, row, held, key, t):
    """Put a volunteer into a heap with the dearest first, in her place if it is full; how many it holds."""
    if held < len(keys):
        at = held
        while at > 0 and keys[(at - 1) >> 1] < key:
            keys[at], row[at] = keys[(at - 1) >> 1], row[(at - 1) >> 1]
            at = (at - 1) >> 1
        keys[at], row[at] = key, t
        return held + 1
    at = 0
    while True:
        child = 2 * at + 1
        if child >= held:
            break
        if child + 1 < held and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[at], row[at] = keys[child], row[child]
        at = child
    keys[at], row[at] = key, t
    return held
