"""Who may do what with a pair and a concern: the desk, its volunteer, and who protects people."""

from piccolo.querystring import QueryString

from jiedui.actor import Actor
from jiedui.store.scope import Policy, by

_DESK, _HERS = by("coordinator"), by("volunteer")
_ALERT = by("coordinator", "safeguarding_officer")
POLICY = Policy(
    {
        "read": _ALERT | {"granted"},
        "raise": _ALERT | {"volunteer"},
        "pause": _ALERT,
        **dict.fromkeys(("list", "answer", "ask_again", "resume", "close", "hand_over", "follow_up"), _DESK),
        **dict.fromkeys(("meet", "accept", "decline", "phone"), _HERS),
        **dict.fromkeys(("log", "visits"), _DESK | _HERS),
    },
    own="volunteer",
)
DEEDS, may, require = POLICY.deeds, POLICY.may, POLICY.require
CONCERNS = Policy({"read": _ALERT, "handle": _ALERT})


def visible(actor: Actor, table: str = "pair", deed: str = "read") -> QueryString:
    """The pairs she may do this to; of the officer's only those about which somebody has raised a concern."""
    seen = POLICY.visible(actor, table, deed)
    if actor.role != "safeguarding_officer":
        return seen
    return QueryString(f"{{}} AND EXISTS (SELECT FROM concern WHERE concern.pair = {table}.id)", seen)
