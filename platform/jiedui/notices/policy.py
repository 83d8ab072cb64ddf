"""Who may see messages and work the lists off; a one-time code only its recipient reads."""

from jiedui.store.scope import Policy, by

_DESK = by("coordinator")
POLICY = Policy({"read": _DESK, "open": _DESK, "work": _DESK, "read_codes": by("administrator")})
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
