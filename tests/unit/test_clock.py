"""No person chooses the clock: it is held back in the demonstration alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from jiedui.clock import SHIFT, shift, today, utc_now


@pytest.mark.parametrize(("demo", "held"), [(None, False), ("0", False), ("true", False), ("1", True)])
def test_a_shift_counts_in_the_demonstration_alone(monkeypatch, demo, held):
    monkeypatch.setenv(SHIFT, str(-400 * 86_400))
    monkeypatch.delenv("JIEDUI_DEMO", raising=False)
    if demo is not None:
        monkeypatch.setenv("JIEDUI_DEMO", demo)
    assert shift() == (timedelta(days=-400) if held else timedelta(0))
    assert (datetime.now(UTC) - utc_now() > timedelta(days=399)) == held


def test_a_day_begins_at_midnight_here():
    evening = datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)
    assert (today(evening), today(evening + timedelta(seconds=1))) == (date(2026, 10, 31), date(2026, 11, 1))
