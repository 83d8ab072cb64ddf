"""Arrays that grow: what a plan's network is made longer by, and what may be put into it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiedui_matching.engine.columns import Columns
from jiedui_matching.engine.network import Network
from jiedui_matching.problem import Ints, refuse


def with_slots(net: Network, size: int) -> Network:
    """The network with room for so many slots."""
    return net._replace(
        row=longer(net.row, size + 1),
        weight=longer(net.weight, size),
        lacking=longer(net.lacking, size),
        slot_price=longer(net.slot_price, size),
    )


def with_arcs(net: Network, size: int) -> Network:
    """The network with room for so many arcs."""
    return net._replace(cost=longer(net.cost, size), volunteer=longer(net.volunteer, size))


def with_places(net: Network, size: int) -> Network:
    """The network with room for so many places."""
    return net._replace(holder=longer(net.holder, size), holder_arc=longer(net.holder_arc, size))


def with_later_arcs(columns: Columns, size: int) -> Columns:
    """The columns with room for so many arcs in all."""
    later = size - int(columns.start[-1])
    return columns._replace(older=longer(columns.older, later), later_slot=longer(columns.later_slot, later))


def check_arcs(name: str, ends: Ints, cost: Ints, count: int) -> None:
    """Raises ValueError for arcs that a problem would refuse."""
    if len(ends) != len(cost):
        raise ValueError(f"costs has {len(cost)} entries and {name} has {len(ends)}: they must agree")
    refuse(name, ends, (ends < 0) | (ends >= count), f"there are {count} {name}")
    refuse(name, ends, np.diff(ends, prepend=-1) <= 0, "they must be in rising order, each once")
    refuse("costs", cost, cost < 0, "it cannot be negative")


def inverse(order: Ints) -> Ints:
    """Where each number stands in an order."""
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return number


def longer(array: NDArray[Any], size: int) -> NDArray[Any]:
    """The same with nothing after it."""
    longer_one = np.zeros(size, dtype=array.dtype)
    longer_one[: len(array)] = array
    return longer_one
