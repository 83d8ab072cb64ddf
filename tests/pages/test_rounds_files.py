"""What is taken along from a plan can be sorted and added up in a spreadsheet."""

import io
from typing import Any

import openpyxl
import pytest
from factories import NOW, TOWNSHIP, a_household, a_volunteer
from planned import a_planned_round

from jiedui.policies.service import store_packs
from jiedui.rounds.tables import Newcomer


@pytest.fixture(autouse=True)
async def policy(db):
    await store_packs(NOW)


def rows_of(content: bytes) -> list[dict[str, Any]]:
    """The rows of a workbook's only sheet, by their headings."""
    header, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


async def test_ways_and_loads_of_the_pairs_are_numbers(coordinator):
    await a_household()
    await a_volunteer(capacity=5)
    round_id, _ = await a_planned_round()
    answer = await coordinator.get(f"/rounds/{round_id}/plans/1/pairs.xlsx")
    pair = rows_of(answer.content)[0]
    assert (pair["Kilometres"], pair["Load after"], pair["Families at most"]) == (0, 1, 5)
    assert isinstance(pair["Number"], str)


async def test_what_a_newcomer_would_cost_in_way_is_a_negative_number(coordinator):
    await a_household(needs=("legal",), colour="red")
    await a_volunteer()
    round_id, _ = await a_planned_round()
    recruit, query = f"/rounds/{round_id}/plans/1/recruit", f"?township={TOWNSHIP}"
    newcomer = rows_of((await coordinator.get(f"{recruit}.xlsx{query}")).content)[0]
    assert (newcomer["Left out there"], newcomer["Kilometres saved"]) == (1, -0.8)
    lines = (await coordinator.get(f"{recruit}.csv{query}")).content.decode("utf-8-sig").splitlines()
    assert lines[1].endswith(",-0.8")


async def test_a_way_of_a_few_metres_is_nought_without_a_sign(coordinator):
    await a_household()
    await a_volunteer()
    round_id, plan_id = await a_planned_round()
    await Newcomer.insert(
        Newcomer(plan=plan_id, region_code=TOWNSHIP, kind="legal", colour="red", saved_m=-40)
    )
    file = await coordinator.get(f"/rounds/{round_id}/plans/1/recruit.csv?kind=legal")
    assert file.content.decode("utf-8-sig").splitlines()[1].endswith(",0.0")
