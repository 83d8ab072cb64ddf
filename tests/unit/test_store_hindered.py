"""What only the operator can mend, however it shows itself, and what it is not taken for."""

import errno
import os
from pathlib import Path

import asyncpg
import pytest
from redis import exceptions as redis

from jiedui.errors import Unavailable
from jiedui.store.away import is_away
from jiedui.store.hindered import SENTENCES, hindrance


def caused(error: Exception, cause: Exception) -> Exception:
    """An error that came of another."""
    error.__cause__ = cause
    return error


def failed(number: int) -> OSError:
    return OSError(number, os.strerror(number))


HINDERED = [
    (asyncpg.DiskFullError(), "The disk of the database is full"),
    (asyncpg.OutOfMemoryError(), "no memory left"),
    (asyncpg.InsufficientPrivilegeError(), "does not let jiedui do this"),
    (asyncpg.ReadOnlySQLTransactionError(), "The database can only be read"),
    (failed(errno.ENOSPC), "A disk of jiedui's machine is full"),
    (failed(errno.EDQUOT), "A disk of jiedui's machine is full"),
    (failed(errno.EROFS), "A disk of jiedui's machine can only be read"),
    (redis.OutOfMemoryError(), "Redis or Valkey has no room left"),
    (redis.ReadOnlyError(), "Redis or Valkey has no room left"),
    (redis.ResponseError("MISCONF Valkey is configured to save RDB snapshots"), "Redis or Valkey"),
    (caused(Unavailable(), redis.OutOfMemoryError()), "Redis or Valkey has no room left"),
]
OTHERWISE = [
    asyncpg.UniqueViolationError(),
    asyncpg.TooManyConnectionsError(),
    failed(errno.ENOENT),
    OSError("without a number"),
    redis.ResponseError("WRONGTYPE"),
    redis.ConnectionError(),
    ValueError("MISCONF"),
]


@pytest.mark.parametrize(("error", "words"), HINDERED, ids=repr)
def test_what_hinders_is_a_sentence_of_its_own(error: Exception, words: str) -> None:
    found = hindrance(error)
    assert found is not None
    assert words in found.msgid
    assert found.msgid in SENTENCES
    assert not is_away(error), "nobody should be told to try again in a minute"


@pytest.mark.parametrize("error", OTHERWISE, ids=repr)
def test_everything_else_is_not(error: Exception) -> None:
    assert hindrance(error) is None


def test_a_file_on_a_full_disk_is_told_by_the_kernel_itself() -> None:
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert hindrance(caught.value) is not None
