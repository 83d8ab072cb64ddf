"""Who may make and end accounts, and who may show a case to somebody above."""

from jiedui.store.scope import Policy, by

_STAFF = by("administrator")
POLICY = Policy(
    {
        "add": _STAFF, "list": _STAFF, "close": _STAFF, "open": _STAFF, "passphrase": _STAFF,
        "give": by("county"), "read": by("county"), "end": by("county"),
    }
)  # fmt: skip
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
