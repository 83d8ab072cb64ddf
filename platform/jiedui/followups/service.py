"""Due items come from the policy's cadence; contacts are logged once and settle what they count for."""

from datetime import date, datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.audit import service as audit
from jiedui.clock import today
from jiedui.errors import Conflict, Refused
from jiedui.followups.rules import LOG_BACK_DAYS, days_between, satisfied, settling
from jiedui.followups.tables import MEDIA, FollowUp, Visit
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.safety import against, require_may_meet
from jiedui.pairs.tables import AGREED, LIVE, Pair
from jiedui.pairs.transitions import pair_of
from jiedui.policies.service import pack_named
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import in_area, scope


async def ensure_due(now: datetime, pair_id: UUID | None = None) -> int:
    """Give every active pair its open items, and drop those of pairs that rest or have ended.

    A due day is the last contact that counts, or else the day both sides agreed, plus the cadence of the
    household's colour under the pair's own policy (for one it lacks, of the most urgent); after a pause it
    counts from the day of return.
    """
    async with scope(Actor.system(), now):
        await FollowUp.raw(
            "UPDATE follow_up SET state = 'dropped' FROM pair WHERE pair.id = follow_up.pair"
            " AND follow_up.state = 'due' AND pair.state <> 'active'"
        )
        made = 0
        policies = await Pair.raw(
            "SELECT DISTINCT policy_name, policy_version FROM pair WHERE state = 'active'"
        )
        for policy in policies:
            made += await _ensure_due_under(policy, today(now), now, pair_id)
    return made


async def log_visit(
    actor: Actor,
    pair_id: UUID,
    *,
    medium: str,
    outcome: str,
    happened_on: date,
    minutes: int | None = None,
    note: str = "",
    once: str | None = None,
    now: datetime,
) -> UUID:
    """Log a contact; the same form sent twice is one contact. Raises NotFound, Conflict, Refused."""
    async with scope(actor, now):
        pair = await _own_pair(actor, pair_id)
        _refuse_impossible_day(happened_on, today(now))
        await require_may_meet(pair, actor.role, happened_on)
        visit = Visit(
            pair=pair_id,
            region_code=pair["region_code"],
            medium=medium,
            outcome=outcome,
            happened_on=happened_on,
            minutes=minutes,
            note=note,
            logged_by=actor.account_id,
            logged_at=now,
            once=once,
        )
        written = (
            await Visit.insert(visit).on_conflict(target=Visit.once, action="DO NOTHING").returning(Visit.id)
        )
        if not written:
            first = await Visit.select(Visit.id).where(Visit.once == once, Visit.pair == pair_id).first()
            if first is None:
                raise Conflict
            return UUID(str(first["id"]))
        visit_id = UUID(str(written[0]["id"]))
        if settled := satisfied(medium, outcome):
            await FollowUp.update({FollowUp.state: "done", FollowUp.visit_id: visit_id}).where(
                FollowUp.pair == pair_id, FollowUp.state == "due", FollowUp.medium.is_in(list(settled))
            )
            await ensure_due(now, pair_id)
        await audit.record(
            actor, action="visit.log", subject=("pair", pair_id), region_code=pair["region_code"], now=now,
            detail={"medium": medium, "outcome": outcome},
        )  # fmt: skip
    return visit_id


async def due_of(actor: Actor) -> list[Row]:
    """A volunteer's open items, the most urgent first."""
    policy.require(actor, "meet")
    rows: list[Row] = await FollowUp.raw(
        """
        SELECT f.id, f.pair, f.medium, f.due_on FROM follow_up f JOIN pair p ON p.id = f.pair
        WHERE f.state = 'due' AND p.state = 'active' AND {} ORDER BY f.due_on, f.medium
        """,
        policy.visible(actor, "p", "meet"),
    )
    return rows


async def visits_of(actor: Actor, pair_id: UUID, now: datetime) -> list[Row]:
    """The contacts logged on a pair, newest first; for a volunteer while she may know of this family."""
    pair = await pair_of(actor, pair_id, "visits")
    if actor.role == "volunteer" and (pair["state"] not in LIVE or await against(pair, today(now))):
        return []
    query = Visit.select().where(Visit.pair == pair_id)
    return await query.order_by(Visit.happened_on, Visit.logged_at, ascending=False)


