"""The embedded servers as real processes: what they keep, whom they let in, and that they always go."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from commands import PATIENCE, kill_9, wait_until
from redis import Redis

from jiedui.launcher import account
from jiedui.launcher.errors import ServerError
from jiedui.launcher.postgres import MAJOR
from jiedui.launcher.servers import embedded_servers, erase, running_servers, servers_for

KEEP_RUNNING = """
import sys, time
from pathlib import Path
from jiedui.launcher.servers import embedded_servers
with embedded_servers(Path(sys.argv[1])):
    print("up", flush=True)
    time.sleep(3600)
"""

HOLD = """
import sys
from pathlib import Path
from jiedui.launcher.servers import servers_for
with servers_for({}, Path(sys.argv[1]), new=True, **{how: True for how in sys.argv[2:]}):
    print("up", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def holding(folder: Path, *how: str) -> Iterator[subprocess.Popen[str]]:
    """A command that needs the servers of a folder, until its input is closed."""
    command = [sys.executable, "-c", HOLD, folder, *how]
    environ = {**os.environ, "JIEDUI_LANG": "en"}
    with subprocess.Popen(
        command, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def up(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "up\n"


def is_done(process: subprocess.Popen[str]) -> bool:
    """Lets it be done, and waits until it is."""
    assert process.stdin is not None
    process.stdin.close()
    return process.wait(PATIENCE) == 0


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that keeps the servers of tmp_path running."""
    with subprocess.Popen([sys.executable, "-c", KEEP_RUNNING, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()
    gone(tmp_path)


async def test_both_servers_answer_and_leave_no_process_behind(tmp_path: Path) -> None:
    with embedded_servers(tmp_path, durable=False) as servers:
        assert await query(servers.database_url, "SELECT lower('ÄÖ') || '结对'") == "äö结对"
        assert Redis.from_url(servers.redis_url).ping()
        assert living(tmp_path)
    assert not living(tmp_path)
    assert running_servers(tmp_path) is None


async def test_data_and_logins_survive_a_restart(tmp_path: Path) -> None:
    with embedded_servers(tmp_path) as servers:
        await query(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        Redis.from_url(servers.redis_url).set("session", "kept")
    with embedded_servers(tmp_path) as servers:
        assert await query(servers.database_url, "SELECT answer FROM kept") == 42
        assert Redis.from_url(servers.redis_url).get("session") == b"kept"


async def test_kill_9_of_the_launcher_ends_the_servers_and_keeps_the_data(
    tmp_path: Path, launcher: subprocess.Popen[bytes]
) -> None:
    servers = running_servers(tmp_path)
    assert servers
    await query(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    launcher.kill()
    launcher.wait()
    with embedded_servers(tmp_path) as servers:  # at once, while the old ones may still be on their way out
        assert await query(servers.database_url, "SELECT answer FROM kept") == 42
    gone(tmp_path)


async def test_kill_9_of_everything_at_once_does_not_block_the_next_start(
    tmp_path: Path, launcher: subprocess.Popen[bytes]
) -> None:
    servers = running_servers(tmp_path)
    assert servers
    await query(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    kill_9(launcher.pid, *living(tmp_path))
    launcher.wait()
    assert (tmp_path / "postgres/cluster/postmaster.pid").exists()
    with embedded_servers(tmp_path) as servers:
        assert await query(servers.database_url, "SELECT answer FROM kept") == 42


async def test_a_dead_servers_number_may_belong_to_somebody_else_by_now(tmp_path: Path) -> None:
    with embedded_servers(tmp_path, durable=False):
        pass
    left_behind = f"{os.getpid()}\n{tmp_path}/postgres/cluster\n1\n5432\n\n\n0 0\nready\n"
    (tmp_path / "postgres/cluster/postmaster.pid").write_text(left_behind)
    with embedded_servers(tmp_path, durable=False) as servers:
        assert await query(servers.database_url, "SELECT 1") == 1


def test_a_second_launcher_is_refused_with_a_sentence(
    tmp_path: Path, launcher: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(ServerError, match=f"already running on {tmp_path}"), embedded_servers(tmp_path):
        pass
    assert running_servers(tmp_path)


async def test_a_command_joins_the_running_servers_and_leaves_them_running(
    tmp_path: Path, launcher: subprocess.Popen[bytes]
) -> None:
    before = living(tmp_path)
    with servers_for({}, tmp_path, new=True) as servers:
        assert servers == running_servers(tmp_path)
        assert await query(servers.database_url, "SELECT 1") == 1
    assert living(tmp_path) == before


def test_a_service_waits_for_a_command_that_will_be_done_and_never_keeps_it(tmp_path: Path) -> None:
    """As a backup in the night, begun while the service was being started again."""
    with holding(tmp_path) as command:
        assert up(command)
        with holding(tmp_path, "lasting") as service:
            assert service.stderr is not None
            assert service.stderr.readline().startswith("PostgreSQL works for another jiedui command here")
            assert is_done(command)
            assert up(service)
            with holding(tmp_path) as another:
                assert up(another)
                assert is_done(another), "who will be done joins a service"


@pytest.mark.parametrize("how", ["lasting", "a_persons"])
def test_a_service_joins_what_a_person_keeps_running(tmp_path: Path, how: str) -> None:
    """As `worker` beside `serve`, or either beside `./dev run psql`."""
    with holding(tmp_path, how) as first, holding(tmp_path, "lasting") as second:
        assert up(first)
        assert up(second)
        assert is_done(second)
        assert is_done(first)


def test_a_command_starts_servers_for_its_own_duration(tmp_path: Path) -> None:
    with servers_for({}, tmp_path, new=True) as servers:
        assert running_servers(tmp_path) == servers
    assert running_servers(tmp_path) is None


def test_given_servers_are_used_and_none_is_started(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://db.example/jiedui", "REDIS_URL": "redis://cache.example/0"}
    with servers_for(given, tmp_path / "unused") as servers:
        assert (servers.database_url, servers.redis_url) == tuple(given.values())
    assert not (tmp_path / "unused").exists()


def test_only_the_server_that_is_not_given_is_started(tmp_path: Path) -> None:
    with servers_for({"DATABASE_URL": "postgresql://db.example/jiedui"}, tmp_path) as servers:
        assert servers.database_url == "postgresql://db.example/jiedui"
        assert Redis.from_url(servers.redis_url).ping()
    assert not (tmp_path / "postgres").exists()


async def test_a_path_too_long_for_a_socket_works_and_leaves_nothing_outside(tmp_path: Path) -> None:
    long = tmp_path / ("县" * 40)
    with embedded_servers(long, durable=False) as servers:
        assert await query(servers.database_url, "SELECT 1") == 1
        assert Redis.from_url(servers.redis_url).ping()
        found = [Path(word.split("=")[1]) for word in command_words(long) if "socket_directories" in word]
        assert found
        assert not found[0].is_relative_to(long)
        assert found[0].stat().st_mode == 0o40700
    assert not found[0].exists()


def test_a_long_folder_for_temporary_files_does_not_keep_the_servers_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with embedded_servers(long, durable=False) as servers:
        assert running_servers(long) == servers


@pytest.fixture
def short_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_a_socket_folder_made_by_somebody_else_is_refused(
    tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    monkeypatch.setattr("tempfile.tempdir", str(short_path))
    with embedded_servers(long, durable=False):
        (ours,) = [path for path in short_path.glob("jiedui-*") if list(path.glob(".s.PGSQL*"))]
    ours.mkdir(mode=0o777)
    ours.chmod(0o777)
    with pytest.raises(ServerError, match="made by somebody else"), embedded_servers(long, durable=False):
        pass


def test_data_of_another_major_version_are_refused_untouched(tmp_path: Path) -> None:
    with embedded_servers(tmp_path, durable=False):
        pass
    version = tmp_path / "postgres/cluster/PG_VERSION"
    version.write_text("17\n")
    words = f"PostgreSQL 17, and this release brings {MAJOR}"
    with pytest.raises(ServerError, match=words), embedded_servers(tmp_path):
        pass
    assert version.read_text() == "17\n"


def test_a_start_that_was_interrupted_in_the_middle_begins_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres/cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text(MAJOR)
    with embedded_servers(tmp_path, durable=False) as servers:
        assert running_servers(tmp_path) == servers


@pytest.mark.parametrize("namespaces", [True, False], ids=["namespaces_allowed", "namespaces_refused"])
async def test_no_server_runs_as_root_even_below_a_folder_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, namespaces: bool
) -> None:
    works = account._works
    monkeypatch.setattr(account, "_works", lambda who, *a: (namespaces or who.uid != 0) and works(who, *a))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for _ in range(2):  # the second start finds the folder as the first one left it
        with embedded_servers(closed / "data", durable=False) as servers:
            assert await query(servers.database_url, "SELECT 1") == 1
            assert Redis.from_url(servers.redis_url).ping()
            pids = living(closed)
            assert pids
            assert all(uid_inside(pid) != 0 for pid in pids)
            if not namespaces and os.geteuid() == 0:
                assert all(uid_outside(pid) == account.NOBODY for pid in pids)


async def test_the_role_is_no_superuser_and_there_is_no_network(tmp_path: Path) -> None:
    with embedded_servers(tmp_path, durable=False) as servers:
        assert await query(servers.database_url, "SHOW listen_addresses") == ""
        assert await query(servers.database_url, "SELECT NOT rolsuper FROM pg_roles WHERE rolname = 'jiedui'")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await query(servers.database_url.replace("//jiedui:", "//postgres:"), "SELECT 1")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(servers.database_url.replace("//jiedui:", "//jiedui:x"), "SELECT 1")
        for pid in living(tmp_path):
            assert not any("inet" in row for row in listening(pid))


async def test_the_database_log_holds_no_value_of_a_failed_statement(tmp_path: Path) -> None:
    canary = "张桂英 13800000000"
    with embedded_servers(tmp_path, durable=False) as servers:
        await query(servers.database_url, "CREATE TABLE person (name text PRIMARY KEY)")
        for statement in (f"INSERT INTO person VALUES ('{canary}'), ('{canary}')", f"SELECT '{canary}' + 1"):
            with pytest.raises(asyncpg.PostgresError):
                await query(servers.database_url, statement)
    log = (tmp_path / "postgres/log").read_text()
    assert "ready to accept connections" in log
    assert "13800000000" not in log


def test_passwords_are_closed_to_others_and_stand_in_no_command(tmp_path: Path) -> None:
    with embedded_servers(tmp_path, durable=False):
        for server in ("postgres", "valkey"):
            assert (tmp_path / server / "password").stat().st_mode == 0o100600
            password = (tmp_path / server / "password").read_text()
            assert all(password not in word for word in command_words(tmp_path))


def test_erasing_is_refused_while_the_servers_run(tmp_path: Path, launcher: subprocess.Popen[bytes]) -> None:
    with pytest.raises(ServerError, match="already running"):
        erase(tmp_path)
    launcher.kill()
    launcher.wait()
    erase(tmp_path)
    assert not (tmp_path / "postgres").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match="set JIEDUI_DATA"), embedded_servers(tmp_path / "file" / "data"):
        pass


def test_any_command_can_be_run_against_the_servers(tmp_path: Path) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jiedui.launcher", *command],
            env={"PATH": os.environ["PATH"], "JIEDUI_CONFIG": "", "JIEDUI_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("--new", "psql", "-Atc", "SELECT current_user").stdout == "jiedui\n"  # on servers of its own
    with embedded_servers(tmp_path, durable=False):
        assert "PostgreSQL database dump complete" in run("pg_dump").stdout
        assert run("sh", "-c", "exit 7").returncode == 7
    assert (run().returncode, run("no-such-command").returncode) == (2, 1)


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def living(folder: Path) -> list[int]:
    """The servers of this folder, by their commands, whoever started them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            executable = (entry / "exe").readlink().name
        except OSError:
            continue
        in_folder = os.fsencode(folder) in words or entry_lives_in(entry, folder)
        if in_folder and executable in ("postgres", "valkey-server"):
            found.append(int(entry.name))
    return sorted(found)


def entry_lives_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def gone(folder: Path) -> None:
    wait_until(lambda: not living(folder))


def command_words(folder: Path) -> list[str]:
    raw = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in living(folder)]
    return [os.fsdecode(word) for command in raw for word in command.split(b"\0")]


def uid_outside(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def uid_inside(pid: int) -> int:
    """The user's number as the process itself sees it."""
    outside = uid_outside(pid)
    for line in Path(f"/proc/{pid}/uid_map").read_text().splitlines():
        first, start, count = (int(word) for word in line.split())
        if start <= outside < start + count:
            return first + outside - start
    return outside


def listening(pid: int) -> list[str]:
    """Network sockets that the process holds, one line each."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(handle.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    tables = {"inet": "tcp", "inet6": "tcp6"}
    return [
        f"{family} {line}"
        for family, table in tables.items()
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        if line.split()[9] in inodes
    ]
