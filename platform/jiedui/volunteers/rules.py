"""What may happen to a volunteer, and what is still missing before she may meet children."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, cast

from jiedui.errors import Conflict, Refused
from jiedui.i18n import N_
from jiedui.volunteers import checks
from jiedui_pairing.policy import Pack, VolunteerKind

Deed = Literal["approve", "refuse", "suspend", "reinstate", "doubt", "leave", "reapply"]

MOVES: dict[Deed, tuple[frozenset[str], str]] = {
    "approve": (frozenset({"applied"}), "active"),
    "refuse": (frozenset({"applied"}), "refused"),
    "suspend": (frozenset({"active"}), "suspended"),
    "reinstate": (frozenset({"suspended"}), "active"),
    "doubt": (frozenset({"active"}), "applied"),
    "leave": (frozenset({"applied", "active", "suspended"}), "left"),
    "reapply": (frozenset({"left"}), "applied"),
}
"""Each deed: the states it may start from, and the one it ends in."""

REACHES = (3, 5, 8, 10, 15, 20, 30)
TIMES = {
    "平时晚上": N_("Weekday evenings"),
    "周末": N_("Weekends"),
    "节假日": N_("Public holidays"),
    "寒暑假": N_("School holidays"),
    "随时": N_("Any time"),
}
"""When she has time, stored in the words the ledgers use."""

REFUSE_REASONS = {
    "not_reached": N_("Could not be reached"),
    "identity": N_("Identity could not be confirmed"),
    "not_suitable": N_("Not suitable after the interview"),
    "withdrawn": N_("She no longer wishes to"),
}
SUSPEND_REASONS = {
    "record_check": N_("Record check not passed"),
    "concern": N_("A concern is being looked into"),
    "rules": N_("Broke the rules she agreed to"),
    "other": N_("Another reason"),
}


@dataclass(frozen=True)
class Missing:
    """One thing that is still in the way, as a sentence to translate."""

    code: str
    msgid: str
    params: Mapping[str, Any]


def next_state(deed: Deed, state: str) -> str:
    """The state a deed leads to. Raises Conflict when it cannot start from here."""
    allowed, target = MOVES[deed]
    if state not in allowed:
        raise Conflict
    return target


def allowed_deeds(state: str) -> list[Deed]:
    """What can be done to a volunteer in this state, for showing buttons."""
    return [deed for deed, (allowed, _) in MOVES.items() if state in allowed]


def before_approval(noted: Sequence[Mapping[str, Any]]) -> str | None:
    """Nobody is approved before a person has seen who she is: what is in the way, or None."""
    if checks.failure(noted, "identity") is not None:
        return N_("The last identity check was not passed, so she cannot be approved.")
    if (
        checks.passed([one for one in noted if one["standing"] in ("recorded", "confirmed")], "identity")
        is None
    ):
        return N_("Please record the identity check first: somebody has to have seen who she is.")
    return None


def check_date(checked_on: date, today: date) -> None:
    """A check cannot have happened tomorrow. Raises Refused."""
    if checked_on > today:
        raise Refused(N_("This date lies in the future. When was the check made?"), field="checked_on")
    if checked_on.year < 2000:
        raise Refused(N_("This date is too long ago. When was the check made?"), field="checked_on")


def before_children(volunteer: Mapping[str, Any], pack: Pack, on: date) -> list[Missing]:
    """What is still missing on a day before she may meet a child; empty when nothing is."""
    missing = []
    if volunteer["state"] != "active":
        missing.append(Missing("active", N_("She is not an approved volunteer (yet)."), {}))
    if not volunteer["identified"]:
        missing.append(Missing("identity", N_("The identity check is missing."), {}))
    checked, days = volunteer["record_checked_on"], pack.eligibility.record_check_days
    if checked is None:
        missing.append(Missing("record", N_("A record check is missing."), {}))
    elif checked > on:
        missing.append(Missing("record", N_("The record check is dated in the future."), {}))
    elif (on - checked).days > days:
        missing.append(
            Missing(
                "record",
                N_("The record check is older than {days} days; it has to be renewed."),
                {"days": days},
            )
        )
    if not volunteer["trained"]:
        missing.append(Missing("training", N_("The training is missing."), {}))
    return missing


def cleared_until(volunteer: Mapping[str, Any], pack: Pack) -> date | None:
    """The last day on which her record check counts."""
    checked: date | None = volunteer["record_checked_on"]
    return checked + timedelta(days=pack.eligibility.record_check_days) if checked else None


def check_wishes(wishes: Mapping[str, Any], pack: Pack, before: Mapping[str, Any] | None = None) -> None:
    """What she offers, against the policy's catalogue; words her ledger brought along stay allowed.

    Looks at the fields that are there. Raises Refused naming the field.
    """
    catalogue = {
        "offers": {kind.code for kind in pack.kind},
        "skills": {skill.name["zh_CN"] for skill in pack.skill},
        "times": {*TIMES},
    }
    for field in catalogue.keys() & wishes.keys():
        if not {*wishes[field]} <= catalogue[field] | {*(before or {}).get(field, ())}:
            raise Refused(N_("Please choose one of the options."), field=field)
    if not wishes.get("offers", True):
        raise Refused(N_("Please choose at least one kind of help."), field="offers")
    if not wishes.get("times", True):
        raise Refused(N_("Please say when you have time."), field="times")
    if wishes.get("reach_km") not in (None, *REACHES):
        raise Refused(N_("Please choose one of the options."), field="reach_km")


def check_capacity(kind: str, capacity: int, *, held: int, pack: Pack) -> None:
    """At least one household, at most what the policy allows, never fewer than she holds. Raises Refused."""
    most = pack.capacity[cast(VolunteerKind, kind)]
    if not 1 <= capacity <= most:
        raise Refused(N_("Please choose between 1 and {most} households."), field="capacity", most=most)
    if capacity < held:
        raise Refused(
            N_("There are {held} households at present; the number cannot be smaller. Hand one over first."),
            field="capacity",
            held=held,
        )


def own_row(rows: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Which of the people registered under one telephone is the one who has just confirmed it.

    The one who logs in with it already, else the one of this name, else the only one; a family sharing a
    telephone is otherwise several people, and the one who signs up is none of those we know.
    """
    for candidates in (
        [row for row in rows if row["has_account"]],
        [row for row in rows if row["source"] == "online"],
        [row for row in rows if row["name"] == name],
        list(rows),
    ):
        if len(candidates) == 1:
            return candidates[0]
    return None
