"""The only bridge: rows of the database become a round's people; nothing else here knows both."""

import hashlib
from collections.abc import Iterable
from datetime import date
from uuid import UUID

import msgspec
import numpy as np

from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.pairs.tables import NeverAgain, Pair
from jiedui.policies.service import pack_named
from jiedui.rounds.tables import Candidate, Pin, Round
from jiedui.store.columns import Row
from jiedui.store.scope import in_area
from jiedui_pairing import safety
from jiedui_pairing.people import Households, Inputs, RowPairs, Volunteers, kinds_masks, more_columns
from jiedui_pairing.policy import Pack


async def load(round_row: Row) -> Inputs:
    """Read a round's area as it is now. Raises Refused when a village has no place on the map."""
    pack = await pack_named(round_row["policy_name"], round_row["policy_version"])
    region_code = round_row["region_code"]
    dated = round_row["dated"]
    household_rows = await Round.raw(
        _HOUSEHOLDS, in_area("h.region_code", region_code), dated, pack.consent.rest_days
    )
    volunteer_rows = await Round.raw(_VOLUNTEERS, in_area("v.region_code", region_code))
    _refuse_placeless([*household_rows, *volunteer_rows])
    households, volunteers = _households(household_rows, pack, dated), _volunteers(volunteer_rows, pack)
    household_row = {row["id"]: at for at, row in enumerate(household_rows)}
    volunteer_row = {row["id"]: at for at, row in enumerate(volunteer_rows)}

    def rows_of(pairs: Iterable[Row]) -> RowPairs:
        return tuple(
            sorted(
                (household_row[pair["household"]], volunteer_row[pair["volunteer"]])
                for pair in pairs
                if pair["household"] in household_row and pair["volunteer"] in volunteer_row
            )
        )

    pins = await Pin.select().where(Pin.round == round_row["id"])
    related = {
        "running": rows_of(await Pair.raw(_RUNNING, in_area("region_code", region_code))),
        "never_again": rows_of(await NeverAgain.select().where(in_area("region_code", region_code))),
        "pinned": rows_of(pin for pin in pins if pin["kind"] == "pin"),
        "forbidden": rows_of(pin for pin in pins if pin["kind"] == "forbid"),
    }
    numbers = range(1, len(pack.stage) + 1)
    last = await Candidate.raw(_LAST_PLAN, round_row["id"])
    told = msgspec.json.encode([str(dated), pack, household_rows, volunteer_rows, related], order="sorted")
    return Inputs(
        households=households, volunteers=volunteers, pack=pack, dated=dated,
        villages=[row["region_code"] for row in household_rows],
        hash=hashlib.sha256(told).hexdigest(), **related,
        earlier={stage: rows_of(row for row in last if row["stage"] == stage) for stage in numbers},
    )  # fmt: skip


def ids_of(inputs: Inputs, pairs: Iterable[tuple[int, int]]) -> list[tuple[UUID, UUID]]:
    """Rows back to ids."""
    return [(inputs.households.ids[h], inputs.volunteers.ids[v]) for h, v in pairs]


IN_PEACE = """EXISTS (
    SELECT FROM pair p WHERE p.household = h.id AND p.end_reason = 'wants_no_helper'
        AND p.household_answered_at > {}::date - make_interval(days => {})
)"""
"""Household `h` has lately said that it wants no helper; takes the round's day and the policy's days."""
_HOUSEHOLDS = (
    """
SELECT h.id, h.region_code, r.lat, r.lng, r.name AS village, h.colour, h.wanted_helpers,
    h.ledger_key, h.phone_key,
    h.minor_until, h.more,
    array_agg(n.kind ORDER BY n.position) AS needs
FROM household h JOIN region r ON r.code = h.region_code JOIN need n ON n.household = h.id
WHERE {} AND h.active AND NOT """
    + IN_PEACE
    + """
GROUP BY h.id, r.lat, r.lng, r.name
ORDER BY h.region_code, h.name, h.born_on, h.ledger_key
"""
)
_VOLUNTEERS = """
SELECT v.id, r.lat, r.lng, r.name AS village, v.offers, v.skills, v.capacity, v.reach_km, v.record_checked_on,
    v.identified AND v.trained AS trained, v.ledger_key, v.phone_key,
    approved(v) AND NOT v.paused AS active,
    coalesce(held.households, 0) AS held, v.more
FROM volunteer v JOIN region r ON r.code = v.region_code LEFT JOIN held ON held.volunteer = v.id
WHERE {}
ORDER BY v.number
"""
_RUNNING = """
SELECT household, volunteer FROM live_pair WHERE {}
"""
_LAST_PLAN = """
SELECT household, volunteer, stage FROM candidate
WHERE plan = (SELECT id FROM plan WHERE "round" = {} AND state = 'ready' ORDER BY number DESC LIMIT 1)
"""


def _households(rows: list[Row], pack: Pack, dated: date) -> Households:
    until = np.array([row["minor_until"] for row in rows], dtype="datetime64[D]")
    return Households.of(
        ids=[row["id"] for row in rows],
        lat=[row["lat"] for row in rows],
        lng=[row["lng"] for row in rows],
        colour=[pack.colour_for(row["colour"]).code for row in rows],
        minor=safety.minors(until, dated).tolist(),
        needs=kinds_masks(pack, (row["needs"] for row in rows)),
        wanted=[max(row["wanted_helpers"], pack.ratio) for row in rows],
        identity_key=[row["ledger_key"] for row in rows],
        phone_key=[row["phone_key"] for row in rows],
        more=more_columns(pack, [row["more"] for row in rows]),
    )


def _volunteers(rows: list[Row], pack: Pack) -> Volunteers:
    return Volunteers.of(
        ids=[row["id"] for row in rows],
        lat=[row["lat"] for row in rows],
        lng=[row["lng"] for row in rows],
        offers=kinds_masks(pack, (row["offers"] for row in rows)),
        skills=[frozenset(row["skills"]) for row in rows],
        capacity=[row["capacity"] for row in rows],
        held=[row["held"] for row in rows],
        reach_m=[None if row["reach_km"] is None else row["reach_km"] * 1000 for row in rows],
        active=[row["active"] for row in rows],
        record_check=[row["record_checked_on"] for row in rows],
        trained=[row["trained"] for row in rows],
        identity_key=[row["ledger_key"] for row in rows],
        phone_key=[row["phone_key"] for row in rows],
        more=more_columns(pack, [row["more"] for row in rows]),
    )


def _refuse_placeless(rows: list[Row]) -> None:
    for row in rows:
        if row["lat"] is None:
            raise Refused(
                N_("{village} has no position in the region tree, so distances there are unknown."),
                village=row["village"],
            )
