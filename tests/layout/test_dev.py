"""What ./dev does before it starts anything: serving never installs, and who owns what is named."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUB = f"""#!/bin/sh
case $1 in
    -c) exec {sys.executable} -c "import sys; sys.version = '3.x.1'; sys.version_info = (3, 11, 1); $2" ;;
    *) echo "ran $*" ;;
esac
"""


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A checkout that is set up, with a Python that only says what it was asked to run."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "checkout"
        root.mkdir()
        for name in ("dev", "pyproject.toml", "package-lock.json", ".npmrc", "requirements"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, root / name)
        (root / "matching").mkdir()
        (root / "platform/jiedui/web/static/vendor").mkdir(parents=True)
        (root / "node_modules").mkdir()
        (root / ".venv/bin").mkdir(parents=True)
        program(root / ".venv/bin/python", STUB)
        made = ". ./dev >/dev/null; made_from .venv/bin/python {0} >.venv/.installed-{0}; assets_from >{1}"
        subprocess.run(
            ["sh", "-c", made.format("run", "node_modules/.installed")],
            cwd=root,
            check=True,
        )
        Path(folder).chmod(0o755)  # another user shall come in
        yield root


def program(path: Path, words: str) -> None:
    path.write_text(words, encoding="utf-8")
    path.chmod(0o755)


def dev(checkout: Path, *arguments: str, **how: object) -> tuple[int, str]:
    """Exit status and words of ./dev, where nothing can be fetched and everything that is made shows."""
    before = sorted(checkout.rglob("*"))
    run = subprocess.run(
        [str(checkout / "dev"), *arguments],
        env={"PATH": f"{checkout.parent}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        **how,  # type: ignore[call-overload]
    )
    assert sorted(checkout.rglob("*")) == before, "something was made"
    return run.returncode, (run.stdout + run.stderr).strip()


@pytest.mark.parametrize("command", ["serve", "worker", "jiedui", "run", "reset"])
def test_what_is_set_up_starts(checkout: Path, command: str) -> None:
    status, words = dev(checkout, command)
    assert status == 0
    assert words.startswith("ran -m jiedui")


@pytest.mark.parametrize("command", ["serve", "worker", "jiedui", "run", "reset"])
@pytest.mark.parametrize("change", ["lock", "python", "never"])
def test_what_is_not_set_up_says_so_and_installs_nothing(checkout: Path, command: str, change: str) -> None:
    if change == "lock":
        with (checkout / "requirements/run.lock").open("a") as lock:
            lock.write("another==1\n")
    elif change == "python":
        program(checkout / ".venv/bin/python", STUB.replace("(3, 11, 1)", "(3, 12, 0)"))
    else:
        shutil.rmtree(checkout / ".venv")
    status, words = dev(checkout, command)
    assert status == 1
    assert "run ./dev setup" in words


@pytest.mark.parametrize("command", ["setup", "demo", "test", "check"])
def test_what_nobody_set_up_is_installed_by_these(checkout: Path, command: str) -> None:
    shutil.rmtree(checkout / ".venv")
    stubs = checkout.parent / "bin"
    stubs.mkdir()
    program(
        stubs / "uv", '#!/bin/sh\n[ "$1" = --version ] && echo uv 0.9.0 || { echo asked to $1; exit 1; }\n'
    )
    run = subprocess.run(
        [str(checkout / "dev"), command],
        env={"PATH": f"{stubs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "asked to venv" in run.stderr
    assert "could not be installed" in run.stderr


def test_a_security_update_of_python_changes_nothing(checkout: Path) -> None:
    program(checkout / ".venv/bin/python", STUB.replace("3.x.1", "3.x.2").replace("(3, 11, 1)", "(3, 11, 2)"))
    assert dev(checkout, "serve")[0] == 0


def test_who_has_the_tests_packages_has_all_that_runs(checkout: Path) -> None:
    (checkout / ".venv/.installed-run").unlink()
    assert dev(checkout, "serve")[0] == 1
    script = ". ./dev >/dev/null; made_from .venv/bin/python test >.venv/.installed-test"
    subprocess.run(["sh", "-c", script], cwd=checkout, check=True)
    assert dev(checkout, "serve")[0] == 0


@pytest.mark.parametrize("command", ["serve", "jiedui", "setup", "demo"])
def test_root_writes_nothing_into_somebody_elses_checkout(checkout: Path, command: str) -> None:
    stubs = checkout.parent / "bin"
    stubs.mkdir()
    program(stubs / "id", '#!/bin/sh\n[ "$1" = -u ] && echo 0 || echo root\n')
    program(stubs / "ls", "#!/bin/sh\necho drwxr-xr-x 2 jiedui jiedui 4096 1 Nov 2026 x\n")
    status, words = dev(checkout, command)
    assert status == 1
    assert f"sudo -u jiedui ./dev {command}" in words


def test_a_file_that_another_user_left_is_named_before_anything_is_installed(checkout: Path) -> None:
    (checkout / ".venv/.installed-run").unlink()
    left = checkout / ".venv/lib"
    left.mkdir()
    left.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    how: dict[str, object] = {}
    if os.getuid() == 0:  # to whom everything is open: be somebody else, to whom all but this belongs
        for path in [checkout, *checkout.rglob("*")]:
            if path != left:
                os.chown(path, 65534, 65534)
        how = {"user": 65534, "group": 65534}
    status, words = dev(checkout, "setup", **how)
    assert status == 1
    assert words.startswith(f"{left} belongs to ")
    assert "network" not in words


@pytest.mark.parametrize(
    ("place", "said"),
    [("nowhere.tar", "There is no"), ("words.tar", "is no archive that"), ("empty", "holds no bundle")],
)
def test_what_is_no_bundle_is_refused_before_anything_is_made(checkout: Path, place: str, said: str) -> None:
    (checkout / "words.tar").write_text("no archive", encoding="utf-8")
    (checkout / "empty").mkdir()
    status, words = dev(checkout, "setup", "--from", str(checkout / place))
    assert status == 1
    assert place in words
    assert said in words


def test_a_bundle_for_another_machine_or_of_another_release_is_refused(checkout: Path) -> None:
    made_for = checkout / "bundle/for"
    made_for.parent.mkdir()
    made_for.write_text("Python 3.1 Linux abacus\n1 2\n3 4\n", encoding="utf-8")
    status, words = dev(checkout, "setup", "--from", str(checkout / "bundle"))
    assert status == 1
    assert "This bundle is for Python 3.1 Linux abacus, and here is Python 3." in words
    here = words.split("and here is ")[1].split(":")[0]
    made_for.write_text(f"{here}\n1 2\n3 4\n", encoding="utf-8")
    status, words = dev(checkout, "setup", "--from", str(checkout / "bundle"))
    assert (status, "of another release than this checkout" in words) == (1, True)


@pytest.mark.parametrize("command", ["setup", "demo"])
def test_what_a_folder_was_unpacked_from_is_installed_without_a_network(checkout: Path, command: str) -> None:
    shutil.rmtree(checkout / ".venv")
    (checkout / "bundle/wheels").mkdir(parents=True)
    of_here = "; ".join([". ./dev >/dev/null", "find_python", 'bundled_for "$python" >bundle/for'])
    subprocess.run(["sh", "-c", of_here], cwd=checkout, check=True, env={"PATH": "/usr/bin:/bin"})
    with zipfile.ZipFile(checkout / "bundle/wheels/uv-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            "uv-1.data/scripts/uv", '#!/bin/sh\necho "asked to $1, offline: $UV_OFFLINE"; exit 1\n'
        )
    run = subprocess.run(
        [str(checkout / "dev"), command],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "asked to venv, offline: 1" in run.stderr


def test_a_bundle_of_what_is_not_committed_is_refused(checkout: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@x.example")
        subprocess.run(["git", "-C", str(checkout), *who, *words], check=True, capture_output=True)

    git("init")
    (checkout / ".gitignore").write_text(".venv\nnode_modules\n", encoding="utf-8")
    git("add", ".")
    git("commit", "-m", "all of it")
    (checkout / "jiedui.toml").touch()  # nobody's business but this machine's
    stubs = checkout.parent / "bin"
    stubs.mkdir()
    program(stubs / "tar", "#!/bin/sh\necho unpacking the commit; exit 1\n")
    program(stubs / "python3", "#!/bin/sh\n")  # one with pip, whatever this machine has
    begun = subprocess.run(
        [str(checkout / "dev"), "bundle"],
        env={"PATH": f"{stubs}:/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert b"unpacking the commit" in begun.stdout
    shutil.rmtree(checkout / ".tools")
    with (checkout / "requirements/run.lock").open("a") as lock:
        lock.write("# another\n")
    subprocess.run(
        ["sh", "-c", ". ./dev >/dev/null; made_from .venv/bin/python run >.venv/.installed-run"],
        cwd=checkout,
        check=True,
    )
    status, words = dev(checkout, "bundle")
    assert status == 1
    assert "M requirements/run.lock" in words


def test_a_bundle_is_made_of_a_git_checkout_only(checkout: Path) -> None:
    status, words = dev(checkout, "bundle")
    assert status == 1
    assert "is made from a git checkout" in words
