"""What belongs to a running pair: the household's link, and concerns."""

from piccolo.columns import Integer, Text
from piccolo.table import Table

from jiedui.households.tables import Household
from jiedui.rounds.tables import Pair
from jiedui.store.columns import area, belongs_to, key, moment, one_of, reference, word


class HouseholdLink(Table, tablename="household_link"):
    """A household's way in without login: one pair, one answer, an end date; only the hash is kept."""

    id = key()
    pair = belongs_to(Pair)
    token_hash = word(64, unique=True)
    tries = Integer(default=0)
    expires_at = moment()
    used_at = moment(null=True)
    revoked_at = moment(null=True)
    created_at = moment()


class Concern(Table, tablename="concern"):
    """Something is not right, said by anyone of the pair or staff; kept for ever, handled by a person."""

    id = key()
    pair = belongs_to(Pair, null=True)
    household = belongs_to(Household)
    region_code = area()
    raised_by = word(20)
    body = Text()
    state = word(10)
    raised_at = moment()
    handled_at = moment(null=True)
    handled_by = reference()
    outcome = Text(default="")

    raised_by_known = one_of("raised_by", ("household", "volunteer", "coordinator"))
    state_known = one_of("state", ("open", "handled"))
