"""Who may bring a ledger and see what came of it: who may save what it tells of. And who decides claims."""

from jiedui.ledgers.ledger import Ledger
from jiedui.store.scope import Policy, by

POLICY = Policy({"claims": by("coordinator", "between")})
DEEDS, may, require, visible = POLICY.deeds, POLICY.may, POLICY.require, POLICY.visible


def of(ledger: Ledger) -> Policy:
    """The policy of files of this kind."""
    return Policy({"read": ledger.access, "bring": ledger.access})
