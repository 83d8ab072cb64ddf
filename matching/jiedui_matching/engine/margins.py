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


def dearest_prices(
    network: Network, columns: Columns, stopped: Callable[[], bool] = lambda: False
) -> Margins:
    """What one more helper at a slot, and somebody from outside on a volunteer's place, would cost.

    Shortest ways to the sink. Nobody can be put on the place of a volunteer who has none left by pins;
    her price is the least at which nobody would gain by one.

    Raises InterruptedError if stopped before all are found.
    """
    first, following, owner = _places_of_slots(network)
    size = len(network.weight) + len(network.price)
    distance, at = np.full(size, LIMIT, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    keys, nodes = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    size = _next_to_sink(network, distance, keys, nodes, at)
    while size > 0:
        if stopped():
            raise InterruptedError
        size = _to_sink(network, columns, first, following, owner, distance, keys, nodes, at, size, _NODES)
    slot, volunteer = _priced(network, columns, distance)
    return Margins(slot, volunteer)


def cheapest_prices(network: Network) -> Margins:
    """What one helper less at a slot would save, and up to which load one more place would be worth it.

    Shortest ways from the sink. Where none leads, a slot without any helper or a volunteer to whom
    nobody would come, it is 0.
    """
    slot, volunteer = _from_sink(network)
    return Margins(slot, volunteer)


@njit(cache=True)
def _places_of_slots(network):
    """The taken places of each slot, chained; and each place's volunteer."""
    first = np.full(len(network.weight), -1, dtype=np.int64)
    following = np.full(len(network.holder), -1, dtype=np.int64)
    owner = np.full(len(network.holder), -1, dtype=np.int64)
    for j in range(len(network.price)):
        for h in range(network.place[j], network.place[j] + network.taken[j]):
            i = network.holder[h]
            owner[h] = j
            following[h] = first[i]
            first[i] = h
    return first, following, owner


@njit(cache=True)
def _next_to_sink(network, distance, keys, nodes, at):
    """Those with an end of their own, in the heap; its size."""
    n, size = len(network.weight), 0
    for i in range(n):
        distance[i] = network.weight[i] - network.slot_price[i]
        size = push(keys, nodes, at, size, i, distance[i])
    for j in range(len(network.price)):
        if network.taken[j] < network.places[j]:
            next_load = network.first_load[j] + network.step * network.taken[j]
            distance[n + j] = next_load - network.price[j]
            size = push(keys, nodes, at, size, n + j, distance[n + j])
    return size


@njit(cache=True)
def _to_sink(network, columns, first, following, owner, distance, keys, nodes, at, size, budget):
    """Dijkstra from the sink against the arrows, `budget` nodes of it, over lengths that the present
    prices make positive. The heap's size: it is done at 0."""
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
                if reach < distance[n + j]:
                    distance[n + j] = reach
                    size = push(keys, nodes, at, size, n + j, reach)
                h = following[h]
        else:
            base = here + price[node - n]
            for t in range(columns.start[node - n], columns.start[node - n + 1]):
                i = columns.slot[t]
                reach = base + columns.cost[t] - slot_price[i]
                if reach < distance[i] and network.volunteer[columns.arc[t]] >= 0:
                    distance[i] = reach
                    size = push(keys, nodes, at, size, i, reach)
    return size


@njit(cache=True)
def _priced(network, columns, distance):
    """The distances as prices; who cannot be reached is closed."""
    n, m = len(network.weight), len(network.price)
    slot_value, value = network.slot_price + distance[:n], np.zeros(m, dtype=np.int64)
    for j in range(m):
        if distance[n + j] < LIMIT:
            value[j] = network.price[j] + distance[n + j]
            continue
        for t in range(columns.start[j], columns.start[j + 1]):
            if network.volunteer[columns.arc[t]] >= 0:
                value[j] = max(value[j], slot_value[columns.slot[t]] - columns.cost[t])
    return slot_value, value


@njit(cache=True)
def _from_sink(network):
    """Dijkstra from the sink along the arrows, over lengths that the present prices make positive."""
    n, m = len(network.weight), len(network.price)
    slot_price, price = network.slot_price, network.price
    distance = np.full(n + m, LIMIT, dtype=np.int64)
    keys = np.empty(n + m, dtype=np.int64)
    nodes = np.empty(n + m, dtype=np.int64)
    at = np.full(n + m, -1, dtype=np.int64)
    size = 0
    for i in range(n):
        if network.lacking[i] > 0:
            distance[i] = 0
            size = push(keys, nodes, at, size, i, 0)
    for j in range(m):
        if network.taken[j] > 0:
            last = network.first_load[j] + network.step * (network.taken[j] - 1)
            distance[n + j] = price[j] - last
            size = push(keys, nodes, at, size, n + j, distance[n + j])
    while size > 0:
        node, here = nodes[0], keys[0]
        size = pop(keys, nodes, at, size)
        if node < n:
            base = here - slot_price[node]
            for a in range(network.row[node], network.row[node + 1]):
                j = network.volunteer[a]
                if j >= 0 and base + network.cost[a] + price[j] < distance[n + j]:
                    distance[n + j] = base + network.cost[a] + price[j]
                    size = push(keys, nodes, at, size, n + j, distance[n + j])
        else:
            j = node - n
            for h in range(network.place[j], network.place[j] + network.taken[j]):
                i = network.holder[h]
                reach = here + slot_price[i] - network.cost[network.holder_arc[h]] - price[j]
                if reach < distance[i]:
                    distance[i] = reach
                    size = push(keys, nodes, at, size, i, reach)
    slot_value = np.where(distance[:n] < LIMIT, slot_price - distance[:n], 0)
    return slot_value, np.where(distance[n:] < LIMIT, price - distance[n:], 0)
