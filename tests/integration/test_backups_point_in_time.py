"""With the log kept, any moment since a base backup comes back: whole, to the second, or not at all."""

import asyncio
import contextlib
import gzip
import hashlib
import io
import os
import random
import resource
import shutil
import subprocess
import tarfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from commands import JIEDUI, county_up, done, environment, jiedui, kill_9, refused, servers_up, wait_until
from ledger_files import household_row
from pyrage import x25519
from served_county import County

from jiedui.backups import archive, base, sealing
from jiedui.backups.content import Counted
from jiedui.backups.copy import GZIP, read_base
from jiedui.backups.errors import BackupRefused
from jiedui.backups.pieces import Piece, pieces_in, sealed, unsealed
from jiedui.backups.recovering import Moment, Recovered, bring_back
from jiedui.backups.taking import taken_in
from jiedui.backups.way import way_from
from jiedui.clock import machine_now
from jiedui.errors import DomainError
from jiedui.launcher.errors import ServerError
from jiedui.launcher.servers import running_servers, servers_for
from jiedui.settings import SettingsError

PIECE = "pg_wal/000000010000000000000001"
EMPTY = hashlib.sha256().hexdigest()
MANIFEST = msgspec.json.encode({"Files": [{"Path": "../outside", "Size": 0, "Checksum": EMPTY}]})
SECRET = "only for tests, only for tests, only for tests"


@dataclass(frozen=True)
class Kept:
    """A county whose log is kept, with a diary that says what was written when."""

    county: County
    private: x25519.Identity
    key: Path

    @property
    def folder(self) -> Path:
        return self.county.folder / "backups"

    @property
    def at_noon(self) -> Path:
        """The backups as they were then, whatever other tests have written since."""
        return self.county.folder.parent / "noon"

    @property
    def environ(self) -> dict[str, str]:
        """The settings of who backs up."""
        return {
            "JIEDUI_DATA": str(self.county.folder), "JIEDUI_SECRET": SECRET, "JIEDUI_POINT_IN_TIME": "1",
            "JIEDUI_BACKUP_KEY": str(self.private.to_public()),
        }  # fmt: skip

    def write(self, words: str) -> datetime:
        """Into the diary; the moment of it, no other being as early or as late."""
        at: datetime = self.county.one("INSERT INTO diary VALUES ($1) RETURNING clock_timestamp()", words)
        return at + timedelta(milliseconds=1)

    def seal(self) -> None:
        """What was written until now, by what a full piece of the log goes through."""
        name = self.county.one("SELECT pg_walfile_name(pg_switch_wal())")
        archive.seal_up_to(self.environ, self.folder, name)

    def take(self) -> Path:
        """One more base backup."""
        servers = running_servers(self.county.folder)
        assert servers
        wait_until(lambda: str(machine_now().replace(microsecond=0)) != str(self._newest()))
        environ = {**self.environ, "DATABASE_URL": servers.database_url}
        return asyncio.run(base.take(environ, self.folder, machine_now())).path

    def _newest(self) -> datetime | None:
        return max((at for at, _ in taken_in(self.folder)), default=None)

    def restored(self, path: Path, to: Path, moment: Moment | None = None) -> Recovered:
        return bring_back(self.environ, to, path, self.private, moment or Moment())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """It began without its log being kept, as counties do."""
    county = County(tmp_path_factory.mktemp("county") / "data")
    key = county.folder.parent / "key"
    sealing.make_key(key)
    os.environ["JIEDUI_SECRET"] = SECRET
    with county_up(county.folder, JIEDUI_SECRET=SECRET):
        county.ask("CREATE TABLE diary (words text)")
    kept = Kept(county, sealing.read_key(key), key)
    with servers_up(county.folder, **kept.environ):
        yield kept


@pytest.fixture(scope="module")
def first(kept: Kept) -> Path:
    """A base backup by command, with one line in the diary."""
    kept.write("before the backup")
    said = done(kept.county.folder, "backup", **kept.environ)
    assert "rows of 37 tables" in said
    assert "read back whole" in said
    ((_, path),) = taken_in(kept.folder)
    return path


@pytest.fixture(scope="module")
def noon(kept: Kept, first: Path) -> datetime:
    """A moment between two lines of the diary, in two pieces of the log."""
    at = kept.write("before noon")
    kept.seal()
    time.sleep(0.01)
    kept.write("after noon")
    kept.seal()
    shutil.copytree(kept.folder, kept.at_noon)
    return at


