"""Questions about plans."""

from piccolo.columns import JSONB, Text
from piccolo.table import Table

from jiedui.jobs.tables import ASKED
from jiedui.rounds.tables import Plan
from jiedui.store.columns import area, belongs_to, key, moment, one_of, reference, word


class WhatIf(Table, tablename="what_if"):
    """A question about a plan: what one change would do to it. The plan itself stays as it is."""

    id = key()
    plan = belongs_to(Plan)
    region_code = area()
    change = JSONB(default="{}")
    state = word(10)
    answer = JSONB(default="{}")
    error = Text(default="")
    created_at = moment()
    created_by = reference()
    finished_at = moment(null=True)

    state_known = one_of("state", ASKED)
