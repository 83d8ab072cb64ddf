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
def cheapest_within(blocks, extra, anywhere, point, kind, below, every, found, count):
    """For each slot the volunteers that cost it less than `below`.

    A volunteer costs at least the straight way, `extra[kind of slot, kind of volunteer]` and her price,
    none of them negative. The cheapest go into the slot's row of `found` as long as there is room, how
    many they are into `count`. Slots at the same point should follow each other; a slot looks at every
    `every`-th volunteer only, its neighbours at others.
    """
    gap, keys = np.empty(len(blocks.radius)), np.empty(found.shape[1], dtype=np.int64)
    begin = 0
    while begin < len(point):
        end = begin + 1
        farthest = below[begin]
        while end < len(point) and (point[end] == point[begin]).all():
            farthest = max(farthest, below[end])
            end += 1
        order = _near(blocks, point[begin], farthest, gap)
        for i in range(begin, end):
            count[i] = _cheapest(
                blocks,
                extra[kind[i]],
                anywhere[kind[i]],
                point[i],
                below[i],
                every[i],
                i,
                gap,
                order,
                keys,
                found[i],
            )
        begin = end


@njit(cache=True, nogil=True)
def _near(blocks, here, farthest, gap):
    """The blocks that reach so far, the nearest first, and for each how far it is at least."""
    near = np.empty(len(gap), dtype=np.int64)
    size, blocks_in_all = 0, len(gap)
    for b in range(len(gap)):
        gap[b] = np.floor(max(_way(here, blocks.centre[b]) - blocks.radius[b] - _ROUNDING, 0.0))
        if gap[b] + blocks.least[b] < farthest and gap[b] <= blocks.widest[b]:
            # Whole metres and the block in one number, for a sort of plain numbers.
            near[size] = np.int64(gap[b]) * blocks_in_all + b
            size += 1
    near = near[:size]
    near.sort()
    for s in range(size):
        near[s] %= blocks_in_all
    return near


@njit(cache=True, nogil=True)
def _cheapest(blocks, fines, far, here, below, every, begin, gap, order, keys, row):
    """Fill one slot's row; how many volunteers stand in it."""
    least_fine = fines.min() if len(fines) else np.int64(0)
    top, held = below, 0
    for b in order:
        if gap[b] >= top - least_fine:
            break
        if gap[b] >= top - least_fine - blocks.least[b]:
            continue
        for t in range(BLOCK * b, min(BLOCK * (b + 1), len(blocks.kind))):
            left = top - blocks.price[t] - fines[blocks.kind[t]]
            if left <= 0 or (every > 1 and (begin + t) % every):
                continue
            way = _way(here, blocks.point[t]) - _ROUNDING
            if way > left or (way > blocks.reach[t] and not far[blocks.kind[t]]):
                continue
            key = top - left + np.int64(np.ceil(max(way, 0.0)))
            if key >= top:
                continue
            held = _keep(keys, row, held, key, t)
            if held == len(keys):
                top = keys[0]
    return held


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
