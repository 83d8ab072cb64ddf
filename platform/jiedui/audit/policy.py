"""Who may read the records: the auditor, who sees no people; nobody may change them."""

from jiedui.store.scope import Policy, by

POLICY = Policy({"read": by("auditor")})
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
