"""Who may read an area's figures, none of them about fewer than five people."""

from jiedui.store.scope import Policy, by

POLICY = Policy({"read": by("reader"), "desk": by("coordinator")})
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
