"""Faults at random moments, whatever is being done.

Afterwards all that was there is there; what was being done is done or not begun, never half; whoever did it
was told in a sentence; and given again it is done. `FULL=1` tries two hundred. Only root may have a disk of
her own that can be filled; only others can meet a file that they may not read.
"""

import contextlib
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from commands import (
    COUNTY,
    DATED,
    FENGDU,
    JIEDUI,
    PATIENCE,
    done,
    environment,
    held_clock,
    jiedui,
    kill_9,
    living,
    servers_up,
    wait_until,
)
from ledger_files import household_row, ledger_file, volunteer_row
from relay import Cabled
from served_county import County

from jiedui.backups import sealing
from jiedui.backups.dump import read_whole
from jiedui.backups.taking import taken_in

SEED = 20261128
BLOCKS, EACH = (40, 5) if os.environ.get("FULL") else (2, 4)
_LONGEST_AWAY = 300 if os.environ.get("FULL") else 5
_DISK_MB = 300
_HOUSEHOLDS, _MORE = 60, 600
_DAY = 86_400
Counts = dict[str, int]
Mend = Callable[[], object]


def ask_counts(county: County) -> Counts:
    """The rows of every table but that of jobs, of which one may be tried again."""
    tables = [
        row["tablename"] for row in county.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]
    counted = ", ".join(f'(SELECT count(*) FROM "{name}") AS "{name}"' for name in tables if name != "job")
    return county.ask(f"SELECT {counted}")[0]


def plans_are_whole(county: County, whole: int) -> bool:
    """Every plan that is ready has all its pairs, and no other has any. Whether there is a ready one."""
    plans = county.ask("SELECT state, (SELECT count(*) FROM candidate WHERE plan = plan.id) AS n FROM plan")
    assert {(plan["state"] == "ready", plan["n"]) for plan in plans} <= {(True, whole), (False, 0)}
    return any(plan["state"] == "ready" for plan in plans)


def backups_are_whole(county: County) -> bool:
    """Whatever bears the name of a backup can be read to its end. Whether there is one."""
    own = sealing.own_key(county.folder)
    taken = taken_in(county.folder / "backups")
    for _, path in taken:
        read_whole(path, own)
    return bool(taken)


@dataclass(frozen=True)
class Deed:
    """A command, and what the county looks like once it has been done."""

    words: tuple[str, ...]
    seconds: float
    after: Counts

    def is_done(self, county: County, before: Counts) -> bool:
        """Whether all of it is; fails where something is lost or half done."""
        found = ask_counts(county)
        lost = {name: n for name, n in before.items() if found[name] < n}
        assert not lost, lost
        match self.words[0]:
            case "backup":
                assert found == before
                return backups_are_whole(county)
            case "households":
                assert found in (before, self.after)
                return found == self.after
        ready = plans_are_whole(county, self.after["candidate"])
        told = {name: (found[name], self.after[name]) for name in ("pair", "notice")}
        assert all(n in (0, whole) for n, whole in told.values()), told
        assert (found["pair"] == 0) == (found["notice"] == 0)
        return ready and found["pair"] == self.after["pair"]


