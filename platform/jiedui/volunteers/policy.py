"""Who may do what with a volunteer: coordinators, the officer who vets her, she herself with her own."""

from jiedui.store.scope import Policy, by

_DESK = by("coordinator", "vetting_officer")
POLICY = Policy(
    {
        "read": _DESK | {"volunteer", "granted"},
        "open": _DESK | {"granted"},
        "own": by("volunteer"),
        "list": _DESK,
        **dict.fromkeys(("check", "approve", "refuse", "suspend", "reinstate", "reveal"), _DESK),
        **dict.fromkeys(("pause", "offer", "leave"), by("coordinator", "volunteer")),
        "capacity": by("coordinator"),
    },
    own="id",
)
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible
