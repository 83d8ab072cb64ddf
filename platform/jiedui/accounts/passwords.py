"""Passphrases: Argon2id in a few threads, so that a login never holds up the other pages."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from jiedui.errors import Refused
from jiedui.i18n import N_

SHORTEST = 12
LONGEST = 200

_HASHER = PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, 3 passes
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""What an unknown login is compared with, so that it takes as long as a known one."""


def check_acceptable(passphrase: str, *, login: str) -> None:
    """Long and not obvious is all that is asked. Raises Refused."""
    plain = _normal(passphrase).casefold()
    if not SHORTEST <= len(plain) <= LONGEST:
        raise Refused(
            N_("A passphrase has at least {n} characters: a short sentence is easiest to remember."),
            field="passphrase",
            n=SHORTEST,
        )
    without_login = plain.replace(login.casefold(), "")
    if len(set(without_login)) < 5 or plain in "012345678901234567890" or len(without_login) < 8:
        raise Refused(N_("This passphrase is too easy to guess. Please choose another."), field="passphrase")


async def hash_passphrase(passphrase: str) -> str:
    """The text to store."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, _normal(passphrase))


async def matches(stored: str | None, passphrase: str) -> bool:
    """Whether the passphrase is the stored one; None costs the same and never matches."""
    if len(passphrase) > LONGEST:
        return False
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _matches, stored, _normal(passphrase))


def _matches(stored: str | None, passphrase: str) -> bool:
    try:
        return _HASHER.verify(stored or _NOBODY, passphrase) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def _normal(passphrase: str) -> str:
    return unicodedata.normalize("NFKC", passphrase)
