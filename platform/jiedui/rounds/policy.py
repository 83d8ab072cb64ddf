"""Who may run an area's pairing and look at it: those who pair its people."""

from jiedui.store.scope import Policy, by

_DEEDS = ("read", "open", "plan", "pin", "publish", "cancel", "export", "ask")
POLICY = Policy(dict.fromkeys(_DEEDS, by("coordinator")))
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
