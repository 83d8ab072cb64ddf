"""The warm start: as much of an earlier plan as its prices still support, before anybody is searched for."""

import numpy as np
from numba import njit

from jiedui_matching.engine.backward import offer

# One of so many volunteers too dear for her next load is many.
_MANY = 8


@njit(cache=True, nogil=True)
def resume(network, earlier, units):
    """Take `earlier` arcs into an empty network at its present prices.

    Never more than `units` of a slot, in which stays what each still needs, and a volunteer's places.
    Network's promises hold afterwards but for one: who has a place to give may be dearer than its
    load; `lower_some` ends that. A slot that pays its whole weight need not be searched for. `earlier`
    is used up.
    """
    _fit_prices(network, _fit_places(network, earlier))
    for i in range(len(units)):
        end, pays = _best_new(network, earlier, i)
        kept, pays = _affordable(network, earlier, network.row[i], end, pays, units[i])
        network.slot_price[i] = pays
        units[i] -= kept
        if pays == network.weight[i]:
            network.lacking[i], units[i] = units[i], 0
        for a in range(network.row[i], end):
            if earlier[a]:
                j = network.volunteer[a]
                h = network.place[j] + network.taken[j]
                network.holder[h], network.holder_arc[h] = i, a
                network.taken[j] += 1
                network.volunteer[a] = ~j


@njit(cache=True, nogil=True)
def lower_some(network, columns, scratch, j, budget):
    """Offer the places of volunteers too dear for their next load, from j on; where to go on."""
    while j < len(network.price) and budget > 0:
        taken = network.taken[j]
        next_load = network.first_load[j] + network.step * taken
        if taken < network.places[j] and network.price[j] > next_load:
            offer(network, columns, scratch, j)
            budget -= 1
        j += 1
    return j


@njit(cache=True, nogil=True)
def _fit_places(network, earlier):
    """Forget what is beyond a volunteer's places; how many pairs she then has."""
    pairs = np.zeros(len(network.price), dtype=np.int64)
    for a in range(network.row[-1]):
        if earlier[a]:
            j = network.volunteer[a]
            earlier[a] = pairs[j] < network.places[j]
            pairs[j] += earlier[a]
    return pairs


@njit(cache=True, nogil=True)
def _fit_prices(network, pairs):
    """No price below the load of the last place, none above every weight, and few above the next load.

    To offer a free place is cheaper than to lower its price, which sets many slots moving, unless
    the prices make so little sense that most of them must come down.
    """
    first_load, step, places, price = network.first_load, network.step, network.places, network.price
    closed, too_dear = np.int64(0), 0
    for i in range(len(network.weight)):
        closed = max(closed, network.weight[i])
    for j in range(len(price)):
        last = first_load[j] + step * max(pairs[j] - 1, 0)
        price[j] = max(min(price[j], closed), last) if places[j] > 0 else closed
        if pairs[j] < places[j] and price[j] > first_load[j] + step * pairs[j]:
            too_dear += 1
    if too_dear * _MANY > len(price):
        for j in range(len(price)):
            if pairs[j] < places[j]:
                price[j] = min(price[j], first_load[j] + step * pairs[j])


@njit(cache=True, nogil=True)
def _best_new(network, earlier, i):
    """What slot i pays at most, with the choice of any arc that is not earlier; the arcs up to that cost."""
    pays = network.weight[i]
    for a in range(network.row[i], network.row[i + 1]):
        if network.cost[a] > pays:
            return a, pays
        j = network.volunteer[a]
        if j >= 0 and not earlier[a]:
            pays = min(pays, network.cost[a] + network.price[j])
    return network.row[i + 1], pays


@njit(cache=True, nogil=True)
def _affordable(network, earlier, begin, end, pays, units):
    """Forget the slot's earlier arcs that cost more than it pays, or are too many; how many stay, and
    what it pays then."""
    kept = 0
    for a in range(begin, end):
        if earlier[a]:
            earlier[a] = network.cost[a] + network.price[network.volunteer[a]] <= pays
            kept += earlier[a]
    while kept > units:
        dearest = np.int64(-1)
        for a in range(begin, end):
            if earlier[a]:
                dear = network.cost[a] + network.price[network.volunteer[a]]
                if dear > dearest:
                    dearest, worst = dear, a
        earlier[worst] = False
        pays = dearest
        kept -= 1
    return kept, pays
