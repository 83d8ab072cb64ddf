"""Forward search: the cheapest way on for whoever needs a place, to a free one or to going uncovered."""

from typing import NamedTuple

import numpy as np
from numba import njit

from jiedui_matching.engine.heap import pop, push
from jiedui_matching.engine.network import Network
from jiedui_matching.problem import LIMIT, Ints


class Scratch(NamedTuple):
    """What a search writes on; after each, every distance is LIMIT and every `at` is -1 again."""

    slot_distance: Ints
    slot_link: Ints
    distance: Ints
    link: Ints
    link_slot: Ints
    keys: Ints
    nodes: Ints
    at: Ints
    slots: Ints
    volunteers: Ints


def scratch_for(network: Network) -> Scratch:
    """Room for searches in this network."""
    n, m = len(network.weight), len(network.price)

    def full(size: int, value: int) -> Ints:
        return np.full(size, value, dtype=np.int64)

    return Scratch(
        slot_distance=full(n, LIMIT),
        slot_link=full(n, -1),
        distance=full(m, LIMIT),
        link=full(m, -1),
        link_slot=full(m, -1),
        keys=full(n, 0),
        nodes=full(n, 0),
        at=full(n, -1),
        slots=full(n, 0),
        volunteers=full(m, 0),
    )


@njit(cache=True, nogil=True)
def cover_some(network, scratch, queue, begin, budget):
    """Cover the queued slots from `begin` on until `budget` rows are read; where to go on."""
    rows = 0
    while begin < len(queue) and rows < budget:
        rows += cover(network, scratch, queue[begin])
        begin += 1
    return begin


@njit(cache=True, nogil=True)
def cover(network, scratch, slot):
    """One more helper for this slot, or one more lacking; plan and prices are optimal again. Rows read."""
    scratch.slot_distance[slot] = 0
    scratch.slot_link[slot] = -1
    scratch.slots[0] = slot
    size = push(scratch.keys, scratch.nodes, scratch.at, 0, slot, 0)
    rows, last, last_slot = _search(network, scratch, size, np.int64(0), np.int64(LIMIT), np.int64(-1))
    _move(network, scratch, last, last_slot, np.int64(-1))
    return rows


@njit(cache=True, nogil=True)
def make_way(network, scratch, j):
    """One place of volunteer j for somebody from outside, her own next one or one that is left.

    The number of the place, which counts as taken and stands without a holder. She must have one.
    """
    place, taken, price = network.place[j], network.taken[j], network.price[j]
    best, last, size = LIMIT, -1, 0
    if taken < network.places[j]:
        best = network.first_load[j] + network.step * taken - price
        last = j
    scratch.distance[j] = 0
    scratch.volunteers[0] = j
    for h in range(place, place + taken):
        i = network.holder[h]
        scratch.slot_distance[i] = network.slot_price[i] - network.cost[network.holder_arc[h]] - price
        scratch.slot_link[i] = h
        scratch.slots[size] = i
        size = push(scratch.keys, scratch.nodes, scratch.at, size, i, scratch.slot_distance[i])
    _, last, last_slot = _search(network, scratch, size, np.int64(1), best, last)
    return _move(network, scratch, last, last_slot, j)


@njit(cache=True, nogil=True)
def _search(network, scratch, size, seen, best, last):
    """Dijkstra from the `size` slots in the heap, never beyond the best way out seen; prices follow.

    A slot's distance and price are raised together to its cheapest arc when its row is read: that
    changes no way's length, and the row is read again only by searches that come so far.
    Rows read and where the way ends: at a volunteer's free place, or at a slot with volunteer -1.
    """
    row, cost, volunteer, slot_price, price = (
        network.row, network.cost, network.volunteer, network.slot_price, network.price,
    )  # fmt: skip
    place, places, taken, holder, holder_arc = (
        network.place, network.places, network.taken, network.holder, network.holder_arc,
    )  # fmt: skip
    slot_distance, distance, keys, nodes, at = (
        scratch.slot_distance, scratch.distance, scratch.keys, scratch.nodes, scratch.at,
    )  # fmt: skip
    last_slot, seen_slots, rows = np.int64(-1), size, 0
    while size > 0 and keys[0] < best:
        slot, here = nodes[0], keys[0]
        size = pop(keys, nodes, at, size)
        rows += 1
        base = here - slot_price[slot]
        least = base + network.weight[slot]
        if least < best:
            best, last, last_slot = least, np.int64(-1), slot
        for a in range(row[slot], row[slot + 1]):
            if cost[a] + base >= best:
                least = min(least, cost[a] + base)
                break
            j = np.int64(volunteer[a])
            if j < 0:
                continue
            rest = cost[a] + base
            reach = rest + price[j]
            least = min(least, reach)
            if reach >= best or reach >= distance[j]:
                continue
            if distance[j] == LIMIT:
                scratch.volunteers[seen] = j
                seen += 1
            distance[j] = reach
            scratch.link[j] = a
            scratch.link_slot[j] = slot
            if taken[j] < places[j]:
                out = rest + network.first_load[j] + network.step * taken[j]
                if out < best:
                    best, last = out, j
            for h in range(place[j], place[j] + taken[j]):
                i = holder[h]
                further = rest - cost[holder_arc[h]] + slot_price[i]
                if further < best and further < slot_distance[i]:
                    if slot_distance[i] == LIMIT:
                        scratch.slots[seen_slots] = i
                        seen_slots += 1
                    slot_distance[i] = further
                    scratch.slot_link[i] = h
                    size = push(keys, nodes, at, size, i, further)
        slot_price[slot] += least - here
        slot_distance[slot] = least
    while size > 0:
        size -= 1
        at[nodes[size]] = -1
    # Whoever is nearer than the way out pays the difference.
    for s in range(seen_slots):
        i = scratch.slots[s]
        slot_price[i] += max(best - slot_distance[i], 0)
        slot_distance[i] = LIMIT
    for s in range(seen):
        j = scratch.volunteers[s]
        price[j] += max(best - distance[j], 0)
        distance[j] = LIMIT
    return rows, last, last_slot


@njit(cache=True, nogil=True)
def _move(network, scratch, last, last_slot, start):
    """Everybody on the way takes the place of the next; the place left empty at `start`, or -1.

    `start` is the volunteer where the way begins, -1 if it begins at a slot.
    """
    if last >= 0:
        j = last
        h = network.place[j] + network.taken[j]
        network.taken[j] += 1
    else:
        network.lacking[last_slot] += 1
        h = scratch.slot_link[last_slot]
        if h < 0:
            return h
        j = leave(network, h)
    while j != start:
        a, i = scratch.link[j], scratch.link_slot[j]
        network.holder[h] = i
        network.holder_arc[h] = a
        network.volunteer[a] = ~j
        h = scratch.slot_link[i]
        if h < 0:
            return h
        j = leave(network, h)
    return h


@njit(cache=True, nogil=True)
def leave(network, h):
    """Take the arc that fills place h out of the plan; whose place it is, which stays taken."""
    a = network.holder_arc[h]
    j = np.int64(~network.volunteer[a])
    network.volunteer[a] = j
    return j
