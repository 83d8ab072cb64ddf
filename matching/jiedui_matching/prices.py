"""Our own exact solver: bids, then cheapest ways, with prices kept so that every plan carries its proof."""

from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version

import numpy as np

from jiedui_matching.engine.bidding import bid_some
from jiedui_matching.engine.columns import Columns, columns_of
from jiedui_matching.engine.forward import Scratch, cover_some, scratch_for
from jiedui_matching.engine.margins import dearest_prices
from jiedui_matching.engine.network import Network, Numbering, fill_rows, lay_out
from jiedui_matching.engine.numbering import along_arcs
from jiedui_matching.engine.resuming import lower_some, resume
from jiedui_matching.problem import Ints, Mask, Problem
from jiedui_matching.solution import Prices, Solution, earlier_arcs

# Rows read, and arcs sorted, before `stop` is asked again: some hundredths of a second.
_ROWS = 5_000
_ARCS = 300_000
# Volunteers whose places are offered before `stop` is asked again.
_OFFERS = 20
# Bids that one newcomer may cause before a search does better.
_PATIENCE = 10


def solver_version() -> str:
    """The version that goes with every answer."""
    return f"prices on numba {version('numba')}"


def choose(problem: Problem) -> Mask:
    """An optimal set of arcs."""
    return plan(problem, lambda: False)[0]


def plan(
    problem: Problem, stopped: Callable[[], bool], warm: Solution | None = None
) -> tuple[Mask, Prices, bool]:
    """The arcs chosen, the prices that support them, and whether the plan is complete.

    Stopped early, or interrupted from the keyboard, it is the part made so far; its prices still
    prove a bound for every plan. Raises ValueError if `warm` is no plan of as many people.
    """
    network, numbering = lay_out(problem, *along_arcs(problem))
    try:
        finished = work_out(problem, network, numbering, stopped, warm) is not None
    except KeyboardInterrupt:
        finished = False
    return chosen_arcs(problem, network, numbering), prices_of(network, numbering), finished


def work_out(
    problem: Problem,
    network: Network,
    numbering: Numbering,
    stopped: Callable[[], bool],
    warm: Solution | None = None,
) -> Columns | None:
    """Bring the network from nothing, or from an earlier plan, to the optimum.

    Its arcs by volunteer, or None if stopped on the way. Raises ValueError if `warm` is no plan of as
    many people.
    """
    earlier = earlier_arcs(problem, warm) if warm else None
    units, beyond = _units(problem, numbering)
    try:
        _fill_rows(problem, network, numbering, stopped)
        columns, scratch = columns_of(network), scratch_for(network)
        if warm is not None and earlier is not None:
            network.price[:] = warm.prices.volunteer[numbering.volunteer]
            resume(network, earlier[numbering.arc] & (network.volunteer >= 0), units)
            _in_portions(
                len(network.price), lambda j: int(lower_some(network, columns, scratch, j, _OFFERS)), stopped
            )
        _cover(network, scratch, np.repeat(np.arange(problem.slots), units), stopped)
    except InterruptedError:
        return None
    network.lacking[:] += beyond
    # Proven by now; what follows only gives the prices a meaning beyond the proof.
    with suppress(InterruptedError):
        margins = dearest_prices(network, columns, stopped)
        network.slot_price[:], network.price[:] = margins.slot, margins.volunteer
    return columns


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


def _fill_rows(problem: Problem, network: Network, numbering: Numbering, stopped: Callable[[], bool]) -> None:
    # What nobody filled yet must not look chosen if it stays so.
    network.volunteer[:] = 0

    def fill(begin: int) -> int:
        limit = int(np.searchsorted(network.row, network.row[begin] + _ARCS, side="right")) - 1
        end = max(limit, begin + 1)
        fill_rows(problem, network, numbering, begin, end)
        return end

    _in_portions(problem.slots, fill, stopped)


def _cover(network: Network, scratch: Scratch, queue: Ints, stopped: Callable[[], bool]) -> None:
    """Everybody in the queue, by bids first and then by searches for whoever they left out."""
    pending, waiting = np.empty_like(queue), 0

    def bid(begin: int) -> int:
        nonlocal waiting
        begin, waiting = bid_some(network, queue, begin, _ROWS, _PATIENCE, pending, waiting)
        return begin

    _in_portions(len(queue), bid, stopped)
    _in_portions(
        waiting, lambda begin: int(cover_some(network, scratch, pending[:waiting], begin, _ROWS)), stopped
    )


def _in_portions(end: int, portion: Callable[[int], int], stopped: Callable[[], bool]) -> None:
    """Portion after portion, each answering where the next begins. Raises InterruptedError if stopped."""
    begin = 0
    while begin < end:
        if stopped():
            raise InterruptedError
        begin = portion(begin)


def _units(problem: Problem, numbering: Numbering) -> tuple[Ints, Ints]:
    """How many helpers each slot may get, and one more if it wants more; what it lacks beyond that."""
    pins = np.bincount(problem.arc_slot[problem.pinned], minlength=problem.slots)
    open_units = (problem.wanted - pins)[numbering.slot]
    units = np.minimum(open_units, (np.diff(problem.row) + 1)[numbering.slot])
    return units, open_units - units
