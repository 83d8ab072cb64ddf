"""Whether a server is away and will come back, or was never to be reached with these settings."""

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import asyncpg
from redis import exceptions as redis

_AWAY = (
    ConnectionError, TimeoutError, redis.ConnectionError, redis.TimeoutError,
    asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError, asyncpg.TooManyConnectionsError,
)  # fmt: skip
_MISTAKES = (
    PermissionError, ssl.SSLError, redis.AuthenticationError, redis.AuthorizationError,
    asyncpg.ProtocolViolationError,
)  # fmt: skip

_SILENCE = {
    socket.TCP_USER_TIMEOUT: 60_000,  # ms, for what was sent to be taken
    socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 3,  # s, for an answer
}  # fmt: skip


def is_away(error: BaseException) -> bool:
    """Whether this came of a server that is away, just going or just coming back."""
    return any(isinstance(one, _AWAY) or _was_closed(one) for one in causes(error))


def is_mistake(error: BaseException) -> bool:
    """Whether waiting is no cure: a wrong password, a certificate, a host that nobody knows."""
    return any(
        isinstance(one, _MISTAKES) or (isinstance(one, socket.gaierror) and one.errno != socket.EAI_AGAIN)
        for one in causes(error)
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came of: ending a transaction on a lost connection fails in its own words."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def connect(*args: Any, **kwargs: Any) -> Any:
    """asyncpg's, where all that keeps a connection from coming about is a server that is away.

    Else a socket that is gone with its server would look like a file of ours that is missing. Later,
    a cable that says nothing for a minute is cut: by itself a system waits a quarter of an hour, or for ever.
    """
    try:
        connection = await asyncpg.connect(*args, **kwargs)
    except OSError as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
    end = connection._transport.get_extra_info("socket")
    if end.family != socket.AF_UNIX:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _SILENCE.items():
            end.setsockopt(socket.IPPROTO_TCP, option, value)
    return connection


def _was_closed(error: BaseException) -> bool:
    """What asyncpg says of a connection that went away between two statements, and of one whose server is
    heard to end it at the very moment in which the next statement begins.
    """
    if isinstance(error, asyncpg.InternalClientError):
        return "cannot switch to state" in str(error)
    return isinstance(error, asyncpg.InterfaceError) and "connection is closed" in str(error)
