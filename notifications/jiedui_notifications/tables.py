"""The outbox: notices to people, and every attempt to deliver one."""

from piccolo.columns import UUID, Bytea, ForeignKey, Integer, OnDelete, Text, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table

STATES = ("queued", "sending", "waiting", "sent", "held", "failed", "cancelled")
OPEN = ("queued", "waiting", "held")
"""States in which nothing has left yet and nothing is on its way."""


class Notice(Table, tablename="notice"):
    """A message to one person; written in the transaction of its cause."""

    id = UUID(primary_key=True)
    region_code = Varchar(length=12, index=True)
    recipient_kind = Varchar(length=20)
    recipient_id = UUID(default=None, null=True, index=True)
    address = Bytea(null=True, default=None, secret=True)
    """Sealed, when the recipient is nobody we know yet (sign-up); else it is asked for when sending."""
    template = Varchar(length=60)
    params = Bytea(default=b"")
    """Sealed JSON: what the template is filled with."""
    subject_id = UUID(default=None, null=True, index=True)
    """What it is about (a pair); the caller's business."""
    state = Varchar(length=10, index=True)
    """queued, being sent, waiting on a list for a person, sent, held (with a reason), failed, cancelled."""
    channel = Varchar(length=20)
    """The way it left, or the list it waits on; empty until then."""
    attempts = Integer(default=0)
    """How often it was leased: the fence against a worker that comes back from the dead."""
    not_before = Timestamptz()
    lease_until = Timestamptz(default=None, null=True)
    dedupe_key = Varchar(length=120, unique=True)
    hold_reason = Varchar(length=60, default="")
    created_at = Timestamptz()
    listed_at = Timestamptz(default=None, null=True)
    """When it came onto its list."""
    sent_at = Timestamptz(default=None, null=True)

    state_is_known = Check("\"state\" IN ('queued','sending','waiting','sent','held','failed','cancelled')")
    held_has_reason = Check("(\"state\" = 'held') = (\"hold_reason\" <> '')")


class Delivery(Table, tablename="delivery"):
    """One attempt to send a notice: the channel, the text exactly as it left, and what came of it.

    Written before the channel is called: a worker killed meanwhile leaves a trace of what may have left.
    """

    id = UUID(primary_key=True)
    notice = ForeignKey(Notice, on_delete=OnDelete.restrict, null=False, index=True)
    attempt = Integer()
    channel = Varchar(length=20)
    at = Timestamptz()
    outcome = Varchar(length=10)
    detail = Text(default="")
    body = Bytea(default=b"")
    """The rendered message, sealed."""

    outcome_known = Check("\"outcome\" IN ('unknown','sent','waiting','again','refused')")
