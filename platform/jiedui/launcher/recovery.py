"""A cluster brought back from a copy and PostgreSQL's own log: whole and named, or not there at all."""

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from jiedui.i18n import N_
from jiedui.launcher.account import account_for, give
from jiedui.launcher.errors import ServerError
from jiedui.launcher.place import Place
from jiedui.launcher.postgres import Postgres
from jiedui.launcher.servers import locked, stop

T = TypeVar("T")

_FRESH, _LOG = "cluster.new", "log.new"


class RecoveryFailed(ServerError):
    """PostgreSQL gave the recovery up; its words say at what."""

    msgid = N_("PostgreSQL could not bring the backup back. Its last words:\n{words}")


def recover(
    data_dir: Path,
    fill: Callable[[Path, Path], None],
    target: Mapping[str, str],
    look: Callable[[str], T],
) -> T:
    """Let `fill` write a cluster and the log's pieces, recover up to the target, `look` at it, then name it.

    `look` gets the address of the superuser's database and may refuse. Raises ServerError where a cluster is
    kept already and RecoveryFailed; whatever is raised, nothing is left.
    """
    place = Place(data_dir.absolute() / "postgres")
    named, postgres = Postgres(place), Postgres(place, cluster=_FRESH)
    place.make()
    with locked(named, joining=False) as lock, contextlib.ExitStack() as leftovers:
        assert lock is not None  # noqa: S101 -- for the type checker: nobody is joined
        if named.cluster.exists():
            raise ServerError(
                N_("{folder} holds a county: a backup is restored into an empty place only."), folder=data_dir
            )
        for folder in (postgres.cluster, place.folder / _LOG):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            leftovers.callback(shutil.rmtree, folder, ignore_errors=True)
        fill(postgres.cluster, place.folder / _LOG)
        found = _recovered(postgres, lock, target, look)
        postgres.cluster.rename(named.cluster)
        return found


def _recovered(postgres: Postgres, lock: int, target: Mapping[str, str], look: Callable[[str], T]) -> T:
    place = postgres.place
    account = account_for(place.folder, postgres.probe)
    (postgres.cluster / "recovery.signal").touch(mode=0o600)
    # The superuser, for this run alone: the folder of the sockets is closed to everybody else.
    rules = place.folder / _LOG / "pg_hba.conf"
    rules.write_text("local all postgres trust\n", encoding="ascii")
    for folder in (postgres.cluster, place.folder / _LOG):
        give(folder, account)
    place.make_sockets(account)
    settings = {
        "hba_file": str(rules),
        "hot_standby": "off",
        "restore_command": f'test -f ../{_LOG}/%f && cp ../{_LOG}/%f "%p"',
        "recovery_target_action": "promote",
        # The new timeline's history waits to be archived by the first start that archives.
        "archive_mode": "on",
        **target,
    }
    with place.log.open("ab") as log:
        begins = log.tell()
        process = account.spawn(
            postgres.command(durable=True, also=settings), place.folder,
            dies_by=postgres.stop_signals[0], output=log, keep_open=(lock,),
        )  # fmt: skip
    try:
        while not postgres.ready():
            if process.poll() is not None:
                raise RecoveryFailed(words=place.last_words(since=begins))
            time.sleep(0.05)
        found = look(f"postgresql://postgres@/jiedui?host={quote(str(place.sockets), safe='')}&port=5432")
    finally:
        stop(postgres, process)
        place.remove_sockets()
    postgres.change_password(account)
    return found
