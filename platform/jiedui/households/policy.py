"""Who may do what with the households of a ledger; above a county only with a case that a county shows."""

from jiedui.store.scope import Policy, by

_DESK = by("coordinator")
POLICY = Policy(
    {"read": _DESK | {"granted"}, "move": by("coordinator", "between")}
    | dict.fromkeys(("list", "find", "reveal", "export", "save"), _DESK)
)
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
