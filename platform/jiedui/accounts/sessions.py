"""Logins that are still open: random ids in Redis, stored under their hash, never rewritten.

A record is made at login only and afterwards merely lives on (EXPIRE) or is deleted, so a request that
began before a logout cannot bring it back, and an id a browser made up never becomes one.
Role and area are not in it: they are read from the account at each request.
"""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from redis.asyncio import Redis

_ID = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Lifetime:
    """How long a login lasts without a sign of life, and at most."""

    idle: timedelta
    absolute: timedelta


STAFF = Lifetime(timedelta(minutes=30), timedelta(hours=12))
VOLUNTEER = Lifetime(timedelta(days=7), timedelta(days=30))


def lifetime(role: str) -> Lifetime:
    """Those who see ledgers are logged out sooner than those who see their own page."""
    return VOLUNTEER if role == "volunteer" else STAFF


@dataclass(frozen=True)
class Session:
    """What Redis knows of a login."""

    account_id: UUID
    began: int


class Sessions:
    """The open logins of one installation."""

    def __init__(self, redis: Redis, clock: Callable[[], datetime]) -> None:
        self._redis = redis
        self._clock = clock

    async def begin(self, account_id: UUID, role: str) -> str:
        """A fresh id for the cookie; the only place where a record is made."""
        session_id = secrets.token_urlsafe(32)
        life = lifetime(role)
        now = int(self._clock().timestamp())
        key = _key(session_id)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(key, f"{account_id} {now}", ex=min(life.idle, life.absolute))
            pipe.zremrangebyscore(_of(account_id), 0, now)
            pipe.zadd(_of(account_id), {key: now + life.absolute.total_seconds()})
            pipe.expire(_of(account_id), VOLUNTEER.absolute)
            await pipe.execute()
        return session_id

    async def find(self, session_id: str) -> Session | None:
        """The login with this id, or None for one that is over, unknown or made up."""
        if not _ID.fullmatch(session_id):
            return None
        record = cast(bytes | None, await self._redis.get(_key(session_id)))
        if record is None:
            return None
        account_id, began = record.decode().split()
        return Session(UUID(account_id), int(began))

    async def keep(self, session_id: str, session: Session, role: str) -> bool:
        """Count a sign of life; False when the login has lasted as long as it may."""
        life = lifetime(role)
        left = session.began + int(life.absolute.total_seconds()) - int(self._clock().timestamp())
        if left <= 0:
            await self.end(session_id)
            return False
        return bool(await self._redis.expire(_key(session_id), min(left, int(life.idle.total_seconds()))))

    async def end(self, session_id: str) -> None:
        """Log out."""
        await self._redis.delete(_key(session_id))

    async def open_of(self, account_id: UUID) -> int:
        """How often an account is logged in."""
        keys = await self._keys(account_id)
        return int(await self._redis.exists(*keys)) if keys else 0

    async def end_all(self, account_id: UUID) -> int:
        """Log an account out everywhere (new passphrase, other role, no longer active); returns how often."""
        keys = await self._keys(account_id)
        if not keys:
            return 0
        ended = await self._redis.delete(*keys)
        await self._redis.zrem(_of(account_id), *keys)
        return int(ended)

    async def _keys(self, account_id: UUID) -> list[bytes]:
        return await cast(Awaitable[list[bytes]], self._redis.zrange(_of(account_id), 0, -1))


def _key(session_id: str) -> str:
    return f"session:{hashlib.sha256(session_id.encode()).hexdigest()}"


def _of(account_id: UUID) -> str:
    return f"sessions-of:{account_id}"
