"""What a figure tells: never of fewer than five people, neither alone nor with its neighbours."""

from hypothesis import given
from hypothesis import strategies as st

from jiedui.desks.rules import FEWEST, shown, tells_of_few


def test_a_count_below_five_is_not_shown():
    assert shown([4, 3, 30, 40]) == [None, None, 30, 40]


def test_what_the_total_less_the_others_would_tell_is_not_shown_either():
    assert shown([4, 30, 40]) == [None, None, 40]
    assert shown([0, 0, 30, 40]) == [None, None, None, 40]


def test_a_part_that_leaves_few_of_its_whole_is_not_shown_nor_told_by_the_total():
    assert shown([20, 50, 60], [22, 60, 80]) == [None, None, 60]
    assert shown([20, 50, 60], [22, 50, 80]) == [None, None, None]
    assert shown([17, 6], [20, 12]) == [None, None]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_what_the_totals_less_the_shown_parts_tell_is_about_no_few_either(both):
    counts, wholes = [part for part, _ in both], [part + rest for part, rest in both]
    told = shown(counts, wholes)
    hidden = [at for at, one in enumerate(told) if one is None]
    left = sum(wholes[at] - counts[at] for at in hidden)
    assert left >= FEWEST or left == 0 or len(hidden) == len(told)


@given(st.lists(st.integers(0, 40), max_size=12))
def test_nothing_shown_and_no_difference_from_the_total_is_about_fewer_than_five(counts):
    told = shown(counts)
    assert all(one is None or one == count >= FEWEST for one, count in zip(told, counts, strict=True))
    hidden = sum(count for one, count in zip(told, counts, strict=True) if one is None)
    assert hidden >= FEWEST or None not in told or set(told) == {None}


def test_nobody_left_over_is_not_few():
    assert not tells_of_few(20, 20)
    assert tells_of_few(20, 21)
