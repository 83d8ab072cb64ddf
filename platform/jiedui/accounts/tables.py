"""Accounts, one-time codes, and what a county shows somebody above it."""

from piccolo.columns import Boolean, Integer, Varchar
from piccolo.table import Table

from jiedui.actor import STAFF_ROLES
from jiedui.store.columns import area, belongs_to, key, moment, one_of, reference, rule, word

ROLES = ("volunteer", *STAFF_ROLES)
SUBJECTS = ("household", "volunteer", "pair")
"""What a county can show somebody."""


class Account(Table, tablename="account"):
    """Somebody who may log in: staff by name and passphrase, a volunteer by telephone code."""

    id = key()
    role = word(20)
    name = word(100)
    login = word(60, null=True, unique=True)
    password_hash = Varchar(length=200, null=True, default=None, secret=True)
    region_code = area()
    volunteer_id = reference()
    active = Boolean(default=True)
    created_at = moment()

    role_named = one_of("role", ROLES)
    staff_has_login = rule('("role" = \'volunteer\') = ("login" IS NULL)')
    volunteer_has_person = rule('("role" = \'volunteer\') = ("volunteer_id" IS NOT NULL)')


class OneTimeCode(Table, tablename="one_time_code"):
    """A six-digit code sent to a telephone; only its hash is kept."""

    id = key()
    phone_key = word(64, index=True)
    purpose = word(20)
    code_hash = word(64)
    tries = Integer(default=0)
    expires_at = moment()
    used_at = moment(null=True)
    created_at = moment()

    purpose_known = one_of("purpose", ("login", "signup"))


class CaseGrant(Table, tablename="case_grant"):
    """A county shows somebody above one household, volunteer or pair, for a reason and 30 days at most."""

    id = key()
    region_code = area()
    """The county that shows it."""
    subject_kind = word(20)
    subject_id = reference(null=False, index=True)
    account = belongs_to(Account)
    reason = word(200)
    given_at = moment()
    given_by = reference()
    expires_at = moment()
    ended_at = moment(null=True)
    ended_by = reference()

    subject_known = one_of("subject_kind", SUBJECTS)
    reason_said = rule("\"reason\" <> ''")
    thirty_days_at_most = rule('"expires_at" <= "given_at" + interval \'30 days\'')
