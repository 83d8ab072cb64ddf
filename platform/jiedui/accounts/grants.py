"""Case grants: a county shows somebody above it one household, volunteer or pair, for a reason and a time.

Above a county there are figures only; this is the one way to a row, and both sides have it in their records.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from piccolo.querystring import QueryString

from jiedui.accounts import policy
from jiedui.accounts.tables import SUBJECTS, Account, CaseGrant
from jiedui.actor import LEVELS, Actor, significant, within
from jiedui.audit.service import record
from jiedui.errors import NotFound, Refused
from jiedui.households.tables import Household
from jiedui.i18n import N_
from jiedui.pairs.tables import Pair
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import in_area, scope
from jiedui.volunteers.tables import Volunteer

ABOVE_COUNTY = frozenset({"country", "province", "city"})
MOST_DAYS = 30
MOST_WORDS = 200
_SHOWN_TO = ("coordinator", "administrator")


async def give(
    actor: Actor, account_id: UUID, kind: str, subject_id: UUID, reason: str, days: int, now: datetime
) -> UUID:
    """Show a colleague above one case of the county. Raises Forbidden, NotFound, Refused naming the field."""
    policy.require(actor, "give")
    if kind not in SUBJECTS:
        raise NotFound
    if not reason.strip() or len(reason.strip()) > MOST_WORDS:
        raise Refused(N_("Please say what she needs it for, in a sentence."), field="reason")
    if not 1 <= days <= MOST_DAYS:
        raise Refused(
            N_("Please write a number from {least} to {most}."), field="days", least=1, most=MOST_DAYS
        )
    async with scope(actor, now):
        colleague = next((one for one in await colleagues_above(actor) if one["id"] == account_id), None)
        if colleague is None:
            raise Refused(N_("Please choose one of the options."), field="account")
        if not await _is_ours(actor, kind, subject_id):
            raise NotFound
        grant = CaseGrant(
            id=uuid4(), region_code=actor.region_code, subject_kind=kind, subject_id=subject_id,
            account=account_id, reason=reason.strip(), given_at=now, given_by=actor.account_id,
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
        await CaseGrant.insert(grant)
        await _note(actor, "grant.give", grant.id, kind, actor.region_code, colleague, now)
    return UUID(str(grant.id))


async def end(actor: Actor, grant_id: UUID, now: datetime) -> None:
    """Show it no longer; ended already is fine. Raises Forbidden, NotFound."""
    policy.require(actor, "end")
    async with scope(actor, now):
        grant = (
            await CaseGrant.select(CaseGrant.subject_kind, CaseGrant.account, CaseGrant.ended_at)
            .where(CaseGrant.id == grant_id, policy.visible(actor))
            .lock_rows("UPDATE")
            .first()
        )
        if grant is None:
            raise NotFound
        if grant["ended_at"] is None:
            await CaseGrant.update({CaseGrant.ended_at: now, CaseGrant.ended_by: actor.account_id}).where(
                CaseGrant.id == grant_id
            )
            colleague = await Account.select(Account.id, Account.region_code).where(
                Account.id == grant["account"]
            ).first()  # fmt: skip
            await _note(
                actor, "grant.end", grant_id, grant["subject_kind"], actor.region_code, colleague or {}, now
            )


async def end_all_of(actor: Actor, colleague: Row, now: datetime) -> int:
    """Show somebody who leaves nothing more, whichever county did; returns how many cases it were."""
    ended = (
        await CaseGrant.update({CaseGrant.ended_at: now, CaseGrant.ended_by: actor.account_id})
        .where(CaseGrant.account == colleague["id"], _open("case_grant", now))
        .returning(CaseGrant.id, CaseGrant.subject_kind, CaseGrant.region_code)
    )
    for grant in ended:
        county = grant["region_code"]
        await _note(actor, "grant.end", grant["id"], grant["subject_kind"], county, colleague, now)
    return len(ended)


async def given_by(actor: Actor, now: datetime, *, after: str = "", before: str = "") -> Page:
    """What the county shows and has shown, the newest first, each with whom and whether it is `open`."""
    policy.require(actor, "read")
    return await page_of(
        CaseGrant, _GIVEN, [now, policy.visible(actor, "g")], {"sort_key": "bigint", "id": "uuid"},
        after=after, before=before, falling=True,
    )  # fmt: skip


async def shown_to(actor: Actor, now: datetime) -> list[Row]:
    """What somebody above is shown at this moment, what ends first first."""
    rows: list[Row] = await CaseGrant.raw(
        f"{_OF} WHERE g.account = {{}} AND {{}} ORDER BY g.expires_at, g.id",
        actor.account_id,
        _open("g", now),
    )
    return [row for row in rows if row["subject_id"] in actor.granted]


async def granted_to(account_id: UUID, area: str, now: datetime) -> frozenset[UUID]:
    """The ids of what an account is shown at this moment, by the counties of the area she works in now."""
    rows = await CaseGrant.select(CaseGrant.subject_id, CaseGrant.region_code).where(
        CaseGrant.account == account_id, _open("case_grant", now)
    )
    return frozenset(row["subject_id"] for row in rows if within(area, row["region_code"]))


async def colleagues_above(actor: Actor) -> list[Row]:
    """Whom this county can show a case, each with her `place`: coordinators and administrators above it."""
    policy.require(actor, "give")
    rows = await Account.raw(
        "SELECT a.id, a.name, a.role, a.region_code, coalesce(r.short_name, a.region_code) AS place"
        " FROM account a LEFT JOIN region r ON r.code = a.region_code"
        " WHERE a.active AND a.role = ANY({}) ORDER BY a.region_code, a.name",
        list(_SHOWN_TO),
    )
    return [
        row
        for row in rows
        if LEVELS[len(significant(row["region_code"]))] in ABOVE_COUNTY
        and within(row["region_code"], actor.region_code)
    ]


async def _is_ours(actor: Actor, kind: str, subject_id: UUID) -> bool:
    """Whether the person or pair is of the county; a pair is where its household lives."""
    if kind == "household":
        mine = Household.exists().where(Household.id == subject_id, in_area("region_code", actor.region_code))
        return bool(await mine)
    if kind == "volunteer":
        mine = Volunteer.exists().where(Volunteer.id == subject_id, in_area("region_code", actor.region_code))
        return bool(await mine)
    pair = await Pair.select(Pair.household.region_code.as_alias("home")).where(Pair.id == subject_id).first()
    return pair is not None and within(actor.region_code, pair["home"])


async def _note(
    actor: Actor, action: str, grant_id: UUID, kind: str, county: str, colleague: Row, now: datetime
) -> None:
    """One entry in the county's records and one where the colleague works."""
    for region_code in (county, colleague["region_code"]):
        await record(
            actor, action=action, subject=("case_grant", grant_id), region_code=region_code, now=now,
            detail={"account": colleague["id"], "kind": kind},
        )  # fmt: skip


def _open(table: str, now: datetime) -> QueryString:
    return QueryString(f"{table}.ended_at IS NULL AND {table}.expires_at > {{}}", now)


_OF = """
SELECT g.id, g.subject_kind, g.subject_id, g.reason, g.given_at, g.expires_at, g.ended_at,
    r.short_name AS county
FROM case_grant g LEFT JOIN region r ON r.code = g.region_code"""
_GIVEN = """
SELECT g.*, a.name AS shown_to, b.name AS giver, g.ended_at IS NULL AND g.expires_at > {} AS open,
    (extract(epoch FROM g.given_at) * 1000000)::bigint AS sort_key
FROM case_grant g JOIN account a ON a.id = g.account LEFT JOIN account b ON b.id = g.given_by WHERE {}"""
