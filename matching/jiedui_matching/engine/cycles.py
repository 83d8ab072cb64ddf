"""Who moves if two are paired or parted: the cheapest cycle through one arc, found without touching the plan.

A way between two ends either touches the sink, and then the shortest ways to and from it are known
for all, or it does not, and then a search finds it that those known lengths lead straight to its goal
and keep from going where the sink is nearer.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from jiedui_matching.engine.heap import pop, push
from jiedui_matching.engine.network import Network
from jiedui_matching.problem import LIMIT, Ints


class Trail(NamedTuple):
    """A way as nodes (slots, then volunteers, then the sink), each with the arc that leads to it or -1.

    `position` says where a node stands; after each use it is -1 everywhere again.
    """

    nodes: Ints
    arcs: Ints
    position: Ints
    back_nodes: Ints
    back_arcs: Ints


class Alternatives(NamedTuple):
    """For each pair: how the plan's weight rises without it, and what the slot and others do then.

    `arc` is what the slot takes instead, -1: it goes without; `loses` and `gains` are slots with a
    helper less or more, -1: none; `moved` counts the other slots whose helpers change.
    """

    weight: Ints
    arc: Ints
    loses: Ints
    gains: Ints
    moved: Ints


def trail_for(network: Network) -> Trail:
    """Room for ways in this network."""
    size = len(network.weight) + len(network.price) + 1
    nodes, arcs, back_nodes, back_arcs = (np.empty(size, dtype=np.int64) for _ in range(4))
    return Trail(nodes, arcs, np.full(size, -1, dtype=np.int64), back_nodes, back_arcs)


def alternatives_for(pairs: int) -> Alternatives:
    """Room for the answers about so many pairs."""
    return Alternatives(*(np.full(pairs, -1, dtype=np.int64) for _ in Alternatives._fields))


@njit(cache=True, nogil=True)
def part_some(network, to_sink, from_sink, scratch, trail, arcs, slots, begin, end, alternatives):
    """The best plan without each of these arcs in turn, `begin` to before `end`; all are in the plan."""
    n = len(network.weight)
    sink = n + len(network.price)
    for p in range(begin, end):
        a, i = arcs[p], slots[p]
        j = np.int64(~network.volunteer[a])
        length, size = cycle(network, to_sink, from_sink, scratch, trail, i, n + j)
        alternatives.weight[p] = length + network.slot_price[i] - network.cost[a] - network.price[j]
        alternatives.arc[p] = trail.arcs[1]
        alternatives.moved[p] = 0
        for k in range(size):
            node = trail.nodes[k]
            if node == sink:
                alternatives.loses[p] = _lost(trail, k, n)
                alternatives.gains[p] = _gained(trail, k, size, n)
            elif k > 0 and node < n:
                alternatives.moved[p] += 1


@njit(cache=True, nogil=True)
def _lost(trail, k, n):
    """The slot that goes without, because it comes to the sink at k; -1 if a free place is taken."""
    return trail.nodes[k - 1] if trail.nodes[k - 1] < n else np.int64(-1)


@njit(cache=True, nogil=True)
def _gained(trail, k, size, n):
    """The slot that lacks one less, because it comes from the sink at k; -1 if a place falls free."""
    return trail.nodes[k + 1] if k + 1 < size and trail.nodes[k + 1] < n else np.int64(-1)


@njit(cache=True, nogil=True)
def cycle(network, to_sink, from_sink, scratch, trail, start, goal):
    """The shortest way from one node to another, on the trail: its length and how many nodes it has.

    The goal must be one to which a way leads from the sink.
    """
    best = _length(network, to_sink, start) + _length(network, from_sink, goal)
    length = _pass_by(network, to_sink, from_sink, scratch, start, goal, best)
    if length < best:
        size = _step(trail, 0, start, -1)
        size = _come(network, scratch.slot_link, scratch.link, scratch.link_slot, trail, size, start, goal)
    else:
        size = _go(network, to_sink, trail, start)
        sink = len(network.weight) + len(network.price)
        size = _come(
            network, from_sink.slot_link, from_sink.link, from_sink.link_slot, trail, size, sink, goal
        )
    for k in range(size):
        trail.position[trail.nodes[k]] = -1
    return length, size


@njit(cache=True, nogil=True)
def _length(network, ways, node):
    """The length of its way to or from the sink."""
    n = len(network.weight)
    return ways.slot[node] if node < n else ways.volunteer[node - n]


@njit(cache=True, nogil=True)
def _pass_by(network, to_sink, from_sink, scratch, start, goal, best):
    """Length of the shortest way from `start` to `goal` beside the sink, `best` if none is shorter."""
    n = len(network.weight)
    row, cost, volunteer, price = network.row, network.cost, network.volunteer, network.price
    distance, keys, nodes, at = scratch.distance, scratch.keys, scratch.nodes, scratch.at
    # From a node to the goal it is at least what it is nearer to the sink, or farther from it.
    goal_to, goal_from = _length(network, to_sink, goal), _length(network, from_sink, goal)
    size = seen = seen_slots = 0
    if start < n:
        scratch.slot_distance[start] = 0
        scratch.slots[0] = start
        seen_slots = 1
        size = push(keys, nodes, at, 0, start, 0)
    else:
        distance[start - n] = 0
        scratch.volunteers[0] = start - n
        seen = 1
        best, size, seen_slots = _ask_holders(
            network, to_sink, from_sink, scratch, start - n, goal, goal_to, goal_from, best, 0, 0
        )
    while size > 0 and keys[0] < best:
        slot = nodes[0]
        size = pop(keys, nodes, at, size)
        base = scratch.slot_distance[slot] - network.slot_price[slot]
        for a in range(row[slot], row[slot + 1]):
            if base + cost[a] >= best:
                break
            j = np.int64(volunteer[a])
            if j < 0:
                continue
            reach = base + cost[a] + price[j]
            if reach >= best or reach >= distance[j]:
                continue
            if reach + max(to_sink.volunteer[j] - goal_to, goal_from - from_sink.volunteer[j]) >= best:
                continue
            if distance[j] == LIMIT:
                scratch.volunteers[seen] = j
                seen += 1
            distance[j] = reach
            scratch.link[j] = a
            scratch.link_slot[j] = slot
            if n + j == goal:
                best = reach
                continue
            best, size, seen_slots = _ask_holders(
                network, to_sink, from_sink, scratch, j, goal, goal_to, goal_from, best, size, seen_slots
            )
    while size > 0:
        size -= 1
        at[nodes[size]] = -1
    for s in range(seen_slots):
        scratch.slot_distance[scratch.slots[s]] = LIMIT
    for s in range(seen):
        distance[scratch.volunteers[s]] = LIMIT
    return best


@njit(cache=True, nogil=True)
def _ask_holders(network, to_sink, from_sink, scratch, j, goal, goal_to, goal_from, best, size, seen_slots):
    """Everybody who could leave a place of volunteer j, at her distance."""
    base = scratch.distance[j] - network.price[j]
    for h in range(network.place[j], network.place[j] + network.taken[j]):
        i = network.holder[h]
        reach = base + network.slot_price[i] - network.cost[network.holder_arc[h]]
        if reach >= best or reach >= scratch.slot_distance[i]:
            continue
        rest = max(to_sink.slot[i] - goal_to, goal_from - from_sink.slot[i], 0)
        if reach + rest >= best:
            continue
        if scratch.slot_distance[i] == LIMIT:
            scratch.slots[seen_slots] = i
            seen_slots += 1
        scratch.slot_distance[i] = reach
        scratch.slot_link[i] = h
        if i == goal:
            best = reach
        else:
            size = push(scratch.keys, scratch.nodes, scratch.at, size, i, reach + rest)
    return best, size, seen_slots


@njit(cache=True, nogil=True)
def _go(network, to_sink, trail, start):
    """The trail from `start` to the sink; its size."""
    n = len(network.weight)
    sink = n + len(network.price)
    size, node = _step(trail, 0, start, -1), start
    while node != sink:
        a = np.int64(-1)
        if node < n:
            a = to_sink.slot_link[node]
            node = sink if a < 0 else n + np.int64(network.volunteer[a])
        else:
            h = to_sink.link[node - n]
            if h >= 0:
                a = network.holder_arc[h]
            node = sink if h < 0 else network.holder[h]
        size = _step(trail, size, node, a)
    return size


@njit(cache=True, nogil=True)
def _come(network, slot_link, link, link_slot, trail, size, start, goal):
    """The trail goes on from `start`, where it has come to, to `goal`; its size."""
    n = len(network.weight)
    sink = n + len(network.price)
    count, node = 0, goal
    while node != start:
        trail.back_nodes[count] = node
        if node < n:
            h = slot_link[node]
            a = np.int64(-1) if h < 0 else network.holder_arc[h]
            node = sink if h < 0 else n + np.int64(~network.volunteer[a])
        else:
            a = link[node - n]
            node = sink if a < 0 else link_slot[node - n]
        trail.back_arcs[count] = a
        count += 1
    while count > 0:
        count -= 1
        size = _step(trail, size, trail.back_nodes[count], trail.back_arcs[count])
    return size


@njit(cache=True, nogil=True)
def _step(trail, size, node, arc):
    """One node more, or back to where the trail met it before: round trips cost nothing. Its size."""
    if trail.position[node] >= 0:
        while size - 1 > trail.position[node]:
            size -= 1
            trail.position[trail.nodes[size]] = -1
        return size
    trail.position[node] = size
    trail.nodes[size] = node
    trail.arcs[size] = arc
    return size + 1


@njit(cache=True, nogil=True)
def shorten_some(network, to_sink, from_sink, scratch, starts, goals, length):
    """Where a way beside the sink from a start to its goal is shorter than `length`, put that there."""
    for p in range(len(length)):
        length[p] = _pass_by(network, to_sink, from_sink, scratch, starts[p], goals[p], length[p])
