"""OR-Library's assignment files: n, then n rows of n costs, wrapped over lines as they please."""

from array import array
from bisect import bisect_right
from io import BufferedReader

import numpy as np

from jiedui_matching.formats.case import Case
from jiedui_matching.formats.lines import LARGEST, pieces_of, whole_numbers
from jiedui_matching.problem import Problem


def read_orlib_assign(file: BufferedReader) -> Case:
    """Every row is to be given its own column, all together as cheaply as possible.

    Raises ValueError naming the line that is wrong, or how many costs are missing.
    """
    n, costs = -1, array("q")
    # How many costs have been read by the end of each piece, and on which line it stands.
    read, on = array("q"), array("q")
    for line, words in pieces_of(file):
        numbers = whole_numbers(line, words)
        if n < 0 and numbers:
            n = numbers.pop(0)
            if n < 1 or n * n > LARGEST:
                raise ValueError(f"line {line}: n is {n}: it must be at least 1 and n × n at most {LARGEST}")
        costs.extend(numbers)
        read.append(len(costs))
        on.append(line)
        if len(costs) > max(n * n, 0):
            raise ValueError(f"line {line}: more than the {n} × {n} costs that n announces")
    if len(costs) < max(n * n, 1):
        raise ValueError(f"the file ends after {len(costs)} of {max(n, 0)} × {max(n, 0)} costs")
    cost = np.frombuffer(costs, dtype=np.int64)
    least = int(cost.min())
    ones = np.ones(n, dtype=np.int64)
    try:
        problem = Problem(
            tier=ones,
            wanted=ones,
            capacity=ones,
            held=np.zeros(n, dtype=np.int64),
            arc_slot=np.repeat(np.arange(n), n),
            arc_volunteer=np.tile(np.arange(n), n),
            arc_cost=cost - least,
        )
    except ValueError as error:
        # The only thing a Problem can find wrong here is how far costs are apart.
        at = int(np.abs(cost).argmax())
        raise ValueError(
            f"line {on[bisect_right(read, at)]}: {cost[at]}: costs from {least} to {cost.max()} are too far "
            f"apart: {n} × {n} times their difference must stay far below 2^62"
        ) from error
    return Case(problem, least, complete=True)
