"""The two servers the product needs: given by address, already running here, or started and stopped by us."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jiedui.i18n import N_, say
from jiedui.launcher.account import account_for
from jiedui.launcher.errors import NoData, ServerError
from jiedui.launcher.place import Place
from jiedui.launcher.postgres import Postgres
from jiedui.launcher.valkey import Valkey
from jiedui.settings import SettingsError, point_in_time, told_by

_START_SECONDS = 300
"""Until a server that lives and does not answer is taken to hang: a busy machine makes a cluster slowly."""
_STOP_SECONDS = 30
_LOG_BYTES = 5_000_000
_THEIRS, _OURS, _GUESTS, _LASTS = "lock", "launcher", "guests", "lasts"
"""Four locks: the first is held while any process of the server lives, the second while its launcher does,
the third by all who joined it: the launcher waits for them before it stops the server. The fourth says that
the launcher goes on until a person ends it: one that would be done soon must not wait for a service."""

Server = Postgres | Valkey


@dataclass(frozen=True)
class Servers:
    """The addresses, in the form that DATABASE_URL and REDIS_URL take."""

    database_url: str
    redis_url: str
    started: tuple[subprocess.Popen[bytes], ...] = field(default=(), compare=False)
    """Those that run as our own children."""

    def all_alive(self) -> bool:
        """Whether none of our own has ended by itself."""
        return all(process.poll() is None for process in self.started)


@contextlib.contextmanager
def embedded_servers(data_dir: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Both servers, ours alone and for as long as the block lasts.

    They end with the thread that calls this, however it ends. `durable=False` trades safety in a power loss
    for speed. Raises ServerError, also when the folder's servers are already running.
    """
    with contextlib.ExitStack() as stack:
        servers = _servers(data_dir)
        for server in servers:
            stack.enter_context(_started(server, durable=durable, lasting=True))
        yield Servers(servers[0].url, servers[1].url)


def running_servers(data_dir: Path) -> Servers | None:
    """The servers that another process keeps running on this folder."""
    urls = [_running(server) for server in _servers(data_dir)]
    return Servers(*urls) if all(urls) else None  # type: ignore[arg-type]


@contextlib.contextmanager
def servers_for(
    environ: Mapping[str, str],
    data_dir: Path,
    *,
    lasting: bool = False,
    a_persons: bool = False,
    new: bool = False,
) -> Iterator[Servers]:
    """Each server as the environment names it; else the one running here; else one started for the block.

    One started here also outlasts the block of whoever joined it, unless this block is `lasting`: one that
    runs until a person ends it, who then means all of it. Who lasts joins only others that last, or a command
    of `a_persons` own, and waits for one that will be done. Raises NoData where no data are kept, unless a
    `new` county may begin there.
    """
    with contextlib.ExitStack() as stack:
        started: list[subprocess.Popen[bytes]] = []

        def address(name: str, server: Server) -> str:
            if given := environ.get(name):
                return given
            while (guest := _join(server, lasting=lasting)) is None:
                process = stack.enter_context(
                    _started(server, durable=True, joining=True, lasting=lasting, a_persons=a_persons)
                )
                if process is not None:
                    started.append(process)
                    return server.url
            stack.callback(os.close, guest)
            return server.url

        archives = point_in_time(environ)
        if archives and environ.get("DATABASE_URL"):
            raise SettingsError(_NOT_OURS)
        postgres, valkey = _servers(data_dir, archives=archives)
        if not (new or environ.get("DATABASE_URL") or is_kept(data_dir)):
            raise NoData(place=data_dir, settings=told_by(environ))
        addresses = address("DATABASE_URL", postgres), address("REDIS_URL", valkey)
        yield Servers(*addresses, started=tuple(started))


_NOT_OURS = N_(
    "point_in_time is for the PostgreSQL that jiedui brings. The log of the one in DATABASE_URL is archived "
    "by whoever runs it: leave point_in_time out"
)


def is_kept(data_dir: Path) -> bool:
    """Whether an embedded database is kept here."""
    return _servers(data_dir)[0].cluster.exists()


def erase(data_dir: Path) -> None:
    """Forget all data of the embedded servers. Raises ServerError while they run."""
    for server in _servers(data_dir):
        if not server.place.folder.exists():
            continue
        with locked(server, joining=False):
            shutil.rmtree(server.place.folder)


def _servers(data_dir: Path, *, archives: bool = False) -> tuple[Postgres, Valkey]:
    data_dir = data_dir.absolute()
    return Postgres(Place(data_dir / "postgres"), archives=archives), Valkey(Place(data_dir / "valkey"))


