"""`jiedui service`: what its script promises root, whatever blanks and signs are in the paths."""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import JIEDUI, closed_port

ROOT = Path(__file__).parents[2]
KEY = "age1uljy5zzva37798spe3a6cu5sy3etruvnd45y2y6gxpzqrxfpwfts5s8ujt"
UNITS = ["backup.service", "backup.timer", "doctor.service", "doctor.timer", "drill.service", "drill.timer"]
FAKES = {
    "id": '[ $# = 1 ] || exec test -e "$0.made"\necho 0',
    "useradd": 'touch "$(dirname "$0")/id.made"',
    "systemctl": "",
    "chown": "",
}


class Machine:
    """A county in folders with odd names, and a root whose programs only note what they are asked."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / 'the "county" 100% $HOME'
        self.data = self.root / ".data"
        self.units = folder / "the units"
        self.config = self.root / "jiedui.toml"
        self.bin = folder / "bin"
        self.noted = folder / "noted"
        self.cluster = self.data / "postgres/cluster"
        for made in (self.cluster, self.units, self.bin):
            made.mkdir(parents=True)
        for name in ("platform", "dev"):
            (self.root / name).symlink_to(ROOT / name)
        self.say(f'backup_key = "{KEY}"', 'public_url = "https://jiedui.example.org"')
        if os.geteuid() == 0:
            os.chown(self.data, 1, 1)
        self.owner = pwd.getpwuid(self.data.stat().st_uid).pw_name
        for name, words in FAKES.items():
            note = f"printf '%s|' {name} \"$@\" >>'{self.noted}'; echo >>'{self.noted}'"
            (self.bin / name).write_text(f"#!/bin/sh\n{note}\n{words}\n")
            (self.bin / name).chmod(0o755)

    def say(self, *lines: str) -> None:
        self.config.write_text("\n".join(lines))

    def asked(self, *arguments: str, **also: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": os.environ["PATH"],
            "LANG": "en",
            "PYTHONPATH": str(self.root / "platform"),
            **also,
        }
        return subprocess.run(
            [*JIEDUI, "service", *arguments],
            env=environ,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self, *arguments: str, **also: str) -> str:
        result = self.asked(*arguments, **also)
        assert (result.returncode, result.stdout) == (1, "")
        (sentence,) = result.stderr.splitlines()
        return sentence

    def installed(self, *arguments: str) -> dict[str, str]:
        """The units, after root has run the script twice."""
        script = self.asked("--units", str(self.units), *arguments)
        assert (script.returncode, script.stderr) == (0, "")
        for _ in range(2):
            subprocess.run(
                ["sh"],
                input=script.stdout,
                env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": "/wrong"},
                check=True,
                capture_output=True,
                text=True,
            )
        return {path.name: path.read_text() for path in self.units.iterdir()}

    def done(self, program: str) -> list[list[str]]:
        """What root's program was asked, each time."""
        lines = [line.split("|")[:-1] for line in self.noted.read_text().splitlines()]
        return [words[1:] for words in lines if words[0] == program]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def said(unit: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))


def test_the_service_starts_with_the_machine_and_again_whenever_it_ends(machine: Machine) -> None:
    units = machine.installed()
    assert sorted(units) == [*(f"jiedui-{name}" for name in UNITS), "jiedui.service"]
    unit = said(units["jiedui.service"])
    assert unit["WantedBy"] == "multi-user.target"
    assert (unit["Restart"], unit["StartLimitIntervalSec"], unit["UMask"]) == ("always", "0", "0077")
    assert int(unit["RestartSec"]) > 0
    assert unit["After"] == unit["Wants"] == "network-online.target"
    assert (unit["KillMode"], unit["User"]) == ("mixed", machine.owner)
    assert int(unit["TimeoutStopSec"]) > 60
    assert unit["ExecStart"].endswith('/dev" serve')


def test_backup_drill_and_doctor_have_clocks_of_their_own(machine: Machine) -> None:
    units = machine.installed()
    for name, command in (("backup", "backup"), ("drill", "drill"), ("doctor", "doctor --running")):
        unit, timer = said(units[f"jiedui-{name}.service"]), said(units[f"jiedui-{name}.timer"])
        assert unit["Type"] == "oneshot"
        assert unit["ExecStart"].endswith(f'/dev" jiedui {command}')
        assert "jiedui.service" in unit["After"]
        assert (timer.get("Persistent"), timer["WantedBy"]) == (
            None if name == "doctor" else "true", "timers.target",
        )  # fmt: skip
    whens = {
        name: said(units[f"jiedui-{name}.timer"])["OnCalendar"] for name in ("backup", "drill", "doctor")
    }
    assert whens == {"backup": "*-*-* 03:15:00", "drill": "*-*-01 04:30:00", "doctor": "hourly"}


