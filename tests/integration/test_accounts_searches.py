"""Looking for somebody is counted by both limits before anybody is looked for."""

import pytest
from factories import NOW, a_coordinator, an_account

from jiedui.accounts.searches import PER_DAY, PER_TEN_MINUTES, search
from jiedui.errors import TooMany

pytestmark = pytest.mark.usefixtures("db")


class Full:
    """A limiter one of whose rules is used up."""

    def __init__(self, used_up):
        self.used_up = used_up

    async def admit(self, *asked):
        if self.used_up in {rule for rule, _ in asked}:
            raise TooMany(minutes=1, seconds=60)


@pytest.mark.parametrize("rule", [PER_TEN_MINUTES, PER_DAY])
async def test_nobody_is_looked_for_beyond_either_limit(rule):
    looked = []

    async def find():
        looked.append(1)
        return []

    actor = a_coordinator(account_id=await an_account())
    with pytest.raises(TooMany):
        await search(actor, "household.find", "陶", find, limits=Full(rule), now=NOW)
    assert looked == []
    assert (PER_TEN_MINUTES.times, PER_DAY.times) == (60, 300)
