"""The outbox: notices to people, and every attempt to deliver one."""

from piccolo.columns import UUID, Boolean, Bytea, ForeignKey, Integer, OnDelete, Text, Timestamptz, Varchar
from piccolo.constraints import Check
from piccolo.table import Table

STATES = ("queued", "sending", "sent", "held", "failed", "cancelled")


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
    attempts = Integer(default=0)
    not_before = Timestamptz()
    lease_until = Timestamptz(default=None, null=True)
    dedupe_key = Varchar(length=120, unique=True)
    hold_reason = Varchar(length=60, default="")
    created_at = Timestamptz()
    sent_at = Timestamptz(default=None, null=True)

    state_known = Check("\"state\" IN ('queued','sending','sent','held','failed','cancelled')")


class Delivery(Table, tablename="delivery"):
    """One attempt to send a notice: the channel, the text exactly as it left, and what came of it."""

    id = UUID(primary_key=True)
    notice = ForeignKey(Notice, on_delete=OnDelete.restrict, null=False, index=True)
    attempt = Integer()
    channel = Varchar(length=20)
    at = Timestamptz()
    delivered = Boolean()
    detail = Text(default="")
    body = Bytea(default=b"")
    """The rendered message, sealed."""
