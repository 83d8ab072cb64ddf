"""Which figures may be shown: a count that would tell about few people is not, nor what gives it away."""

from collections.abc import Sequence

FEWEST = 5
"""A count below this says something of somebody."""


def tells_of_few(count: int, of: int | None = None) -> bool:
    """Whether a count, or what it leaves of the whole it is a part of, is about fewer than five."""
    return count < FEWEST or (of is not None and 0 < of - count < FEWEST)


def shown(counts: Sequence[int], of: Sequence[int] | None = None) -> list[int | None]:
    """The counts of a column below its total, each a part of `of`; None stands for "fewer than five".

    The total less what is shown tells what is left out together: that, too, must not be about few.
    """
    wholes: Sequence[int | None] = of or [None] * len(counts)
    told: list[int | None] = [
        None if tells_of_few(count, whole) else count for count, whole in zip(counts, wholes, strict=True)
    ]
    left = sorted((at for at, count in enumerate(told) if count is not None), key=lambda at: counts[at])
    while (
        left and None in told and tells_of_few(_left_out(counts, told), _left_out(of, told) if of else None)
    ):
        told[left.pop(0)] = None
    return told


def _left_out(counts: Sequence[int], told: Sequence[int | None]) -> int:
    return sum(count for count, one in zip(counts, told, strict=True) if one is None)
