"""Who may meet whom, whatever they offer and however far apart they live: the rules of safety.

The database asks the same of its rows (store/sql/safety.sql); a test holds both equal.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]
Mask = NDArray[np.bool_]

OF_AGE = 18
"""Years; who is younger is a minor by law, so no policy may say otherwise."""


@dataclass(frozen=True)
class Helper:
    """What safety reads of a volunteer: `approved` is active, also while she takes a break."""

    approved: bool
    identified: bool
    trained: bool
    record_checked_on: dt.date | None
    identity_key: str | None = None
    phone_key: str | None = None


@dataclass(frozen=True)
class Family:
    """What safety reads of a household."""

    minor_until: dt.date | None
    identity_key: str | None = None
    phone_key: str | None = None


def minor_until(births: Iterable[dt.date | None]) -> dt.date | None:
    """The first day without a minor: the first of the month on or after the youngest's eighteenth birthday.

    None, "a minor on any day", as soon as one birth is not known; date.min for nobody.
    """
    latest = dt.date.min
    for born in births:
        if born is None:
            return None
        latest = max(latest, _of_age(born))
    return latest


def minors(until: Days, on: dt.date) -> Mask:
    """Where a minor lives on a day; NaT means that for all we know one does."""
    here: Mask = np.isnat(until) | (np.datetime64(on, "D") < until)
    return here


def cleared(record_check: Days, trained: Mask, on: dt.date, check_days: int) -> Mask:
    """Who may meet a minor: known and trained, and a record check dated within so many days, not ahead."""
    age = np.datetime64(on, "D") - record_check
    in_date = (age >= np.timedelta64(0, "D")) & (age <= np.timedelta64(check_days, "D"))
    fine: Mask = in_date & trained
    return fine


def may_not_meet(
    helper: Helper, family: Family, on: dt.date, check_days: int, *, never_again: bool
) -> list[str]:
    """The names of the rules that speak against these two meeting on a day; none means that they may."""
    minor = minors(np.array([family.minor_until], dtype="datetime64[D]"), on)[0]
    check = np.array([helper.record_checked_on], dtype="datetime64[D]")
    able = np.array([helper.identified and helper.trained])
    clear = cleared(check, able, on, check_days)[0]
    against = {
        "vetted": not helper.approved,
        "minors": minor and not clear,
        "never_again": never_again,
        "same_person": _shared(helper.identity_key, family.identity_key)
        or _shared(helper.phone_key, family.phone_key),
    }
    return [name for name, found in against.items() if found]


def _of_age(born: dt.date) -> dt.date:
    year, month = born.year + OF_AGE, born.month
    if born.day == 1:
        return dt.date(year, month, 1)
    return dt.date(year + month // 12, month % 12 + 1, 1)


def _shared(one: str | None, other: str | None) -> bool:
    return one is not None and one == other
