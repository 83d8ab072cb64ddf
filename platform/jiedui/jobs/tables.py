"""The durable job table."""

from piccolo.columns import JSONB, Boolean, Integer, Text
from piccolo.table import Table

from jiedui.store.columns import area, key, moment, one_of, reference, word

STATES = ("queued", "running", "done", "failed", "stopped")
ASKED = ("queued", "running", "ready", "failed", "stopped")
"""The states of a question that a job answers (see jobs.asked)."""


class Job(Table, tablename="job"):
    """Work for a worker: committed with its cause, leased while it runs, tried again when its worker dies."""

    id = key()
    kind = word(40)
    subject_id = reference(index=True)
    region_code = area()
    payload = JSONB(default="{}")
    state = word(10, index=True)
    attempts = Integer(default=0)
    run_after = moment()
    lease_until = moment(null=True)
    worker = word(80)
    step = word(100)
    """The msgid of what it is doing now."""
    done_units = Integer(default=0)
    total_units = Integer(default=0)
    stop_requested = Boolean(default=False)
    error = Text(default="")
    created_at = moment()
    started_at = moment(null=True)
    finished_at = moment(null=True)
    created_by = reference()

    state_known = one_of("state", STATES)
