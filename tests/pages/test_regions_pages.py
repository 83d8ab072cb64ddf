"""The region tree in the browser: looked at by staff, imported by administrators after a dry run."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from factories import COUNTY, OTHER_COUNTY, TOWNSHIP, VILLAGE, a_region_tree
from ledger_files import household_row, ledger

from jiedui.accounts.tables import Account
from jiedui.jobs.service import run_one
from jiedui.ledgers.tables import LedgerImport
from jiedui.regions.tables import Region
from jiedui.store.paging import PAGE
from jiedui.worker import HANDLERS

HEAD = "代码,名称,级别,纬度,经度,坐标来源\n"
KNOWN = f"{COUNTY},丰都县,县,29.887,107.8266,synthetic\n{TOWNSHIP},虎威镇,乡镇,29.90565,107.63853,synthetic\n"
NEW = "500230101203,长坡村村民委员会,村,29.91,107.66,synthetic\n"
PLACE = re.compile(r'<td data-label="乡镇 · 村（社区）">([^<]+?)</td>')
RENAMED = f"{VILLAGE},新回龙村村民委员会,村,29.90,107.64,synthetic\n"


async def send(visitor: Any, content: bytes | str, name: str = "区划.csv") -> str:
    data = content if isinstance(content, bytes) else content.encode()
    await visitor.get("/regions/import")
    sent = await visitor.submit("/regions/import", files={"file": (name, data, "text/csv")})
    assert sent.status_code == 303
    return str(sent.headers["location"])


async def work() -> None:
    while await run_one(HANDLERS, "test", datetime.now(UTC)):
        pass


async def the_import() -> Any:
    return await LedgerImport.select().order_by(LedgerImport.created_at, ascending=False).first()


async def name_of(code: str) -> str | None:
    row = await Region.select(Region.name).where(Region.code == code).first()
    return row["name"] if row else None


@pytest.fixture
async def administrator(db: None, login_as: Any) -> Any:
    """Of the county; the regions of her neighbours are there too."""
    await a_region_tree()
    # As an import would have stored them.
    await Region.update({Region.initials: "hwz"}).where(Region.code == TOWNSHIP)
    await Region.update({Region.initials: "fdx"}).where(Region.code == COUNTY)
    await Region.update({Region.lat: None, Region.lng: None}).where(
        Region.code.is_in(["500230101202", "500230102000"])
    )
    return await login_as("administrator")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_a_region_list_is_read_forecast_and_taken(administrator, encoding):
    here = await send(administrator, (HEAD + KNOWN + NEW + RENAMED).encode(encoding))
    await work()
    before = (await the_import())["changes"]
    page = (await administrator.get(here)).text
    assert json.loads(before) == {"new": 1, "changed": 1, "same": 2}, "the dry run tells the truth"
    assert f"{here}/apply" in page
    assert await name_of(VILLAGE) == "回龙村村民委员会"
    await administrator.submit(f"{here}/apply")
    await work()
    row = await the_import()
    assert (row["decision"], row["content"], row["changes"]) == ("applied", None, before)
    assert 'href="/regions"' in (await administrator.get(here)).text
    assert await name_of(VILLAGE) == "新回龙村村民委员会"
    assert await name_of("500230101203") == "长坡村村民委员会"
    again = await send(administrator, HEAD + KNOWN + NEW + RENAMED)
    await work()
    assert f"{again}/apply" not in (await administrator.get(again)).text
    assert json.loads((await the_import())["changes"]) == {"new": 0, "changed": 0, "same": 4}


async def test_a_list_without_positions_leaves_those_that_are_known(administrator):
    here = await send(administrator, f"代码,名称,级别\n{TOWNSHIP},虎威镇,乡镇\n{VILLAGE},新回龙村,村\n")
    await work()
    assert json.loads((await the_import())["changes"]) == {"new": 0, "changed": 1, "same": 1}
    await administrator.get(here)
    await administrator.submit(f"{here}/apply")
    await work()
    row = await Region.select().where(Region.code == VILLAGE).first()
    assert (row["name"], row["lat"], row["position_source"]) == ("新回龙村", 29.90, "synthetic")


async def test_a_bad_line_is_reported_with_its_cell_and_the_others_are_taken(administrator):
    here = await send(administrator, HEAD + KNOWN + "5.0023E+11,甲村,村,,,\n" + NEW)
    await work()
    page = (await administrator.get(here)).text
    assert "regions.csv!A4" in page and f"{here}/apply" in page
    report = json.loads((await the_import())["report"])
    assert (report["rows"], report["accepted"]) == (4, 3)
    findings = (await administrator.get(f"{here}/findings.csv")).content.decode("utf-8-sig")
    assert "regions.csv!A4" in findings


async def test_the_regions_of_another_area_are_out_of_reach(administrator):
    theirs = f"{OTHER_COUNTY},改名县,县,,,\n500231100209,新村,村,,,\n"
    here = await send(administrator, HEAD + KNOWN + theirs)
    await work()
    report = json.loads((await the_import())["report"])
    assert [one["cell"] for one in report["findings"]] == ["regions.csv!A4", "regions.csv!A5"]
    await administrator.get(here)
    await administrator.submit(f"{here}/apply")
    await work()
    assert await name_of(OTHER_COUNTY) == "垫江县" and await name_of("500231100209") is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (ledger("households", household_row(1)), ".csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), ".csv"),
        ((HEAD + KNOWN).encode("utf-16"), ".csv"),
        (b"\x81" * 20 + b"\xff", ".csv"),
        ("姓名,电话\n甲,1\n".encode(), "代码"),
    ],
    ids=["xlsx", "xls", "utf-16", "noise", "another table"],
)
async def test_what_is_no_region_list_ends_in_a_sentence(administrator, content, says):
    here = await send(administrator, content)
    await work()
    page = (await administrator.get(here)).text
    said = re.search(r'class="alert problem" role="alert">([^<]{15,})<', page)
    assert said and says in said[1]
    assert "/apply" not in page
    row = await the_import()
    assert (row["state"], row["content"]) == ("failed", None)


async def test_an_empty_region_list_is_refused_in_its_own_words(administrator):
    await administrator.get("/regions/import")
    answer = await administrator.submit("/regions/import", files={"file": ("a.csv", b"", "text/csv")})
    assert answer.status_code == 422 and "xlsx" not in answer.text


async def test_the_empty_list_to_fill_in_is_understood_and_its_example_never_taken(administrator):
    content = (await administrator.get("/regions/import/template.csv")).content
    await send(administrator, content)
    await work()
    row = await the_import()
    report = json.loads(row["report"])
    assert (row["state"], report["rows"], report["accepted"]) == ("ready", 1, 0)
    assert (await administrator.get("/regions/import/template.xlsx")).status_code == 404


async def test_a_coordinator_looks_but_does_not_import(administrator, login_as):
    here = await send(administrator, HEAD + KNOWN + NEW)
    await work()
    coordinator = await login_as("coordinator")
    shown = await coordinator.get("/regions")
    assert "虎威镇 · 回龙村" in shown.text and "/regions/import" not in shown.text
    assert "/regions/import" in (await administrator.get("/regions")).text
    for path in ("/regions/import", here, f"{here}/findings.csv"):
        assert (await coordinator.get(path)).status_code == 403
    assert (await coordinator.submit(f"{here}/apply")).status_code == 403


async def test_who_is_no_administrator_any_more_takes_nothing(administrator):
    here = await send(administrator, HEAD + KNOWN + NEW)
    await work()
    await administrator.get(here)
    await administrator.submit(f"{here}/apply")
    await Account.update({Account.role: "coordinator"}).where(Account.id == administrator.account_id)
    await work()
    assert (await the_import())["decision"] == ""
    assert await name_of("500230101203") is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["虎威镇", "虎威镇 · 回龙村", "虎威镇 · 大溪村", "社坛镇", "社坛镇 · 石龙门村"]),
        ("q=回龙", ["虎威镇 · 回龙村"]),
        ("q=hwz", ["虎威镇", "虎威镇 · 回龙村", "虎威镇 · 大溪村"]),
        ("q=5002301022", ["社坛镇 · 石龙门村"]),
        (f"township={TOWNSHIP}", ["虎威镇", "虎威镇 · 回龙村", "虎威镇 · 大溪村"]),
        ("position=unknown", ["虎威镇 · 大溪村", "社坛镇"]),
        ("position=known&q=社坛", ["社坛镇 · 石龙门村"]),
        ("q=明月", []),
        ("q=%25", []),
        ("q=石龙门&position=nonsense&township=x", ["社坛镇 · 石龙门村"]),
    ],
)
async def test_the_list_is_narrowed_and_ends_at_the_edge_of_the_area(administrator, query, found):
    page = (await administrator.get(f"/regions?{query}")).text
    assert PLACE.findall(page) == found
    count = re.search(r'class="count" role="status">([^<·]*)', page)
    assert count and str(len(found)) in count[1]


async def test_long_lists_go_on_where_they_stopped_and_back(administrator):
    rows = [
        Region(code=f"500230103{n}", name=f"{n}村", short_name=f"{n}村", initials="", level="village")
        for n in range(200, 200 + PAGE + 3)
    ]
    await Region.insert(*rows)
    first = (await administrator.get("/regions?q=500230103")).text
    further = re.search(r'rel="next" href="([^"]+)"', first)
    assert further and 'rel="prev"' not in first
    second = (await administrator.get(further[1].replace("&amp;", "&"))).text
    assert len(PLACE.findall(second)) == 3 and 'rel="next"' not in second
    back = re.search(r'rel="prev" href="([^"]+)"', second)
    assert back
    again = (await administrator.get(back[1].replace("&amp;", "&"))).text
    assert PLACE.findall(again) == PLACE.findall(first) and len(PLACE.findall(first)) == PAGE
    assert 'rel="prev"' not in again


@pytest.mark.parametrize("key", ["after=x", "after=500230~1", "before=500230102201%27"])
async def test_a_key_that_means_nothing_gives_the_first_places(administrator, key):
    first = PLACE.findall((await administrator.get("/regions")).text)
    assert first and PLACE.findall((await administrator.get(f"/regions?{key}")).text) == first


async def test_an_empty_tree_teaches_the_next_step(db, login_as):
    assert 'href="/regions/import"' in (await (await login_as("administrator")).get("/regions")).text
    coordinator = await login_as("coordinator")
    assert "/regions/import" not in (await coordinator.get("/regions")).text
    assert 'href="/regions"' in (await coordinator.get("/households/import")).text
    await a_region_tree()
    assert 'href="/regions"' not in (await coordinator.get("/households/import")).text


async def test_a_village_that_is_not_found_leads_to_the_regions(administrator):
    await administrator.get("/households/import")
    content = ledger("households", household_row(1, village="没有村"))
    files = {"file": ("台账.xlsx", content, "application/octet-stream")}
    here = (await administrator.submit("/households/import", files=files)).headers["location"]
    await work()
    page = (await administrator.get(here)).text
    assert 'href="/regions"' in page and f"{here}/again" in page
