"""Who may see how far a job is, and stop it: those whose area it is for."""

from jiedui.store.scope import Policy, by

_STAFF = by("coordinator", "administrator")
POLICY = Policy({"read": _STAFF, "stop": _STAFF})
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
