"""The manual followed to the letter, from nothing to a county that was upgraded, taken back and restored.

Every line of its blocks is run as it stands, in the order of the year; where a line needs a person, `Officer`
does what its words ask for. `FULL=1` sets up and bundles for real; else her checkout borrows our packages.
Restoring to a moment has tests of its own (`test_backups_point_in_time.py`).
"""

import codecs
import json
import os
import pty
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
from commands import PATIENCE, answers, closed_port, servers_up, wait_until
from ledger_files import household_row, ledger_file

from jiedui.launcher.servers import running_servers

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs" / "operations.md"
FULL = bool(os.environ.get("FULL"))
PASSPHRASE = "seven quiet rivers"
_NOT_COMMITTED = (
    ".git",
    ".venv",
    ".data",
    ".tools",
    "node_modules",
    "dist",
    "bundle",
    "vendor",
    "*.nb[ci]",
    "*cache*",
)
_STUBS = {
    "sudo": 'exec "$@"',
    "sh": '[ $# -gt 0 ] || { cat >"$STUBS/units.sh"; set -- -n "$STUBS/units.sh"; }; exec /bin/sh "$@"',
    "systemctl": "",
    "journalctl": "",
}
"""What a machine without systemd lacks; the script for root is read, not run."""
_NEW_MIGRATION = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2999-01-01T00:00:00:000000"
VERSION = "1.0"
DESCRIPTION = "the next release"


async def forwards():
    return MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)
