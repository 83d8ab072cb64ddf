"""Which of a volunteer's checks count: those with a person, or a table that its county trusts, behind them.

A check that was not passed stands until another person than recorded it, of its level or above, puts a later
passed one in its place. What the order of events was makes no difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from jiedui.actor import COUNTY_DIGITS, Actor, significant
from jiedui.i18n import N_
from jiedui.regions.codes import county

COUNTING = frozenset({"recorded", "confirmed", "trusted"})
BARRED = frozenset({"suspended", "refused"})
Check = Mapping[str, Any]


def counting(checks: Sequence[Check]) -> dict[str, Any]:
    """What safety reads of her checks, as columns of the volunteer."""
    record = passed(checks, "record")
    return {
        "identified": passed(checks, "identity") is not None,
        "record_checked_on": record["checked_on"] if record else None,
        "trained": passed(checks, "training") is not None,
    }


def passed(checks: Iterable[Check], kind: str) -> Check | None:
    """The latest passed check of a kind that counts, or None while one that was not passed stands."""
    found = [check for check in checks if check["kind"] == kind and check["standing"] in COUNTING]
    if failure(found, kind) is not None:
        return None
    return max((check for check in found if check["passed"]), key=_when, default=None)


def failure(checks: Iterable[Check], kind: str) -> Check | None:
    """The check of a kind that was not passed and stands, because no later one may take its place."""
    found = [check for check in checks if check["kind"] == kind and check["standing"] in COUNTING]
    standing = (
        failed
        for failed in found
        if not failed["passed"] and not any(_replaces(check, failed) for check in found)
    )
    return max(standing, key=_when, default=None)


def bar(volunteer: Mapping[str, Any]) -> tuple[UUID | None, str]:
    """Who suspended or refused her, and from which area; where nobody knows, her county did."""
    return volunteer["barred_by"], volunteer["barred_from"] or county(volunteer["region_code"])


def may_lift(account: UUID | None, area: str, set_by: UUID | None, set_from: str) -> bool:
    """Whether a person of an area may lift what was set: at its level or above, and by somebody else."""
    return cannot_lift(account, area, set_by, set_from) is None


def cannot_lift(account: UUID | None, area: str, set_by: UUID | None, set_from: str) -> str | None:
    """Why she may not, as a sentence; None when she may."""
    if account is None:
        return N_("Only a person with an account of her own can lift this.")
    if account == set_by:
        return N_("You decided this yourself; somebody else has to lift it.")
    if level(area) > level(set_from):
        return N_("This was decided at a level above yours; it can be lifted there only.")
    return None


def level(area: str) -> int:
    """The fewer digits, the higher."""
    return len(significant(area))


def area_of(actor: Actor, place: str) -> str:
    """The area from which an actor speaks of somebody there; the command line's operator is the county's."""
    return actor.region_code if level(actor.region_code) else county(place)


def of_county(area: str) -> bool:
    """Whether an area is a county or above one."""
    return level(area) <= COUNTY_DIGITS


def behind(check: Check) -> tuple[UUID | None, str]:
    """Who stands behind a check, and from which area: whoever confirmed it, else whoever recorded it."""
    if check["standing"] == "confirmed":
        return check["decided_by"], check["decided_from"]
    return check["recorded_by"], check["recorded_from"]


def _replaces(check: Check, failed: Check) -> bool:
    return bool(
        check["passed"] and _when(check) > _when(failed) and may_lift(*behind(check), *behind(failed))
    )


def _when(check: Check) -> tuple[date, datetime]:
    """Checks of one day follow each other as people wrote them down."""
    return check["checked_on"], check["decided_at"] or check["created_at"]
