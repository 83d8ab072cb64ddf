"""Time as this country lives it: instants are UTC, days are those of Shanghai."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The real clock; everything else takes `now` as an argument."""
    return datetime.now(UTC)


def today(now: datetime) -> date:
    """The calendar day in Shanghai at an instant."""
    return now.astimezone(SHANGHAI).date()
