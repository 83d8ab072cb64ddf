"""Everybody who might be cheaper is named, to the metre, and as good as nobody else."""

from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiedui_matching import engine, nearby
from jiedui_matching.nearby import NEVER, Map, on_globe

EARTH = 6_371_008.8
ANYONE = 10**6


def north(metres):
    """Points so many metres north of the first slot's, along the surface."""
    degrees = np.degrees(np.asarray(metres, dtype=np.float64) / EARTH)
    return on_globe(30 + degrees, np.full(len(degrees), 107.7), EARTH)


def a_map(volunteers, *, slots=(0,), reach=None, extra=0, anywhere=False):
    """People of one kind on a meridian."""
    count = len(volunteers)
    return Map(
        north(slots),
        np.zeros(len(slots), dtype=np.int64),
        north(volunteers),
        np.zeros(count, dtype=np.int64),
        np.full(count, NEVER) if reach is None else np.array(reach),
        np.array([[extra]]),
        np.array([[anywhere]]),
    )


def named(here, below, price=None, most=ANYONE, volunteers=1):
    price = np.zeros(volunteers, dtype=np.int64) if price is None else np.array(price)
    return here.cheapest(np.array(below), price, most).volunteer.tolist()


@pytest.mark.parametrize(
    ("metres", "below", "there"),
    [
        (1000.0, 1000, False),
        (1000.0, 1001, True),
        (999.49, 1000, True),
        (999.51, 1000, False),
        (1000.49, 1001, True),
        (1000.51, 1001, False),
        (0.0, 0, False),
        (0.0, 1, True),
        (0.4, 1, True),
        (0.6, 1, False),
    ],
)
def test_the_way_counts_in_whole_metres_to_the_edge(metres, below, there):
    assert named(a_map([metres]), [below]) == ([0] if there else [])


@pytest.mark.parametrize(("below", "there"), [(4500, False), (4501, True)])
def test_price_and_extra_cost_come_on_top_of_the_way(below, there):
    assert named(a_map([1000], extra=3000), [below], [500]) == ([0] if there else [])


def test_what_costs_as_much_as_is_paid_is_no_improvement():
    assert named(a_map([1000, 1000, 999]), [1000], volunteers=3) == [2]


@pytest.mark.parametrize(
    ("reach", "anywhere", "there"), [(999, False, False), (1000, False, True), (1, True, True)]
)
def test_nobody_goes_farther_than_her_reach_unless_the_way_does_not_matter(reach, anywhere, there):
    assert named(a_map([1000], reach=[reach], anywhere=anywhere), [NEVER]) == ([0] if there else [])


def test_kinds_that_cannot_be_paired_are_never_named():
    assert named(a_map([0], extra=NEVER), [NEVER]) == []


def test_a_list_that_is_full_says_so_and_holds_the_cheapest():
    here = a_map([3000, 1000, 2000], slots=(0, 2500))
    found = here.cheapest(np.array([NEVER, 501]), np.array([0, 0, 0]), 2)
    assert list(zip(found.slot, found.volunteer, strict=True)) == [(0, 1), (0, 2), (1, 0), (1, 2)]
    assert found.cut.tolist() == [True, True]
    found = here.cheapest(np.array([NEVER, 501]), np.array([0, 0, 1]), 2)
    assert list(zip(found.slot, found.volunteer, strict=True)) == [(0, 1), (0, 2), (1, 0)]
    assert found.cut.tolist() == [True, False]


def test_a_list_with_everybody_in_it_is_not_cut():
    assert not a_map([1, 2]).cheapest(np.array([NEVER]), np.array([0, 0]), 2).cut.any()


def test_neighbours_shown_one_in_two_name_everybody_together_and_say_that_there_is_more():
    here = a_map([10, 20, 30, 40, 50], slots=(0, 0, 0))
    limit, price = np.full(3, NEVER), np.zeros(5, dtype=np.int64)
    found = here.cheapest(limit, price, ANYONE, every=np.array([2, 2, 1]))
    shown = [set(found.volunteer[found.slot == slot].tolist()) for slot in range(3)]
    assert not shown[0] & shown[1]
    assert shown[0] | shown[1] == shown[2] == {0, 1, 2, 3, 4}
    assert found.cut.tolist() == [True, True, False]


