"""Households, their members and their needs."""

from piccolo.columns import Boolean, Bytea, Integer, Text, Varchar
from piccolo.constraints import Unique
from piccolo.table import Table

from jiedui.store.columns import area, belongs_to, day, key, moment, one_of, rule, word, words

CONTACT_WAYS = ("sms", "call", "village", "letter", "none")


class Household(Table, tablename="household"):
    """A family that is helped, as its village's ledger knows it."""

    id = key()
    number = word(20, unique=True)
    """Tells her from others where names are masked; hers for ever, wherever she moves."""
    region_code = area()
    ledger_key = word(64, unique=True)
    """Keyed hash of the woman's identity number: names the household without telling who she is."""
    name = word(100)
    identity = Bytea(secret=True)
    phone = Bytea(null=True, default=None, secret=True)
    phone_key = word(64, null=True, index=True)
    born_on = day()
    minor_until = day()
    """The first day without a minor here, kept by the database; null where a birth is not known."""
    ethnicity = word(40)
    schooling = word(40)
    health = word(60)
    husband_name = word(100)
    husband_place = word(100)
    away_since = day()
    size = Integer(null=True, default=None)
    elders = Integer(null=True, default=None)
    category = word(40)
    colour = word(10)
    """A level of risk by its code in the policy pack; one that the pack lacks counts as its most urgent."""
    contact_way = word(10)
    """How the ledger allows this household to be told; none means nobody contacts her."""
    wanted_helpers = Integer(default=1)
    remark = Text(default="")
    more = words()
    """What only some rule of a policy asks, as "trait:word" (ledgers.person)."""
    active = Boolean(default=True)
    fingerprint = word(64)
    created_at = moment()
    updated_at = moment()

    number_known = rule("\"number\" ~ '^H[0-9]{6}-[0-9]{5,}$'")
    colour_stated = rule("\"colour\" <> ''")
    contact_way_known = one_of("contact_way", CONTACT_WAYS)
    wants_somebody = rule('"wanted_helpers" > 0')


class NumberSeries(Table, tablename="number_series"):
    """How far the numbers of a county's families have got; it only grows."""

    county = Varchar(length=6, primary_key=True)
    last = Integer()


class Member(Table, tablename="member"):
    """A child of the household; the birth date is the first of the month where the ledger knows only that."""

    id = key()
    household = belongs_to(Household)
    relation = word(20)
    name = word(100)
    born_on = day()

    relation_known = one_of("relation", ("child", "elder"))


class Need(Table, tablename="need"):
    """A kind of support the household wants, in the order its ledger names them."""

    id = key()
    household = belongs_to(Household)
    kind = word(40)
    position = Integer(default=0)

    wanted_once = Unique([household, kind])
