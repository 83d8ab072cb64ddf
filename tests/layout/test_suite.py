"""What the suite promises to whoever runs a part of it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITNESS = """
import sys
def told(event, details):
    if event == "subprocess.Popen":
        print("\\nstarted:", *details[1], flush=True)
sys.addaudithook(told)
"""


def started_by(folder: Path, *arguments: str) -> list[str]:
    """The processes that a run of these tests starts; the run itself must be green."""
    (folder / "witness.py").write_text(WITNESS, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-sq", "-p", "witness", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Unable to" not in run.stdout + run.stderr
    return [line for line in run.stdout.splitlines() if line.startswith("started:")]


def test_pure_rules_boot_no_server_though_every_test_is_read(tmp_path: Path) -> None:
    assert started_by(tmp_path, "tests", "-k", "test_pairs_rules") == []


def test_a_test_that_asks_for_the_servers_gets_them(tmp_path: Path) -> None:
    started = started_by(tmp_path, "tests/layout/test_layout.py", "-k", "checked_by_the_database")
    assert [line for line in started if "bin/postgres -D" in line]
