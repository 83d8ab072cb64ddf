"""The forms of the last day."""

from piccolo.columns import Bytea
from piccolo.constraints import Unique
from piccolo.table import Table

from jiedui.store.columns import key, moment, word


class SentForm(Table, tablename="sent_form"):
    """A form that was done, written in the transaction of its deed: who sends it again gets its answer."""

    id = key()
    asker = word(64)
    """The account, or a keyed hash of the cookie of somebody not logged in."""
    key = word(64)
    """What the form carried; each one that is rendered carries another."""
    route = word(200)
    asked = word(64)
    """A keyed hash of what it said and where it was sent, without key and token."""
    answer = Bytea(default=b"")
    """Sealed JSON: the page it led to and what was said there."""
    shown = Bytea(null=True, default=None)
    """Sealed for one session: a value to be shown on that page, once and soon."""
    created_at = moment(index=True)

    sent_once = Unique([asker, key])
