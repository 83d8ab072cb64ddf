"""A ledger sent while only the operator could help: a sentence, nothing half-done, and later all of it."""

import html
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest
from factories import a_region_tree
from ledger_files import household_row, ledger

from jiedui.households.tables import Household
from jiedui.jobs.service import is_accident, run_one
from jiedui.jobs.tables import Job
from jiedui.ledgers.tables import LedgerImport
from jiedui.store.hindered import Hindered
from jiedui.store.piccolo_conf import DB
from jiedui.worker import HANDLERS

IMPORT = "/households/import"
LEDGER = ledger("households", household_row(1), household_row(2))
HINDRANCES = {
    "53100": "数据库所在的磁盘满了。",
    "53200": "数据库的内存用完了。",
    "42501": "数据库不允许这样做。",
    "25006": "数据库现在只能读。",
}


@asynccontextmanager
async def refusing(table: str, state: str, deed: str = "INSERT") -> AsyncIterator[None]:
    """As long as the block lasts, the database itself answers so to whoever writes there."""
    await DB._run_in_new_connection(
        "CREATE OR REPLACE FUNCTION hinder() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'no room for 测试甲' USING ERRCODE = '{state}'; END $$"
    )
    await DB._run_in_new_connection(
        f"CREATE TRIGGER hinder BEFORE {deed} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION hinder()"
    )
    try:
        yield
    finally:
        await DB._run_in_new_connection("DROP FUNCTION hinder CASCADE")


@pytest.fixture
async def coordinator(login_that_commits) -> Any:
    """A coordinator who has the page open."""
    await a_region_tree()
    visitor = await login_that_commits("coordinator")
    await visitor.get(IMPORT)
    return visitor


async def send(visitor: Any, key: str, content: bytes = LEDGER, **options: Any) -> Any:
    files = {"file": ("台账.xlsx", content, "application/octet-stream")}
    return await visitor.submit(IMPORT, {"_once": key}, files=files, **options)


def _on_a_full_disk(**_: Any) -> IO[bytes]:
    return Path("/dev/full").open("w+b", buffering=0)


async def work() -> list[str]:
    """What the worker does until nothing is left: the words of each piece."""
    said = []
    while True:
        try:
            if not await run_one(HANDLERS, "test", datetime.now(UTC)):
                return said
            said.append("")
        except Hindered as hindered:
            said.append(str(hindered))


@pytest.mark.parametrize("state", HINDRANCES)
async def test_a_file_that_cannot_be_kept_is_told_with_the_requests_number(coordinator, state):
    async with refusing("ledger_import", state):
        answer = await send(coordinator, "the-first-sheet-of-it")
    assert answer.status_code == 503
    said = html.unescape(answer.text)
    assert f"{HINDRANCES[state]}内容没有任何改动。" in said
    assert f"请把编号 {answer.headers['x-request-id']} 告诉我们。" in said
    assert "测试甲" not in said
    assert await LedgerImport.count() == await Job.count() == 0
    assert (await send(coordinator, "the-first-sheet-of-it")).status_code == 303


async def test_a_program_and_a_part_of_a_page_hear_the_same(coordinator):
    async with refusing("ledger_import", "53100"):
        part = await send(coordinator, "the-second-sheet-of-it", headers={"hx-request": "true"})
        told = await send(coordinator, "the-third-sheet-of-it", headers={"accept": "application/json"})
    assert told.json()["detail"].startswith(HINDRANCES["53100"])
    for answer in (part, told):
        assert answer.status_code == 503
        assert f"编号 {answer.headers['x-request-id']}" in answer.text


async def test_a_large_file_without_room_for_it_meanwhile_is_told_the_same(coordinator, monkeypatch):
    large = LEDGER + bytes(2 * 2**20)
    with monkeypatch.context() as full:
        full.setattr(tempfile, "TemporaryFile", _on_a_full_disk)
        answer = await send(coordinator, "the-first-sheet-of-it", large)
    assert answer.status_code == 503
    said = html.unescape(answer.text)
    assert "服务器有一块磁盘满了。内容没有任何改动。" in said
    assert f"编号 {answer.headers['x-request-id']}" in said
    assert await LedgerImport.count() == 0
    assert (await send(coordinator, "the-first-sheet-of-it", large)).status_code == 303


async def test_a_ledger_that_could_not_be_read_for_the_machine_is_not_called_none(coordinator):
    here = (await send(coordinator, "the-first-sheet-of-it")).headers["location"]
    async with refusing("ledger_import", "53100", "UPDATE OF report"):
        assert await work() != [""]
    shown = (await coordinator.get(here)).text
    assert HINDRANCES["53100"] in shown
    assert "<h1>没有成功</h1>" in shown
    await coordinator.submit(f"{here}/again")
    assert await work() == [""]
    assert f"{here}/apply" in (await coordinator.get(here)).text


@pytest.mark.parametrize("state", HINDRANCES)
async def test_a_ledger_that_cannot_be_taken_is_kept_and_taken_later(coordinator, state):
    here = (await send(coordinator, "the-first-sheet-of-it")).headers["location"]
    assert await work() == [""]
    await coordinator.submit(f"{here}/apply")
    async with refusing("household", state):
        (words,) = await work()
    assert words, "the operator reads it in the worker's log"
    shown = html.unescape((await coordinator.get(here)).text)
    assert f"{HINDRANCES[state]}内容没有任何改动。" in shown
    assert f"{here}/again" in shown
    assert await Household.count() == 0
    job = await Job.select().order_by(Job.created_at, ascending=False).first()
    assert (job["state"], job["attempts"], is_accident(job["error"])) == ("failed", 1, True)

    await coordinator.submit(f"{here}/again")
    assert await work() == [""]
    await coordinator.submit(f"{here}/apply")
    assert await work() == [""]
    assert await Household.count() == 2


async def test_another_accident_is_tried_again_and_not_taken_for_a_full_disk(coordinator):
    here = (await send(coordinator, "the-first-sheet-of-it")).headers["location"]
    await work()
    await coordinator.submit(f"{here}/apply")
    async with refusing("household", "XX000"):
        with pytest.raises(Exception, match="no room for"):
            await work()
    job = await Job.select().order_by(Job.created_at, ascending=False).first()
    assert (job["state"], job["attempts"]) == ("queued", 1)
    assert "磁盘" not in (await coordinator.get(here)).text
