"""The process of a service that seals PostgreSQL's log as it is archived, and has it carried away."""

import logging
import os
import signal
import threading

from jiedui import log
from jiedui.backups.archive import carry_waiting, seal_waiting
from jiedui.backups.taking import folder_of
from jiedui.errors import DomainError
from jiedui.i18n import say
from jiedui.settings import log_file_of

_EVERY_SECONDS = 1
_PAUSE_SECONDS = 30
_log = logging.getLogger("jiedui.archiving")


def main() -> None:
    """Until SIGINT or SIGTERM. What goes wrong is said and tried again; nothing is lost by it."""
    log.begin(log_file_of(os.environ))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    folder, pause = folder_of(os.environ), 0
    while not stop.wait(pause):
        pause = _EVERY_SECONDS
        for step in (seal_waiting, carry_waiting):
            try:
                step(os.environ, folder)
            except DomainError as refusal:
                _log.warning(say(refusal.msgid, **refusal.params))
                pause = _PAUSE_SECONDS
            except OSError as error:  # a full disk
                _log.warning(str(error))
                pause = _PAUSE_SECONDS


if __name__ == "__main__":
    main()
