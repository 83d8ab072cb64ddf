"""Time as this country lives it: instants are UTC, days are those of Shanghai."""

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHIFT = "JIEDUI_CLOCK_SHIFT"
"""Seconds by which the demonstration's clock differs from the machine's; no other clock can be chosen."""


def utc_now() -> datetime:
    """The clock by which people act; everything else takes `now` as an argument."""
    return machine_now() + shift()


def machine_now() -> datetime:
    """The clock of the machine, for what no person sees: leases of jobs, how long something has taken."""
    return datetime.now(UTC)


def shift() -> timedelta:
    """None, but in the demonstration, whose ledgers are of one day."""
    held = os.environ.get("JIEDUI_DEMO") == "1"
    return timedelta(seconds=int(os.environ.get(SHIFT) or 0) if held else 0)


def today(now: datetime) -> date:
    """The calendar day in Shanghai at an instant."""
    return now.astimezone(SHANGHAI).date()