"""


def blocks() -> Iterator[tuple[str, list[str]]]:
    """Each block of commands with the heading that it stands under."""
    heading, block = "", []
    for line in [*MANUAL.read_text().splitlines(), ""]:
        if line.startswith("    "):
            block.append(line[4:])
        elif block:
            yield heading, block
            block = []
        if line.startswith("#"):
            heading = line.lstrip("# ")


def release(origin: Path, message: str) -> None:
    run = ["git", "-C", str(origin), "-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run([*run, "add", "-A"], check=True)
    subprocess.run([*run, "commit", "-q", "-m", message], check=True)


class Officer:
    """Who follows the manual, in a place of her own."""

    def __init__(self, top: Path, stack: ExitStack, *, given: bool) -> None:
        self.top = top
        self.here = top
        self.stack = stack
        self.given = self.more_servers() if given else {}
        self.port = closed_port()
        self.serving: list[subprocess.Popen[bytes]] = []
        self.origin = top / "origin"
        self.stick = top / "stick"
        for folder in (self.stick, top / "bin", top / "home"):
            folder.mkdir()
        for name, words in _STUBS.items():
            stub = top / "bin" / name
            stub.write_text(f"#!/bin/sh\n{words}\n")
            stub.chmod(0o755)
        shutil.copytree(ROOT, self.origin, ignore=shutil.ignore_patterns(*_NOT_COMMITTED), symlinks=True)
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.origin)], check=True)
        release(self.origin, "this release")
        subprocess.run(["git", "-C", str(self.origin), "tag", "OLD-RELEASE"], check=True)

    @property
    def environ(self) -> dict[str, str]:
        kept = {
            name: os.environ[name]
            for name in ("SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL")
            if name in os.environ
        }
        path = f"{self.top / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        return {
            **kept,
            "PATH": path,
            "HOME": str(self.top / "home"),
            "STUBS": str(self.top / "bin"),
            "TERM": "dumb",
        }

    def run(self, line: str) -> str:
        """A line at a terminal, with a passphrase for who asks for one and a yes for who asks that."""
        print(f"$ {line}", flush=True)
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            ["/bin/sh", "-c", line],
            cwd=self.here,
            env=self.environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process:
            os.close(theirs)
            said, text = "", codecs.getincrementaldecoder("utf-8")("replace")
            while True:
                try:
                    said += text.decode(os.read(ours, 65536))
                except OSError:  # nobody has the terminal any more
                    break
                if said.endswith("]: "):
                    os.write(ours, b"y\n")
                elif said.endswith(": "):
                    os.write(ours, PASSPHRASE.encode() + b"\n")
        os.close(ours)
        print(said, flush=True)
        assert process.returncode == 0, f"{line}: {said}"
        assert "Traceback" not in said
        return said

    def follow(self, lines: list[str]) -> None:
        """One block."""
        for line in lines:
            command = re.split(r"(?:^|\s+)# ", line)[0].strip()
            if ("jiedui.tar" in command and not FULL) or re.search("--until|--alone", command):
                print(f"(not here: {command})", flush=True)
            elif not command:
                self.does(line.strip("# "))
            elif command.startswith("./dev serve"):
                self.starts()
            else:
                self.understood(command)

    def does(self, words: str) -> None:
        """What a line asks of a person."""
        match words:
            case "make a backup, then stop the service":
                self.run("./dev jiedui backup")
                self.stops()
            case "stop the service":
                self.stops()
            case "start the service":
                self.starts()
            case _:
                raise AssertionError(f"nobody knows how to: {words}")

    def understood(self, command: str) -> None:
        """Runs a line with what is particular to this place."""
        if command.startswith("git clone"):
            self.run(command.replace("…", str(self.origin)).removesuffix(" && cd jiedui"))
            self.here /= "jiedui"
            self.borrows()
            shutil.copy(ROOT / "examples/fengdu/regions.csv", self.here)
            return
        command = command.replace("/media/stick", str(self.stick))
        if command.startswith("git pull"):
            (self.origin / "migrations/jiedui_migrations/m2999_01_01.py").write_text(_NEW_MIGRATION)
            release(self.origin, "the next release")
        elif "jiedui restore" in command:
            self.wants_an_empty_database()
            command = re.sub(r"\S*jiedui-\S*\.age", str(max(self.top.rglob("jiedui-2*.age"))), command)
        elif "jiedui service" in command and os.geteuid() == 0:
            command = command.replace("jiedui service", "jiedui service --user jiedui")
        said = self.run(command)
        if command.startswith("cp jiedui.example.toml"):
            self.writes(
                public_url=f"http://localhost:{self.port}", port=self.port, language="en", **self.given
            )
        elif "backup-key" in command:
            self.writes(backup_key=said.split('"')[-2])
        elif "regions import" in command:
            self.run(
                f"./dev jiedui households import {ledger_file(self.top, 'households', household_row(1))}"
            )

    def writes(self, **settings: object) -> None:
        """Into jiedui.toml, instead of what stood there; what was carried away stays current."""
        path = self.here / "jiedui.toml"
        kept = [line for line in path.read_text().splitlines() if line.split(" =")[0] not in settings]
        said = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        path.write_text("\n".join([*kept, *said, ""]))
        path.chmod(0o600)  # a password may stand in it
        if (self.stick / path.name).exists():
            shutil.copy(path, self.stick)

    def borrows(self) -> None:
        """The packages that are installed for us, with her own checkout's code."""
        if FULL:
            return
        ours = next((ROOT / ".venv").glob("lib/python3*/site-packages"))
        hers = self.here / ".venv" / ours.relative_to(ROOT / ".venv")
        hers.mkdir(parents=True)
        for path in ours.iterdir():
            if path.name.startswith("_editable"):
                (hers / path.name).write_text(path.read_text().replace(str(ROOT), str(self.here)))
            else:
                (hers / path.name).symlink_to(path)
        for name in ("bin", "pyvenv.cfg"):
            (self.here / ".venv" / name).symlink_to(ROOT / ".venv" / name)
        vendor = "platform/jiedui/web/static/vendor"
        shutil.copytree(ROOT / vendor, self.here / vendor)
        (self.here / "node_modules").mkdir()
        made = ". ./dev >/dev/null; made_from .venv/bin/python run >.venv/.installed-run; assets_from >{}"
        subprocess.run(["sh", "-c", made.format("node_modules/.installed")], cwd=self.here, check=True)

    def starts(self) -> None:
        """Serving, on a port of its own where another machine would have an address of its own."""
        if self.serving:
            self.port = closed_port()
            self.writes(port=self.port)
        print("$ ./dev serve &", flush=True)
        self.serving.append(subprocess.Popen(["./dev", "serve"], cwd=self.here, env=self.environ))
        wait_until(lambda: answers(f"http://localhost:{self.port}/readyz"))

    def stops(self) -> None:
        while self.serving:
            self.serving[-1].terminate()
            assert self.serving.pop().wait(PATIENCE) == 0

    def moves(self, name: str) -> None:
        """To another machine, on which nothing is yet."""
        self.run(f"git clone -q {self.origin} {self.top / name}")
        self.here = self.top / name
        self.borrows()

    def wants_an_empty_database(self) -> None:
        """Embedded, there is one once the data folder is away; one's own has to be made and named."""
        if self.given:
            self.given = self.more_servers()
            self.writes(**self.given)

    def more_servers(self) -> dict[str, str]:
        folder = self.top / f"servers{len(list(self.top.glob('servers*')))}"
        self.stack.enter_context(servers_up(folder))
        found = running_servers(folder)
        assert found is not None
        return {"database_url": found.database_url, "redis_url": found.redis_url}

    def knows_the_household(self) -> None:
        file = ledger_file(self.top, "households", household_row(1))
        assert "0 new, 0 changed, 1 unchanged" in self.run(f"./dev jiedui households import {file}")


@pytest.mark.parametrize("servers", ["embedded", "given"])
def test_the_manual_is_followed_from_nothing_to_a_county_on_another_machine(
    tmp_path: Path, servers: str
) -> None:
    with ExitStack() as stack:
        officer = Officer(tmp_path, stack, given=servers == "given")
        stack.callback(officer.stops)
        for heading, its_blocks in groupby(blocks(), itemgetter(0)):
            print(f"## {heading}", flush=True)
            if heading == "Disaster":
                officer.stops()
                officer.moves("elsewhere")
            elif heading == "A second machine":
                if servers == "embedded":
                    continue
                officer.moves("beside")
            for _, lines in its_blocks:
                officer.follow(lines)
            if heading in ("Upgrade and rollback", "Disaster", "A second machine"):
                officer.knows_the_household()
