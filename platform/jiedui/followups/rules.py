"""The rules of following up: what counts as a contact, and when the next one is due."""

from datetime import date, timedelta

from jiedui_pairing.policy import Pack

SATISFIES: dict[str, tuple[str, ...]] = {"visit": ("visit", "call"), "call": ("call",), "message": ()}
"""Who was met in person need not be called as well; a written message replaces neither."""
SOON = timedelta(days=7)
LOG_BACK_DAYS = 60
"""How late a contact may be logged."""


def satisfied(medium: str, outcome: str) -> tuple[str, ...]:
    """The due media that a logged contact settles; tried without answer settles none."""
    return SATISFIES[medium] if outcome == "reached" else ()


def settling(due_medium: str) -> tuple[str, ...]:
    """The media whose contacts count towards a due medium."""
    return tuple(medium for medium, settled in SATISFIES.items() if due_medium in settled)


def days_between(pack: Pack, colour: str, medium: str) -> int:
    """The cadence of a colour for a medium, in days."""
    level = pack.colour_for(colour)
    return level.call if medium == "call" else level.visit


def urgency(due_on: date, today: date) -> str:
    """`overdue`, `soon` (within a week) or `later`."""
    if due_on < today:
        return "overdue"
    return "soon" if due_on <= today + SOON else "later"
