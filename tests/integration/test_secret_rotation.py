"""A secret that somebody may know is changed while people work: nobody is lost, and nothing is half."""

import asyncio
import contextlib
import re
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from commands import (
    JIEDUI,
    PATIENCE,
    answers,
    county_up,
    done,
    environment,
    held_clock,
    knows_her,
    refused,
    wait_until,
)
from sealed_rows import LINES
from served_county import County

from jiedui.backups import sealing
from jiedui.backups.taking import taken_in
from jiedui.commands.anew import HASHED
from jiedui.launcher.servers import running_servers
from jiedui.store import keys, vault
from jiedui.store.away import is_away
from jiedui.web import cookies

ROWS = Path(__file__).parents[1] / "sealed_rows.py"
EMPTIED = {"one_time_code", "sent_form"}
"""What is in them is over within minutes, and cannot be used after the change."""
NOT_OF_THE_SECRET = {("ledger_import", "file_hash"), ("household_link", "token_hash")}
COLUMNS = """
SELECT table_name t, column_name c FROM information_schema.columns
JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type = $1"""
ANY_HASH = "^[0-9a-f]{64}$"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """A county with rows in every table that needs the secret."""
    folder = tmp_path_factory.mktemp("county") / "data"
    with county_up(folder):
        county = County(folder)
        with product(county, "fill") as filling:
            assert filling.wait(PATIENCE) == 0
        yield county


@contextlib.contextmanager
def product(county: County, deed: str, **also: str) -> Iterator[subprocess.Popen[str]]:
    """A process of the product's own code on this county's servers, killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, ROWS, deed],
        env=environment(county.folder, **(addresses(county) | held_clock() | also)),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def addresses(county: County) -> dict[str, str]:
    servers = running_servers(county.folder)
    assert servers
    return {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "PICCOLO_CONF": "jiedui.store.piccolo_conf",
    }


@contextlib.contextmanager
def rotating(county: County) -> Iterator[subprocess.Popen[bytes]]:
    """The command, while it runs."""
    with subprocess.Popen(
        [*JIEDUI, "secret-rotate", "--yes"], env=environment(county.folder), stderr=subprocess.PIPE
    ) as process:
        yield process


@contextlib.contextmanager
def reading(county: County) -> Iterator[None]:
    """Somebody reads which secret is in force in a transaction that goes on."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(addresses(county)["DATABASE_URL"]))
        runner.run(connection.execute("BEGIN; SELECT 1 FROM key_print"))
        yield
        runner.run(connection.execute("COMMIT"))  # fails where the connection was ended
        runner.run(connection.close())


def in_its_midst(county: County) -> bool:
    """Whether everything is shut out at this moment."""
    query = (
        "SELECT count(*) FROM pg_locks WHERE relation = 'key_print'::regclass"
        " AND mode = 'AccessExclusiveLock' AND granted"
    )
    try:
        return bool(county.one(query))
    except Exception as error:
        if not is_away(error):  # it shuts us out too
            raise
        return False


def secret_of(county: County) -> bytes:
    return (county.folder / "secret").read_bytes()


@contextlib.contextmanager
def knowing(monkeypatch: pytest.MonkeyPatch, secret: bytes) -> Iterator[None]:
    """This process's vault is that of another secret for the block."""
    with monkeypatch.context() as patched:
        patched.setattr(vault, "own_secret", lambda: secret)
        vault._key.cache_clear()
        yield
    vault._key.cache_clear()


def opened(county: County) -> dict[tuple[str, str], Counter[str]]:
    """All that is sealed, in clear, by table and column."""
    found = {}
    for table, column in (row.values() for row in county.ask(COLUMNS, "bytea")):
        if table not in EMPTIED:
            rows = county.ask(f'SELECT "{column}" s FROM "{table}" WHERE length("{column}") > 0')
            found[table, column] = Counter(vault.unseal(row["s"], f"{table}.{column}") for row in rows)
    return found


def hashes(county: County) -> dict[tuple[str, str], set[str]]:
    """All that looks like a hash, by table and column."""
    found = {}
    for table, column in (row.values() for row in county.ask(COLUMNS, "character varying")):
        rows = county.ask(
            f'SELECT DISTINCT "{column}" s FROM "{table}" WHERE "{column}" ~ \'^[0-9a-f]{{64}}$\''
        )
        if rows and (table, column) not in NOT_OF_THE_SECRET:
            found[table, column] = {row["s"] for row in rows}
    return found


