"""Who may be reached how: the ledger decides, and in doubt nobody is."""

import re

from jiedui_notifications.delivery import Hold, Way

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{9,11}")
ALLOWED = {
    "sms": frozenset({"sms", "village"}),
    "call": frozenset({"call"}),
    "village": frozenset({"village"}),
    "letter": frozenset({"letter"}),
    "none": frozenset[str](),
}
"""What each word of the ledger allows; where a text cannot go, her village passes it on."""


def way_to_household(contact_way: str, phone: str | None, *, active: bool) -> Way | Hold:
    """The one way her ledger allows now."""
    if not active:
        return Hold("inactive")
    match contact_way:
        case "sms":
            flaw = _flaw(phone, _MOBILE)
            return Way("village", detail=flaw) if flaw else Way("sms", phone or "")
        case "call":
            flaw = _flaw(phone, _MOBILE, _LANDLINE)
            return Hold(flaw) if flaw else Way("call", phone or "")
        case "village" | "letter":
            return Way(contact_way)
    return Hold("no_contact")


def way_to_volunteer(phone: str | None) -> Way | Hold:
    """Volunteers are written to; they gave their number for it."""
    flaw = _flaw(phone, _MOBILE)
    return Hold(flaw) if flaw else Way("sms", phone or "")


def _flaw(phone: str | None, *patterns: re.Pattern[str]) -> str:
    """Why this number cannot be used, in one word; empty when it can."""
    if not phone:
        return "no_number"
    return "" if any(pattern.fullmatch(phone) for pattern in patterns) else "bad_number"
