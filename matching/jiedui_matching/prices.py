"""Our own exact solver: bids, then cheapest ways, with prices kept so that every plan carries its proof."""

from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from jiedui_matching.engine.bidding import bid_some
from jiedui_matching.engine.columns import columns_of
from jiedui_matching.engine.margins import dearest_prices
from jiedui_matching.engine.network import Network, Numbering, fill_rows, lay_out
from jiedui_matching.engine.numbering import along_arcs
from jiedui_matching.engine.search import cover_some, scratch_for
from jiedui_matching.problem import Ints, Mask, Problem
from jiedui_matching.solution import Prices

# Rows read, and arcs sorted, before `stop` is asked again: some hundredths of a second.
_ROWS = 20_000
_ARCS = 1_000_000
# Bids that one newcomer may cause before a search does better.
_PATIENCE = 10


def solver_version() -> str:
    """The version that goes with every answer."""
    return f"prices on numba {version('numba')}"


def choose(problem: Problem) -> Mask:
    """An optimal set of arcs."""
    return plan(problem, lambda: False)[0]


def plan(problem: Problem, stopped: Callable[[], bool]) -> tuple[Mask, Prices, bool]:
    """The arcs chosen, the prices that support them, and whether the plan is complete.

    Stopped early, or interrupted from the keyboard, it is the part made so far; its prices still
    prove a bound for every plan.
    """
    network, numbering = lay_out(problem, *along_arcs(problem))
    try:
        finished = work_out(problem, network, numbering, stopped)
    except KeyboardInterrupt:
        finished = False
    return chosen_arcs(problem, network, numbering), prices_of(network, numbering), finished


def work_out(problem: Problem, network: Network, numbering: Numbering, stopped: Callable[[], bool]) -> bool:
    """Bring the network from nothing to the optimum; False if it was stopped on the way."""
    begin = 0
    # What nobody filled yet must not look chosen if it stays so.
    network.volunteer[:] = 0
    while begin < problem.slots:
        if stopped():
            return False
        limit = int(np.searchsorted(network.row, network.row[begin] + _ARCS, side="right")) - 1
        end = max(limit, begin + 1)
        fill_rows(problem, network, numbering, begin, end)
        begin = end
    queue, beyond = _units(problem, numbering)
    pending = np.empty_like(queue)
    begin = waiting = 0
    while begin < len(queue):
        if stopped():
            return False
        begin, waiting = bid_some(network, queue, begin, _ROWS, _PATIENCE, pending, waiting)
    begin, queue, scratch = 0, pending[:waiting], scratch_for(network)
    while begin < len(queue):
        if stopped():
            return False
        begin = cover_some(network, scratch, queue, begin, _ROWS)
    network.lacking[:] += beyond
    # Proven by now; what follows only gives the prices a meaning beyond the proof.
    if stopped():
        return True
    try:
        margins = dearest_prices(network, columns_of(network), stopped)
    except InterruptedError:
        return True
    network.slot_price[:], network.price[:] = margins.slot, margins.volunteer
    return True


def chosen_arcs(problem: Problem, network: Network, numbering: Numbering) -> Mask:
    """The plan in the problem's own numbers."""
    chosen = problem.pinned.copy()
    taken = np.flatnonzero(network.volunteer[: problem.arcs] < 0)
    chosen[numbering.arc[taken]] = True
    return chosen


def prices_of(network: Network, numbering: Numbering) -> Prices:
    """The prices in the problem's own numbers."""
    slot, volunteer = np.empty_like(network.slot_price), np.empty_like(network.price)
    slot[numbering.slot] = network.slot_price
    volunteer[numbering.volunteer] = network.price
    return Prices(slot, volunteer)


def _units(problem: Problem, numbering: Numbering) -> tuple[Ints, Ints]:
    """Each slot once per helper it may get and once more if it wants more; what it lacks beyond that."""
    pins = np.bincount(problem.arc_slot[problem.pinned], minlength=problem.slots)
    open_units = (problem.wanted - pins)[numbering.slot]
    units = np.minimum(open_units, (np.diff(problem.row) + 1)[numbering.slot])
    return np.repeat(np.arange(problem.slots), units), open_units - units
