"""How often something may be tried: exact over all processes, one counter per rule and subject.

A sliding window kept in Redis by one script: never more than `times` within any `seconds`, which a
leaky bucket does not promise (5 an hour would let 9 through) and which SMS gateways enforce.
Without Redis nothing is admitted: these rules guard logins and messages.
"""

import hmac
import math
import secrets
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from jiedui.errors import TooMany, Unavailable

_ADMIT = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local wait = 0
for i, key in ipairs(KEYS) do
  local times, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  redis.call('ZREMRANGEBYSCORE', key, 0, now - window)
  if redis.call('ZCARD', key) >= times then
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    wait = math.max(wait, first[2] + window - now)
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2 * i + 1])
end
return 0
"""


@dataclass(frozen=True)
class Rule:
    """At most `times` within any `seconds`, for one subject."""

    name: str
    times: int
    seconds: int


class Limits:
    """The counters of one installation; of telephone numbers and addresses only a keyed hash is kept."""

    def __init__(self, redis: Redis, secret: bytes) -> None:
        self._script = redis.register_script(_ADMIT)
        self._key = hmac.digest(secret, b"limits", "sha256")

    async def admit(self, *asked: tuple[Rule, str]) -> None:
        """Count one attempt against every rule, or against none. Raises TooMany with the time to wait."""
        keys = [f"limit:{rule.name}:{self._hidden(subject)}" for rule, subject in asked]
        numbers: list[Any] = [secrets.token_hex(8)]
        for rule, _ in asked:
            numbers += [rule.times, rule.seconds * 1000]
        try:
            wait = int(await self._script(keys=keys, args=numbers))
        except RedisError as error:
            raise Unavailable from error
        if wait > 0:
            raise TooMany(minutes=math.ceil(wait / 60_000), seconds=math.ceil(wait / 1000))

    def _hidden(self, subject: str) -> str:
        return hmac.digest(self._key, subject.encode(), "sha256").hex()[:32]