def test_all_is_switched_on_and_nobody_is_made_twice(machine: Machine) -> None:
    machine.installed("--user", "helper")
    timers = [f"jiedui-{name}.timer" for name in ("backup", "drill", "doctor")]
    assert (
        machine.done("systemctl") == [["daemon-reload"], ["enable", "--now", "jiedui.service", *timers]] * 2
    )
    ((*how, name),) = machine.done("useradd")
    assert (name, how[-3]) == ("helper", str(machine.data))
    assert machine.done("chown") == [["-R", "helper:", str(machine.data)]] * 2


def test_the_owner_of_the_data_is_whom_it_runs_as_and_nothing_changes_hands(machine: Machine) -> None:
    machine.installed()
    assert "chown" not in machine.noted.read_text()


def test_paths_with_blanks_and_signs_reach_systemd_as_they_are(machine: Machine) -> None:
    unit = said(machine.installed()["jiedui.service"])
    inside = str(machine.root).replace("%", "%%")
    assert unit["WorkingDirectory"] == inside
    quoted = inside.replace('"', '\\"')
    assert unit["Environment"] == f'"JIEDUI_CONFIG={quoted}/jiedui.toml"'
    assert unit["ExecStart"] == f'/bin/sh "{quoted.replace("$", "$$")}/dev" serve'
    assert unit["ReadWritePaths"] == f'"{quoted}" "-{quoted}/.data"'


def test_systemd_itself_has_nothing_to_say_against_them(machine: Machine) -> None:
    units = machine.installed()
    assert len(units) == 7
    if shutil.which("systemd-analyze"):
        paths = [str(machine.units / name) for name in units]
        told = subprocess.run(
            ["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False
        )
        assert [line for line in told.stderr.splitlines() if "jiedui" in line] == []


@pytest.mark.parametrize(
    "named",
    [
        {"DATABASE_URL": "postgresql://db.example/jiedui"},
        {"REDIS_URL": "redis://cache.example/0", "JIEDUI_PORT": "9000"},
        {"JIEDUI_DATA": "/srv/data"},
        {"JIEDUI_SECRET": "known to this shell alone, and to nobody else"},
    ],
)
def test_what_only_this_shell_knows_is_named(machine: Machine, named: dict[str, str]) -> None:
    sentence = machine.refused(**named)
    assert f"what only this shell says: {', '.join(sorted(named))}. " in sentence
    assert str(machine.config) in sentence
    assert "nobody else" not in sentence


def test_what_the_file_says_too_is_known_to_the_service(machine: Machine) -> None:
    assert machine.asked(JIEDUI_PUBLIC_URL="https://jiedui.example.org").returncode == 0


def test_the_service_is_never_roots(machine: Machine) -> None:
    for name in ("root", "nobody", "a b", "-x"):
        assert f"runs as {name}:" in machine.refused(f"--user={name}")
    machine.say(f'backup_key = "{KEY}"', 'public_url = "https://x.example"', 'data = "/etc"')
    sentence = machine.refused()
    assert sentence.startswith("/etc belongs to root")
    assert "--user" in sentence


def test_what_would_fail_every_night_is_refused_now(machine: Machine) -> None:
    machine.say('public_url = "https://x.example"')
    assert "backup-key FILE" in machine.refused()
    machine.say(f'backup_key = "{KEY}"')
    assert "public_url" in machine.refused()


def test_a_county_that_never_began_gets_no_service(machine: Machine) -> None:
    machine.cluster.rmdir()
    assert f"No county has begun in {machine.data}. " in machine.refused()
    address = f"postgresql://jiedui@127.0.0.1:{closed_port()}/jiedui"
    machine.say(f'backup_key = "{KEY}"', 'public_url = "https://x.example"', f'database_url = "{address}"')
    assert "PostgreSQL does not answer at DATABASE_URL" in machine.refused()


def test_the_script_does_nothing_for_who_is_not_root(machine: Machine) -> None:
    (machine.bin / "id").write_text("#!/bin/sh\necho 1000\n")
    script = machine.asked("--units", str(machine.units)).stdout
    run = subprocess.run(
        ["sh"], input=script, env={"PATH": f"{machine.bin}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (1, "This is for root: ./dev jiedui service | sudo sh\n")
    assert not machine.noted.exists()
    assert list(machine.units.iterdir()) == []
