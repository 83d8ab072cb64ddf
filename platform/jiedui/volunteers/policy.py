"""Who may do what with a volunteer: coordinators, the officer who vets her, she herself with her own."""

from uuid import UUID

from jiedui.actor import Actor
from jiedui.errors import Forbidden
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
        "confirm": by("county", "vetting_officer"),
        **dict.fromkeys(("capacity", "save"), by("coordinator")),
        "move": by("coordinator", "between"),
    },
    own="id",
)
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible


def require_other(actor: Actor, deed: str, volunteer_id: UUID) -> None:
    """Raises Forbidden for a wrong role, and for whoever would decide of herself."""
    require(actor, deed)
    if actor.volunteer_id == volunteer_id:
        raise Forbidden
