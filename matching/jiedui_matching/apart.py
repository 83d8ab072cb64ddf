"""Work in a process of its own, so that Ctrl-C and a time limit end even a solver that listens to nobody."""

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Generic, TypeVar

T = TypeVar("T")
Stop = Callable[[], bool]

# How long work that was asked to stop may take to say what it has.
_GRACE = 0.2


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What the work answered; None if it was asked to stop and had nothing to say in time."""

    answer: T | None
    interrupted: bool


def run_apart(work: Callable[[Stop], T], seconds: float | None = None) -> Outcome[T]:
    """Do the work, with a question `stop()` that it may ask, until it answers, time is up or Ctrl-C.

    Raises what the work raises, and ChildProcessError if its process is killed from outside.
    """
    # A forked child has the arrays already; elsewhere they are copied to it.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)
    receiver, sender = context.Pipe(duplex=False)
    stop, interrupted = context.Event(), False
    child = context.Process(target=_answer, args=(work, stop, sender), daemon=True)
    child.start()
    sender.close()
    try:
        in_time = receiver.poll(seconds)
    except KeyboardInterrupt:
        in_time, interrupted = False, True
    if not in_time:
        stop.set()
        if not receiver.poll(_GRACE):
            child.kill()
            child.join()
            return Outcome(None, interrupted)
    try:
        answer, error = receiver.recv()
    except EOFError:
        child.join()
        raise ChildProcessError(f"the solver's process ended with {child.exitcode}") from None
    child.join()
    if error is not None:
        raise error
    return Outcome(answer, interrupted)


def _answer(work: Callable[[Stop], T], stop: Event, sender: Connection) -> None:
    # The terminal sends Ctrl-C to both processes: the parent alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        answer, error = work(stop.is_set), None
    except (ValueError, ArithmeticError, RuntimeError, MemoryError) as raised:
        answer, error = None, raised
    sender.send((answer, error))
