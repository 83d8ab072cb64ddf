"""What the person who starts the servers should hear when they do not start."""

from jiedui.errors import DomainError


class ServerError(DomainError):
    """An embedded server cannot run here; the sentence says why and what to do."""

    status_code = 503
