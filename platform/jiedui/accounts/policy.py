"""Who may make accounts, and who may show a case to somebody above."""

from jiedui.store.scope import Policy, by

POLICY = Policy({"add": by("administrator"), "give": by("county"), "read": by("county"), "end": by("county")})
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
