"""A backup is closed to others and proven before it is called one; it comes back whole or not at all."""

import asyncio
import io
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from commands import county_up, done, jiedui, knows_her, refused
from ledger_files import household_row

from jiedui.backups import sealing
from jiedui.backups.dump import read_whole
from jiedui.backups.errors import BackupRefused
from jiedui.backups.restoring import understood
from jiedui.backups.streams import Pieces
from jiedui.backups.taking import forget_old, hand_on, taken_in
from jiedui.launcher.servers import embedded_servers

NAME = household_row(1)["name"]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A county with one household, its servers up; beside its folder the operator's key."""
    folder = tmp_path_factory.mktemp("county") / "data"
    with county_up(folder):
        yield folder


@pytest.fixture(scope="module")
def key(county: Path) -> Path:
    """The operator's private key."""
    done(county, "backup-key", county.parent / "key")
    return county.parent / "key"


@pytest.fixture(scope="module")
def said(key: Path) -> dict[str, str]:
    """The settings of who backs up."""
    return {"JIEDUI_BACKUP_KEY": str(sealing.read_key(key).to_public())}


@pytest.fixture(scope="module")
def backup(county: Path, said: dict[str, str]) -> Path:
    """One backup of the county."""
    printed = done(county, "backup", **said)
    assert "read back whole" in printed
    ((_, path),) = taken_in(county / "backups")
    return path


def test_a_backup_is_closed_to_others_and_says_nothing_in_clear(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    assert backup.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]
    content = backup.read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n")
    for word in (NAME.encode(), b"household", b"PGDMP"):
        assert word not in content


