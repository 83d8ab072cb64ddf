"""Volunteers and their vetting checks."""

from piccolo.columns import Boolean, Bytea, Date, Integer, Text
from piccolo.table import Table

from jiedui.store.columns import area, belongs_to, day, key, moment, one_of, reference, rule, word, words

KINDS = ("caring_mother", "women_entrepreneur", "helper")
STATES = ("applied", "active", "refused", "suspended", "left")
CHECKS = ("identity", "record", "training", "interview")


class Volunteer(Table, tablename="volunteer"):
    """One who offers help. `active` means identity-checked; meeting minors needs more (see rounds)."""

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
    record_checked_on = day()
    trained = Boolean(default=False)
    source = word(10)
    remark = Text(default="")
    fingerprint = word(64)
    created_at = moment()
    updated_at = moment()

    kind_known = one_of("kind", KINDS)
    state_known = one_of("state", STATES)
    source_known = one_of("source", ("ledger", "online"))
    capacity_positive = rule('"capacity" > 0')
    reach_positive = rule('"reach_km" IS NULL OR "reach_km" > 0')


class VettingCheck(Table, tablename="vetting_check"):
    """The outcome of one check, who recorded it and from what paper; never the record itself."""

    id = key()
    volunteer = belongs_to(Volunteer)
    region_code = area()
    kind = word(20)
    passed = Boolean()
    checked_on = Date()
    paper = word(200)
    recorded_by = reference()
    created_at = moment()

    kind_known = one_of("kind", CHECKS)
