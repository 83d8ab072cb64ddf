"""A ledger that is read lies in memory where there is room for it, and elsewhere where there is none."""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from jiedui.ledgers import uploads, work

ROW, LEDGER = {"content": b""}, SimpleNamespace(file_name="households.xlsx")


@pytest.fixture(autouse=True)
def _content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "content_of", lambda row: b"rows")


def full(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Whatever is written into a place finds no room."""
    write = Path.write_bytes

    def without_room(path: Path, content: bytes) -> int:
        if path.is_relative_to(place):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", without_room)


def test_it_lies_in_memory_and_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_MEMORY", tmp_path)
    with work._file(ROW, LEDGER) as path:
        assert path.is_relative_to(tmp_path)
        assert path.name == "households.xlsx"
        assert path.read_bytes() == b"rows"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("why", ["none here", "not for this user", "full"])
def test_where_memory_takes_nothing_it_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    memory = tmp_path / "memory"
    monkeypatch.setattr(work, "_MEMORY", memory)
    if why == "not for this user":
        memory.touch()  # even root makes no folder in it
    elif why == "full":
        memory.mkdir()
        full(monkeypatch, memory)
    with work._file(ROW, LEDGER) as path:
        assert path.read_bytes() == b"rows"
        assert not path.is_relative_to(memory)
    assert not path.exists()
    assert not memory.is_dir() or list(memory.iterdir()) == []


def test_where_there_is_no_room_at_all_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(monkeypatch, Path("/"))
    with pytest.raises(OSError, match="No space left"), work._file(ROW, LEDGER):
        raise AssertionError("there is no file")
