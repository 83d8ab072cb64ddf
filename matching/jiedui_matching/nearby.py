"""Who lives near enough to matter: all pairs are looked at on the map, only those that may count are named.

No rules here: what a pair costs beside the way is given for kinds of slots and kinds of volunteers, as a
bound that is never too high. Whoever is not named costs a slot more than it would pay, whatever the
rules say in detail; so a plan for which nobody is named is the best of all pairs that there are.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from jiedui_matching.engine.pricing import BLOCK, Blocks, Floats, cheapest_within
from jiedui_matching.problem import LIMIT, Ints, Mask

NEVER = LIMIT
"""The extra cost of kinds that cannot be paired."""
# Slots asked for before `stop` is heard: some hundredths of a second.
_AT_ONCE = 1000
# Volunteers that may be named at once: 16 MB.
_CELLS = 2**22


@dataclass(frozen=True, eq=False)
class Found:
    """Pairs sorted by slot, then volunteer; `cut` marks the slots for which there may be more."""

    slot: Ints
    volunteer: Ints
    cut: Mask


def on_globe(latitude: Floats, longitude: Floats, radius: float) -> Floats:
    """Points in space for degrees on a globe: straight ways are never longer than those on its surface."""
    lat, lng = np.radians(latitude), np.radians(longitude)
    return radius * np.stack([np.cos(lat) * np.cos(lng), np.cos(lat) * np.sin(lng), np.sin(lat)], axis=1)


class Map:
    """Slots and volunteers where they live, each of a kind; made once, asked often.

    A pair costs at least the straight way between its points in metres plus `extra[kind of slot, kind
    of volunteer]`, all of it at least 0 and NEVER for kinds that cannot be paired. It may be no longer
    than `reach[volunteer]` metres unless `anywhere` says of the kinds that the way does not matter.
    Ways count in whole metres, rounded to the nearest.
    """

    def __init__(
        self,
        slot_point: Floats,
        slot_kind: Ints,
        point: Floats,
        kind: Ints,
        reach: Ints,
        extra: Ints,
        anywhere: Mask,
    ) -> None:
        self._slots, self._order = _along_curve(slot_point), _along_curve(point)
        self._slot_point, self._slot_kind = slot_point[self._slots], slot_kind[self._slots]
        self._extra, self._anywhere = extra, anywhere
        point, limit = point[self._order], reach[self._order].astype(np.float64)
        starts = np.arange(0, len(point), BLOCK)
        size = np.diff(np.r_[starts, len(point)])
        centre = np.add.reduceat(point, starts) / size[:, None] if len(point) else np.empty((0, 3))
        away = np.linalg.norm(point - np.repeat(centre, size, axis=0), axis=1)
        widest = np.maximum.reduceat(limit, starts) if len(point) else np.empty(0)
        self._starts = starts
        self._blocks = Blocks(
            point=point,
            reach=limit,
            kind=kind[self._order].astype(np.int32),
            price=np.zeros(len(point), dtype=np.int64),
            centre=centre,
            radius=np.maximum.reduceat(away, starts) if len(point) else np.empty(0),
            least=np.zeros(len(starts), dtype=np.int64),
            widest=np.full(len(starts), np.inf) if anywhere.any() else widest,
        )

    def cheapest(
        self,
        below: Ints,
        price: Ints,
        most: int,
        stop: Callable[[], bool] = lambda: False,
        every: Ints | None = None,
    ) -> Found:
        """For each slot the `most` cheapest of the volunteers that would cost it less than `below`.

        `price[volunteer]` is added to what a pair costs at least. A slot is shown every `every[slot]`-th
        volunteer only, neighbours are shown others; without it, everybody. Every core takes its share.
        Raises InterruptedError once `stop`, which they all ask, says yes.
        """
        every = np.ones_like(below) if every is None else every[self._slots]
        price, below = price[self._order], below[self._slots]
        least = np.minimum.reduceat(price, self._starts) if len(price) else price
        blocks, most = self._blocks._replace(price=price, least=least), min(most, len(price))
        count = np.zeros(len(below), dtype=np.int64)
        step = max(min(_AT_ONCE, _CELLS // max(most, 1)), 1)

        def named(begin: int) -> Ints:
            if stop():
                raise InterruptedError("the search for volunteers was stopped")
            part = slice(begin, begin + step)
            found = np.empty((len(below[part]), most), dtype=np.int32)
            cheapest_within(
                blocks, self._extra, self._anywhere, self._slot_point[part], self._slot_kind[part],
                below[part], every[part], found, count[part],
            )  # fmt: skip
            return self._order[found[np.arange(most) < count[part, None]]]

        with ThreadPoolExecutor(cpu_count()) as threads:
            kept = [np.zeros(0, dtype=np.int64), *threads.map(named, range(0, len(below), step))]
        cut = np.zeros(len(below), dtype=np.bool_)
        cut[self._slots] = ((count == most) & (most < len(price))) | (every > 1)
        return Found(*_sorted(np.repeat(self._slots, count), np.concatenate(kept)), cut)


def _sorted(slot: Ints, volunteer: Ints) -> tuple[Ints, Ints]:
    width = np.int64(volunteer.max(initial=0) + 1)
    key = slot * width + volunteer
    key.sort()
    return key // width, key % width


def _along_curve(point: Floats) -> Ints:
    """An order in which neighbours stand together: the bits of the three coordinates in turn."""
    if not len(point):
        return np.zeros(0, dtype=np.int64)
    span = np.maximum(point.max(axis=0) - point.min(axis=0), 1.0).max()
    cell = ((point - point.min(axis=0)) / span * (2**20 - 1)).astype(np.int64)
    code = np.zeros(len(point), dtype=np.int64)
    for bit in range(20):
        for axis in range(3):
            code |= (cell[:, axis] >> bit & 1) << (3 * bit + axis)
    return np.argsort(code, kind="stable")
