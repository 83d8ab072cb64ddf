"""Pairs, a household's link to its pair, concerns, and who is not to be paired again."""

from piccolo.columns import Integer, Text
from piccolo.constraints import Unique
from piccolo.table import Table

from jiedui.households.tables import Household
from jiedui.rounds.tables import Round
from jiedui.store.columns import area, belongs_to, key, moment, one_of, reference, rule, word, words
from jiedui.volunteers.tables import Volunteer

LIVE = ("proposed", "accepted", "active", "paused")
"""States in which a pair holds one of the volunteer's places."""
AGREED = ("active", "paused")
"""Those of them to which both sides have said yes."""
ENDED = ("declined", "expired", "refused", "closed")


class Pair(Table, tablename="pair"):
    """A volunteer and a household, from proposal to the end; ended pairs stay for ever."""

    id = key()
    round = belongs_to(Round, null=True)
    household = belongs_to(Household)
    volunteer = belongs_to(Volunteer)
    region_code = area()
    """The household's village."""
    needs = words()
    distance_m = Integer()
    stage = Integer(default=1)
    policy_name = word(40)
    policy_version = Integer()
    state = word(10, index=True)
    predecessor_id = reference()
    """The pair this one was handed over from."""
    proposed_at = moment()
    volunteer_deadline = moment()
    volunteer_answered_at = moment(null=True)
    household_deadline = moment(null=True)
    household_answered_at = moment(null=True)
    paused_at = moment(null=True)
    pause_reason = word(60)
    """Why a pair rests; `safety` where these two may not meet at present."""
    closed_at = moment(null=True)
    end_reason = word(60)
    end_note = Text(default="")

    state_known = one_of("state", LIVE + ENDED)
    ended_has_reason = rule("\"state\" NOT IN ('declined','refused','closed') OR \"end_reason\" <> ''")


class NeverAgain(Table, tablename="never_again"):
    """Not these two again."""

    id = key()
    household = belongs_to(Household)
    volunteer = belongs_to(Volunteer)
    region_code = area()
    reason = word(60)
    created_at = moment()

    said_once = Unique([household, volunteer])


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
