"""The price engine's arrays: the same problem renumbered for the cache, each slot's arcs cheapest first."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jiedui_matching.problem import Ints, Problem

Small = NDArray[np.int32]


class Network(NamedTuple):
    """Slots and volunteers under new numbers, the plan so far and the prices that support it.

    `volunteer[a]` is the far end of arc a, or ~far end while the arc is in the plan or pinned.
    Volunteer j's places that pins leave are place[j] … place[j] + places[j]; the first taken[j] are
    filled, the t-th costs first_load[j] + step * t, and holder and holder_arc say by whom.

    Always true: an arc outside the plan costs at least what its slot pays beyond its volunteer's
    price, an arc in the plan at most that; no slot pays more than its weight, and it pays all of it
    while it lacks a helper; a volunteer's price lies between the loads of her last and next place.
    """

    row: Ints
    cost: Ints
    volunteer: Small
    weight: Ints
    lacking: Ints
    slot_price: Ints
    place: Ints
    places: Ints
    taken: Ints
    first_load: Ints
    step: np.int64
    price: Ints
    holder: Ints
    holder_arc: Ints


class Numbering(NamedTuple):
    """Which slot, volunteer and arc of the problem stands under each new number."""

    slot: Ints
    volunteer: Ints
    arc: Ints


def lay_out(problem: Problem, slot: Ints, volunteer: Ints) -> tuple[Network, Numbering]:
    """The network before anyone is paired, slots and volunteers in the order given."""
    row = np.zeros(problem.slots + 1, dtype=np.int64)
    np.cumsum(np.diff(problem.row)[slot], out=row[1:])
    room, pins = problem.room[volunteer], problem.pins[volunteer]
    weight = (problem.tier_weight * problem.tier)[slot]
    # Loads of people without room may be beyond all bounds; nobody will ask for them.
    first_load = problem.load_step * np.where(room > 0, problem.held[volunteer] + pins, 0)
    network = Network(
        row=row,
        cost=np.empty(problem.arcs, dtype=np.int64),
        volunteer=np.empty(problem.arcs, dtype=np.int32),
        weight=weight,
        lacking=np.zeros(problem.slots, dtype=np.int64),
        slot_price=np.zeros(problem.slots, dtype=np.int64),
        place=np.cumsum(room) - room + pins,
        places=room - pins,
        taken=np.zeros(problem.volunteers, dtype=np.int64),
        first_load=first_load,
        step=np.int64(problem.load_step),
        # Nobody would pay more than the highest weight: at that price a closed door stays shut.
        price=np.where(room > pins, first_load, weight.max(initial=0)),
        holder=np.full(room.sum(), -1, dtype=np.int64),
        holder_arc=np.full(room.sum(), -1, dtype=np.int64),
    )
    return network, Numbering(slot, volunteer, np.empty(problem.arcs, dtype=np.int64))


def fill_rows(problem: Problem, network: Network, numbering: Numbering, begin: int, end: int) -> None:
    """Copy and sort the arcs of the slots numbered from `begin` to before `end`."""
    number = np.empty(problem.volunteers, dtype=np.int32)
    number[numbering.volunteer] = np.arange(problem.volunteers, dtype=np.int32)
    _fill_rows(
        problem.row, problem.arc_cost, problem.arc_volunteer, problem.pinned, number,
        numbering.slot, numbering.arc, network.row, network.cost, network.volunteer, begin, end,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _fill_rows(
    row, cost, volunteer, pinned, number, order, arc, new_row, new_cost, new_volunteer, begin, end
):
    for i in range(begin, end):
        first, at = row[order[i]], new_row[i]
        size = new_row[i + 1] - at
        # Cost and place in the row in one number: it fits, because costs times nodes stay below 2^62.
        key = np.empty(size, dtype=np.int64)
        for t in range(size):
            key[t] = cost[first + t] * size + t
        key.sort()
        for t in range(size):
            old = first + key[t] % size
            arc[at + t] = old
            new_cost[at + t] = key[t] // size
            far = number[volunteer[old]]
            new_volunteer[at + t] = ~far if pinned[old] else far
