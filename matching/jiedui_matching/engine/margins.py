"""Of all prices that support a plan, those with a meaning of their own: exact marginal values."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from jiedui_matching.engine.columns import Columns
from jiedui_matching.engine.heap import pop, push
from jiedui_matching.engine.network import Network
from jiedui_matching.problem import LIMIT, Ints

# Nodes settled before `stopped` is asked again.
_NODES = 50_000


class Margins(NamedTuple):
    """At a slot and at a volunteer, in the network's numbers: the length of the shortest way."""

    slot: Ints
    volunteer: Ints


class Ways(NamedTuple):
    """The shortest ways between the sink and everybody, over lengths that the prices make positive.

    `slot` and `volunteer` hold the lengths, LIMIT where no way leads. To the sink slot i goes on by arc
    slot_link[i], volunteer j to whoever leaves place link[j]; from the sink, place slot_link[i] leads
    to slot i, and arc link[j] of slot link_slot[j] to volunteer j. -1 is the sink itself.
    """

    slot: Ints
    volunteer: Ints
    slot_link: Ints
    link: Ints
    link_slot: Ints


def dearest_prices(
    network: Network, columns: Columns, stopped: Callable[[], bool] = lambda: False
) -> Margins:
    """What one more helper at a slot, and somebody from outside on a volunteer's place, would cost.

    Nobody can be put on the place of a volunteer who has none left by pins; her price is the least at
    which nobody would gain by one.

    Raises InterruptedError if stopped before all are found.
    """
    return priced(network, columns, ways_to_sink(network, columns, stopped))


def priced(network: Network, columns: Columns, to_sink: Ways) -> Margins:
    """The dearest prices, from the ways to the sink."""
    prices = Margins(network.slot_price + to_sink.slot, network.price + to_sink.volunteer)
    _close(network, columns, to_sink, prices)
    return prices


def cheapest_prices(network: Network, from_sink: Ways) -> Margins:
    """What one helper less at a slot would save, and up to which load one more place would be worth it.

    Where no way leads, a slot without any helper or a volunteer to whom nobody would come, it is 0.
    """
    return Margins(
        np.where(from_sink.slot < LIMIT, network.slot_price - from_sink.slot, 0),
        np.where(from_sink.volunteer < LIMIT, network.price - from_sink.volunteer, 0),
    )


def ways_to_sink(network: Network, columns: Columns, stopped: Callable[[], bool] = lambda: False) -> Ways:
    """How a slot gets one more helper at least cost, how a volunteer takes somebody from outside.

    Raises InterruptedError if stopped before all are found.
    """
    next_load = network.first_load + network.step * network.taken
    slot = network.weight - network.slot_price
    volunteer = np.where(network.taken < network.places, next_load - network.price, LIMIT)
    return _ways_to(network, columns, slot, volunteer, stopped)


def ways_to_new_place(network: Network, columns: Columns, load: Ints) -> Ways:
    """How a slot gets one more helper at least cost by one place more at a volunteer, at this load (LIMIT:
    no use), while everybody else keeps as many helpers and fills as many places."""
    volunteer = np.where(load < LIMIT, load - network.price, LIMIT)
    return _ways_to(network, columns, np.full(len(network.weight), LIMIT), volunteer, lambda: False)


def _ways_to(
    network: Network, columns: Columns, slot: Ints, volunteer: Ints, stopped: Callable[[], bool]
) -> Ways:
    """Dijkstra from wherever a way can end, at these lengths; LIMIT: not there."""
    ways = _no_ways(slot, volunteer)
    first, places = np.full(len(slot), -1), len(network.holder)
    following, owner = np.full(places, -1), np.full(places, -1)
    _chain_places(network, first, following, owner)
    nodes = len(slot) + len(volunteer)
    keys, heap, at = np.empty(nodes, np.int64), np.empty(nodes, np.int64), np.full(nodes, -1)
    size = _ends(ways, keys, heap, at)
    while size > 0:
        if stopped():
            raise InterruptedError
        size = _to_sink(network, columns, first, following, owner, ways, keys, heap, at, size, _NODES)
    return ways


def ways_from_sink(network: Network, columns: Columns) -> Ways:
    """How most is saved by one helper less at a slot, and who would come to one more place."""
    last_load = network.first_load + network.step * (network.taken - 1)
    slot = np.where(network.lacking > 0, 0, LIMIT)
    ways = _no_ways(slot, np.where(network.taken > 0, network.price - last_load, LIMIT))
    _from_sink(network, ways)
    _to_the_unused(network, columns, ways)
    return ways


def _no_ways(slot: Ints, volunteer: Ints) -> Ways:
    n, m = len(slot), len(volunteer)
    return Ways(slot, volunteer, np.full(n, -1), np.full(m, -1), np.full(m, -1))