def test_the_search_can_be_stopped_whenever_it_asks():
    here = a_map([0], slots=range(9))
    with patch.object(nearby, "_AT_ONCE", 1):
        for yes in range(10):
            asked = iter([False] * yes)
            stopping = partial(next, asked, True)
            if yes < 9:
                with pytest.raises(InterruptedError):
                    here.cheapest(np.full(9, 10), np.array([0]), 1, stopping)
            else:
                assert len(here.cheapest(np.full(9, 10), np.array([0]), 1, stopping).slot) == 9


def test_every_loop_of_the_engine_lets_other_threads_go_on():
    names = ["jiedui_matching.engine." + module.name for module in iter_modules(engine.__path__)]
    everything = [thing for name in names for thing in vars(import_module(name)).values()]
    options = [loop.targetoptions for loop in everything if hasattr(loop, "targetoptions")]
    assert len(options) > 40
    assert all(option.get("nogil") or option.get("inline") == "always" for option in options)


@pytest.mark.parametrize(("slots", "volunteers"), [((), [0.0]), ((0,), []), ((), [])])
def test_a_side_with_nobody_names_nobody(slots, volunteers):
    here = a_map(volunteers, slots=slots)
    below, price = np.full(len(slots), NEVER), np.zeros(len(volunteers), dtype=np.int64)
    assert len(here.cheapest(below, price, 3).slot) == 0


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(0, 150), st.sampled_from([1, 3, ANYONE]),
    st.sampled_from([1, 7, 1000]),
)  # fmt: skip
def test_everyone_who_is_cheaper_is_named_or_the_list_is_cut(seed, slots, volunteers, most, at_once):
    rng = np.random.default_rng(seed)

    def settle(count):
        places = np.stack([29 + rng.integers(0, 4, count) / 7, 107 + rng.integers(0, 9, count) / 9])
        return places + rng.normal(0, 1e-3, places.shape) * rng.integers(0, 2)

    home, away = settle(slots), settle(volunteers)
    kinds = int(rng.integers(1, 4))
    kind, other = rng.integers(0, kinds, slots), rng.integers(0, kinds, volunteers)
    extra = np.where(rng.random((kinds, kinds)) < 0.3, NEVER, 3000 * rng.integers(0, 3, (kinds, kinds)))
    anywhere = rng.random((kinds, kinds)) < 0.2
    reach, price = rng.integers(0, 90_000, volunteers), 500 * rng.integers(0, 9, volunteers)
    below = rng.choice([0, 5_000, 60_000, NEVER], slots)

    here = Map(on_globe(*home, EARTH), kind, on_globe(*away, EARTH), other, reach, extra, anywhere)
    with patch.object(nearby, "_AT_ONCE", at_once):
        found = here.cheapest(below, price, most)
    metres = np.rint(haversine(home, away)).astype(np.int64)
    fine = extra[np.ix_(kind, other)]
    allowed = (metres <= reach) | anywhere[np.ix_(kind, other)]
    cheaper = (fine < NEVER) & allowed & (metres + fine + price < below[:, None])
    listed = np.zeros_like(cheaper)
    listed[found.slot, found.volunteer] = True
    assert len(found.slot) == listed.sum()
    for slot in range(slots):
        missing = np.flatnonzero(cheaper[slot] & ~listed[slot])
        assert found.cut[slot] or not missing.size
        if missing.size:
            cost = metres[slot] + np.minimum(fine[slot], 10**9) + price
            assert listed[slot].sum() == most
            # Straight ways are up to two metres shorter at this distance.
            assert cost[missing].min() >= cost[listed[slot]].max() - 2
    # Hardly anybody is named in vain: the rest is judged by rules, one by one.
    assert (listed & ~cheaper).sum() <= (np.abs(metres + fine + price - below[:, None]) < 5).sum() + (
        np.abs(metres - reach) < 5
    ).sum()


def haversine(home, away):
    """The way on the surface between all of them, by another formula."""
    (lat, lng), (other_lat, other_lng) = np.radians(home), np.radians(away)
    north, east = (lat[:, None] - other_lat) / 2, (lng[:, None] - other_lng) / 2
    chord = np.sin(north) ** 2 + np.cos(lat)[:, None] * np.cos(other_lat) * np.sin(east) ** 2
    return 2 * EARTH * np.arcsin(np.sqrt(chord))
