"""What the person who starts the servers should hear when they do not start."""

from jiedui.errors import DomainError
from jiedui.i18n import N_


class ServerError(DomainError):
    """An embedded server cannot run here; the sentence says why and what to do."""

    status_code = 503


class NoData(ServerError):
    """Nothing is kept where a command was told to look: perhaps it was told wrong."""

    msgid = N_(
        "No county is kept in {place} ({settings}). If one is to begin there, add --new to the command; "
        "else write in jiedui.toml where it is kept"
    )
