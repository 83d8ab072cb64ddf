"""What a command says of an error that nobody foresaw: one sentence, in words that are not a program's."""

import asyncpg
import pytest
from redis import exceptions as redis

from jiedui.commands.cli import _sentence


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIEDUI_LANG", "en")


def raised(error: Exception, cause: Exception) -> Exception:
    """An error that came while another was dealt with."""
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        raised(
            asyncpg.InterfaceError("cannot call Transaction.rollback(): the underlying connection is closed"),
            asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        ),
        redis.ConnectionError("Error 111 connecting to 127.0.0.1:6379."),
        ConnectionRefusedError(111, "Connection refused"),
    ],
)
def test_a_server_that_went_away_is_called_so(error: Exception) -> None:
    assert _sentence(error).startswith("Cut short: PostgreSQL or Redis went away. Nothing half-done was kept")


def test_another_accident_keeps_its_words() -> None:
    assert _sentence(IsADirectoryError(21, "Is a directory")).startswith(
        "Cut short: [Errno 21] Is a directory"
    )
    assert _sentence(KeyError("13912345678")).startswith("This should not have happened")
    assert "139" not in _sentence(KeyError("13912345678"))
