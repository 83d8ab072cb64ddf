"""What two areas say of one person, on the site: nothing for who claims her, a choice for who is above."""

import re
from typing import Any
from uuid import uuid4

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    a_household,
    a_region_tree,
    a_volunteer,
)
from ledger_files import household_row, identity_number, ledger, volunteer_row

from jiedui.clock import utc_now
from jiedui.households.tables import Household
from jiedui.jobs.service import run_one
from jiedui.ledgers.tables import Claim
from jiedui.store.vault import keyed_hash
from jiedui.worker import HANDLERS

ROWS = {"households": household_row, "volunteers": volunteer_row}


async def work() -> None:
    while await run_one(HANDLERS, "test", utc_now()):
        pass


async def send(visitor: Any, kind: str, n: int) -> str:
    await visitor.get(f"/{kind}/import")
    files = {"file": ("台账.xlsx", ledger(kind, ROWS[kind](n)), "application/octet-stream")}
    here = (await visitor.submit(f"/{kind}/import", files=files)).headers["location"]
    await work()
    return str(here)


def plain(page: str, here: str) -> str:
    """A page without what differs between any two: its own address, and the keys of its forms."""
    page = page.replace(here.rpartition("/")[2], "…")  # its key stands in further links, too
    page = re.sub(r'name="_(?:once|csrf_token)" value="[^"]*"', "", page)
    return re.sub(r"x-csrf-token&#34;: &#34;[^&]+&", "", page)


async def somebody(kind: str, n: int, village: str = FAR_VILLAGE) -> None:
    await a_region_tree()
    key = keyed_hash(identity_number(n), "identity")
    make = a_household if kind == "households" else a_volunteer
    await make(ledger_key=key, region_code=village, name="他处人")


@pytest.mark.parametrize("kind", ["households", "volunteers"])
async def test_every_page_of_an_import_is_that_of_somebody_really_new(db, login_as, kind):
    await somebody(kind, 1)
    township = await login_as("coordinator", TOWNSHIP)
    pages: list[list[str]] = [[], []]
    for seen, n in zip(pages, (1, 2), strict=True):
        here = await send(township, kind, n)
        seen.append(plain((await township.get(here)).text, here))
        await township.submit(f"{here}/apply")
        await work()
        seen.append(plain((await township.get(here)).text, here))
        seen.append(plain((await township.get(f"{here}/findings.csv")).text, here))
    assert pages[0] == pages[1]
    assert await Claim.count() == 1


async def test_who_is_above_both_sees_both_sides_masked_and_decides(db, login_as):
    await somebody("households", 1)
    township = await login_as("coordinator", TOWNSHIP)
    here = await send(township, "households", 1)
    await township.submit(f"{here}/apply")
    await work()
    county = await login_as("coordinator", COUNTY)
    county.headers["accept-language"] = "en"
    assert "1 people are in the ledgers of two areas" in (await county.get("/households/import")).text
    page = (await county.get("/claims")).text
    assert "他*" in page and "测*" in page and "他处人" not in page and "测试甲" not in page
    claim = (await Claim.select().first())["id"]
    done = await county.submit(f"/claims/{claim}/moved", follow_redirects=True)
    assert "both areas&#39; records say so" in done.text and "Nobody is claimed" in done.text
    assert (await Household.select().first())["region_code"] == VILLAGE
    again = await county.submit(f"/claims/{claim}/duplicate", follow_redirects=True)
    assert "changed in the meantime" in again.text
    assert (await county.submit(f"/claims/{claim}/erase")).status_code == 404


async def test_whoever_claims_or_has_her_finds_no_claim(db, login_as):
    await somebody("households", 1)
    township = await login_as("coordinator", TOWNSHIP)
    here = await send(township, "households", 1)
    await township.submit(f"{here}/apply")
    await work()
    claim = (await Claim.select().first())["id"]
    for area in (TOWNSHIP, "500230102000", "500231000000", "500200000000"):
        visitor = await login_as("coordinator", area)
        assert str(claim) not in (await visitor.get("/claims")).text
        answers = []
        for one in (claim, uuid4()):
            answer = await visitor.submit(f"/claims/{one}/moved")
            assert answer.status_code == 404
            answers.append(plain(answer.text, str(one)))
        assert answers[0] == answers[1], area
    reader = await login_as("reader", COUNTY)
    assert (await reader.get("/claims")).status_code == 403


async def test_the_city_finds_what_two_counties_claim(db, login_as):
    await somebody("households", 1, OTHER_VILLAGE)
    county = await login_as("coordinator", COUNTY)
    here = await send(county, "households", 1)
    await county.submit(f"{here}/apply")
    await work()
    claim = (await Claim.select().first())["id"]
    assert str(claim) not in (await county.get("/claims")).text
    city = await login_as("coordinator", "500200000000")
    assert str(claim) in (await city.get("/claims")).text
    assert 'href="/claims"' in (await city.get("/figures")).text
