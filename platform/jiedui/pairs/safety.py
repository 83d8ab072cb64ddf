"""Whether the two of a pair may meet, asked at every step of its life; the rules are in store/sql/safety.sql.

Whoever may no longer meet is paused by the database in the moment the change is written; what time alone
changes (a record check that runs out) is found by `watch`, and announced beforehand by `announce`.
"""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from jiedui.clock import today
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.notices.service import notify_volunteers
from jiedui.pairs.notifying import end_asking
from jiedui.pairs.tables import Pair
from jiedui.store.columns import Row
from jiedui.store.piccolo_conf import DB

AHEAD = (30, 7)
"""Days before a record check of a running pair ends on which its volunteer is told, and the list shows it."""
_TO_HER = {
    "vetted": N_("You are not an approved volunteer at the moment. Please ask your coordinator."),
    "minors": N_(
        "Your record check or training is no longer in date, so this pairing cannot begin. "
        "Please ask your coordinator; the invitation stays open until its last day."
    ),
}
_TO_STAFF = {
    "vetted": N_("This volunteer is not approved at present, so these two may not meet."),
    "minors": N_(
        "A minor lives here, or a birth is not known, and her record check or training does not count now."
    ),
    "never_again": N_("These two are not to be paired again."),
    "same_person": N_("These two share an identity number or a telephone number."),
}
_TO_HOUSEHOLD = N_("Your helper cannot come at present. Please ask your village committee; nothing is lost.")
_IN_GENERAL = N_("You two cannot be paired at present. Please ask your coordinator.")


async def against(pair: Row, day: date) -> list[str]:
    """The names of the rules that speak against these two meeting on a day; none means that they may."""
    return (await against_each([pair], day))[pair["id"]]


async def against_each(pairs: Iterable[Row], day: date) -> dict[UUID, list[str]]:
    """The same for many pairs, by the pair's id; somebody who is not there may meet nobody."""
    ids = [pair["id"] for pair in pairs]
    rows = await Pair.raw(_AGAINST, day, ids) if ids else []
    return {key: ["vetted"] for key in ids} | {row["id"]: row["against"] for row in rows}


async def require_may_meet(pair: Row, role: str, day: date) -> None:
    """Raises Refused in words for whoever acts: a household hears no reason, a volunteer no family's."""
    # Held until the end of the step: a suspension meanwhile waits for it, and then finds the pair.
    rows = await Pair.raw(_AGAINST + " FOR SHARE OF v, h", day, [pair["id"]])
    found = rows[0]["against"] if rows else ["vetted"]
    if not found:
        return
    if role == "household":
        raise Refused(_TO_HOUSEHOLD)
    said = _TO_HER if role == "volunteer" else _TO_STAFF
    raise Refused(said.get(found[0], _IN_GENERAL))


async def hold_day(now: datetime) -> None:
    """Let the walls of the database, too, judge by the day of this deed, until its transaction ends."""
    await Pair.raw("SELECT set_config('jiedui.today', {}, true)", today(now).isoformat())


def in_words(rules: Iterable[str]) -> list[str]:
    """The rules against two people as sentences for staff."""
    return [_TO_STAFF.get(rule, _IN_GENERAL) for rule in rules]


async def has_minor(pair: Row, now: datetime) -> bool:
    """Whether, for all we know, a minor lives in the pair's household today."""
    found = await Pair.raw(
        "SELECT minor_on(minor_until, {}) AS minor FROM household WHERE id = {}",
        today(now),
        pair["household"],
    )
    return bool(found[0]["minor"])


async def watch(now: datetime) -> int:
    """Pause what may no longer meet today, and stop asking households about such a helper; says how many."""
    async with DB.transaction():
        paused = await Pair.raw("SELECT pause_unsafe({}) AS n", today(now))
        asked = await Pair.raw(_ASKED_IN_VAIN, today(now))
        for pair in asked:
            await end_asking(pair, now)
    return int(paused[0]["n"]) + len(asked)


async def announce(now: datetime) -> int:
    """Tell volunteers of running pairs that their record check ends in 30, and in 7 days; says how many."""
    told = 0
    async with DB.transaction():
        for days in AHEAD:
            rows = await Pair.raw(_ENDING, today(now), today(now), days)
            told += sum([
                await notify_volunteers(
                    "volunteer.check_ends", [row["id"]], key=f"check_ends:{row['until']}:{days}", now=now
                )
                for row in rows
            ])  # fmt: skip
    return told


_AGAINST = """
SELECT p.id, may_not_meet(v, h, {}, p.policy_name) AS against
FROM pair p JOIN volunteer v ON v.id = p.volunteer JOIN household h ON h.id = p.household WHERE p.id = ANY({})
"""
_ASKED_IN_VAIN = """
SELECT p.* FROM pair p JOIN volunteer v ON v.id = p.volunteer JOIN household h ON h.id = p.household
WHERE p.state = 'accepted' AND cardinality(may_not_meet(v, h, {}, p.policy_name)) > 0 AND EXISTS (
    SELECT FROM household_link l WHERE l.pair = p.id AND l.used_at IS NULL AND l.revoked_at IS NULL)
ORDER BY p.id FOR UPDATE OF p
"""
_ENDING = """
SELECT DISTINCT v.id, cleared_until(v, p.policy_name, {}) AS until
FROM agreed_pair p JOIN volunteer v ON v.id = p.volunteer JOIN household h ON h.id = p.household
CROSS JOIN (SELECT {}::date AS day) AS today
WHERE minor_on(h.minor_until, today.day)
    AND cleared_until(v, p.policy_name, today.day) BETWEEN today.day AND today.day + {}::integer
"""
