"""The rules of safety stand twice, in Python and in the database, and say the same of ten thousand pairs."""

import random
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from factories import NOW, TODAY, VILLAGE, a_household, a_volunteer

from jiedui.households.tables import Household, Member
from jiedui.pairs.tables import NeverAgain, Pair
from jiedui.policies.service import store_packs
from jiedui.volunteers.tables import Volunteer
from jiedui_pairing.policy import standard
from jiedui_pairing.rules import RULES
from jiedui_pairing.safety import Family, Helper, may_not_meet, minor_until

pytestmark = pytest.mark.usefixtures("db")
DAYS = [TODAY, TODAY - timedelta(days=400), TODAY + timedelta(days=30), date(2027, 1, 1), date(2044, 2, 29)]


def _a_birth(chance: random.Random) -> date | None:
    if chance.random() < 0.1:
        return None
    return date(1950, 1, 1) + timedelta(days=chance.randrange(365 * 85))


async def _made_up(chance: random.Random) -> tuple[dict[UUID, list[date | None]], set[tuple[UUID, UUID]]]:
    """Forty families and fifty volunteers, some one person or kept apart; births, and who is apart."""
    births: dict[UUID, list[date | None]] = {}
    telephones = [f"{n:064}" for n in range(12)] + [None] * 8
    for _ in range(40):
        children = [_a_birth(chance) for _ in range(chance.choice((0, 0, 1, 2)))]
        head = chance.choice((date(1985, 3, 2), date(2010, 3, 1), _a_birth(chance)))
        one = await a_household(born_on=head, phone_key=chance.choice(telephones))
        for born in children:
            await Member(household=one, relation="child", name="小孩", born_on=born).save()
        births[one] = [head, *children]
    helpers = [
        await a_volunteer(
            state=chance.choice(("active", "active", "active", "suspended", "left", "applied")),
            paused=chance.random() < 0.2, trained=chance.random() < 0.7, identified=chance.random() < 0.9,
            phone_key=chance.choice(telephones),
            record_checked_on=chance.choice((None, TODAY, TODAY - timedelta(days=chance.randrange(800)),
                                             TODAY + timedelta(days=5))),
        )
        for _ in range(50)
    ]  # fmt: skip
    apart = {(chance.choice(list(births)), chance.choice(helpers)) for _ in range(100)}
    for household, volunteer in apart:
        await NeverAgain(
            household=household, volunteer=volunteer, region_code=VILLAGE, reason="x", created_at=NOW
        ).save()
    return births, apart


async def test_python_and_the_database_judge_ten_thousand_pairs_alike() -> None:
    await store_packs(NOW - timedelta(days=1000))
    births, apart = await _made_up(random.Random(20261101))
    check_days = standard().eligibility.record_check_days
    families = {
        row["id"]: Family(minor_until(births[row["id"]]), row["ledger_key"], row["phone_key"])
        for row in await Household.select()
    }
    people = await Volunteer.select()
    suspended = {
        (row["name"], row["phone_key"]) for row in people if row["state"] == "suspended" and row["phone_key"]
    }
    helpers = {
        row["id"]: Helper(
            row["state"] == "active" and (row["name"], row["phone_key"]) not in suspended,
            row["identified"],
            row["trained"],
            row["record_checked_on"],
            row["ledger_key"],
            row["phone_key"],
        )
        for row in people
    }
    asked = await Pair.raw(
        "SELECT h.id AS household, v.id AS volunteer, d.day, may_not_meet(v, h, d.day, 'standard') AS against"
        " FROM household h, volunteer v, unnest({}::date[]) AS d (day)",
        DAYS,
    )
    differ, seen = [], Counter[str]()
    for row in asked:
        two = (row["household"], row["volunteer"])
        said = may_not_meet(
            helpers[two[1]], families[two[0]], row["day"], check_days, never_again=two in apart
        )
        seen.update(said or ["may meet"])
        if said != row["against"]:
            differ.append((row, said))
    print(f"{len(asked):,} pairs on a day: {dict(seen)}, {len(differ)} differ")
    assert differ == []
    assert len(asked) == 10_000
    assert min(seen[name] for name in ("vetted", "minors", "never_again", "same_person", "may meet")) > 100


async def test_until_when_a_minor_lives_there_is_the_same_in_both() -> None:
    chance = random.Random(7)
    ends = [date(2008, 2, 29), date(2000, 12, 31), date(1999, 12, 1), date(2012, 1, 31)]
    lists = [[_a_birth(chance) for _ in range(chance.randrange(4))] for _ in range(500)] + [
        [one] for one in ends
    ]
    for births in lists:
        (row,) = await Pair.raw("SELECT minor_until({}::date[]) AS until", births)
        assert row["until"] == minor_until(births), births


def test_what_safety_refuses_a_round_refuses_too() -> None:
    named = {"vetted": "available"}
    safety = ("vetted", "minors", "never_again", "same_person")
    assert {named.get(name, name) for name in safety} <= {rule.name for rule in RULES}