@contextlib.contextmanager
def up(folder: Path, kept: Kept) -> Iterator[County]:
    with servers_up(folder, **kept.environ | {"JIEDUI_DATA": str(folder)}):
        yield County(folder)


def diary(folder: Path, kept: Kept) -> list[str]:
    with up(folder, kept) as county:
        return [row["words"] for row in county.ask("SELECT words FROM diary")]


def copied(kept: Kept, to: Path) -> Path:
    """The backups on another machine; the path of the first one."""
    shutil.copytree(kept.at_noon, to)
    ((_, path),) = taken_in(to)
    return path


def nothing_in(folder: Path) -> bool:
    """No cluster, and nothing of one: only what keeps two servers apart."""
    left = {path.name for path in folder.glob("postgres/*")}
    return left <= {"lock", "launcher", "log", "run"}


def test_all_of_it_is_closed_to_others_and_says_nothing_in_clear(
    kept: Kept, first: Path, noon: datetime
) -> None:
    files = list(kept.folder.iterdir())
    assert len(files) > 3
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        content = path.read_bytes()
        assert content.startswith(b"age-encryption.org/v1\n")
        for word in (household_row(1)["name"].encode(), b"diary", b"before noon", b"pg_wal"):
            assert word not in content
    assert archive.waiting(kept.county.folder) == [], "no plain copy stays"


