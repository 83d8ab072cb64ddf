"""Household numbers: one for each family for ever, which tells two of one surname apart."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from factories import NOW, OTHER_VILLAGE, VILLAGE, a_household, a_region_tree
from ledger_files import household_row, ledger_file

from jiedui.actor import Actor
from jiedui.households.numbers import next_numbers
from jiedui.households.tables import Household, NumberSeries
from jiedui.ledgers.service import import_file
from jiedui.store.piccolo_conf import DB
from jiedui.wiring import LEDGERS

ELSEWHERE = {"township": "新民镇", "village": "明月村"}


async def taken(folder: Path, *rows: dict[str, Any]) -> None:
    await a_region_tree()
    path = ledger_file(folder, "households", *rows)
    await import_file(Actor.system(), LEDGERS["households"], path, dry_run=False, now=NOW)


async def numbers() -> list[str]:
    rows = await Household.select(Household.number).order_by(Household.number)
    return [row["number"] for row in rows]


async def refused(change: Any, error: type[Exception] = asyncpg.IntegrityConstraintViolationError) -> None:
    async with DB.transaction() as transaction:
        savepoint = await transaction.savepoint()
        with pytest.raises(error):
            await change
        await savepoint.rollback_to()


async def test_a_ledger_numbers_its_families_county_by_county(db, tmp_path):
    await taken(tmp_path, household_row(1), household_row(2, **ELSEWHERE), household_row(3))
    assert await numbers() == ["H500230-00001", "H500230-00002", "H500231-00001"]


async def test_the_same_ledger_again_gives_no_new_number(db, tmp_path):
    await taken(tmp_path, household_row(1), household_row(2))
    await taken(tmp_path, household_row(1, colour="红"), household_row(2), household_row(3))
    assert await numbers() == ["H500230-00001", "H500230-00002", "H500230-00003"]


async def test_a_family_keeps_its_number_when_it_moves_to_another_county(db, tmp_path):
    await taken(tmp_path, household_row(1))
    await taken(tmp_path, household_row(1, **ELSEWHERE), household_row(2, **ELSEWHERE))
    rows = await Household.select(Household.number, Household.region_code).order_by(Household.number)
    assert [(row["number"], row["region_code"]) for row in rows] == [
        ("H500230-00001", OTHER_VILLAGE),
        ("H500231-00001", OTHER_VILLAGE),
    ]


async def test_a_number_cannot_be_changed(db):
    one = await a_household()
    await refused(Household.update({Household.number: "H500230-99999"}).where(Household.id == one))


async def test_a_number_cannot_be_given_twice(db):
    given = await Household.select(Household.number).where(Household.id == await a_household()).first()
    await refused(a_household(number=given["number"]), asyncpg.UniqueViolationError)


async def test_no_family_enters_the_ledger_without_a_number(db):
    await a_region_tree()
    await refused(a_household(number=""), asyncpg.CheckViolationError)


async def test_the_hundred_thousandth_family_of_a_county_has_a_number_too(db):
    await NumberSeries(county="500230", last=99_998).save()
    assert await next_numbers([VILLAGE, VILLAGE]) == ["H500230-99999", "H500230-100000"]


async def test_imports_at_the_same_time_never_give_one_number_twice(clean_db):
    async def one() -> list[str]:
        async with DB.transaction():
            given = await next_numbers([VILLAGE, OTHER_VILLAGE] * 25)
            await asyncio.sleep(0.01)
            return given

    given = [number for some in await asyncio.gather(*(one() for _ in range(8))) for number in some]
    assert len(given) == len(set(given)) == 400


async def test_a_number_is_not_given_again_once_its_family_has_left(db, tmp_path):
    await taken(tmp_path, household_row(1), household_row(2))
    await Household.update({Household.active: False}).where(Household.active.eq(True))
    await taken(tmp_path, household_row(3))
    assert await numbers() == ["H500230-00001", "H500230-00002", "H500230-00003"]
