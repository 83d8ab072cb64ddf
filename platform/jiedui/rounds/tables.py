"""Rounds, and what their plans hold."""

from piccolo.columns import JSONB, BigInt, Boolean, Date, DoublePrecision, Integer, Text
from piccolo.constraints import Unique
from piccolo.table import Table

from jiedui.households.tables import Household
from jiedui.jobs.tables import ASKED
from jiedui.store.columns import area, belongs_to, key, moment, one_of, reference, rule, word, words
from jiedui.volunteers.tables import Volunteer


class Round(Table, tablename="round"):
    """A pairing round for an area on a day, under one version of a policy."""

    id = key()
    region_code = area()
    dated = Date()
    policy_name = word(40)
    policy_version = Integer()
    state = word(10)
    """draft until published; cancelled rounds stay for the record."""
    published_plan_id = reference()
    published_at = moment(null=True)
    published_by = reference()
    created_at = moment()
    created_by = reference()

    state_known = one_of("state", ("draft", "published", "cancelled"))
    published_has_plan = rule('("state" = \'published\') = ("published_plan_id" IS NOT NULL)')


class Plan(Table, tablename="plan"):
    """One run of a round: what the solver answered, kept so that runs can be compared."""

    id = key()
    round = belongs_to(Round)
    region_code = area()
    number = Integer()
    state = word(10)
    status = word(20)
    solver = word(60)
    inputs_hash = word(64)
    figures = JSONB(default="{}")
    """Per stage: slots, covered by colour, cost, distances; and the certificate's checks."""
    cost = BigInt(default=0)
    seconds = DoublePrecision(default=0.0)
    error = Text(default="")
    created_at = moment()
    finished_at = moment(null=True)

    numbered = Unique([round, number])
    state_known = one_of("state", ASKED)


class Candidate(Table, tablename="candidate"):
    """A pair that a plan suggests; it becomes a pair when the plan is published."""

    id = key()
    plan = belongs_to(Plan)
    household = belongs_to(Household)
    volunteer = belongs_to(Volunteer)
    region_code = area()
    stage = Integer()
    distance_m = Integer()
    cost = BigInt()
    needs_met = words()
    needs_unmet = words()
    runner_up = JSONB(default="{}")
    """Who would help instead, and what that would change; null for a pinned pair."""
    pinned = Boolean(default=False)

    suggested_once = Unique([plan, household, volunteer])


class LeftOut(Table, tablename="left_out"):
    """A household the plan could not serve, and why."""

    id = key()
    plan = belongs_to(Plan)
    household = belongs_to(Household)
    region_code = area()
    colour = word(10)
    stage = Integer()
    reasons = JSONB(default="[]")

    left_out_once = Unique([plan, household, stage])


class Newcomer(Table, tablename="newcomer"):
    """What one more volunteer in a township would be worth to a plan, if she offered this one kind.

    `colour` is that of the family which would get a helper, blank if nobody more would; `saved_m` is what
    the plan would cost less (more, if negative), in metres.
    """

    id = key()
    plan = belongs_to(Plan)
    region_code = area()
    kind = word(40)
    skilled = Boolean(default=False)
    """Whether she also has a skill that is welcome, not required, for this kind."""
    colour = word(10)
    saved_m = BigInt()

    valued_once = Unique([plan, region_code, kind, skilled])


class Pin(Table, tablename="pin"):
    """What a coordinator demands of a round: this pair must be, or must not be."""

    id = key()
    round = belongs_to(Round)
    household = belongs_to(Household)
    volunteer = belongs_to(Volunteer)
    region_code = area()
    kind = word(10)
    reason = word(200)
    created_at = moment()
    created_by = reference()

    kind_known = one_of("kind", ("pin", "forbid"))
    one_pin_per_pair = Unique([round, household, volunteer])
