"""What stops all work until the operator mends it: a full disk, no memory, no right, nothing to write to."""

import errno

import asyncpg
from redis import exceptions as redis

from jiedui.errors import Unavailable
from jiedui.i18n import N_
from jiedui.store.away import causes


class Hindered(Unavailable):
    """Nobody's mistake, no waiting mends it, and no half-done work is kept."""

    heading = N_("This machine needs its operator")


_BY_STATE = {
    "53100": N_(
        "The disk of the database is full. Nothing was changed. "
        "Once the operator has made room, please do the same again."
    ),
    "53200": N_(
        "The database has no memory left. Nothing was changed. "
        "Once the operator has given it more, please do the same again."
    ),
    "42501": N_(
        "The database does not let jiedui do this. Nothing was changed. Once the operator has let the user "
        "in DATABASE_URL own the database (ALTER DATABASE … OWNER TO …), please do the same again."
    ),
    "25006": N_(
        "The database can only be read at present. Nothing was changed. "
        "Once the operator has opened it for writing, please do the same again."
    ),
}
_FULL = N_(
    "A disk of jiedui's machine is full. Nothing was changed. "
    "Once the operator has made room, please do the same again."
)
_BY_NUMBER = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: N_(
        "A disk of jiedui's machine can only be read. Nothing was changed. "
        "Once the operator has opened it for writing, please do the same again."
    ),
}
_REDIS = N_(
    "Redis or Valkey has no room left, or can only be read. Nothing was changed. "
    "Once the operator has looked after it, please do the same again."
)
SENTENCES = {*_BY_STATE.values(), *_BY_NUMBER.values(), _REDIS}


def hindrance(error: BaseException) -> Hindered | None:
    """What an error came of that only the operator can mend, if it did."""
    for one in causes(error):
        if isinstance(one, asyncpg.PostgresError):
            msgid = _BY_STATE.get(one.sqlstate)
        elif isinstance(one, OSError):
            msgid = _BY_NUMBER.get(one.errno or 0)
        else:
            msgid = _REDIS if _is_full(one) else None
        if msgid:
            return Hindered(msgid)
    return None


def _is_full(error: BaseException) -> bool:
    return isinstance(error, redis.OutOfMemoryError | redis.ReadOnlyError) or (
        isinstance(error, redis.ResponseError) and str(error).startswith("MISCONF")
    )