def test_it_comes_back_whole_on_another_machine(
    county: Path, backup: Path, key: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret").write_bytes((county / "secret").read_bytes())
    assert "Restored:" in done(other, "restore", backup, "--key", key, "--new")
    assert knows_her(other)


@pytest.mark.parametrize("secret", [None, b"another long random text of more than thirty-two", b""])
def test_without_its_secret_it_is_refused(
    backup: Path, key: Path, tmp_path: Path, secret: bytes | None
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    if secret is not None:
        (other / "secret").write_bytes(secret)
    sentence = refused(other, "restore", backup, "--key", key, "--new")
    assert str(other / "secret") in sentence
    (other / "secret").unlink(missing_ok=True)
    assert "No county is kept" in refused(other, "migrate"), "nothing was written"


def test_a_county_that_is_there_is_not_restored_over(county: Path, backup: Path, key: Path) -> None:
    assert "is not empty" in refused(county, "restore", backup, "--key", key)
    assert knows_her(county)


def test_another_key_does_not_open_it(backup: Path, county: Path, tmp_path: Path) -> None:
    done(county, "backup-key", tmp_path / "another")
    assert "sealed for another key" in refused(county, "restore", backup, "--key", tmp_path / "another")
    assert "holds no private key" in refused(
        county, "restore", backup, "--key", backup.parent.parent / "secret"
    )


def damages(whole: bytes) -> Iterator[bytes]:
    """Fifty ways for a file to be hurt: a bit, a byte, a piece less, more, twice, in another order."""
    rng = random.Random(7)
    for n in range(10):
        at, other = sorted(rng.sample(range(len(whole)), 2))
        yield whole[:at] + bytes([whole[at] ^ (1 << (n % 8))]) + whole[at + 1 :]
        yield whole[:at]
        yield whole[:at] + rng.randbytes(16) + whole[at:]
        yield whole[:at] + whole[other:]
        yield whole[:other] + whole[at:]


def test_a_backup_damaged_in_fifty_ways_is_refused_each_time(backup: Path, key: Path, tmp_path: Path) -> None:
    whole, private, tried = backup.read_bytes(), sealing.read_key(key), 0
    assert read_whole(backup, private).rows["household"] == 1
    for hurt in damages(whole):
        (tmp_path / "hurt.age").write_bytes(hurt)
        with pytest.raises(BackupRefused):
            read_whole(tmp_path / "hurt.age", private)
        tried += 1
    assert tried == 50


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"a" * 10_000, b"age-encryption.org/v1\n"])
def test_a_file_that_is_no_backup_is_refused(county: Path, key: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert "cannot be opened" in refused(county, "restore", tmp_path / "file", "--key", key)


def test_something_else_sealed_for_the_key_is_no_backup(key: Path, tmp_path: Path) -> None:
    private = sealing.read_key(key)
    for content in (b"", b"{}\n", b"no line", b"x" * 2_000_000):
        (tmp_path / "file").unlink(missing_ok=True)
        sealing.seal(io.BytesIO(content), tmp_path / "file", [private.to_public()])
        with pytest.raises(BackupRefused, match="holds no dump"):
            read_whole(tmp_path / "file", private)


def test_without_a_key_nothing_is_taken(county: Path) -> None:
    assert "jiedui backup-key FILE" in refused(county, "backup")
    assert "is no public key" in refused(county, "backup", JIEDUI_BACKUP_KEY="age1nothing")


def test_a_key_is_never_overwritten(county: Path, key: Path) -> None:
    before = key.read_text()
    assert "never overwritten" in refused(county, "backup-key", key)
    assert key.read_text() == before
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_backup_is_carried_away_and_says_so_when_that_fails(
    county: Path, said: dict[str, str], tmp_path: Path
) -> None:
    folder = {"JIEDUI_BACKUP_FOLDER": str(tmp_path / "kept")}
    assert "Carried away" in done(
        county, "backup", **said, **folder, JIEDUI_BACKUP_THEN=f"cp {{file}} {tmp_path}/"
    )
    ((_, path),) = taken_in(tmp_path / "kept")
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    other = {
        "JIEDUI_BACKUP_FOLDER": str(tmp_path / "other"),
        "JIEDUI_BACKUP_THEN": "sh -c 'echo no room >&2; exit 3'",
    }
    assert "backup_then failed (3): no room" in refused(county, "backup", **said, **other)
    assert len(taken_in(tmp_path / "other")) == 1
    with pytest.raises(BackupRefused, match="backup_then is not understood: No closing quotation"):
        hand_on("cp {file} 'there", path)


@pytest.mark.parametrize(
    ("line", "since"),
    [
        (b"SET transaction_timeout = 0;\n", 17),
        (b"ALTER TABLE ONLY public.household ALTER COLUMN name SET (pg_attver=26530368);\n", None),
        (b"ALTER TABLE ONLY public.household ALTER COLUMN name SET STORAGE MAIN;\n", 15),
        (b"SET statement_timeout = 0;\n", 15),
        (b"9f0c\tALTER TABLE ONLY public.x ALTER COLUMN y SET (pg_attver=1);\n", 15),
    ],
)
def test_what_a_server_does_not_know_is_left_out_and_nothing_else(line: bytes, since: int | None) -> None:
    taken = [major for major in (15, 16, 17, 18) if understood(line, major)]
    assert taken == ([] if since is None else list(range(since, 19)))


def test_where_postgresql_stops_its_words_are_said(
    county: Path, backup: Path, key: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes((county / "secret").read_bytes())
    with embedded_servers(tmp_path / "servers") as servers:
        asyncio.run(_ask(servers.database_url, "CREATE FUNCTION today_here() RETURNS date RETURN now()"))
        given = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        sentence = refused(tmp_path, "restore", backup, "--key", key, "--new", **given)
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert asyncio.run(_ask(servers.database_url, tables)) == 0
    assert 'PostgreSQL refused the backup: ERROR:  function "today_here" already exists' in sentence


async def _ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def test_a_drill_says_that_it_came_back_and_leaves_nothing(
    county: Path, backup: Path, tmp_path: Path
) -> None:
    printed = done(county, "drill", TMPDIR=str(tmp_path))
    assert backup.name in printed
    assert "rows came back, the secret fits" in printed
    assert list(tmp_path.iterdir()) == []
    assert "There is no backup" in refused(county, "drill", JIEDUI_BACKUP_FOLDER=str(tmp_path))


def test_old_backups_go_and_the_newest_never(tmp_path: Path) -> None:
    now = datetime(2026, 11, 28, 4, tzinfo=UTC)
    for days in (40, 31, 29, 1):
        at = now - timedelta(days=days)
        (tmp_path / f"jiedui-{at:%Y%m%dT%H%M%S}.age").touch()
    (tmp_path / "jiedui-of-somebody.age").touch()
    assert [path.name for path in forget_old(tmp_path, 30, now)] == [
        "jiedui-20261019T040000.age", "jiedui-20261028T040000.age"
    ]  # fmt: skip
    assert len(list(tmp_path.iterdir())) == 3
    forget_old(tmp_path, 1, now + timedelta(days=300))
    assert [path.name for _, path in taken_in(tmp_path)] == ["jiedui-20261127T040000.age"]


def test_what_a_killed_backup_left_goes_and_one_being_written_stays(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for name, hours in (("killed", 25), ("written", 23)):
        path = tmp_path / f"jiedui-{name}.partial"
        path.touch()
        when = (now - timedelta(hours=hours)).timestamp()
        os.utime(path, (when, when))
    forget_old(tmp_path, 30, now)
    assert [path.name for path in tmp_path.iterdir()] == ["jiedui-written.partial"]


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_no_part_of_what_a_backup_says_is_lost_in_pieces(size: int) -> None:
    following = Pieces([b"a line\n", b"", b"and a dump"])
    pieces = list(iter(lambda: following.read(size), b""))
    assert b"".join(pieces) == b"a line\nand a dump"
    assert max(map(len, pieces)) <= max(size, 7)


@pytest.mark.parametrize("verb", ["backup", "drill", "doctor"])
def test_what_looks_at_a_county_never_begins_one(tmp_path: Path, verb: str) -> None:
    assert jiedui(tmp_path / "data", verb, "--new").returncode == 2
    assert not (tmp_path / "data").exists()


def test_what_goes_wrong_while_sealing_is_said_as_what_it_is(key: Path, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"so far so good"
        raise BackupRefused("pg_dump failed")

    with pytest.raises(BackupRefused, match="pg_dump failed"):
        sealing.seal(Pieces(pieces()), tmp_path / "sealed", [sealing.read_key(key).to_public()])