@njit(cache=True, nogil=True)
def _chain_places(network, first, following, owner):
    """The taken places of each slot, chained; and each place's volunteer."""
    for j in range(len(network.price)):
        for h in range(network.place[j], network.place[j] + network.taken[j]):
            i = network.holder[h]
            owner[h] = j
            following[h] = first[i]
            first[i] = h


@njit(cache=True, nogil=True)
def _ends(ways, keys, nodes, at):
    """Whoever is at an end, in the heap; its size."""
    n, size = len(ways.slot), 0
    for i in range(n):
        if ways.slot[i] < LIMIT:
            size = push(keys, nodes, at, size, i, ways.slot[i])
    for j in range(len(ways.volunteer)):
        if ways.volunteer[j] < LIMIT:
            size = push(keys, nodes, at, size, n + j, ways.volunteer[j])
    return size


@njit(cache=True, nogil=True)
def _to_sink(network, columns, first, following, owner, ways, keys, nodes, at, size, budget):
    """Dijkstra against the arrows, `budget` nodes of it. The heap's size: it is done at 0."""
    n, slot_price, price = len(network.weight), network.slot_price, network.price
    while size > 0 and budget > 0:
        budget -= 1
        node, here = nodes[0], keys[0]
        size = pop(keys, nodes, at, size)
        if node < n:
            h = first[node]
            while h >= 0:
                j = owner[h]
                reach = here + slot_price[node] - network.cost[network.holder_arc[h]] - price[j]
                if reach < ways.volunteer[j]:
                    ways.volunteer[j] = reach
                    ways.link[j] = h
                    size = push(keys, nodes, at, size, n + j, reach)
                h = following[h]
        else:
            base = here + price[node - n]
            for t in range(columns.start[node - n], columns.start[node - n + 1]):
                i = columns.slot[t]
                reach = base + columns.cost[t] - slot_price[i]
                if reach < ways.slot[i] and network.volunteer[columns.arc[t]] >= 0:
                    ways.slot[i] = reach
                    ways.slot_link[i] = columns.arc[t]
                    size = push(keys, nodes, at, size, i, reach)
    return size


@njit(cache=True, nogil=True)
def _close(network, columns, ways, prices):
    """Nobody gains by a volunteer whom no way reaches."""
    for j in range(len(network.price)):
        if ways.volunteer[j] < LIMIT:
            continue
        prices.volunteer[j] = 0
        for t in range(columns.start[j], columns.start[j + 1]):
            if network.volunteer[columns.arc[t]] >= 0:
                least = prices.slot[columns.slot[t]] - columns.cost[t]
                prices.volunteer[j] = max(prices.volunteer[j], least)


@njit(cache=True, nogil=True)
def _from_sink(network, ways):
    """Dijkstra along the arrows to all slots, and to all volunteers with a place that is filled.

    Nobody goes on from the others. To empty her last place brings a volunteer nearer than her price, so
    a slot's arcs are of no use any more once they cost more than it pays.
    """
    n, m = len(network.weight), len(network.price)
    slot_price, price = network.slot_price, network.price
    keys = np.empty(n + m, dtype=np.int64)
    nodes = np.empty(n + m, dtype=np.int64)
    at = np.full(n + m, -1, dtype=np.int64)
    size = _ends(ways, keys, nodes, at)
    while size > 0:
        node, here = nodes[0], keys[0]
        size = pop(keys, nodes, at, size)
        if node < n:
            base = here - slot_price[node]
            for a in range(network.row[node], network.row[node + 1]):
                if base + network.cost[a] >= 0:
                    break
                j = network.volunteer[a]
                if j < 0 or network.taken[j] == 0:
                    continue
                if base + network.cost[a] + price[j] < ways.volunteer[j]:
                    ways.volunteer[j] = base + network.cost[a] + price[j]
                    ways.link[j] = a
                    ways.link_slot[j] = node
                    size = push(keys, nodes, at, size, n + j, ways.volunteer[j])
        else:
            j = node - n
            for h in range(network.place[j], network.place[j] + network.taken[j]):
                i = network.holder[h]
                reach = here + slot_price[i] - network.cost[network.holder_arc[h]] - price[j]
                if reach < ways.slot[i]:
                    ways.slot[i] = reach
                    ways.slot_link[i] = h
                    size = push(keys, nodes, at, size, i, reach)


@njit(cache=True, nogil=True)
def _to_the_unused(network, columns, ways):
    """The last step to every volunteer without a filled place, from the slots that are nearest."""
    for j in range(len(network.price)):
        if network.taken[j] > 0:
            continue
        for t in range(columns.start[j], columns.start[j + 1]):
            i, a = columns.slot[t], columns.arc[t]
            reach = ways.slot[i] + columns.cost[t] - network.slot_price[i] + network.price[j]
            if network.volunteer[a] >= 0 and reach < ways.volunteer[j]:
                ways.volunteer[j] = reach
                ways.link[j] = a
                ways.link_slot[j] = i
