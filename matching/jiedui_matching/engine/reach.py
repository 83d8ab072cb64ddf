"""Everything that can be reached in a graph, one start after another in the same arrays."""

from numba import njit


@njit(cache=True, nogil=True)
def reach(row, far, start, seen, found):
    """How many nodes can be reached from `start`, itself among them; they stand first in `found`.

    Node v leads to far[row[v]:row[v + 1]]. `seen` holds no number of a start before the first call.
    """
    seen[start] = start
    found[0] = start
    at, size = 0, 1
    while at < size:
        for t in range(row[found[at]], row[found[at] + 1]):
            node = far[t]
            if seen[node] != start:
                seen[node] = start
                found[size] = node
                size += 1
        at += 1
    return size