async def overdue_by_township(actor: Actor, on: date) -> list[Row]:
    """Per township of the actor's area: overdue items, pairs, the oldest due day; most urgent ones first."""
    policy.require(actor, "follow_up")
    rows: list[Row] = await FollowUp.raw(
        """
        SELECT h.township_code AS township, h.township AS name, count(*) AS items,
            count(DISTINCT f.pair) AS pairs, min(f.due_on) AS oldest,
            count(*) FILTER (WHERE severity(h.colour) = 1) AS urgent
        FROM follow_up f JOIN pair p ON p.id = f.pair JOIN family_card h ON h.id = p.household
        WHERE f.state = 'due' AND p.state = 'active' AND f.due_on < {} AND {}
        GROUP BY 1, 2 ORDER BY urgent DESC, items DESC, 1
        """,
        on,
        policy.visible(actor, "p", "follow_up"),
    )
    return rows


async def overdue_items(
    actor: Actor, on: date, township: str | None = None, *, after: str = "", before: str = ""
) -> Page:
    """A page of the overdue items of the area or one township, the longest overdue first."""
    policy.require(actor, "follow_up")
    here = in_area("p.region_code", township or actor.region_code)
    values = [on, policy.visible(actor, "p", "follow_up"), here]
    order = {"sort_key": "bigint", "id": "uuid"}
    return await page_of(FollowUp, _OVERDUE, values, order, after=after, before=before)


async def _ensure_due_under(policy: Row, day: date, now: datetime, pair_id: UUID | None) -> int:
    pack = await pack_named(policy["policy_name"], policy["policy_version"])
    made = 0
    for medium in MEDIA:
        days = [days_between(pack, colour, medium) for colour in pack.colours]
        rows = await FollowUp.raw(
            _MISSING, medium, days, list(pack.colours), now, list(settling(medium)), medium, day,
            policy["policy_name"], policy["policy_version"], pair_id, pair_id, medium,
        )  # fmt: skip
        made += len(rows)
    return made


_OVERDUE = """
SELECT f.id, f.pair, f.medium, f.due_on, f.region_code, h.colour,
    h.name AS household, h.number AS household_number, v.name AS volunteer, v.number, h.village,
    to_char(f.due_on, 'YYYYMMDD')::bigint AS sort_key,
    (SELECT max(happened_on) FROM visit
        WHERE visit.pair = p.id AND outcome = 'reached') AS last_contact,
    (SELECT count(*) FROM visit WHERE visit.pair = p.id AND outcome = 'no_answer'
        AND visit.happened_on >= f.due_on) AS tries
FROM follow_up f JOIN pair p ON p.id = f.pair JOIN family_card h ON h.id = p.household
JOIN helper_card v ON v.id = p.volunteer
WHERE f.state = 'due' AND p.state = 'active' AND f.due_on < {} AND {} AND {}
"""
_MISSING = """
INSERT INTO follow_up (id, pair, region_code, medium, due_on, state, created_at)
SELECT gen_random_uuid(), p.id, p.region_code, {}, since.day
    + ({}::int[])[coalesce(array_position({}::text[], h.colour::text), 1)], 'due', {}
FROM pair p JOIN household h ON h.id = p.household
CROSS JOIN LATERAL (
    SELECT greatest(
        (p.household_answered_at AT TIME ZONE 'Asia/Shanghai')::date,
        (SELECT max(happened_on) FROM visit v
            WHERE v.pair = p.id AND v.outcome = 'reached' AND v.medium = ANY({})),
        CASE WHEN EXISTS (SELECT FROM follow_up f
            WHERE f.pair = p.id AND f.medium = {} AND f.state = 'dropped') THEN {}::date END
    ) AS day
) since
WHERE p.state = 'active' AND p.policy_name = {} AND p.policy_version = {}
    AND ({}::uuid IS NULL OR p.id = {}) AND since.day IS NOT NULL
    AND NOT EXISTS (SELECT FROM follow_up f WHERE f.pair = p.id AND f.medium = {} AND f.state = 'due')
ON CONFLICT (pair, medium) WHERE state = 'due' DO NOTHING
RETURNING id
"""


async def _own_pair(actor: Actor, pair_id: UUID) -> Row:
    """A running pair on which the actor may log: its volunteer's, or of the staff's area."""
    pair = await pair_of(actor, pair_id, "log")
    if pair["state"] not in AGREED:
        raise Refused(N_("Contacts can be logged once both sides have agreed, and until the pair has ended."))
    return pair


def _refuse_impossible_day(happened_on: date, day: date) -> None:
    if happened_on > day:
        raise Refused(
            N_("This day has not come yet. Please choose today or an earlier day."), field="happened_on"
        )
    if (day - happened_on).days > LOG_BACK_DAYS:
        raise Refused(
            N_("That is more than {days} days ago. Please ask your coordinator to note it."),
            field="happened_on",
            days=LOG_BACK_DAYS,
        )
