"""The worker: runs jobs, delivers notices, lets deadlines pass. Start several: rows decide who does what."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime

from jiedui import log
from jiedui.clock import machine_now, utc_now
from jiedui.followups.service import ensure_due
from jiedui.jobs.service import Handler, run_one
from jiedui.ledgers import work as ledgers
from jiedui.notices.service import deliver_due
from jiedui.pairs.safety import announce, watch
from jiedui.pairs.service import expire_overdue
from jiedui.plans.what_if import run_what_if
from jiedui.rounds.runs import run_plan
from jiedui.settings import log_file_of
from jiedui.store.away import is_away
from jiedui.store.keys import connect_or_end
from jiedui.store.piccolo_conf import DB
from jiedui.web.sent import forget_sent
from jiedui.wiring import LEDGERS
from jiedui_matching.warm_up import warm_up

HANDLERS: dict[str, Handler] = {
    "round.run": run_plan,
    "round.what_if": run_what_if,
    **ledgers.handlers(LEDGERS),
}
CHORES: tuple[Callable[[datetime], Awaitable[int]], ...] = (
    watch,
    announce,
    deliver_due,
    expire_overdue,
    ensure_due,
    forget_sent,
)
IDLE_SECONDS = 1.0
_log = logging.getLogger("jiedui.worker")


async def work(stop: asyncio.Event) -> None:
    """Work until told to stop; the job in hand is put back for the next worker."""
    await DB.start_connection_pool(max_size=5, connect=connect_or_end)
    name = f"{os.uname().nodename}:{os.getpid()}"
    # A daemon: nobody who stops this worker should wait for a compiler.
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    loops = [
        asyncio.create_task(_again_and_again(lambda: run_one(HANDLERS, name, machine_now()), stop)),
        asyncio.create_task(_again_and_again(_chores, stop)),
    ]
    try:
        await stop.wait()
    finally:
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await DB.close_connection_pool()


async def drain(now: datetime) -> None:
    """Do everything that is due now, then return (the command line and the demonstration)."""
    while await run_one(HANDLERS, "drain", machine_now()):
        pass
    while await _each_chore(now):
        pass


def main() -> None:
    """Run a worker in this process until SIGINT or SIGTERM."""
    log.begin(log_file_of(os.environ))
    asyncio.run(_until_signal())


async def _until_signal() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(stop)


async def _again_and_again(once: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> None:
    """Each round in a task of its own: a connection killed inside a transaction poisons only that task."""
    while not stop.is_set():
        try:
            busy = await asyncio.create_task(_coroutine(once))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 -- the edge of the process: one bad job must not end the worker
            if is_away(error):
                _log.warning("%s: a server cannot be reached", type(error).__name__)
            else:
                _log.exception("a piece of work failed")
            busy = False
        if not busy:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), IDLE_SECONDS)


async def _coroutine(once: Callable[[], Awaitable[bool]]) -> bool:
    return await once()


async def _chores() -> bool:
    return await _each_chore(utc_now())


async def _each_chore(now: datetime) -> bool:
    return any([await chore(now) for chore in CHORES])


if __name__ == "__main__":
    main()
