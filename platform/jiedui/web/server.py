"""The web server process: granian with as many workers as there are cores, never solving anything."""

import os

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from jiedui import log
from jiedui.settings import host_of, load, log_file_of


def main() -> None:
    """Serve on the port of the settings until told to stop."""
    log.begin(log_file_of(os.environ))
    settings = load(os.environ)
    Granian(
        "jiedui.asgi:app",
        factory=True,
        address=host_of(os.environ),
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=min(os.cpu_count() or 1, 4),
        backpressure=256,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {"propagate": True}}},  # lines like ours
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=2,
    ).serve()


if __name__ == "__main__":
    main()