@dataclass(frozen=True)
class Prepared:
    """A county that each trial gets a copy of, and what can be done in it."""

    folder: Path
    before: Counts
    deeds: dict[str, Deed]
    said: dict[str, str]

    def copy(self, folder: Path) -> County:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("run"))
        folder.chmod(0o700)
        return County(folder)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Some households and volunteers; each deed done once, undisturbed."""
    top = tmp_path_factory.mktemp("faults")
    folder, more, key = top / "county", top / "more", top / "key"
    done(top, "backup-key", key)
    said = {**held_clock(), "JIEDUI_BACKUP_KEY": str(sealing.read_key(key).to_public())}
    rows = [household_row(n) for n in range(_HOUSEHOLDS + _MORE)]
    more.mkdir()
    ledger_file(more, "households", *rows[_HOUSEHOLDS:])
    with servers_up(folder):
        done(folder, "regions", "import", FENGDU / "regions.csv", "--new", **said)
        done(folder, "households", "import", ledger_file(top, "households", *rows[:_HOUSEHOLDS]), **said)
        helpers = [volunteer_row(999 - n, phone=f"199123{n:05d}") for n in range(_HOUSEHOLDS)]
        done(folder, "volunteers", "import", ledger_file(top, "volunteers", *helpers), **said)
        before = ask_counts(County(folder))
    round_run = ("round", "run", "--region", COUNTY, "--on", DATED)
    commands = {
        "import": ("households", "import", str(more / "households.xlsx")),
        "round": round_run,
        "publication": (*round_run, "--publish"),
        "backup": ("backup",),
    }
    shown = Prepared(folder, before, {}, said)
    for name, words in commands.items():
        county = shown.copy(top / name)
        began = time.monotonic()
        done(county.folder, *words, **said)
        seconds = time.monotonic() - began
        with servers_up(county.folder):
            shown.deeds[name] = Deed(words, seconds, ask_counts(county))
    assert shown.deeds["publication"].after["pair"] > _HOUSEHOLDS // 2
    return shown


class Trial:
    """One deed in a county of its own, and what goes wrong meanwhile."""

    def __init__(self, county: County, deed: Deed, said: dict[str, str], chance: random.Random) -> None:
        self.county = county
        self.deed = deed
        self.said = said
        self.chance = chance
        self.mends: list[Mend] = []
        self.cabled: Cabled
        self.process: subprocess.Popen[str]

    def run(self, strike: Callable[["Trial"], None], *, at_once: bool) -> str:
        """The deed's last words; empty when it went well or was killed itself."""
        if at_once:
            strike(self)
        self.process = subprocess.Popen(
            [*JIEDUI, *self.deed.words],
            env=environment(self.county.folder, **self.said),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if not at_once:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.chance.uniform(0, 1.1 * self.deed.seconds))
            strike(self)
        _, words = self.process.communicate(timeout=2 * PATIENCE)
        assert "Traceback" not in words, words
        assert ".py:" not in words, words
        if self.process.returncode <= 0:
            return ""
        assert words.strip(), f"ended with status {self.process.returncode} and no word"
        return words.strip().splitlines()[-1]

    def mend(self) -> None:
        while self.mends:
            self.mends.pop()()

    def kill(self, command: str) -> None:
        """The oldest process whose command says so, once there is one."""
        wait_until(lambda: self.process.poll() is not None or bool(self.found(command)))
        kill_9(*self.found(command)[:1])

    def found(self, command: str) -> list[int]:
        return sorted(pid for pid, words in living(self.county.folder) if command in words)


def kill_the_command(trial: Trial) -> None:
    trial.process.kill()


def kill_all(trial: Trial) -> None:
    kill_9(*(pid for pid, _ in living(trial.county.folder)))


def kill(command: str, trial: Trial) -> None:
    trial.kill(command)


def another_secret(text: str | None, trial: Trial) -> None:
    secret = trial.county.folder / "secret"
    right = secret.read_bytes()
    trial.mends.append(partial(secret.write_bytes, right))
    if text is None:
        secret.unlink()
    else:
        secret.write_text(text)


def another_owner(trial: Trial) -> None:
    place = trial.county.folder / "postgres"
    if os.geteuid() == 0:
        owner = place.stat()
        trial.mends.append(partial(os.chown, place, owner.st_uid, owner.st_gid))
        os.chown(place, 65533, 65533)
    else:
        unreadable = trial.chance.choice([place, trial.county.folder / "secret"])
        trial.mends.append(partial(unreadable.chmod, unreadable.stat().st_mode & 0o777))
        unreadable.chmod(0)


def another_postgres(trial: Trial) -> None:
    version = trial.county.folder / "postgres" / "cluster" / "PG_VERSION"
    trial.mends.append(partial(version.write_text, version.read_text()))
    version.write_text("17\n")


def a_later_release(trial: Trial) -> None:
    with servers_up(trial.county.folder):
        trial.county.ask(
            "INSERT INTO migration (name, app_name, ran_on) "
            "SELECT '2999-01-01T00:00:00:000000', app_name, now() FROM migration LIMIT 1"
        )

    def mend() -> None:
        with servers_up(trial.county.folder):
            trial.county.ask("DELETE FROM migration WHERE name LIKE '2999%'")

    trial.mends.append(mend)


def fill_the_disk(trial: Trial) -> None:
    filler = trial.county.folder / "filler"
    trial.mends.append(partial(filler.unlink, missing_ok=True))
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 20)):
            pass
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while file.write(bytes(512)):
            pass


def shift_the_clock(seconds: int, trial: Trial) -> None:
    shifted = int(trial.said["JIEDUI_CLOCK_SHIFT"]) + seconds
    trial.said = {**trial.said, "JIEDUI_CLOCK_SHIFT": str(shifted)}


def take_away(name: str, trial: Trial) -> None:
    """For a second to five minutes, short ones oftener; the cable is whole again afterwards."""
    seconds = _LONGEST_AWAY ** trial.chance.random()
    cable = trial.cabled.cables[name]
    cable.cut()
    time.sleep(seconds)
    cable.mend()


