"""What can go wrong that a person should hear about: a status and a sentence, translated when shown."""

import json
from typing import Any

from jiedui.i18n import N_


class DomainError(Exception):
    """A refusal with a sentence for the person; `{named}` places are filled from `params`."""

    status_code = 400
    msgid = N_("That did not work. Nothing was changed.")
    heading: str | None = None
    """What stands above the sentence on a page, where the status says too little."""
    counted = False
    """Whether what was written before it stays written: a wrong code is a try, though it is refused."""

    def __init__(self, msgid: str | None = None, **params: Any) -> None:
        self.msgid = msgid or self.msgid
        self.params = params
        super().__init__(self.msgid.format(**params))


def kept(error: DomainError) -> str:
    """The error as a text for a column, so that whoever reads it later hears it in her own language."""
    return json.dumps([error.msgid, error.params], ensure_ascii=False, default=str)


def recalled(text: str) -> DomainError:
    """The error that `kept` wrote; anything else (the name of an accident) becomes the general sentence."""
    try:
        msgid, params = json.loads(text)
    except ValueError:
        return DomainError()
    return DomainError(msgid, **params)


class NotFound(DomainError):
    """No such thing, or not in the asker's area: the two look the same on purpose."""

    status_code = 404
    msgid = N_("There is nothing at this address, or it belongs to another area.")


class Forbidden(DomainError):
    """Known, but not allowed."""

    status_code = 403
    msgid = N_("Your role does not allow this.")


class Conflict(DomainError):
    """Somebody else was faster, or the thing has moved on."""

    status_code = 409
    msgid = N_("This has changed in the meantime. Please look again before you go on.")


class Refused(DomainError):
    """The input is understood and not acceptable; `field` names the place in a form."""

    status_code = 422

    def __init__(self, msgid: str | None = None, *, field: str | None = None, **params: Any) -> None:
        super().__init__(msgid, **params)
        self.field = field


class TooMany(DomainError):
    """A limit was reached; `seconds` says when to come back."""

    status_code = 429
    msgid = N_("Too many attempts. Please try again in {minutes} minutes.")


class Unavailable(DomainError):
    """A part this page needs is down; nothing was done."""

    status_code = 503
    msgid = N_("This part is not reachable at the moment. Nothing was changed. Please try again in a minute.")


class LoginNeeded(Exception):
    """Nobody is logged in: the answer is the way to the login page, and back afterwards."""

    def __init__(self, login_path: str) -> None:
        self.login_path = login_path
