"""Configuration: from one settings file and the environment; a bad value names its place and the fix."""

import contextlib
import difflib
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jiedui.clock import SHIFT
from jiedui.errors import DomainError
from jiedui.i18n import N_, say

ROOT = Path(__file__).parents[2]
"""The checkout."""
FILE = "JIEDUI_CONFIG"
"""Names the settings file; empty, there is none. Unset, the first of PLACES that exists is taken."""
PLACES = (ROOT / "jiedui.toml", Path("/etc/jiedui.toml"))
VARIABLES = {
    "data": "JIEDUI_DATA",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "secret": "JIEDUI_SECRET",
    "public_url": "JIEDUI_PUBLIC_URL",
    "host": "JIEDUI_HOST",
    "port": "JIEDUI_PORT",
    "trusted_proxies": "JIEDUI_TRUSTED_PROXIES",
    "policy": "JIEDUI_POLICY",
    "backup_folder": "JIEDUI_BACKUP_FOLDER",
    "backup_key": "JIEDUI_BACKUP_KEY",
    "backup_days": "JIEDUI_BACKUP_DAYS",
    "backup_then": "JIEDUI_BACKUP_THEN",
    "point_in_time": "JIEDUI_POINT_IN_TIME",
    "log_file": "JIEDUI_LOG_FILE",
    "demo": "JIEDUI_DEMO",
    "language": "JIEDUI_LANG",
}
"""What the file may say, and the variable that says the same and goes before it."""
_PATHS = {"data", "policy", "backup_folder", "log_file"}
"""Relative ones are meant from the file's own folder."""
_SHORTEST_SECRET = 32


class SettingsError(DomainError):
    """A setting that cannot be used, named with what to write instead."""


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
    trusted_proxies: list[str]
    """Addresses and networks whose word on where a request comes from is believed."""

    @property
    def secure_cookies(self) -> bool:
        """Browsers take `Secure` cookies over https, and over http from this very machine only."""
        return bool(re.match(r"https://|http://(localhost|127\.0\.0\.1)(:|/|$)", self.public_url))


def configure(environ: MutableMapping[str, str]) -> None:
    """Let the settings file say what the environment does not, here and in every process started from here.

    Raises SettingsError with the file and the key.
    """
    path = settings_file(environ)
    environ[FILE] = str(path or "")
    for name, value in (_values(path) if path else {}).items():
        environ.setdefault(name, value)
    environ["JIEDUI_DATA"] = str(Path(environ.get("JIEDUI_DATA") or ROOT / ".data").absolute())


def settings_file(environ: Mapping[str, str]) -> Path | None:
    """The file that is read, None where there is none. Raises SettingsError if the named one is not there."""
    named = environ.get(FILE)
    if named is None:
        return next((path for path in PLACES if path.exists()), None)
    if named and not Path(named).is_file():
        raise SettingsError(N_("{name} names {path}, and there is no such file."), name=FILE, path=named)
    return Path(named).absolute() if named else None


def told_by(environ: Mapping[str, str]) -> str:
    """Who says what the settings are, for people: the file, and the variables that say something else."""
    path, others = settings_file(environ), only_here(environ)
    file = (
        str(path)
        if path
        else say(N_("no settings file; looked for {places}"), places=", ".join(map(str, PLACES)))
    )
    return "; ".join([file, *([", ".join(others)] if others else [])])


def only_here(environ: Mapping[str, str]) -> list[str]:
    """The variables that say something else than the file: known to this shell alone."""
    path = settings_file(environ)
    values = {"JIEDUI_DATA": str(ROOT / ".data"), **(_values(path) if path else {})}
    return sorted(name for name in VARIABLES.values() if environ.get(name, "") != values.get(name, ""))


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment. Raises SettingsError with the variable and the fix."""
    data_dir = data_dir_of(environ)
    port = port_of(environ)
    database_url, redis_url = addresses(environ)
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        data_dir=data_dir,
        secret=secret_of(environ),
        public_url=(environ.get("JIEDUI_PUBLIC_URL") or f"http://localhost:{port}").rstrip("/"),
        demo=_demo(environ),
        port=port,
        trusted_proxies=_networks(environ, "JIEDUI_TRUSTED_PROXIES", "127.0.0.1, ::1"),
    )


def addresses(environ: Mapping[str, str]) -> tuple[str, str]:
    """Of the database and of Redis or Valkey. Raises SettingsError for what is none."""
    return database_of(environ), _url(environ, "REDIS_URL", ("redis", "rediss", "unix"))


def database_of(environ: Mapping[str, str]) -> str:
    """The database's address. Raises SettingsError for what is none."""
    return _url(environ, "DATABASE_URL", ("postgresql", "postgres"))


