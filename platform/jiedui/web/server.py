"""The web server process: granian with as many workers as there are cores, never solving anything."""

import os

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from jiedui.settings import load


def main() -> None:
    """Serve on the port of the settings until told to stop."""
    settings = load(os.environ)
    Granian(
        "jiedui.asgi:app",
        factory=True,
        address=os.environ.get("JIEDUI_HOST") or "127.0.0.1",
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=min(os.cpu_count() or 1, 4),
        backpressure=256,
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=2,
    ).serve()


if __name__ == "__main__":
    main()
