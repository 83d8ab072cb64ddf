"""What the outbox asks of whoever holds the keys: it keeps no readable word about a person itself."""

from typing import Protocol

PARAMS = "notice.params"
ADDRESS = "notice.address"
BODY = "delivery.body"


class Sealer(Protocol):
    """Encryption bound to a place, so that a sealed value cannot be moved to another column."""

    def seal(self, text: str, place: str) -> bytes:
        """Encrypt for one place."""

    def unseal(self, sealed: bytes, place: str) -> str:
        """The text back."""
