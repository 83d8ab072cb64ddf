"""The quick start: slots bid volunteers' prices up and push each other out, one row read per bid."""

import numpy as np
from numba import njit

from jiedui_matching.engine.forward import leave


@njit(cache=True, nogil=True)
def bid_some(network, queue, begin, budget, patience, pending, waiting):
    """Let the queued slots bid from `begin` on; who is pushed out bids next, `patience` times in a row.

    Whoever is then without a place is put into `pending`, for a search to cover. Prices keep what
    Network promises after every bid. Where to go on, and how many are pending.
    """
    bids = 0
    while begin < len(queue) and bids < budget:
        slot = queue[begin]
        begin += 1
        for _ in range(patience):
            bids += 1
            slot = _bid(network, slot)
            if slot < 0:
                break
        if slot >= 0:
            pending[waiting] = slot
            waiting += 1
    return begin, waiting


@njit(cache=True, nogil=True)
def _bid(network, slot):
    """One bid, up to where the second choice is as good. Who must bid next, -1 if nobody."""
    cost, volunteer, price = network.cost, network.volunteer, network.price
    first = second = network.weight[slot]
    chosen = np.int64(-1)
    for a in range(network.row[slot], network.row[slot + 1]):
        if cost[a] >= second:
            break
        j = volunteer[a]
        if j >= 0:
            dear = cost[a] + price[j]
            if dear < first:
                second = first
                first = dear
                chosen = a
            elif dear < second:
                second = dear
    network.slot_price[slot] = second
    if chosen < 0:
        network.lacking[slot] += 1
        return np.int64(-1)
    j = np.int64(volunteer[chosen])
    begin, taken = network.place[j], network.taken[j]
    # What each claimant would pay at most before it preferred somewhere else.
    least, weakest = second - cost[chosen], np.int64(-1)
    for h in range(begin, begin + taken):
        pays = network.slot_price[network.holder[h]] - cost[network.holder_arc[h]]
        if pays <= least:
            least, weakest = pays, h
    h = begin + taken
    out = np.int64(-1)
    if taken < network.places[j] and network.first_load[j] + network.step * taken <= least:
        price[j] = network.first_load[j] + network.step * taken
        network.taken[j] += 1
    else:
        price[j] = least
        if weakest < 0:
            return slot
        h = weakest
        out = network.holder[h]
        leave(network, h)
    network.holder[h] = slot
    network.holder_arc[h] = chosen
    volunteer[chosen] = ~j
    return out
