"""The ways a message leaves: a gateway for texts, the demonstration's console, lists for people."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Message:
    """What is handed to a channel."""

    text: str
    address: str = ""
    """A telephone number for texts; lists need none."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: sent; waiting for a person; to be tried again; refused for good; nobody knows."""

    kind: Literal["sent", "waiting", "again", "refused", "unknown"]
    detail: str = ""


class Channel(Protocol):
    """One way to a person."""

    @property
    def keyed(self) -> bool:
        """Whether the same key twice is one message there; else an unknown outcome waits for a person."""

    async def send(self, message: Message, key: str) -> Outcome:
        """Hand the message over; whatever is raised counts as an unknown outcome."""


class Console:
    """The demonstration's gateway: the operator's console shows the message, nothing leaves the machine."""

    keyed = True

    async def send(self, message: Message, key: str) -> Outcome:
        """Everything arrives."""
        return Outcome("sent")


class PeoplesList:
    """Work for people (calls, visits through the village, letters): it is sent when a person says so."""

    keyed = True

    async def send(self, message: Message, key: str) -> Outcome:
        """Put on the list."""
        return Outcome("waiting")
