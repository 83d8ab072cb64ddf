"""One-time codes by telephone: six digits, ten minutes, five tries, used once; only a keyed hash is kept.

Whether a number is known shows in nothing: the same row is written, the same limits count, the same page
comes; only the message is not sent.
"""

import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from jiedui.accounts.limits import Limits, Rule
from jiedui.accounts.tables import OneTimeCode
from jiedui.actor import Actor
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.store import outbox
from jiedui.store.scope import scope
from jiedui.store.vault import keyed_hash

Purpose = Literal["login", "signup"]

LASTS = timedelta(minutes=10)
TRIES = 5
# the gateways' own ceilings per number; many villagers share one address
REQUESTS = (Rule("code-minute", 1, 60), Rule("code-hour", 5, 3600), Rule("code-day", 10, 24 * 3600))
REQUESTS_FROM = Rule("code-address", 60, 3600)
REQUESTS_IN_ALL = Rule("code-all", 3000, 3600)
GUESSES_FROM = Rule("code-guess-address", 120, 3600)


class WrongCode(Refused):
    """It counts as a try."""

    counted = True
    msgid = N_("This code is not right, or no longer valid. Please look again or ask for a new one.")


_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")


def mobile_number(text: str, *, field: str = "phone") -> str:
    """The eleven digits of a mobile number, however it was typed. Raises Refused."""
    digits = re.sub(r"[\s()\-·.]", "", unicodedata.normalize("NFKC", text))
    found = _MOBILE.fullmatch(digits)
    if not found:
        raise Refused(N_("This is not a mobile number: it has 11 digits and begins with 1."), field=field)
    return found[1]


async def request_code(
    phone: str, purpose: Purpose, *, send: bool, region_code: str, address: str, limits: Limits, now: datetime
) -> None:
    """Make a code for a number and, with `send`, put the message into the outbox. Raises TooMany."""
    await limits.admit(*((rule, phone) for rule in REQUESTS), (REQUESTS_FROM, address), (REQUESTS_IN_ALL, ""))
    code_id = uuid4()
    code = f"{secrets.randbelow(10**6):06d}"
    async with scope(Actor.system(), now):
        await OneTimeCode.insert(
            OneTimeCode(
                id=code_id,
                phone_key=keyed_hash(phone, "phone"),
                purpose=purpose,
                code_hash=_hashed(code_id, code),
                expires_at=now + LASTS,
                created_at=now,
            )
        )
        if send:
            await _send(phone, code, code_id, region_code, now)


async def redeem_code(
    phone: str, code: str, purpose: Purpose, *, address: str, limits: Limits, now: datetime
) -> None:
    """Use a code up; of several at once one succeeds. Raises Refused, TooMany."""
    await limits.admit((GUESSES_FROM, address))
    tried = await OneTimeCode.raw(
        "UPDATE one_time_code SET tries = tries + 1 WHERE tries < {} AND id = ("
        "SELECT id FROM one_time_code WHERE phone_key = {} AND purpose = {} AND used_at IS NULL"
        " AND expires_at > {} ORDER BY created_at DESC LIMIT 1) RETURNING id, code_hash",
        TRIES,
        keyed_hash(phone, "phone"),
        purpose,
        now,
    )
    if tried and secrets.compare_digest(tried[0]["code_hash"], _hashed(tried[0]["id"], code)):
        used = (
            await OneTimeCode.update({OneTimeCode.used_at: now})
            .where(OneTimeCode.id == tried[0]["id"], OneTimeCode.used_at.is_null())
            .returning(OneTimeCode.id)
        )
        if used:
            return
    raise WrongCode(field="code")


async def _send(phone: str, code: str, code_id: UUID, region_code: str, now: datetime) -> None:
    await outbox.enqueue(
        template="volunteer.code",
        params={"code": code},
        recipient=None,
        address=phone,
        region_code=region_code,
        subject_id=None,
        dedupe_key=f"volunteer.code:{code_id}",
        now=now,
    )


def _hashed(code_id: UUID, code: str) -> str:
    return keyed_hash(f"{code_id}:{code}", "one-time code")
