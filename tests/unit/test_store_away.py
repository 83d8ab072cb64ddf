"""Which errors mean that a server is away, and which of them no waiting mends."""

import socket
import ssl

import asyncpg
import pytest
from redis import exceptions as redis

from jiedui.errors import Unavailable
from jiedui.store.away import connect, is_away, is_mistake


def raised(error: Exception, cause: Exception) -> Exception:
    """An error that came while another was dealt with."""
    error.__context__ = cause
    return error


AWAY = [
    ConnectionRefusedError(),
    TimeoutError(),
    redis.ConnectionError(),
    redis.BusyLoadingError(),
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.CannotConnectNowError(),
    asyncpg.AdminShutdownError(),
    asyncpg.InterfaceError("cannot perform operation: connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
    raised(asyncpg.InterfaceError("cannot roll back"), asyncpg.ConnectionDoesNotExistError()),
]
MISTAKES = [
    asyncpg.InvalidPasswordError(),
    asyncpg.InvalidCatalogNameError(),
    redis.AuthenticationError(),
    raised(redis.ConnectionError(), socket.gaierror(socket.EAI_NONAME, "unknown")),
    raised(ConnectionError(), ssl.SSLCertVerificationError()),
    raised(Unavailable(), PermissionError()),
]


@pytest.mark.parametrize("error", AWAY, ids=repr)
def test_what_passes_is_waited_for(error: Exception) -> None:
    assert is_away(error)
    assert not is_mistake(error)


@pytest.mark.parametrize("error", MISTAKES, ids=repr)
def test_what_no_waiting_mends_is_not(error: Exception) -> None:
    assert is_mistake(error) or not is_away(error)


def test_a_name_that_nobody_can_look_up_just_now_passes() -> None:
    error = raised(redis.ConnectionError(), socket.gaierror(socket.EAI_AGAIN, "later"))
    assert is_away(error)
    assert not is_mistake(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyError(),
        FileNotFoundError(),
        asyncpg.InterfaceError("another operation is in progress"),
        asyncpg.InternalClientError("got result for unknown protocol state"),
    ],
)
def test_our_own_mistakes_are_no_server_that_is_away(error: Exception) -> None:
    assert not is_away(error)


async def test_a_socket_that_is_gone_with_its_server_is_a_server_that_is_away() -> None:
    with pytest.raises(ConnectionError) as caught:
        await connect("postgresql:///x?host=/there/is/no/such/folder")
    assert is_away(caught.value)
    assert not is_mistake(caught.value)