def test_all_that_is_sealed_or_hashed_is_anew(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    old = secret_of(county)
    with knowing(monkeypatch, old):
        plain, named, fingerprint = opened(county), hashes(county), keys.fingerprint()
    assert [place for place, values in plain.items() if not values] == [], "say what a row of it looks like"
    assert plain["ledger_change", "after"].total() > LINES
    assert {(table, column) for table, columns in HASHED.items() for column in columns} <= named.keys()
    kept = {table: county.one(f'SELECT count(*) FROM "{table}"') for table, _ in plain}

    said = done(county.folder, "secret-rotate", "--yes")

    new = secret_of(county)
    assert new != old
    assert (county.folder / "secret").stat().st_mode & 0o777 == 0o600
    with knowing(monkeypatch, new):
        assert opened(county) == plain
        for table, columns in HASHED.items():
            for column, (of, purpose) in columns.items():
                right = {vault.keyed_hash(value, purpose) for value in plain[table, of]}
                assert hashes(county)[table, column] == right
        assert keys.fingerprint() in said
        assert [row["fingerprint"] for row in county.ask("SELECT * FROM key_print")] == [keys.fingerprint()]
    left = [place for place, values in hashes(county).items() if values & named.get(place, set())]
    assert left == [], "a hash of the old secret"
    assert county.ask("SELECT 1 FROM claim c LEFT JOIN household h ON c.person_key = h.ledger_key"
                      " WHERE h.id IS DISTINCT FROM c.subject_id") == []  # fmt: skip
    assert {table: county.one(f'SELECT count(*) FROM "{table}"') for table in kept} == kept
    assert all(county.one(f'SELECT count(*) FROM "{table}"') == 0 for table in EMPTIED)
    lost = county.folder / f"secret.{fingerprint}"
    assert (lost.read_bytes(), lost.stat().st_mode & 0o777) == (old, 0o600)
    assert str(lost) in said
    with pytest.raises(asyncpg.CheckViolationError):  # history is guarded again
        county.ask("UPDATE ledger_change SET cell = 'B2'")
    assert county.ask("SELECT detail FROM audit_entry WHERE action = 'secret.rotate'")
    assert knows_her(county.folder)
    with product(county, "open_link") as visit:
        assert visit.communicate(timeout=PATIENCE)[0] == "good\n", "the link of a letter"
    assert f"in force since {county.one('SELECT created_at FROM key_print').astimezone():%Y-}" in done(
        county.folder, "doctor"
    )


def test_who_is_asked_and_says_no_has_changed_nothing(county: County) -> None:
    before = secret_of(county)
    declined = subprocess.run(
        [*JIEDUI, "secret-rotate"], input="n\n", env=environment(county.folder), capture_output=True,
        text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert declined.returncode == 1
    assert "Change the secret now?" in declined.stderr
    assert declined.stderr.endswith("Nothing was changed.\n")
    assert secret_of(county) == before


def test_killed_in_its_midst_everybody_is_known_and_given_again_it_is_done(county: County) -> None:
    before = secret_of(county)
    for _ in range(2):
        with rotating(county) as process:
            wait_until(lambda: process.poll() is not None or in_its_midst(county), every=0)
            process.kill()
            assert process.wait() != 0, "it was too fast to be met in its midst"
        waits = (county.folder / "secret.next").read_bytes()
        assert knows_her(county.folder)
        if secret_of(county) == waits:  # it was met when all but the file's name was done
            break
        assert secret_of(county) == before
        assert done(county.folder, "secret-rotate", "--yes")
        assert secret_of(county) == waits != before
        before = waits
    assert knows_her(county.folder)


@pytest.mark.parametrize("command", [("secret-rotate", "--yes"), ("doctor",)])
def test_killed_after_its_last_row_the_next_command_completes_it(
    county: County, command: tuple[str, ...]
) -> None:
    """The moment between the database's commit and the file's new name."""
    before = secret_of(county)
    done(county.folder, "secret-rotate", "--yes")
    after = secret_of(county)
    (county.folder / "secret").rename(county.folder / "secret.next")
    (county.folder / "secret").write_bytes(before)
    said = done(county.folder, *command)
    assert ("cut short is complete" in said) == (command[0] == "secret-rotate")
    assert secret_of(county) == after
    assert not (county.folder / "secret.next").exists()
    assert knows_her(county.folder)


class Worker:
    """Works until told to stop, started again whenever it ends, as services are."""

    def __init__(self, county: County, **also: str) -> None:
        self.county, self.also = county, also
        self.said: Counter[str] = Counter()
        self.ends: list[int] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self.stop.is_set():
            with product(self.county, "work", **self.also) as process:
                assert process.stdout
                for line in process.stdout:
                    self.said[line.strip()] += 1
                    if self.stop.is_set():
                        return
                self.ends.append(process.wait(PATIENCE))

    def works_on(self) -> None:
        """Wait until it has found her once more than now."""
        n = self.said["found"]
        wait_until(lambda: self.said["found"] > n)

    def __enter__(self) -> "Worker":
        self.thread.start()
        self.works_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(PATIENCE)


def test_who_works_meanwhile_finds_everybody_and_writes_nothing_with_the_old_one(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Worker(county) as one, Worker(county) as other:
        done(county.folder, "secret-rotate", "--yes")
        one.works_on()
        other.works_on()
    for worker in (one, other):
        assert worker.said.keys() <= {"found", "away"}, "nobody was taken for unknown"
        assert worker.ends == [-15], "it ended, to be started again with the new one"
    with knowing(monkeypatch, secret_of(county)):
        assert opened(county)["notice", "params"].keys() == {'{"code": "123456"}'}


def tokens(county: County) -> set[str]:
    """What the web processes make of one cookie for the form of the login page."""
    cookie, found = f"{cookies.Cookies(secure=True).seed}={'s' * 43}", set()
    for _ in range(20):
        asked = urllib.request.Request(f"http://127.0.0.1:{county.port}/login", headers={"Cookie": cookie})
        with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=PATIENCE) as page:
            found |= set(re.findall(r'name="_csrf_token" value="([^"]+)"', page.read().decode()))
    return found


def test_the_site_and_its_worker_go_on_by_themselves(county: County) -> None:
    log = county.folder / "serve.log"
    with county.served() as site:
        before = tokens(county)
        assert len(before) == 1
        done(county.folder, "secret-rotate", "--yes")
        # Also a web process that nobody asks for data: the next form may be sent to another one.
        wait_until(lambda: len(after := tokens(county)) == 1 and after != before, every=1)
        wait_until(lambda: answers(f"http://127.0.0.1:{county.port}/readyz"))
        wait_until(lambda: "jiedui.secret" in log.read_text())
        assert site.poll() is None
    assert "in a row" not in log.read_text()


def test_another_host_refuses_by_name_until_the_file_is_there(county: County, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(secret_of(county))
    with Worker(county, JIEDUI_DATA=str(tmp_path)) as far:
        done(county.folder, "secret-rotate", "--yes")
        wait_until(lambda: far.said["away"] > 2)
        sentence = refused(tmp_path, "migrate", **addresses(county))
        assert f"The secret in {tmp_path}/secret does not fit this database" in sentence
        (tmp_path / "secret").write_bytes(secret_of(county))
        far.works_on()
    assert far.said["LOST"] == 0
    assert far.ends[:1] == [-15]


def test_a_secret_that_is_given_is_refused_until_it_is_taken_out(county: County) -> None:
    given = {"JIEDUI_SECRET": secret_of(county).decode()}
    said = done(county.folder, "secret-rotate", "--yes", **given)
    assert "JIEDUI_SECRET still says the old one" in said
    assert "The secret in JIEDUI_SECRET does not fit" in refused(county.folder, "migrate", **given)
    assert knows_her(county.folder)
    assert "JIEDUI_SECRET" not in done(county.folder, "secret-rotate", "--yes")


def test_a_long_reader_is_not_cut_off(county: County) -> None:
    """Such as a backup: it holds every table."""
    with reading(county):
        assert "Something long is at work" in refused(county.folder, "secret-rotate", "--yes")


def test_what_cannot_be_read_stops_the_change(county: County) -> None:
    county.ask("UPDATE delivery SET body = '\\x00'::bytea || body")
    before = secret_of(county)
    assert "A value in delivery, row" in refused(county.folder, "secret-rotate", "--yes")
    assert secret_of(county) == before
    county.ask("UPDATE delivery SET body = substr(body, 2)")


def test_a_backup_needs_the_secret_of_its_day(county: County, tmp_path: Path) -> None:
    done(county.folder, "backup-key", tmp_path / "key")
    to = {"JIEDUI_BACKUP_KEY": str(sealing.read_key(tmp_path / "key").to_public())}
    done(county.folder, "backup", **to)
    done(county.folder, "secret-rotate", "--yes")
    ((_, backup),) = taken_in(county.folder / "backups")
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret").write_bytes(secret_of(county))
    restore = ("restore", backup, "--key", tmp_path / "key", "--new")
    needed = re.search(r"\((\w{16}) ≠ \w{16}\)", refused(other, *restore))
    assert needed
    (other / "secret").write_bytes((county.folder / f"secret.{needed[1]}").read_bytes())
    done(other, *restore)
    assert knows_her(other)
