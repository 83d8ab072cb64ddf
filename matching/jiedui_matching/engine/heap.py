"""A four-way heap of numbered nodes whose keys may fall, in arrays that are used again and again."""

from numba import njit


@njit(cache=True, nogil=True)
def push(keys, nodes, at, size, node, key):
    """Put a node in, or lower its key; the heap's new size. `at` is -1 for nodes outside the heap."""
    i = at[node]
    if i < 0:
        i = size
        size += 1
    while i > 0:
        parent = (i - 1) >> 2
        if keys[parent] <= key:
            break
        keys[i] = keys[parent]
        nodes[i] = nodes[parent]
        at[nodes[i]] = i
        i = parent
    keys[i] = key
    nodes[i] = node
    at[node] = i
    return size


@njit(cache=True, nogil=True)
def pop(keys, nodes, at, size):
    """Take the first node out; the heap's new size. Read keys[0] and nodes[0] before."""
    at[nodes[0]] = -1
    size -= 1
    key, node = keys[size], nodes[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        least = child
        for other in range(child + 1, min(child + 4, size)):
            if keys[other] < keys[least]:
                least = other
        if keys[least] >= key:
            break
        keys[i] = keys[least]
        nodes[i] = nodes[least]
        at[nodes[i]] = i
        i = least
    if size > 0:
        keys[i] = key
        nodes[i] = node
        at[node] = i
    return size
