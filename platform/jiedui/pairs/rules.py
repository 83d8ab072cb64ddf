"""The rules of a pair's life: its steps and who may take them, why it ends, who learns what when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from jiedui.i18n import N_

STAFF = frozenset({"coordinator", "administrator"})


@dataclass(frozen=True)
class Step:
    """One move: from these states to that one, by these roles (`household` answers without an account)."""

    name: str
    takes: frozenset[str]
    to: str
    by: frozenset[str]
    meets: bool = False
    """Whether it brings the two nearer together: then they must be ones who may meet."""


@dataclass(frozen=True)
class Reason:
    """Why a pair rests or ends; after some reasons these two are not paired again."""

    code: str
    label: str
    never_again: bool = False


STEPS = {
    step.name: step
    for step in (
        Step("accept", frozenset({"proposed"}), "accepted", frozenset({"volunteer"}), meets=True),
        Step("decline", frozenset({"proposed"}), "declined", frozenset({"volunteer"})),
        Step("expire", frozenset({"proposed"}), "expired", frozenset({"system"})),
        Step("agree", frozenset({"accepted"}), "active", STAFF | {"household"}, meets=True),
        Step("refuse", frozenset({"accepted"}), "refused", STAFF | {"household"}),
        Step("pause", frozenset({"active"}), "paused", STAFF | {"safeguarding_officer"}),
        Step("resume", frozenset({"paused"}), "active", STAFF, meets=True),
        Step("close", frozenset({"accepted", "active", "paused"}), "closed", STAFF),
    )
}

STATES = {
    "proposed": N_("Waiting for the volunteer"),
    "accepted": N_("Waiting for the household"),
    "active": N_("Active"),
    "paused": N_("Paused"),
    "declined": N_("Volunteer declined"),
    "expired": N_("No answer in time"),
    "refused": N_("Household said no"),
    "closed": N_("Closed"),
}

DECLINE_REASONS = (
    Reason("too_far", N_("Too far for me"), never_again=True),
    Reason("no_time", N_("No time at the moment"), never_again=True),
    Reason("not_my_help", N_("I cannot give this kind of help"), never_again=True),
    Reason("moved", N_("I have moved away"), never_again=True),
    Reason("illness", N_("Illness"), never_again=True),
    Reason("other", N_("Another reason"), never_again=True),
)
REFUSE_REASONS = (
    Reason("asked_for_another", N_("The household asked for another helper"), never_again=True),
    Reason("wants_no_helper", N_("The household wants no helper at present"), never_again=True),
)
SAFETY = Reason("safety", N_("These two may not meet at present"))
"""Why the house itself lets a pair rest; nobody chooses it."""
PAUSE_REASONS = (
    Reason("away", N_("Away for a while")),
    Reason("illness", N_("Illness")),
    Reason("looked_into", N_("A concern is being looked into")),
    Reason("other", N_("Another reason")),
)
CLOSE_REASONS = (
    Reason("goal_reached", N_("Goal reached")),
    Reason("household_moved", N_("The household has moved away")),
    Reason("volunteer_moved", N_("The volunteer has moved away")),
    Reason("no_more_time", N_("The volunteer has no time any more")),
    Reason("illness", N_("Illness")),
    Reason("asked_for_another", N_("The household asked for another helper"), never_again=True),
    Reason("concern", N_("A concern"), never_again=True),
    Reason("other", N_("Another reason")),
)
ANSWERS = ("accepts", "asks_another", "wants_none")
"""What a household can say when a person asks it."""
HEARD_BY = {"call": "call", "village": "in_person", "in_person": "in_person"}
"""How the answer was heard, and the word the consent ledger has for it."""

TRIES = 5
"""Wrong birth years until a link locks."""
LINK_DAYS_AT_MOST = 14
OPENED_FOR = timedelta(minutes=30)
"""How long a household may think once it has opened its link."""
BODY_LENGTH = 1000

_PROPOSAL = frozenset({"needs", "township", "distance"})
DISCLOSED: dict[str, frozenset[str]] = {
    "proposed": _PROPOSAL,
    "accepted": _PROPOSAL,
    "active": _PROPOSAL | {"courtesy_name", "village", "phone"},
    "paused": _PROPOSAL | {"courtesy_name"},
}
"""What the volunteer may know of the household in each state; after the end nothing."""
PHONE_WAYS = frozenset({"sms", "call"})
"""Ways of being told under which the household's number may be given to its helper."""


def disclosed(state: str, *, may_meet: bool) -> frozenset[str]:
    """What the volunteer may know of the household in this state; of one she may not meet, what was asked."""
    may = DISCLOSED.get(state, frozenset())
    return may if may_meet else may & _PROPOSAL


def possible(state: str, role: str) -> list[str]:
    """The steps somebody of this role may take from this state."""
    return [step.name for step in STEPS.values() if state in step.takes and role in step.by]


def reason_label(code: str) -> str:
    """The sentence for a reason's code, from whichever catalogue has it."""
    listed = (SAFETY, *DECLINE_REASONS, *REFUSE_REASONS, *PAUSE_REASONS, *CLOSE_REASONS)
    return next((reason.label for reason in listed if reason.code == code), code)


def reason_of(code: str, catalogue: tuple[Reason, ...]) -> Reason | None:
    """The reason with this code in a catalogue."""
    return next((reason for reason in catalogue if reason.code == code), None)


def link_expires(now: datetime, answer_days: int) -> datetime:
    """When a household's link ends: with its time to answer, and after 14 days at the latest."""
    return now + timedelta(days=min(answer_days, LINK_DAYS_AT_MOST))


def coarse_km(distance_m: int) -> int:
    """A distance that places nobody: whole kilometres, at least one."""
    return max(1, (distance_m + 500) // 1000)
