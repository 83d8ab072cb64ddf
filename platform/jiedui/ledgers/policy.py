"""Who may bring a ledger, and see what came of it: those who may save what it tells of."""

from jiedui.ledgers.ledger import Ledger
from jiedui.store.scope import Policy


def of(ledger: Ledger) -> Policy:
    """The policy of files of this kind."""
    return Policy({"read": ledger.access, "bring": ledger.access})
