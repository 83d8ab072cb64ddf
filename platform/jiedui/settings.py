"""Configuration: read once from the environment; a bad value names its variable and the fix."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jiedui.clock import SHIFT


class SettingsError(ValueError):
    """A variable that cannot be used, named with what to write instead."""


@dataclass(frozen=True)
class Settings:
    """Everything that differs between two installations."""

    database_url: str
    redis_url: str
    data_dir: Path
    secret: bytes
    """Keys of sessions, keyed hashes and sealed fields are derived from it."""
    public_url: str
    """Where people reach the site; goes into letters and messages."""
    demo: bool
    """The demonstration: one-time codes are readable in the operator's message console."""
    port: int

    @property
    def secure_cookies(self) -> bool:
        """Browsers take `Secure` cookies over https, and over http from this very machine only."""
        return bool(re.match(r"https://|http://(localhost|127\.0\.0\.1)(:|/|$)", self.public_url))


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment. Raises SettingsError with the variable and the fix."""
    data_dir = Path(environ.get("JIEDUI_DATA") or ".data").absolute()
    port = port_of(environ)
    return Settings(
        database_url=_url(environ, "DATABASE_URL", ("postgresql", "postgres")),
        redis_url=_url(environ, "REDIS_URL", ("redis", "rediss", "unix")),
        data_dir=data_dir,
        secret=_secret(environ.get("JIEDUI_SECRET"), data_dir),
        public_url=(environ.get("JIEDUI_PUBLIC_URL") or f"http://localhost:{port}").rstrip("/"),
        demo=_demo(environ),
        port=port,
    )


def _url(environ: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    value = environ.get(name, "")
    if value.split("://")[0] not in schemes:
        raise SettingsError(
            f"{name} is {'empty' if not value else 'not understood'}: write {schemes[0]}://… "
            "or leave it out and start with ./dev, which brings its own servers"
        )
    return value


def port_of(environ: Mapping[str, str]) -> int:
    """The port to serve on. Raises SettingsError."""
    value = environ.get("JIEDUI_PORT") or "8000"
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise SettingsError(f"JIEDUI_PORT is {value!r}: write a number from 1 to 65535")
    return int(value)


def _demo(environ: Mapping[str, str]) -> bool:
    demo = _flag(environ, "JIEDUI_DEMO")
    if environ.get(SHIFT) and not demo:
        raise SettingsError(f"{SHIFT} is for the demonstration only: leave it out")
    return demo


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "0")
    if value not in ("", "0", "1"):
        raise SettingsError(f"{name} is {value!r}: write 1 or 0")
    return value == "1"


def _secret(value: str | None, data_dir: Path) -> bytes:
    if value is not None:
        if len(value) < 32:
            raise SettingsError("JIEDUI_SECRET is shorter than 32 characters: write a long random text")
        return value.encode()
    path = data_dir / "secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48), encoding="ascii")
        try:
            path.hardlink_to(fresh)  # the first process wins, all read the same
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