def data_dir_of(environ: Mapping[str, str]) -> Path:
    """The folder of the embedded servers' data and of the secret."""
    return Path(environ.get("JIEDUI_DATA") or ROOT / ".data").absolute()


def log_file_of(environ: Mapping[str, str]) -> Path | None:
    """The file that lines are written to; None where they go to stdout."""
    named = environ.get("JIEDUI_LOG_FILE")
    return Path(named).absolute() if named else None


def point_in_time(environ: Mapping[str, str]) -> bool:
    """Whether PostgreSQL's own log is kept, so that any moment can be restored. Raises SettingsError."""
    return _flag(environ, "JIEDUI_POINT_IN_TIME")


def host_of(environ: Mapping[str, str]) -> str:
    """The address of this machine to serve on."""
    return environ.get("JIEDUI_HOST") or "127.0.0.1"


def port_of(environ: Mapping[str, str]) -> int:
    """The port to serve on. Raises SettingsError."""
    value = environ.get("JIEDUI_PORT") or "8000"
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise SettingsError(N_("{name} is {value!r}: write a number from 1 to 65535"),
                            name="JIEDUI_PORT", value=value)  # fmt: skip
    return int(value)


def make_secret(environ: Mapping[str, str]) -> None:
    """For a county that begins: a secret in the data folder, unless one is given or lies there."""
    path = secret_file(environ)
    if "JIEDUI_SECRET" in environ or path.exists():
        return
    _keep(path, secrets.token_urlsafe(48).encode())


def secret_file(environ: Mapping[str, str]) -> Path:
    """Where the secret lies, unless one is given."""
    return data_dir_of(environ) / "secret"


def next_secret_file(environ: Mapping[str, str]) -> Path:
    """Where the secret lies that a change not yet complete leads to."""
    return data_dir_of(environ) / "secret.next"


def next_secret(environ: Mapping[str, str]) -> bytes:
    """The secret that a change leads to, on the disk before anything is sealed with it."""
    path = next_secret_file(environ)
    _keep(path, secrets.token_urlsafe(48).encode())
    return path.read_bytes()


def take_next_secret(environ: Mapping[str, str], name: Callable[[bytes], str]) -> None:
    """The next secret takes the place of the data folder's; what was in force stays beside it, by its name.

    So does what lay there unused while JIEDUI_SECRET was given. Cut short, it can be done again.
    """
    path = secret_file(environ)
    for old in [secret_of(environ), *([path.read_bytes().rstrip(b"\r\n")] if path.exists() else [])]:
        _keep(old_secret_file(environ, name(old)), old)
    with contextlib.suppress(FileNotFoundError):  # another process was at it too, and faster
        next_secret_file(environ).rename(path)
    _sync(path.parent)


def old_secret_file(environ: Mapping[str, str], name: str) -> Path:
    """Where a secret lies that is in force no longer."""
    return data_dir_of(environ) / f"secret.{name}"


def place_of_secret(environ: Mapping[str, str]) -> str:
    """Where the secret is read from, for people."""
    return "JIEDUI_SECRET" if "JIEDUI_SECRET" in environ else str(secret_file(environ))


def secret_of(environ: Mapping[str, str]) -> bytes:
    """The secret, without the line break that an editor or `echo` leaves behind. Raises SettingsError."""
    place = place_of_secret(environ)
    if "JIEDUI_SECRET" in environ:
        value = os.fsencode(environ["JIEDUI_SECRET"])
    else:
        try:
            value = secret_file(environ).read_bytes()
        except FileNotFoundError:
            raise SettingsError(_NO_SECRET, place=place) from None
        except OSError as error:
            raise SettingsError(
                N_("The secret in {place} cannot be read: {reason}"), place=place, reason=error.strerror
            ) from error
    value = value.rstrip(b"\r\n")
    if len(value) < _SHORTEST_SECRET:
        raise SettingsError(
            N_("The secret in {place} is empty or shorter than {n} characters: put back the one that was "
               "kept apart from the backups, or for a county that begins write a long random text"),
            place=place, n=_SHORTEST_SECRET,
        )  # fmt: skip
    return value


