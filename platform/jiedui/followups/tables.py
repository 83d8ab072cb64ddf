"""Due items and logged contacts."""

from piccolo.columns import Date, Integer, Text
from piccolo.table import Table

from jiedui.pairs.tables import Pair
from jiedui.store.columns import area, belongs_to, key, moment, one_of, reference, rule, word

MEDIA = ("call", "visit")
OUTCOMES = ("reached", "no_answer")


class FollowUp(Table, tablename="follow_up"):
    """A contact that is due on an active pair; at most one open item of each medium."""

    id = key()
    pair = belongs_to(Pair)
    region_code = area()
    medium = word(10)
    due_on = Date()
    state = word(10, index=True)
    visit_id = reference()
    created_at = moment()

    medium_known = one_of("medium", MEDIA)
    state_known = one_of("state", ("due", "done", "dropped"))
    done_by_a_visit = rule('("state" = \'done\') = ("visit_id" IS NOT NULL)')


class Visit(Table, tablename="visit"):
    """A logged contact of any medium; tried without answer is logged too, and is not a contact."""

    id = key()
    pair = belongs_to(Pair)
    region_code = area()
    medium = word(10)
    outcome = word(10)
    happened_on = Date()
    minutes = Integer(null=True, default=None)
    note = Text(default="")
    logged_by = reference()
    logged_at = moment()
    once = word(64, null=True, unique=True)
    """The form's key: the same form sent twice is one visit."""

    medium_known = one_of("medium", (*MEDIA, "message"))
    outcome_known = one_of("outcome", OUTCOMES)
    minutes_sensible = rule('"minutes" IS NULL OR "minutes" BETWEEN 1 AND 1440')
