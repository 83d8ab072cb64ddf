"""Pairs as staff see them: a list narrowed to the area, by state and township; one pair with its history."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.querystring import QueryString

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.hand_over import Match, who_could_take_over
from jiedui.pairs.rules import STATES
from jiedui.pairs.safety import against, in_words
from jiedui.pairs.tables import LIVE, Concern, HouseholdLink, Pair
from jiedui.pairs.transitions import pair_of
from jiedui.regions.codes import within
from jiedui.store.columns import Row
from jiedui.store.paging import page_of
from jiedui.store.scope import in_area

VIEWS = {
    "running": N_("All that run or wait"),
    **STATES,
    "silent": N_("Household has not answered in time"),
    "no_contact": N_("Nobody may contact the household"),
    "safety": N_("May not meet at present"),
}
"""What the list can be narrowed to: the states, and what waits for a coordinator."""
EVENTS = {
    "pair.propose": N_("Proposed to the volunteer"),
    "pair.accept": N_("The volunteer said yes"),
    "pair.decline": N_("The volunteer said no"),
    "pair.expire": N_("The days to answer ran out"),
    "pair.ask_again": N_("The household was given a new link"),
    "pair.agree": N_("The household said yes"),
    "pair.refuse": N_("The household said no"),
    "pair.pause": N_("Paused"),
    "pair.resume": N_("Went on"),
    "pair.show_phone": N_("The telephone number was looked at"),
    "pair.hand_over": N_("Handed over to another volunteer"),
    "pair.close": N_("Closed"),
}
_CONDITIONS = {
    "running": "p.id IN (SELECT id FROM live_pair)",
    "silent": "p.state = 'accepted' AND p.household_deadline <= {}",
    "no_contact": "p.state = 'accepted' AND h.contact_way = 'none'",
    "safety": "p.state = 'paused' AND p.pause_reason = 'safety'",
}
_ROWS = """
SELECT p.*, h.name AS household_name, h.number AS household_number, h.colour, h.contact_way,
    v.name AS volunteer_name, v.number AS volunteer_number, v.kind,
    h.village, coalesce(h.township, '') AS township
FROM pair p JOIN family_card h ON h.id = p.household JOIN helper_card v ON v.id = p.volunteer
WHERE {}"""


@dataclass(frozen=True)
class Listing:
    """A page of pairs; `counts` by view in the same township, `further` where the next page begins."""

    rows: list[Row]
    counts: dict[str, int]
    further: str


@dataclass(frozen=True)
class Event:
    """Something that happened to a pair."""

    at: datetime
    words: str
    by: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Whole:
    """One pair with both its sides and what happened to it."""

    pair: Row
    household: Row
    volunteer: Row
    links: list[Row]
    concerns: list[Row]
    events: list[Event]
    against: list[str]
    """Why these two may not meet today, in sentences."""
    successor: UUID | None


async def list_pairs(actor: Actor, view: str, township: str, after: str, now: datetime) -> Listing:
    """The actor's pairs by village; an unknown view is `running`, a township elsewhere is the whole area."""
    policy.require(actor, "list")
    view = view if view in VIEWS else "running"
    hers = not township or not within(actor.region_code, township)
    here = in_area("p.region_code", actor.region_code if hers else township)
    seen = QueryString("{} AND {}", policy.visible(actor, "p", "list"), here)
    counts = await _counts(seen, now)
    condition, values = _condition(view, now)
    query, order = f"{_ROWS} AND {condition}", {"region_code": "text", "id": "uuid"}
    found = await page_of(Pair, query, [seen, *values], order, after=after)
    return Listing(found.rows, counts, found.after)


async def whole_pair(actor: Actor, pair_id: UUID, now: datetime) -> Whole:
    """Everything staff may know of a pair. Raises Forbidden, NotFound."""
    pair = await pair_of(actor, pair_id)
    household = await Pair.raw("SELECT * FROM family_card WHERE id = {}", pair["household"])
    volunteer = await Pair.raw("SELECT * FROM helper_card WHERE id = {}", pair["volunteer"])
    next_one = await Pair.select(Pair.id).where(Pair.predecessor_id == pair_id).first()
    links = HouseholdLink.select().where(HouseholdLink.pair == pair_id)
    concerns = Concern.select().where(Concern.pair == pair_id, policy.CONCERNS.visible(actor))
    return Whole(
        pair=pair,
        household=household[0],
        volunteer=volunteer[0],
        links=await links.order_by(HouseholdLink.created_at, ascending=False),
        concerns=await concerns.order_by(Concern.raised_at, ascending=False),
        events=await _events(pair),
        against=in_words(await against(pair, today(now))) if pair["state"] in LIVE else [],
        successor=next_one["id"] if next_one else None,
    )


async def takers(actor: Actor, pair_id: UUID, now: datetime, most: int = 20) -> list[tuple[Match, Row]]:
    """Who could take a pair over, the nearest first, each with who she is. Raises NotFound."""
    matches = (await who_could_take_over(actor, await pair_of(actor, pair_id, "hand_over"), now))[:most]
    wanted = [match.volunteer_id for match in matches]
    people = await Pair.raw("SELECT * FROM helper_card WHERE id = ANY ({})", wanted)
    by_id = {person["id"]: person for person in people}
    return [(match, by_id[match.volunteer_id]) for match in matches]


def _condition(view: str, now: datetime) -> tuple[str, list[Any]]:
    if view not in _CONDITIONS:
        return "p.state = {}", [view]
    return _CONDITIONS[view], [now] if view == "silent" else []


async def _counts(seen: QueryString, now: datetime) -> dict[str, int]:
    rows = await Pair.raw(
        f"SELECT p.state, count(*) AS n, count(*) FILTER (WHERE {_CONDITIONS['silent']}) AS silent,"  # noqa: S608
        f" count(*) FILTER (WHERE {_CONDITIONS['no_contact']}) AS no_contact,"
        f" count(*) FILTER (WHERE {_CONDITIONS['safety']}) AS safety"
        " FROM pair p JOIN household h ON h.id = p.household WHERE {} GROUP BY p.state",
        now,
        seen,
    )
    counts = dict.fromkeys(VIEWS, 0) | {row["state"]: row["n"] for row in rows}
    counts["running"] = sum(counts[state] for state in LIVE)
    for name in ("silent", "no_contact", "safety"):
        counts[name] = sum(row[name] for row in rows)
    return counts


async def _events(pair: Row) -> list[Event]:
    rows = await Pair.raw(
        "SELECT e.at, e.action, e.detail, coalesce(a.name, '') AS by FROM audit_entry e"
        " LEFT JOIN account a ON a.id = e.account_id AND a.role <> 'volunteer'"
        " WHERE e.subject_kind = 'pair' AND e.subject_id = {} ORDER BY e.at DESC, e.id",
        str(pair["id"]),
    )
    events = [
        Event(row["at"], EVENTS.get(row["action"], ""), row["by"], json.loads(row["detail"])) for row in rows
    ]
    if not any(row["action"] == "pair.propose" for row in rows):
        events.append(Event(pair["proposed_at"], EVENTS["pair.propose"], "", {}))
    return events
