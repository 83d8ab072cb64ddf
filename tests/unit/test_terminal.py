"""A round that is watched at a terminal: what cuts it short is told once."""

import asyncio
import gc
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from jiedui.actor import Actor
from jiedui.commands.terminal import run_plan_watched
from jiedui.jobs import service as jobs
from jiedui.rounds import service as rounds


async def test_a_database_that_goes_away_is_told_once_and_the_work_adds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work under way cannot even be put back then, and nobody else would say so better."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    looks = iter([{"state": "running", "step": "", "done_units": 0, "total_units": 0}])
    ended = []

    async def an_id(*_: object) -> object:
        return uuid4()

    async def look(_: object) -> object:
        try:
            return next(looks)
        except StopIteration:
            raise ConnectionResetError("away") from None

    async def work(*_: object) -> bool:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
            raise ConnectionRefusedError("cannot be put back")

    monkeypatch.setattr(rounds, "open_round", an_id)
    monkeypatch.setattr(rounds, "plan_in_work", an_id)
    monkeypatch.setattr(jobs, "latest_job", look)
    monkeypatch.setattr(jobs, "run_one", work)
    with pytest.raises(ConnectionResetError, match="away"):
        await run_plan_watched(Actor.system(), "500230000000", date(2026, 11, 1), "standard")
    assert ended, "the work is over before the command is"
    gc.collect()
    await asyncio.sleep(0)
    assert told == []
