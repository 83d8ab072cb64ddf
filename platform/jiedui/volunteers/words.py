"""How a volunteer's state, her checks and what comes next are said; sentences to translate."""

from collections.abc import Mapping
from typing import Any

from jiedui.i18n import N_
from jiedui.volunteers import rules

STATES = {
    "applied": N_("Waiting to be vetted"),
    "active": N_("Approved"),
    "refused": N_("Not accepted"),
    "suspended": N_("Suspended"),
    "left": N_("Has left"),
}
CHECKS = {
    "identity": N_("Identity"),
    "record": N_("Record check"),
    "training": N_("Training"),
    "interview": N_("Interview"),
}
KINDS = (
    ("caring_mother", N_("I keep a child or a mother company, like family.")),
    ("women_entrepreneur", N_("I help with work, goods or school costs.")),
    ("helper", N_("I help with what I am good at.")),
)
DONE = {
    "approve": N_("Approved. She is told by text message."),
    "refuse": N_("Not accepted. Please tell her yourself, kindly."),
    "suspend": N_("Suspended. She is given no further household."),
    "reinstate": N_("The suspension is lifted."),
    "pause": N_("Paused. Her households stay with her, no new one is added."),
    "resume": N_("She can be given households again."),
    "leave": N_("She has left. Thank you for looking after it."),
    "capacity": N_("The number of households is changed."),
    "check": N_("The check is recorded."),
}
DECIDED = {
    "confirm": N_("The check is confirmed and counts."),
    "refuse": N_("The check does not count."),
}
STANDINGS = {
    "recorded": N_("recorded by"),
    "confirmed": N_("stated by the ledger, confirmed by"),
    "trusted": N_("stated by the county's own ledger, which is trusted"),
    "stated": N_("stated by the ledger, not confirmed yet"),
    "refused": N_("stated by the ledger, refused by"),
    "withdrawn": N_("the ledger no longer states it"),
    "lifted": N_("no longer stands"),
}
"""What stands behind a check; those that end in "by" are followed by who and from where."""
DONE_MYSELF = {
    "pause": N_("You are pausing. Your families stay with you."),
    "resume": N_("Good to have you back."),
    "leave": N_("You have left. Thank you for everything."),
}
PURPOSES = {
    "sign_up": N_("To call her about her sign-up"),
    "pairing": N_("To call her about a family"),
    "ledger": N_("To correct her data"),
    "safety": N_("For the safety of a family"),
}
"""What somebody opens her card for."""
WITH_REASON = (
    ("refuse", N_("Do not accept"), rules.REFUSE_REASONS),
    ("suspend", N_("Suspend"), rules.SUSPEND_REASONS),
)


def situation(volunteer: Mapping[str, Any], missing: list[rules.Missing]) -> tuple[str, str]:
    """To herself: how things stand, and what happens next."""
    state = volunteer["state"]
    if state == "active":
        state = "paused" if volunteer["paused"] else "partly" if missing else "active"
    return _SITUATIONS[state]


_CALL = N_("Please call the women's federation of your area if you have questions.")
_SITUATIONS = {
    "applied": (
        N_("Your sign-up has arrived."),
        N_("The women's federation of your area will call you and ask to see your identity card."),
    ),
    "paused": (
        N_("You are pausing."),
        N_("Your families stay with you; no new one is added until you go on."),
    ),
    "partly": (
        N_("You are a volunteer. Thank you!"),
        N_("Before you can be paired with a family with children, this is still needed:"),
    ),
    "active": (
        N_("You are a volunteer. Thank you!"),
        N_("When there is a family close to you, you get a text message and decide whether you say yes."),
    ),
    "suspended": (N_("You are suspended at present."), _CALL),
    "refused": (N_("It did not work out this time. Thank you for offering."), _CALL),
    "left": (N_("You have left. Thank you for everything."), N_("You are welcome back at any time.")),
}