def test_what_was_written_before_a_moment_comes_back_and_nothing_after(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    came = kept.restored(first, tmp_path / "there", Moment(until=noon))
    assert came.at < noon
    assert came.rows["household"] == 1
    assert diary(tmp_path / "there", kept) == ["before the backup", "before noon"]


def test_on_an_empty_machine_by_the_manual_as_far_as_the_log_goes_and_on_from_there(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    """The restored county keeps its log too: what is written there can be restored, and what was before."""
    there, path = tmp_path / "there", copied(kept, tmp_path / "there" / "backups")
    environ = {**kept.environ, "JIEDUI_DATA": str(there)}
    assert "No county is kept" in refused(there, "restore", path, "--key", kept.key, **environ)
    assert "the last change of" in done(there, "restore", path, "--key", kept.key, "--new", **environ)
    again = Kept(County(there), kept.private, kept.key)
    with up(there, kept) as county:
        assert [row["words"] for row in county.ask("SELECT words FROM diary")][-1] == "after noon"
        last = again.write("after the restore")
        again.seal()
        again.write("much later")
        again.seal()
    assert kept.restored(path, tmp_path / "second", Moment(until=last)).rows["diary"] == 4
    assert diary(tmp_path / "second", kept)[-1] == "after the restore"
    before = kept.restored(path, tmp_path / "third", Moment(until=noon, timeline=1))
    assert before.rows["diary"] == 2
    with pytest.raises(BackupRefused, match="No timeline 7"):
        kept.restored(path, tmp_path / "fourth", Moment(timeline=7))


def test_a_moment_before_the_backup_or_after_the_log_is_refused(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    with pytest.raises(BackupRefused, match="take an older one"):
        kept.restored(first, tmp_path, Moment(until=noon - timedelta(hours=1)))
    with pytest.raises(BackupRefused, match=r"The last change in this log is of .* Leave --until out"):
        kept.restored(first, tmp_path, Moment(until=noon + timedelta(hours=1)))
    assert nothing_in(tmp_path)


def damages(whole: bytes, rng: random.Random) -> Iterator[bytes]:
    """A file hurt: a bit, a cut, more, less, in another order."""
    at, other = sorted(rng.sample(range(len(whole)), 2))
    yield whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :]
    yield whole[:at]
    yield whole[:at] + rng.randbytes(16) + whole[at:]
    yield whole[:at] + whole[other:]
    yield whole[:other] + whole[at:]


def test_what_was_damaged_in_fifty_ways_is_refused_each_time(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    rng, there = random.Random(7), tmp_path / "there"
    path = copied(kept, tmp_path / "kept")
    content = read_base(path, kept.private)
    assert content.content.wal
    way = way_from(
        path.parent, content.content.wal.system, content.included, content.counted.segment, kept.private
    )
    needed = [path.parent / piece.file for piece in way.pieces]
    assert len(needed) >= 3
    tried = 0

    def is_refused() -> None:
        nonlocal tried
        with pytest.raises(DomainError):
            kept.restored(path, there)
        assert nothing_in(there)
        tried += 1

    for file in (path, path, path, path, *needed[:3], needed[-1], needed[-1]):
        whole = file.read_bytes()
        for hurt in damages(whole, rng):
            file.write_bytes(hurt)
            is_refused()
        file.write_bytes(whole)
    for file in needed[:-1]:  # without the last one, the log goes less far
        aside = file.rename(tmp_path / "aside")
        is_refused()
        for other in needed:
            if other != file:
                shutil.copy(other, file)
                is_refused()
        aside.rename(file)
    assert tried >= 50
    assert kept.restored(path, there, Moment(alone=True)).rows["diary"] == 1


def test_what_precedes_a_damaged_piece_can_be_had(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    path = copied(kept, tmp_path / "kept")
    piece, last = list(pieces_in(path.parent).items())[-1]
    last.write_bytes(last.read_bytes()[:-1])
    with pytest.raises(BackupRefused, match=f"{last.name} "):
        kept.restored(path, tmp_path / "there", Moment(until=noon + timedelta(hours=1)))
    last.unlink()
    sealed(piece, bytes(2**24), last, [kept.private.to_public()])
    with pytest.raises(BackupRefused, match="could not read the log to its end"):
        kept.restored(path, tmp_path / "there")
    assert nothing_in(tmp_path / "there")


def rewritten(path: Path, kept: Kept, change: Callable[[bytes, Counted], tuple[bytes, Counted]]) -> None:
    """The backup as somebody would seal it who knows the public key, or whose disk wrote something else."""
    opened = io.BytesIO()
    sealing.unseal(path, kept.private, opened)
    line, _, packed = opened.getvalue().partition(b"\n")
    inflate = zlib.decompressobj(wbits=GZIP)
    files = inflate.decompress(packed)
    files, end = change(files, msgspec.json.decode(inflate.unused_data, type=Counted))
    path.unlink()
    content = line + b"\n" + gzip.compress(files, 1) + msgspec.json.encode(end)
    sealing.seal(io.BytesIO(content), path, [kept.private.to_public()])


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.replace(b"local jiedui jiedui scram", b"local jiedui jiedui trust"),
        lambda files: files.replace(b"PG_VERSION".ljust(100, b"\0"), b"PG_VERSIOM".ljust(100, b"\0")),
        lambda files: tar_of({"../outside": b"", PIECE: b"", "backup_manifest": MANIFEST}),
        lambda files: tar_of({"PG_VERSION": b"18", PIECE: b""}),
    ],
    ids=["a file changed", "a header broken", "a file outside", "no manifest"],
)
def test_a_copy_is_held_against_its_manifest(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    path = copied(kept, tmp_path / "kept")
    rewritten(path, kept, lambda files, end: (change(files), end))
    with pytest.raises(BackupRefused, match="holds no base backup that is whole"):
        kept.restored(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def tar_of(files: dict[str, bytes]) -> bytes:
    """As pg_basebackup writes one, with these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


def test_a_trial_compares_every_tables_rows(kept: Kept, first: Path, noon: datetime, tmp_path: Path) -> None:
    path = copied(kept, tmp_path / "kept")

    def one_more(files: bytes, end: Counted) -> tuple[bytes, Counted]:
        return files, msgspec.structs.replace(end, rows=end.rows | {"household": end.rows["household"] + 1})

    rewritten(path, kept, one_more)
    with pytest.raises(BackupRefused, match="household came back with another number of rows"):
        kept.restored(path, tmp_path / "there", Moment(trial=True))
    assert nothing_in(tmp_path / "there")


def test_pieces_of_another_cluster_are_not_taken_for_its_own(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    path = copied(kept, tmp_path / "kept")
    piece, last = list(pieces_in(path.parent).items())[-1]
    other = Piece("7" * len(piece.system), piece.name)
    last.rename(path.parent / other.file)
    with pytest.raises(BackupRefused, match="another piece of the log than its name says"):
        unsealed(other, path.parent / other.file, kept.private)
    assert kept.restored(path, tmp_path / "there").rows["diary"] == 2


def test_another_key_another_secret_and_a_place_that_is_not_empty_are_refused(
    kept: Kept, first: Path, tmp_path: Path
) -> None:
    sealing.make_key(tmp_path / "another")
    there, environ = tmp_path / "there", {**kept.environ, "JIEDUI_DATA": str(tmp_path / "there")}
    restore = ("restore", first, "--new", "--key")
    assert "sealed for another key" in refused(there, *restore, tmp_path / "another", **environ)
    other = {**environ, "JIEDUI_SECRET": SECRET[::-1]}
    assert "does not fit this database" in refused(there, *restore, kept.key, **other)
    given = {**environ, "DATABASE_URL": "postgresql:///county", "JIEDUI_POINT_IN_TIME": "0"}
    assert "leave database_url out" in refused(there, *restore, kept.key, **given)
    assert not (there / "postgres").exists()
    with pytest.raises(ServerError, match="already running"):
        kept.restored(first, kept.county.folder)
    (there / "postgres" / "cluster").mkdir(parents=True)
    assert "holds a county" in refused(there, *restore, kept.key, **environ)


def test_killed_in_the_middle_of_a_restore_nothing_is_there_and_it_can_be_done_again(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    environ = environment(tmp_path, **kept.environ | {"JIEDUI_DATA": str(tmp_path)})
    restore = [*JIEDUI, "restore", str(first), "--key", str(kept.key), "--new"]
    with subprocess.Popen(restore, env=environ, stdout=subprocess.DEVNULL) as process:
        wait_until((tmp_path / "postgres" / "cluster.new" / "PG_VERSION").exists)
        kill_9(process.pid)
    assert "No county is kept" in refused(
        tmp_path, "migrate", **kept.environ | {"JIEDUI_DATA": str(tmp_path)}
    )
    assert kept.restored(first, tmp_path).rows["diary"] >= 3
    assert {path.name for path in tmp_path.glob("postgres/*")} >= {"cluster", "password"}
    assert not list(tmp_path.glob("postgres/*.new"))


def test_rows_that_are_counted_while_others_write_are_those_of_that_place(
    kept: Kept, first: Path, tmp_path: Path
) -> None:
    """Somebody writes all the time; a trial compares every table's rows."""
    stop = threading.Event()

    async def write() -> None:
        servers = running_servers(kept.county.folder)
        assert servers
        connection = await asyncpg.connect(servers.database_url)
        while not stop.is_set():
            await connection.execute("INSERT INTO diary VALUES ('and so on')")
            await asyncio.sleep(0.001)
        await connection.close()

    writing = threading.Thread(target=lambda: asyncio.run(write()))
    writing.start()
    try:
        path = kept.take()
    finally:
        stop.set()
        writing.join()
    rows = kept.restored(path, tmp_path, Moment(trial=True)).rows["diary"]
    assert rows < kept.county.one("SELECT count(*) FROM diary")
    kept.county.ask("DELETE FROM diary WHERE words = 'and so on'")


def test_a_drill_restores_base_and_log_compares_and_leaves_nothing(
    kept: Kept, first: Path, tmp_path: Path
) -> None:
    printed = done(kept.county.folder, "drill", **kept.environ, TMPDIR=str(tmp_path))
    assert "rows came back, the secret fits" in printed
    assert list(tmp_path.iterdir()) == []


def test_pieces_that_no_backup_needs_go_and_the_others_stay(
    kept: Kept, first: Path, noon: datetime, tmp_path: Path
) -> None:
    newest, own = kept.take(), sealing.own_key(kept.county.folder)
    folder = shutil.copytree(kept.folder, tmp_path / "kept")
    assert archive.forget_unneeded(folder, own) == 0
    assert kept.restored(folder / first.name, tmp_path / "first", Moment(until=noon)).rows["diary"] == 2
    before = set(folder.glob("wal-*"))
    (folder / first.name).write_bytes(b"sealed by a machine before this one")
    assert archive.forget_unneeded(folder, own) == 0
    for _, path in taken_in(folder):
        if path.name != newest.name:
            path.unlink()
    gone = archive.forget_unneeded(folder, own)
    left = set(folder.glob("wal-*"))
    assert 0 < gone == len(before) - len(left)
    assert max(before - left) < min(left)
    assert kept.restored(folder / newest.name, tmp_path / "there", Moment(trial=True)).rows["household"] == 1


def test_a_full_disk_and_a_carrier_that_fails_lose_nothing(kept: Kept, first: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    carried = tmp_path / "carried"
    carried.mkdir()
    kept.write("on a full disk")
    name = kept.county.one("SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: name in [path.name for path in archive.waiting(kept.county.folder)])
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            archive.seal_waiting(kept.environ, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert name in [path.name for path in archive.waiting(kept.county.folder)]
    assert list(folder.iterdir()) == []
    fails = {**kept.environ, "JIEDUI_BACKUP_THEN": "sh -c 'exit 3'"}
    archive.seal_waiting(fails, folder)
    (path,) = archive.not_carried(folder)
    assert name in path.name
    with pytest.raises(BackupRefused, match=r"backup_then failed \(3\)"):
        archive.carry_waiting(fails, folder)
    assert archive.not_carried(folder) == [path]
    archive.carry_waiting({**fails, "JIEDUI_BACKUP_THEN": f"cp {{file}} {carried}"}, folder)
    assert archive.not_carried(folder) == []
    assert [file.read_bytes() for file in carried.iterdir()] == [path.read_bytes()]
    shutil.copy(path, kept.folder)


def test_a_piece_archived_twice_is_kept_once_and_never_overwritten(
    kept: Kept, first: Path, tmp_path: Path
) -> None:
    """PostgreSQL archives again what it was killed over; under one name there is one content."""
    piece, path = next(iter(pieces_in(kept.folder).items()))
    plain = kept.county.folder / "postgres" / "archive" / piece.name
    before, content = path.read_bytes(), unsealed(piece, path, kept.private)
    plain.write_bytes(content)
    archive.seal_waiting(kept.environ, kept.folder)
    assert not plain.exists()
    plain.write_bytes(content[::-1])
    with pytest.raises(BackupRefused, match="holds something else"):
        archive.seal_waiting(kept.environ, kept.folder)
    assert plain.exists()
    assert path.read_bytes() == before
    plain.unlink()


def test_a_service_seals_and_carries_by_itself_and_the_doctor_sees_when_it_does_not(
    kept: Kept, first: Path, tmp_path: Path
) -> None:
    def log(**also: str) -> str:
        lines = jiedui(kept.county.folder, "doctor", **kept.environ | also).stdout.splitlines()
        return next(line for line in lines if "Log for points in time" in line)

    assert log().startswith("✓ Log for points in time: archived up to")
    assert log(JIEDUI_POINT_IN_TIME="0").startswith("✓ Log for points in time: not kept")
    kept.write("while nobody seals")
    name = kept.county.one("SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: [path.name for path in archive.waiting(kept.county.folder)] == [name])
    an_hour_ago = time.time() - 3600
    os.utime(kept.county.folder / "postgres" / "archive" / name, (an_hour_ago, an_hour_ago))
    assert log() == "✗ Log for points in time: 1 pieces wait to be sealed: is the service running?"
    then = {"JIEDUI_BACKUP_THEN": f"cp {{file}} {tmp_path}"}
    with kept.county.served(**kept.environ, **then):
        wait_until(lambda: any(name in path.name for path in tmp_path.iterdir()))
        wait_until(lambda: not archive.not_carried(kept.folder))
    assert log(**then).startswith("✓")


def test_where_postgresql_was_started_without_it_nothing_is_promised(
    kept: Kept, first: Path, tmp_path: Path
) -> None:
    kept.restored(first, tmp_path)
    environ = kept.environ | {"JIEDUI_DATA": str(tmp_path)}
    with servers_up(tmp_path, JIEDUI_SECRET=SECRET):
        assert "restart the service" in jiedui(tmp_path, "backup", **environ).stderr
        assert "started without point_in_time" in jiedui(tmp_path, "doctor", **environ).stdout


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"JIEDUI_POINT_IN_TIME": "yes"}, "JIEDUI_POINT_IN_TIME is 'yes': write 1 or 0"),
        ({"JIEDUI_POINT_IN_TIME": "1", "DATABASE_URL": "postgresql:///x"}, "leave point_in_time out"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(tmp_path: Path, said: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words), servers_for(said, tmp_path, new=True):
        pass


def test_a_dump_holds_one_moment(kept: Kept, first: Path, tmp_path: Path) -> None:
    dumps = {"JIEDUI_POINT_IN_TIME": "0", "JIEDUI_BACKUP_FOLDER": str(tmp_path / "dumps")}
    done(kept.county.folder, "backup", **kept.environ | dumps)
    ((_, dump),) = taken_in(tmp_path / "dumps")
    for option in (("--until", "2026-11-28 03:15"), ("--alone",)):
        sentence = refused(tmp_path, "restore", dump, "--key", kept.key, "--new", *option, **kept.environ)
        assert "is a dump: it holds one moment only" in sentence
