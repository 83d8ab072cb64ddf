"""Backward search: who gains most by a place set free, or what is saved by a helper no longer wanted."""

import numpy as np
from numba import njit

from jiedui_matching.engine.forward import leave
from jiedui_matching.engine.heap import pop, push
from jiedui_matching.problem import LIMIT


@njit(cache=True, nogil=True)
def offer(network, columns, scratch, j):
    """Give volunteer j's free places to whoever gains, until her price is within her next load."""
    while network.taken[j] < network.places[j]:
        gap = network.price[j] - network.first_load[j] - network.step * network.taken[j]
        if gap <= 0:
            return
        scratch.distance[j] = 0
        scratch.volunteers[0] = j
        best, last_slot, size, seen = _ask_column(
            network, columns, scratch, j, gap, np.int64(-1), np.int64(0), np.int64(0)
        )
        last, last_slot = _search(network, columns, scratch, best, last_slot, size, seen, np.int64(1))
        if last >= 0 or last_slot >= 0:
            _shift(network, scratch, last, last_slot, np.int64(-1), j)


@njit(cache=True, nogil=True)
def release(network, columns, scratch, slot):
    """One pair of this slot less, the one that saves most with everybody moving on; it must have one."""
    scratch.slot_distance[slot] = 0
    scratch.slots[0] = slot
    size = push(scratch.keys, scratch.nodes, scratch.at, 0, slot, 0)
    last, last_slot = _search(
        network, columns, scratch, np.int64(LIMIT), np.int64(-1), size, np.int64(1), np.int64(0)
    )
    _shift(network, scratch, last, last_slot, slot, np.int64(-1))


@njit(cache=True, nogil=True)
def vacate(network, h, j):
    """Place h of volunteer j, already left, is free: her last holder moves there."""
    network.taken[j] -= 1
    end = network.place[j] + network.taken[j]
    network.holder[h] = network.holder[end]
    network.holder_arc[h] = network.holder_arc[end]


@njit(cache=True, nogil=True)
def place_of(network, a):
    """The place that arc a fills, -1 if it is not in the plan."""
    j = network.volunteer[a]
    if j < 0:
        for h in range(network.place[~j], network.place[~j] + network.taken[~j]):
            if network.holder_arc[h] == a:
                return h
    return np.int64(-1)


@njit(cache=True, nogil=True)
def _search(network, columns, scratch, best, last_slot, size, seen_slots, seen):
    """Dijkstra against the arrows up to `best`; prices fall. Who gives up a place, or lacks one less."""
    price, slot_price = network.price, network.slot_price
    last = np.int64(-1)
    while size > 0 and scratch.keys[0] < best:
        slot, here = scratch.nodes[0], scratch.keys[0]
        size = pop(scratch.keys, scratch.nodes, scratch.at, size)
        for a in range(network.row[slot], network.row[slot + 1]):
            h = place_of(network, a)
            if h < 0:
                continue
            j = np.int64(~network.volunteer[a])
            reach = here + slot_price[slot] - network.cost[a] - price[j]
            if reach >= best or reach >= scratch.distance[j]:
                continue
            if scratch.distance[j] == LIMIT:
                scratch.volunteers[seen] = j
                seen += 1
            scratch.distance[j] = reach
            scratch.link[j] = h
            scratch.link_slot[j] = slot
            out = reach + price[j] - network.first_load[j] - network.step * (network.taken[j] - 1)
            if out < best:
                best, last, last_slot = out, j, np.int64(-1)
            bound = best
            best, last_slot, size, seen_slots = _ask_column(
                network, columns, scratch, j, best, last_slot, size, seen_slots
            )
            if best < bound:
                last = np.int64(-1)
    while size > 0:
        size -= 1
        scratch.at[scratch.nodes[size]] = -1
    for s in range(seen_slots):
        i = scratch.slots[s]
        slot_price[i] -= max(best - scratch.slot_distance[i], 0)
        scratch.slot_distance[i] = LIMIT
    for s in range(seen):
        j = scratch.volunteers[s]
        price[j] -= max(best - scratch.distance[j], 0)
        scratch.distance[j] = LIMIT
    return last, last_slot


@njit(cache=True, nogil=True)
def _ask_column(network, columns, scratch, j, best, last_slot, size, seen_slots):
    """Everybody who could come to volunteer j, at her distance."""
    base = scratch.distance[j] + network.price[j]
    arcs = columns.start[-1]
    later = columns.newest[j]
    t = columns.start[j]
    while True:
        if t < columns.start[j + 1]:
            i, a, cost = np.int64(columns.slot[t]), np.int64(columns.arc[t]), columns.cost[t]
            t += 1
        elif later >= 0:
            i, a, cost = columns.later_slot[later], arcs + later, network.cost[arcs + later]
            later = columns.older[later]
        else:
            return best, last_slot, size, seen_slots
        reach = base + cost - network.slot_price[i]
        if reach >= best or reach >= scratch.slot_distance[i] or network.volunteer[a] < 0:
            continue
        if scratch.slot_distance[i] == LIMIT:
            scratch.slots[seen_slots] = i
            seen_slots += 1
        scratch.slot_distance[i] = reach
        scratch.slot_link[i] = a
        if network.lacking[i] > 0:
            best, last_slot = reach, i
        else:
            size = push(scratch.keys, scratch.nodes, scratch.at, size, i, reach)


@njit(cache=True, nogil=True)
def _shift(network, scratch, last, last_slot, slot, volunteer):
    """Everybody on the way moves on, until `slot` has left a place or `volunteer` has filled one."""
    i = last_slot
    if last >= 0:
        i = scratch.link_slot[last]
        leave(network, scratch.link[last])
        vacate(network, scratch.link[last], last)
    else:
        network.lacking[last_slot] -= 1
    while i != slot:
        a = scratch.slot_link[i]
        j = np.int64(network.volunteer[a])
        if j == volunteer:
            h, following = network.place[j] + network.taken[j], slot
            network.taken[j] += 1
        else:
            h, following = scratch.link[j], scratch.link_slot[j]
            leave(network, h)
        network.holder[h] = i
        network.holder_arc[h] = a
        network.volunteer[a] = ~j
        i = following
