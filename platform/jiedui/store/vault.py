"""Sealing what nobody should read in a dump, and keyed hashes to find it again.

AES-256-GCM with the place (table and column) as associated data, so that a sealed value cannot be moved to
another column; HMAC-SHA256 for equality search. Keys are derived from the installation's secret.
"""

import functools
import hashlib
import hmac
import os
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jiedui.settings import secret_of

_NONCE = 12


def seal(text: str, place: str, secret: bytes | None = None) -> bytes:
    """Encrypt a text for one place, e.g. `household.identity`: its table and column.

    Here and below: with this installation's secret, unless another one is named.
    """
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(_key("seal", secret)).encrypt(nonce, text.encode(), place.encode())


def unseal(sealed: bytes, place: str) -> str:
    """The text back. Raises cryptography's InvalidTag when it was changed or belongs elsewhere."""
    return AESGCM(_key("seal")).decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()).decode()


def keyed_hash(value: str, purpose: str, secret: bytes | None = None) -> str:
    """64 hex digits that name a value (identity number, telephone) without telling it."""
    return hmac.new(_key(purpose, secret), value.encode(), hashlib.sha256).hexdigest()


@functools.cache
def _key(purpose: str, secret: bytes | None = None) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return derive.derive(secret or own_secret())


@functools.cache
def own_secret() -> bytes:
    """Read once: a process knows one secret as long as it lives, also while it is changed beside it."""
    return secret_of(os.environ)
