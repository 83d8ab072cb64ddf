"""Accounts and one-time codes."""

from piccolo.columns import Boolean, Integer, Varchar
from piccolo.table import Table

from jiedui.store.columns import area, key, moment, one_of, reference, rule, word

ROLES = ("volunteer", "coordinator", "administrator")


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

    role_known = one_of("role", ROLES)
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
