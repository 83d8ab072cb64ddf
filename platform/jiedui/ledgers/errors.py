"""Why a file cannot be read as a ledger at all; a single bad row is a finding, not an error."""

from jiedui.errors import Refused


class LedgerError(Refused):
    """The file as a whole is refused: what it is, and what to do instead. Nothing of it was read."""
