"""An area in figures: nothing about fewer than five people, neither alone nor told by a total."""

import pytest
from factories import COUNTY, FAR_VILLAGE, VILLAGE, a_household, a_volunteer

from jiedui.actor import Actor
from jiedui.desks.figures import COLUMNS, figures_of

pytestmark = pytest.mark.usefixtures("db")


async def some(n, village, red=0):
    for at in range(n):
        await a_household(region_code=village, colour="red" if at < red else "green", needs=())


async def read():
    whole, parts = await figures_of(Actor("reader", COUNTY, "看数的人"))
    columns = {name: [part.counts[at] for part in parts] for at, name in enumerate(COLUMNS)}
    return dict(zip(COLUMNS, whole.counts, strict=True)), columns


async def test_few_people_are_no_figure_in_the_whole_nor_in_a_part():
    await some(4, VILLAGE)
    for _ in range(3):
        await a_volunteer()
    whole, parts = await read()
    assert (whole["households"], whole["volunteers"]) == (None, None)
    assert parts["households"] == parts["volunteers"] == [None, None]


async def test_a_part_that_leaves_few_is_not_told_by_the_total_either():
    await some(12, VILLAGE, red=6)
    await some(20, FAR_VILLAGE, red=17)
    whole, parts = await read()
    assert (whole["households"], parts["households"]) == (32, [12, 20])
    assert (whole["urgent"], parts["urgent"]) == (23, [None, None])


async def test_a_whole_of_which_all_but_few_are_red_does_not_say_so():
    await some(20, VILLAGE, red=18)
    whole, _ = await read()
    assert (whole["households"], whole["urgent"]) == (20, None)
