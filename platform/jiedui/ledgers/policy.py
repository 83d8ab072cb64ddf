"""Who decides what two areas say of one person; imports are for whom their ledger names."""

from jiedui.store.scope import Policy, by

POLICY = Policy({"claims": by("coordinator", "between")})
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
