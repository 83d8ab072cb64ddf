"""Long work in a thread of its own: meanwhile the lease is kept, progress is shown and a stop is heard."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from jiedui.jobs.service import Progress

Tell = Callable[[int], None]
Stop = Callable[[], bool]
Result = TypeVar("Result")
_TELL_SECONDS = 0.5


async def in_thread(work: Callable[[Tell, Stop], Result], steps: Sequence[str], progress: Progress) -> Result:
    """What `work` returns; it tells the number of the step it is at and asks whether it shall stop.

    Raises Stopped once a person asked for it, when the thread has ended.
    """
    step, stop = 0, threading.Event()

    def tell(number: int) -> None:
        nonlocal step
        step = number

    working = asyncio.create_task(asyncio.to_thread(work, tell, stop.is_set))
    try:
        while not (await asyncio.wait([working], timeout=_TELL_SECONDS))[0]:
            await progress.report(steps[step], step, len(steps))
    finally:
        stop.set()
        await asyncio.wait([working])
    return working.result()
