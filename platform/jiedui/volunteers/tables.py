"""Volunteers and their vetting checks."""

from piccolo.columns import Boolean, Bytea, Date, Integer, Text
from piccolo.table import Table

from jiedui.store.columns import area, belongs_to, day, key, moment, one_of, reference, rule, word, words

KINDS = ("caring_mother", "women_entrepreneur", "helper")
STATES = ("applied", "active", "refused", "suspended", "left")
CHECKS = ("identity", "record", "training", "interview")
STANDINGS = ("recorded", "confirmed", "trusted", "stated", "refused", "withdrawn", "lifted")
"""What stands behind a check: see volunteers.checks."""


class Volunteer(Table, tablename="volunteer"):
    """One who offers help. Active is who may help; meeting minors needs checks that count besides."""

    id = key()
    number = word(20, unique=True)
    """Her public number; never her identity number."""
    region_code = area()
    ledger_key = word(64, null=True, unique=True)
    """Keyed hash of the identity number."""
    name = word(100)
    sex = word(10)
    identity = Bytea(null=True, default=None, secret=True)
    phone = Bytea(null=True, default=None, secret=True)
    phone_key = word(64, null=True, index=True)
    kind = word(20)
    occupation = word(100)
    skills = words()
    offers = words()
    capacity = Integer(default=1)
    reach_km = Integer(null=True, default=None)
    times = words()
    state = word(10, index=True)
    paused = Boolean(default=False)
    identified = Boolean(default=False)
    record_checked_on = day()
    trained = Boolean(default=False)
    """These three say what of her checks counts; volunteers.checks.counting alone computes them."""
    barred_by = reference()
    barred_from = word(12)
    """Who suspended or refused her, and from which area, until somebody who may has lifted it."""
    source = word(10)
    remark = Text(default="")
    more = words()
    """What only some rule of a policy asks, as "trait:word" (ledgers.person)."""
    fingerprint = word(64)
    created_at = moment()
    updated_at = moment()

    kind_known = one_of("kind", KINDS)
    state_known = one_of("state", STATES)
    source_known = one_of("source", ("ledger", "online"))
    capacity_positive = rule('"capacity" > 0')
    reach_positive = rule('"reach_km" IS NULL OR "reach_km" > 0')


class VettingCheck(Table, tablename="vetting_check"):
    """The outcome of one check, who stands behind it and from what paper; never the record itself."""

    id = key()
    volunteer = belongs_to(Volunteer)
    region_code = area()
    kind = word(20)
    passed = Boolean()
    checked_on = Date()
    paper = word(200)
    standing = word(10)
    recorded_by = reference()
    recorded_from = word(12)
    """The area of whoever recorded it, or of the ledger that states it."""
    ledger_import = reference(index=True)
    decided_by = reference()
    decided_from = word(12)
    """Who confirmed or refused what the ledger states."""
    decided_at = moment(null=True)
    created_at = moment()

    kind_known = one_of("kind", CHECKS)
    standing_known = one_of("standing", STANDINGS)
    somebody_confirmed = rule('"standing" <> \'confirmed\' OR "decided_by" IS NOT NULL')
