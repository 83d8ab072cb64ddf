"""Importing in the browser: send, look, explain, take or throw away; nothing is lost on the way."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from factories import OTHER_COUNTY, TOWNSHIP, a_household, a_region_tree
from ledger_files import household_row, ledger, volunteer_row

from jiedui.accounts.tables import Account
from jiedui.households.tables import Household
from jiedui.jobs.service import run_one
from jiedui.jobs.tables import Job
from jiedui.ledgers import service
from jiedui.ledgers.tables import HeaderWord, LedgerImport
from jiedui.volunteers.tables import Volunteer
from jiedui.worker import HANDLERS


async def send(visitor: Any, content: bytes, kind: str = "households", name: str = "台账.xlsx") -> Any:
    await a_region_tree()
    await visitor.get(f"/{kind}/import")
    return await visitor.submit(
        f"/{kind}/import", files={"file": (name, content, "application/octet-stream")}
    )


async def work() -> int:
    """What the worker does until nothing is left."""
    done = 0
    while await run_one(HANDLERS, "test", datetime.now(UTC)):
        done += 1
    return done


async def the_import() -> Any:
    return await LedgerImport.select().order_by(LedgerImport.created_at, ascending=False).first()


async def test_a_ledger_is_sent_read_looked_at_and_taken(login_as):
    coordinator = await login_as("coordinator")
    sent = await send(coordinator, ledger("households", household_row(1), household_row(2, village="没有村")))
    assert sent.status_code == 303
    here = sent.headers["location"]
    waiting = await coordinator.get(here)
    assert "/jobs/" in waiting.text and "/apply" not in waiting.text
    assert await work() == 1
    read = (await coordinator.get(here)).text
    assert "台账!B3" in read, "the bad row stands with its cell"
    assert f"{here}/apply" in read
    assert await Household.count() == 0
    await coordinator.submit(f"{here}/apply")
    assert await work() == 1
    taken = (await coordinator.get(here)).text
    assert 'href="/households"' in taken
    assert "/apply" not in taken
    assert await Household.count() == 1
    row = await the_import()
    assert (row["state"], row["decision"], row["content"]) == ("ready", "applied", None)
    assert json.loads(row["changes"]) == {"new": 1, "changed": 0, "same": 0}


async def test_the_same_for_volunteers(login_as):
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, ledger("volunteers", volunteer_row(1)), "volunteers")).headers["location"]
    await work()
    await coordinator.get(here)
    await coordinator.submit(f"{here}/apply")
    await work()
    assert 'href="/volunteers"' in (await coordinator.get(here)).text
    assert await Volunteer.count() == 1


async def test_a_second_press_takes_it_once(login_as):
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, ledger("households", household_row(1)))).headers["location"]
    await work()
    await coordinator.get(here)
    for _ in range(2):
        assert (await coordinator.submit(f"{here}/apply")).status_code == 303
    assert await Job.count().where(Job.kind == "ledger.apply") == 1
    await work()
    assert (await coordinator.submit(f"{here}/apply")).status_code == 303
    assert await work() == 0


async def test_a_form_sent_twice_is_one_upload(login_as):
    coordinator = await login_as("coordinator")
    page = await coordinator.get("/households/import")
    token = re.search(r'name="_once" value="([^"]+)"', page.text)
    assert token
    files = {"file": ("a.xlsx", ledger("households", household_row(1)), "application/octet-stream")}
    answers = [
        await coordinator.submit("/households/import", {"_once": token[1]}, files=files) for _ in range(2)
    ]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert await LedgerImport.count() == 1


async def test_the_file_is_kept_sealed_and_its_name_is_forgotten(login_as):
    content = ledger("households", household_row(1))
    await send(await login_as("coordinator"), content, name="../../王小明家.xlsx")
    row = await the_import()
    assert content[:200] not in row["content"]
    assert "王小明" not in str(row)


def zipped(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def far_cell() -> bytes:
    with zipfile.ZipFile(io.BytesIO(ledger("households", household_row(1)))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'r="A1"', b'r="XFD1048576"', 1)
    return zipped(**parts)


HAZARDS = {
    "old_excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
    "csv": "姓名,身份证号\n测试,1\n".encode(),
    "pdf": b"%PDF-1.7 x",
    "zip": zipped(**{"a.txt": b"x"}),
    "word": zipped(**{"word/document.xml": b"x", "[Content_Types].xml": b"x"}),
    "macros": zipped(**{"xl/workbook.xml": b"x", "[Content_Types].xml": b"x", "xl/vbaProject.bin": b"x"}),
    "noise": bytes(range(256)) * 20,
    "damaged": ledger("households", household_row(1))[:1000],
    "bomb": zipped(**{"xl/workbook.xml": b"x", "[Content_Types].xml": b"x", "xl/a": bytes(50 * 2**20)}),
    "far_cell": far_cell(),
    "other_ledger": ledger("volunteers", volunteer_row(1)),
    "no_table": ledger("households", {"name": "只有姓名"}),
}


@pytest.mark.parametrize("hazard", HAZARDS)
async def test_whatever_is_sent_ends_in_a_sentence_and_changes_nothing(login_as, hazard):
    await a_household()
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, HAZARDS[hazard])).headers["location"]
    assert await work() == 1
    page = await coordinator.get(here)
    assert page.status_code == 200
    assert re.search(r'class="alert problem" role="alert">[^<]{15,}<', page.text)
    assert "/apply" not in page.text
    row = await the_import()
    assert (row["state"], row["decision"]) == ("failed", "")
    assert row["content"] is None or row["unknown_headers"] != "[]"
    assert await Household.count() == 1


async def test_an_empty_and_a_missing_file_are_said_at_the_field(login_as):
    coordinator = await login_as("coordinator")
    answer = await send(coordinator, b"")
    assert answer.status_code == 422 and 'id="e-file"' in answer.text
    answer = await coordinator.submit("/households/import")
    assert answer.status_code == 422 and 'id="e-file"' in answer.text
    assert await LedgerImport.count() == 0


async def test_a_file_beyond_the_limit_is_refused_with_a_sentence(login_as):
    answer = await send(await login_as("coordinator"), b"x" * (10 * 2**20 + 1))
    assert answer.status_code in (413, 422)
    assert await LedgerImport.count() == 0


async def test_an_unknown_header_is_explained_once_and_the_file_read_again(login_as):
    coordinator = await login_as("coordinator")
    content = ledger("households", household_row(1), headers={"village": "居住地点"})
    here = (await send(coordinator, content)).headers["location"]
    await work()
    refused = (await coordinator.get(here)).text
    assert "居住地点" in refused and 'name="meaning-0"' in refused
    answer = await coordinator.submit(f"{here}/headers", {"meaning-0": "village"})
    assert answer.status_code == 303
    await work()
    assert f"{here}/apply" in (await coordinator.get(here)).text
    assert [row["field"] for row in await HeaderWord.select()] == ["village"]
    neighbour = await login_as("coordinator", TOWNSHIP)
    there = (await send(neighbour, content)).headers["location"]
    await work()
    assert f"{there}/apply" in (await neighbour.get(there)).text


async def test_explaining_nothing_or_nonsense_changes_nothing(login_as):
    coordinator = await login_as("coordinator")
    content = ledger("households", household_row(1, remark="x"), headers={"remark": "包户干部"})
    here = (await send(coordinator, content)).headers["location"]
    await work()
    await coordinator.get(here)
    for fields in ({}, {"meaning-0": ""}, {"meaning-0": "id"}, {"meaning-7": "name"}):
        await coordinator.submit(f"{here}/headers", fields)
    assert await HeaderWord.count() == 0


async def test_a_file_thrown_away_is_gone_and_nothing_was_taken(login_as):
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, ledger("households", household_row(1)))).headers["location"]
    await work()
    await coordinator.get(here)
    await coordinator.submit(f"{here}/discard")
    row = await the_import()
    assert (row["decision"], row["content"]) == ("discarded", None)
    assert (await coordinator.submit(f"{here}/apply")).status_code == 409
    assert (await coordinator.get(here)).status_code == 200
    assert await Household.count() == 0


async def test_a_file_being_read_when_it_is_thrown_away_stays_thrown_away(login_as):
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, ledger("households", household_row(1)))).headers["location"]
    await coordinator.get(here)
    await coordinator.submit(f"{here}/discard")
    await work()
    assert (await the_import())["decision"] == "discarded"


async def test_a_file_thrown_away_in_the_middle_of_reading_stays_thrown_away(login_as, monkeypatch):
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, ledger("households", household_row(1)))).headers["location"]
    await coordinator.get(here)
    forecast = service.forecast

    async def meanwhile(*args: Any) -> Any:
        await coordinator.submit(f"{here}/discard")
        return await forecast(*args)

    monkeypatch.setattr(service, "forecast", meanwhile)
    await work()
    assert (await the_import())["decision"] == "discarded"


async def test_who_moved_to_another_area_meanwhile_takes_nothing_there(login_as):
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, ledger("households", household_row(1)))).headers["location"]
    await work()
    await coordinator.get(here)
    await coordinator.submit(f"{here}/apply")
    await Account.update({Account.region_code: OTHER_COUNTY}).where(Account.id == coordinator.account_id)
    await work()
    assert await Household.count() == 0
    assert (await the_import())["decision"] == ""


async def test_somebody_else_s_upload_looks_like_none(login_as):
    here = (await send(await login_as("coordinator"), ledger("households", household_row(1)))).headers[
        "location"
    ]
    await work()
    stranger = await login_as("coordinator", OTHER_COUNTY)
    await stranger.get("/households/import")
    for path in (here, f"{here}/findings.csv", here.replace("households", "volunteers")):
        assert (await stranger.get(path)).status_code == 404
    for deed in ("apply", "discard", "again", "headers"):
        assert (await stranger.submit(f"{here}/{deed}")).status_code == 404
    assert here not in (await stranger.get("/households/import")).text
    assert await Job.count() == 1


async def test_an_account_that_is_closed_meanwhile_takes_nothing(login_as):
    coordinator = await login_as("coordinator")
    here = (await send(coordinator, ledger("households", household_row(1)))).headers["location"]
    await work()
    await coordinator.get(here)
    await coordinator.submit(f"{here}/apply")
    await Account.update({Account.active: False}).where(Account.id == coordinator.account_id)
    await work()
    assert await Household.count() == 0
    colleague = await login_as("coordinator")
    page = (await colleague.get(here)).text
    assert f"{here}/again" in page, "the file is still here"


async def test_findings_are_narrowed_and_taken_along(login_as):
    coordinator = await login_as("coordinator")
    rows = [household_row(1, name=""), household_row(2, village="没有村"), household_row(3, phone="12")]
    here = (await send(coordinator, ledger("households", *rows))).headers["location"]
    await work()
    page = (await coordinator.get(f"{here}?level=rejected&reason=name+missing")).text
    assert "台账!C2" in page and "台账!B3" not in page
    for sort in ("reason", "cell", "nonsense"):
        assert (await coordinator.get(f"{here}?sort={sort}")).status_code == 200
    lines = (await coordinator.get(f"{here}/findings.csv")).content.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    book = openpyxl.load_workbook(io.BytesIO((await coordinator.get(f"{here}/findings.xlsx")).content))
    assert book.active.max_row == 4


@pytest.mark.parametrize("kind", ["households", "volunteers"])
async def test_the_template_has_the_right_headers_and_its_example_is_never_taken(login_as, kind):
    coordinator = await login_as("coordinator")
    content = (await coordinator.get(f"/{kind}/import/template.xlsx")).content
    here = (await send(coordinator, content, kind)).headers["location"]
    await work()
    report = json.loads((await the_import())["report"])
    assert (report["rows"], report["accepted"]) == (1, 0)
    assert (await the_import())["unknown_headers"] == "[]"
    assert (await coordinator.get(here)).status_code == 200