def _running(server: Server) -> str | None:
    if server.place.folder.exists() and server.place.taken(_OURS) and server.ready():
        return server.url
    return None


def _join(server: Server, *, lasting: bool) -> int | None:
    """A guest's lock on a running server, None if it does not run; waits for one that is being stopped."""
    if not server.place.folder.exists():
        return None
    guest = server.place.lock(_GUESTS, fcntl.LOCK_SH)
    assert guest is not None  # noqa: S101 - for the type checker: this lock waits
    if _running(server) and _may_join(server, lasting=lasting):
        return guest
    os.close(guest)
    return None


def _may_join(server: Server, *, lasting: bool) -> bool:
    return not lasting or server.place.taken(_LASTS)


@contextlib.contextmanager
def _started(
    server: Server, *, durable: bool, joining: bool = False, lasting: bool, a_persons: bool = False
) -> Iterator[subprocess.Popen[bytes] | None]:
    """The process; None when somebody else was faster, whose server may be joined."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("servers end with the thread that starts them: start them from the main thread")
    server.place.make()
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(locked(server, joining=joining, lasting=lasting))
        if lock is None:
            yield None
            return
        if (lasting or a_persons) and (lasts := server.place.lock(_LASTS)) is not None:
            stack.callback(os.close, lasts)
        process = _launch(server, lock, durable=durable)
        try:
            _await_ready(server, process)
            yield process
        finally:
            in_a_hurry = (
                lasting or isinstance(sys.exception(), KeyboardInterrupt) or process.poll() is not None
            )
            with contextlib.nullcontext() if in_a_hurry else _guests_gone(server):
                stop(server, process)
                server.place.remove_sockets()


@contextlib.contextmanager
def _guests_gone(server: Server) -> Iterator[None]:
    """Wait for those who joined, and keep others from joining for the block; Ctrl-C ends the wait."""
    try:
        if (alone := server.place.lock(_GUESTS)) is None:
            print(say(_WAITING, server=server.name), file=sys.stderr, flush=True)
            alone = server.place.lock(_GUESTS, fcntl.LOCK_EX)
    except KeyboardInterrupt:
        yield
        raise
    try:
        yield
    finally:
        if alone is not None:
            os.close(alone)


_BUSY = N_("{server} works for another jiedui command here; starting as soon as that one is done.")
_WAITING = N_("Done. {server} stays until another jiedui command here is done too (Ctrl-C: ends at once).")


@contextlib.contextmanager
def locked(server: Server, *, joining: bool, lasting: bool = False) -> Iterator[int | None]:
    """The server's lock, to be passed on to it; None when it runs and is joined.

    A server that is just starting, or outlives its killed launcher by a moment, is waited for; and so is one
    that may not be joined, for its command will be done.
    """
    place, told = server.place, False
    deadline = time.monotonic() + _START_SECONDS
    while (lock := place.lock(_THEIRS)) is None:
        if place.taken(_OURS) and server.ready():
            if not joining:
                raise ServerError(
                    N_("{server} is already running on {folder}: stop the other jiedui first"),
                    server=server.name,
                    folder=place.folder,
                )
            if _may_join(server, lasting=lasting):
                yield None
                return
            if not told:
                print(say(_BUSY, server=server.name), file=sys.stderr, flush=True)
            told, deadline = True, time.monotonic() + _START_SECONDS
        if time.monotonic() > deadline:
            raise ServerError(
                N_("Another jiedui holds {folder} and does not answer: stop it first"), folder=place.folder
            )
        time.sleep(0.05)
    ours = place.lock(_OURS)
    try:
        yield lock
    finally:
        os.close(lock)
        if ours is not None:
            os.close(ours)


def _launch(server: Server, lock: int, *, durable: bool) -> subprocess.Popen[bytes]:
    """The process. It keeps the lock open too: outliving us by a moment, it still keeps others out."""
    place = server.place
    account = account_for(place.folder, server.probe)
    place.make_sockets(account)
    command = server.prepare(account, durable=durable)
    if place.log.exists() and place.log.stat().st_size > _LOG_BYTES:
        place.log.rename(place.log.with_suffix(".old"))
    with place.log.open("ab") as log:
        return account.spawn(
            command, place.folder, dies_by=server.stop_signals[0], output=log, keep_open=(lock,)
        )


def _await_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerError(
                N_("{server} did not start. Its last words, from {log}:\n{words}"),
                server=server.name,
                log=server.place.log,
                words=server.place.last_words(),
            )
        time.sleep(0.02)


def stop(server: Server, process: subprocess.Popen[bytes]) -> None:
    for signum in server.stop_signals:
        process.send_signal(signum)
        try:
            process.wait(_STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()
