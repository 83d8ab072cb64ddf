"""Waiting for servers of the operator's own: after a power cut a county's machines come back in any order."""

import logging
import time
from collections.abc import Callable

from jiedui.errors import DomainError
from jiedui.i18n import N_, say
from jiedui.store.away import is_away, is_mistake

_LONGEST_PAUSE = 32
_log = logging.getLogger("jiedui.launcher")


def patiently(step: Callable[[], None], *, waits: bool) -> None:
    """Take the step; who `waits` takes it again after longer and longer pauses while a server is away.

    Every other error is the caller's, as is one that no waiting mends.
    """
    pause = 1
    while True:
        try:
            return step()
        except Exception as error:
            if not waits or is_mistake(error) or not is_away(error):
                raise
            words = (
                say(error.msgid, **error.params) if isinstance(error, DomainError) else type(error).__name__
            )
            _log.warning(say(N_("{words} – trying again in {seconds} s"), words=words, seconds=pause))
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
