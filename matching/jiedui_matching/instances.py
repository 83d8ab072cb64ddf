"""Made-up counties to measure solvers with: clustered as villages are, and the same for the same seed."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from jiedui_matching.problem import Ints, Problem

Floats = NDArray[np.float64]

_ROAD_FACTOR = 1.3
_UNMET_NEED = 3000
_SLOTS_PER_TOWN = 2500
_VILLAGES_PER_TOWN = 15
# Side of the square at which 50,000 slots live about as densely as in a mountain county.
_SIDE, _SIDE_SLOTS = 60_000.0, 50_000


def county(
    slots: int,
    volunteers: int | None = None,
    *,
    places_per_slot: float = 1.1,
    nearest: int = 100,
    load_step: int = 500,
    seed: int = 0,
) -> Problem:
    """Slots and half as many volunteers in villages around towns; arcs to the `nearest` volunteers.

    An arc costs the road in metres and a fine for up to two needs left unmet, as in a real round.
    Larger counties are wider, not denser. Raises ValueError for sizes below zero.
    """
    people = slots // 2 if volunteers is None else volunteers
    for name, size in (("slots", slots), ("volunteers", people), ("places_per_slot", places_per_slot)):
        if size < 0:
            raise ValueError(f"{name} is {size}: it cannot be negative")
    if nearest < 1:
        raise ValueError(f"nearest is {nearest}: it must be at least 1")
    rng = np.random.default_rng(seed)
    villages, share = _villages(rng, slots)
    arc_slot, arc_volunteer, metres = _arcs(
        _settle(rng, villages, share, slots), _settle(rng, villages, share, people), nearest
    )
    unmet = rng.integers(0, 3, len(arc_slot)) * _UNMET_NEED
    capacity = np.zeros(people, dtype=np.int64)
    if people:
        capacity += rng.multinomial(round(places_per_slot * slots), np.full(people, 1 / people))
    return Problem(
        tier=rng.choice([3, 2, 1], size=slots, p=[0.1, 0.3, 0.6]),
        wanted=np.ones(slots, dtype=np.int64),
        capacity=capacity,
        held=np.zeros(people, dtype=np.int64),
        arc_slot=arc_slot,
        arc_volunteer=arc_volunteer,
        arc_cost=metres + unmet,
        load_step=load_step,
    )


def _villages(rng: Generator, slots: int) -> tuple[Floats, Floats]:
    """Where they are, and the share of the people in each: a few are large and most are small."""
    side = _SIDE * (max(slots, 1) / _SIDE_SLOTS) ** 0.5
    towns = rng.uniform(0, side, size=(max(slots // _SLOTS_PER_TOWN, 3), 2))
    size = rng.pareto(1.5, len(towns) * _VILLAGES_PER_TOWN) + 0.2
    around = rng.normal(0, side / 12, (len(size), 2))
    return np.repeat(towns, _VILLAGES_PER_TOWN, axis=0) + around, size / size.sum()


def _settle(rng: Generator, villages: Floats, share: Floats, people: int) -> Floats:
    return villages[rng.choice(len(villages), size=people, p=share)] + rng.normal(0, 400, (people, 2))


def _arcs(home: Floats, away: Floats, nearest: int) -> tuple[Ints, Ints, Ints]:
    count = min(nearest, len(away))
    if not count or not len(home):
        none = np.zeros(0, dtype=np.int64)
        return none, none, none
    metres, who = cKDTree(away).query(home, k=range(1, count + 1))
    order = np.argsort(who, axis=1)
    road = np.rint(np.take_along_axis(metres, order, axis=1) * _ROAD_FACTOR).astype(np.int64)
    arc_volunteer = np.take_along_axis(who, order, axis=1).astype(np.int64)
    return np.repeat(np.arange(len(home)), count), arc_volunteer.ravel(), road.ravel()
