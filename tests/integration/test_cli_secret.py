"""A database and its secret belong together: every command refuses another one and says where it lies."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import COUNTY, county_up, done, jiedui, knows_her, refused
from ledger_files import household_row, ledger_file
from served_county import County

from jiedui.launcher.servers import running_servers

OTHER = "another long random text of more than thirty-two"
COMMANDS = [
    ("migrate",),
    ("serve",),
    ("worker",),
    ("households", "import", "FILE"),
    ("households", "import", "FILE", "--dry-run"),
    ("round", "run", "--region", COUNTY),
    ("migrate", "--new"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A county with one household, its servers up."""
    folder = tmp_path_factory.mktemp("secrets")
    with county_up(folder):
        yield folder


@contextlib.contextmanager
def secret_is(folder: Path, content: bytes | None) -> Iterator[None]:
    """The secret's file holds something else, or is gone, for the block."""
    file = folder / "secret"
    right = file.read_bytes()
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        file.write_bytes(right)


def given(folder: Path, command: tuple[str, ...]) -> list[str]:
    return [str(folder / "households.xlsx") if word == "FILE" else word for word in command]


WRONG = {
    "another": (OTHER.encode(), "does not fit this database"),
    "lost": (None, "There is no secret in"),
    "empty": (b"", "is empty or shorter than 32"),
    "a line break": (b"\n", "is empty or shorter than 32"),
}


# All commands go through one door, so every command with one fault and one command with every fault.
@pytest.mark.parametrize(
    ("command", "kind"),
    [(command, "lost") for command in COMMANDS] + [(("serve",), kind) for kind in WRONG if kind != "lost"],
)
def test_a_wrong_secret_stops_every_command(folder: Path, command: tuple[str, ...], kind: str) -> None:
    content, words = WRONG[kind]
    file = ledger_file(folder, "households", household_row(1))
    file.rename(folder / "households.xlsx")
    with secret_is(folder, content):
        sentence = refused(folder, *given(folder, command))
        assert (folder / "secret").exists() is (content is not None), "none is made in its place"
    assert words in sentence
    assert str(folder / "secret") in sentence


@pytest.mark.parametrize("content", [OTHER.encode(), None, b""], ids=["another", "lost", "empty"])
def test_the_doctor_says_so_too(folder: Path, content: bytes | None) -> None:
    with secret_is(folder, content):
        result = jiedui(folder, "doctor")
    assert result.returncode == 1
    assert str(folder / "secret") in result.stdout + result.stderr
    done(folder, "doctor")


def test_a_line_break_at_its_end_changes_nothing(folder: Path) -> None:
    with secret_is(folder, (folder / "secret").read_bytes() + b"\n"):
        assert knows_her(folder)


def test_nothing_was_lost_meanwhile(folder: Path) -> None:
    with secret_is(folder, OTHER.encode()):
        refused(folder, "migrate")
    assert knows_her(folder)


def test_a_database_from_before_fingerprints_is_known_by_what_it_holds_sealed(folder: Path) -> None:
    county = County(folder)
    county.ask("DELETE FROM key_print")
    with secret_is(folder, OTHER.encode()):
        assert "does not fit this database" in refused(folder, "migrate")
        assert county.ask("SELECT * FROM key_print") == []
    done(folder, "migrate")
    assert len(county.ask("SELECT * FROM key_print")) == 1
    assert knows_her(folder)


@pytest.mark.parametrize("new", [(), ("--new",)])
def test_a_second_host_without_the_secret_is_refused_and_makes_none(
    folder: Path, tmp_path: Path, new: tuple[str, ...]
) -> None:
    servers = running_servers(folder)
    assert servers
    addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    sentence = refused(tmp_path / "second", "worker", *new, **addresses)
    assert f"There is no secret in {tmp_path}/second/secret" in sentence
    assert "first host" in sentence
    assert not (tmp_path / "second").exists()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "secret").write_text(OTHER)
    assert "does not fit this database" in refused(tmp_path / "second", "worker", **addresses)
    (tmp_path / "second" / "secret").write_bytes((folder / "secret").read_bytes())
    done(tmp_path / "second", "migrate", **addresses)