Strike = Callable[[Trial], None]
_SECRETS = {"another secret": "another secret, " * 3, "an empty secret": "\n", "no secret": None}
FAULTS: list[tuple[str, str, Strike]] = [
    ("alone", "the command killed", kill_the_command),
    ("alone", "PostgreSQL killed", partial(kill, "postgres -D")),
    ("alone", "a session of PostgreSQL killed", partial(kill, "postgres: jiedui jiedui")),
    ("alone", "Valkey killed", partial(kill, "valkey-server")),
    ("alone", "everything killed", kill_all),
    ("served", "worker killed", partial(kill, "-m jiedui.worker")),
    ("served", "web process killed", partial(kill, "-m jiedui.web.server")),
    ("served", "launcher killed", partial(kill, "jiedui serve")),
    ("served", "PostgreSQL killed", partial(kill, "postgres -D")),
    ("served", "Valkey killed", partial(kill, "valkey-server")),
    ("served", "everything killed", kill_all),
    ("away", "PostgreSQL away", partial(take_away, "DATABASE_URL")),
    ("away", "Valkey away", partial(take_away, "REDIS_URL")),
    *[("wrong", name, partial(another_secret, text)) for name, text in _SECRETS.items()],
    ("wrong", "another owner", another_owner),
    ("wrong", "another PostgreSQL", another_postgres),
    ("wrong", "a later release", a_later_release),
    ("shifted", "clock a day fast", partial(shift_the_clock, _DAY)),
    ("shifted", "clock a day slow", partial(shift_the_clock, -_DAY)),
]
"""What is around the deed, what happens, and how."""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk for one folder."""
    folder.mkdir()
    options = f"size={_DISK_MB}m,mode=700"
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "jiedui-faults", folder], check=True, capture_output=True
    )
    try:
        yield
    finally:
        wait_until(lambda: living(folder) == [])
        subprocess.run(["umount", folder], check=True)


def may_mount(folder: Path) -> bool:
    """Whether this user may have a disk here."""
    with contextlib.suppress(subprocess.CalledProcessError, FileNotFoundError), small_disk(folder):
        return True
    return False


@contextlib.contextmanager
def around(trial: Trial, group: str) -> Iterator[None]:
    """What the deed is done beside."""
    with contextlib.ExitStack() as stack:
        if group == "served":
            stack.enter_context(trial.county.served(**trial.said))
        elif group == "away":
            stack.enter_context(servers_up(trial.county.folder))
            trial.cabled = Cabled(trial.county.folder)
            trial.cabled.mend()
            stack.callback(trial.cabled.cut)
            trial.said = {**trial.said, **trial.cabled.addresses()}
        yield


def tried(
    prepared: Prepared, folder: Path, number: int, fault: tuple[str, str, Strike], seen: Counter[str]
) -> None:
    """One fault: all that is said above."""
    chance = random.Random(f"{SEED} {number}")
    (group, name, strike), deed_name = fault, chance.choice(sorted(prepared.deeds))
    county, deed = prepared.copy(folder), prepared.deeds[deed_name]
    trial = Trial(county, deed, prepared.said, chance)
    print(f"{number}: {name} ({group}), {deed_name}", end=", ", flush=True)
    with around(trial, group):
        words = trial.run(strike, at_once=group == "shifted" or (group == "wrong" and chance.random() < 0.5))
        if group == "wrong":
            refusal = jiedui(folder, "accounts", **prepared.said)
            assert refusal.returncode == 1, refusal.stdout
            words = refusal.stderr.strip()
            assert words
        trial.mend()
    wait_until(lambda: living(folder) == [])
    with servers_up(folder):
        if not (whole := deed.is_done(county, prepared.before)):
            wait_until(lambda: jiedui(folder, *deed.words, **prepared.said).returncode == 0, every=1)
        assert deed.is_done(county, prepared.before)
    seen[f"{'done' if whole else 'not begun, done the second time'}: {deed_name}"] += 1
    print(
        "done" if whole else "not begun, then done",
        f"– {words.splitlines()[0][:200]}" if words else "",
        flush=True,
    )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_faults_at_random_moments_lose_nothing_and_leave_nothing_half_done(
    prepared: Prepared, tmp_path: Path, block: int
) -> None:
    seen = Counter[str]()
    faults = [
        *FAULTS,
        *([("disk", "a full disk", fill_the_disk)] * 2 if may_mount(tmp_path / "disk") else []),
    ]
    random.Random(SEED).shuffle(faults)
    for n in range(EACH):
        number = n * BLOCKS + block
        fault, folder = faults[number % len(faults)], tmp_path / str(number)
        with small_disk(folder) if fault[0] == "disk" else contextlib.nullcontext():
            tried(prepared, folder, number, fault, seen)
        shutil.rmtree(folder)
    print(f"seed {SEED}, block {block}, {EACH} faults:", dict(seen))
    assert sum(seen.values()) == EACH
