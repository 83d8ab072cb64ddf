"""Who may read what a volunteer agreed to: herself, and those of her area who look after volunteers."""

from jiedui.store.scope import Policy, by

POLICY = Policy({"read": by("volunteer", "coordinator", "vetting_officer", "granted")}, own="id")
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
