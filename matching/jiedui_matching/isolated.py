"""Work in a process of its own, so that Ctrl-C and a stop rule end even a solver that listens to nobody."""

import ctypes
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import TypeVar

T = TypeVar("T")
Stop = Callable[[], bool]

# How often the stop rule is asked, in seconds.
_TURN = 0.02
_SET_PARENT_DEATH_SIGNAL = 1


def run_isolated(work: Callable[[Stop], T], stopped: Stop, grace: float = 0.07) -> T | None:
    """What the work answers; None if `stopped` or Ctrl-C ended it and it had nothing to say in time.

    The work is handed a question of its own that says yes once it should come to an end; from then on
    it has `grace` seconds. Raises what the work raises, with a note where it did so, and
    ChildProcessError if its process is killed from outside.
    """
    # A forked child has the arrays already; elsewhere they are copied to it.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)
    receiver, sender = context.Pipe(duplex=False)
    stop = context.Event()
    child = context.Process(target=_answer, args=(work, stop, sender, os.getpid()), daemon=True)
    child.start()
    sender.close()
    if not _waited_for(receiver, stopped):
        stop.set()
        if not receiver.poll(grace):
            # A large one takes a tenth of a second to hand back its memory: the next child buries it.
            child.kill()
            return None
    try:
        answer, error = receiver.recv()
    except EOFError:
        child.join()
        raise ChildProcessError(f"the solver's process ended with {child.exitcode}") from None
    child.join()
    if error is not None:
        raise error
    found: T = answer
    return found


def _waited_for(receiver: Connection, stopped: Stop) -> bool:
    """Whether an answer came before the stop rule or Ctrl-C."""
    try:
        while not receiver.poll(_TURN):
            if stopped():
                return False
    except KeyboardInterrupt:
        return False
    return True


def _answer(work: Callable[[Stop], T], stop: Event, sender: Connection, parent: int) -> None:
    _end_with(parent)
    # The terminal sends Ctrl-C to both processes: the parent alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        answer, error = work(stop.is_set), None
    except Exception as raised:  # noqa: BLE001 -- the edge of the process: it is raised again by who waits
        raised.add_note(traceback.format_exc())
        answer, error = None, raised
    sender.send((answer, error))


def _end_with(parent: int) -> None:
    """Nobody works on for a parent that was killed; only Linux can promise that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that was asked for
        os._exit(128 + signal.SIGKILL)