_NO_SECRET = N_(
    "There is no secret in {place}, and this database is in use: what is sealed in it can be read only with "
    "the secret it was written with. Put that file there (from where it is kept apart from the backups, or "
    "from the first host of several), or set JIEDUI_SECRET"
)


def _keep(path: Path, secret: bytes) -> None:
    """Write a secret where none lies yet: whole and on the disk, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    with fresh.open("wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(fresh)  # the first process wins, all read the same
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """What was named in a folder stays named when the power fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _values(path: Path) -> dict[str, str]:
    """The variables a settings file stands for. Raises SettingsError."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            N_("The settings in {path} cannot be read: {reason}"), path=path, reason=error.strerror
        ) from error
    except ValueError as error:
        raise SettingsError(
            N_("The settings in {path} are not understood: {reason}"), path=path, reason=error
        ) from error
    for key in said.keys() - VARIABLES.keys():
        near = difflib.get_close_matches(key, VARIABLES, n=1)
        raise SettingsError(
            N_("{path} says {key}, which is no setting. {near}"), path=path, key=key,
            near=f"→ {near[0]}" if near else ", ".join(VARIABLES),
        )  # fmt: skip
    values = {VARIABLES[key]: _value(path, key, value) for key, value in said.items()}
    if path.stat().st_mode & 0o007 and (
        "JIEDUI_SECRET" in values or any(re.search("//[^/]*:[^/]*@", value) for value in values.values())
    ):
        raise SettingsError(
            N_(
                "{path} holds a secret or a password and everybody on this machine may read it: "
                "chmod 640 {path}"
            ),
            path=path,
        )
    return values


def _value(path: Path, key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str | int):
        raise SettingsError(
            N_("{path} says of {key} what is neither text, number, true nor false: write one of them"),
            path=path, key=key,
        )  # fmt: skip
    return str(path.parent / str(value)) if key in _PATHS and value else str(value)


def _url(environ: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    """An address that every library reads alike; any other is not quoted, for it may be a password."""
    value = environ.get(name, "")
    if value.split("://")[0] not in schemes:
        raise SettingsError(
            N_(
                "{name} is not understood: write {scheme}://… or leave it out, "
                "and jiedui brings its own server"
            ),
            name=name,
            scheme=schemes[0],
        )
    if not _is_whole(value):
        raise SettingsError(
            N_(
                "{name} is not understood: write {scheme}://USER:PASSWORD@HOST:PORT/…, and in a password "
                "%25 for %, %40 for @, %2F for /, %3A for :, %23 for #, %3F for ?, %5B for [, %5D for ]"
            ),
            name=name,
            scheme=schemes[0],
        )
    return value


def _is_whole(address: str) -> bool:
    """Whether host and port are what they seem: a sign in a password would cut it, and the rest be a path."""
    try:
        parts = urlsplit(address)
        several_hosts = "," in parts.netloc
        return (several_hosts or parts.port != 0) and "@" not in f"{parts.path}{parts.query}{parts.fragment}"
    except ValueError:
        return False


def _networks(environ: Mapping[str, str], name: str, unless_said: str) -> list[str]:
    value = environ.get(name, unless_said)
    parts = [part.strip() for part in value.split(",") if part.strip()]
    try:
        for part in parts:
            ipaddress.ip_network(part)
    except ValueError as error:
        raise SettingsError(
            N_("{name} is {value!r}: write addresses or networks with commas between them, "
               "such as 127.0.0.1, 10.0.0.0/24"),
            name=name, value=value,
        ) from error  # fmt: skip
    return parts


def _demo(environ: Mapping[str, str]) -> bool:
    demo = _flag(environ, "JIEDUI_DEMO")
    if environ.get(SHIFT) and not demo:
        raise SettingsError(N_("{name} is for the demonstration only: leave it out"), name=SHIFT)
    return demo


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "0")
    if value not in ("", "0", "1"):
        raise SettingsError(N_("{name} is {value!r}: write 1 or 0"), name=name, value=value)
    return value == "1"
