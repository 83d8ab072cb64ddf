"""Long work in a thread: its answer or its error comes back, its steps are told, a stop is heard."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest

from jiedui.jobs import service
from jiedui.jobs.service import Silent, Stopped
from jiedui.jobs.threads import in_thread

STEPS = ("Reading", "Writing")


class Watched(Silent):
    """Progress that remembers, and wants the work to stop after so many reports."""

    def __init__(self, stop_after: int) -> None:
        self.told: list[tuple[Any, ...]] = []
        self._left = stop_after

    async def report(self, step: str, done: int = 0, total: int = 0) -> None:
        self.told.append((step, done, total))
        self._left -= 1
        if not self._left:
            raise Stopped


async def test_the_answer_comes_back_and_so_does_an_error() -> None:
    assert await in_thread(lambda tell, stop: "done", STEPS, Silent()) == "done"
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda tell, stop: 1 // 0, STEPS, Silent())


async def test_a_stop_reaches_the_thread_and_waits_for_its_end() -> None:
    ended = []

    def work(tell: Any, stop: Any) -> None:
        tell(1)
        while not stop():
            time.sleep(0.01)
        ended.append(True)

    progress = Watched(stop_after=2)
    with pytest.raises(Stopped):
        await in_thread(work, STEPS, progress)
    assert ended == [True]
    assert progress.told == [("Writing", 1, 2)] * 2


async def test_a_lease_is_kept_up_again_once_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[str] = []
    again = asyncio.Event()

    async def raw(*_: object) -> None:
        beats.append("")
        if len(beats) < 3:
            raise ConnectionError
        again.set()

    monkeypatch.setattr(service, "BEAT_SECONDS", 0)
    monkeypatch.setattr(service.Job, "raw", raw)
    async with service._heartbeat(uuid4()):
        await asyncio.wait_for(again.wait(), 60)
