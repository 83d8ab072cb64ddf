"""Who may look through the region tree and change it; what a place is called anybody may know."""

from jiedui.store.scope import Policy, by

POLICY = Policy({"read": by("coordinator", "administrator"), "save": by("administrator")}, area="code")
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
