"""Questions about a plan: asked by a coordinator, answered by a worker, kept beside the plan."""

import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from piccolo.querystring import QueryString

from jiedui.actor import Actor
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.jobs import asked
from jiedui.plans.people import FAMILIES_BY_ID, VOLUNTEERS_BY_ID
from jiedui.plans.tables import WhatIf
from jiedui.policies.service import pack_named
from jiedui.regions.tables import Region
from jiedui.rounds import policy
from jiedui.rounds.pins import refuse_strangers
from jiedui.rounds.service import draft_of, note
from jiedui.rounds.tables import Plan
from jiedui.store.columns import Row
from jiedui.store.scope import in_area, scope

Kind = Literal["pin", "forbid", "capacity", "leave", "join", "drop", "arrive", "clear", "distance"]
ABOUT_FAMILIES: frozenset[Kind] = frozenset({"pin", "forbid", "drop"})
ABOUT_VOLUNTEERS: frozenset[Kind] = frozenset({"pin", "forbid", "capacity", "leave", "clear"})
FOR_A_FAMILY: frozenset[Kind] = frozenset({"capacity", "clear"})
"""What a volunteer may do more: if a family is named too, she helps that one."""
ABOUT_NEWCOMERS: frozenset[Kind] = frozenset({"join", "arrive"})
WITH_NUMBER: frozenset[Kind] = frozenset({"capacity", "join", "distance"})
NEWCOMER = UUID(int=0)
"""Stands for the volunteer or the family that is supposed to be new."""
MOST_WAITING = 3
MOST_NUMBER = 500


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is supposed; `number` is the most families she would take, or the limit in kilometres.

    Somebody new lives in the township `place` and offers or asks for `support`: a volunteer, `skilled` if
    she has a skill that is welcome for it, or a family with a `colour`, and with children if `minor`.
    """

    kind: Kind
    household: UUID | None = None
    volunteer: UUID | None = None
    number: int | None = None
    place: str = ""
    support: str = ""
    skilled: bool = False
    colour: str = ""
    minor: bool = False


async def ask(actor: Actor, plan: Row, change: Change, now: datetime) -> UUID:
    """Queue a question about a plan of a draft round; its id.

    Raises NotFound for people outside the round's area, Refused for what is missing or when too many
    questions wait, Conflict once the round is published.
    """
    policy.require(actor, "ask", plan)
    _refuse_incomplete(change)
    async with scope(actor, now):
        round_row = await draft_of(actor, plan["round"], "ask")
        if plan["state"] != "ready":
            raise Conflict(N_("This run has no plan to ask about."))
        await refuse_strangers(round_row, change.household, change.volunteer)
        if change.kind in ABOUT_NEWCOMERS:
            await _refuse_nowhere(round_row, change)
        waiting = await WhatIf.raw(_WAITING, plan["round"])
        if waiting[0]["n"] >= MOST_WAITING:
            raise Refused(
                N_("{n} questions about this round are waiting already. Please wait for an answer first."),
                n=MOST_WAITING,
            )
        question = WhatIf(
            plan=plan["id"],
            region_code=round_row["region_code"],
            change=msgspec.json.encode(change).decode(),
            created_at=now,
            created_by=actor.account_id,
        )
        question_id = await asked.ask("round.what_if", question, actor, now)
        await note(actor, "round.what_if", plan["round"], round_row["region_code"], now,
                   plan=plan["number"], change=change.kind)  # fmt: skip
    return question_id


async def questions_of(actor: Actor, plan: Row) -> list[Row]:
    """The questions about a plan, the newest first."""
    policy.require(actor, "read", plan)
    rows = await WhatIf.raw(f"{_QUESTIONS} WHERE w.plan = {{}} ORDER BY w.created_at DESC, w.id", plan["id"])
    return [_laid_open(row) for row in rows]


async def question_at(actor: Actor, plan: Row, question_id: UUID) -> Row:
    """One question about a plan, its answer with people's names. Raises NotFound."""
    policy.require(actor, "read", plan)
    rows = await WhatIf.raw(f"{_QUESTIONS} WHERE w.plan = {{}} AND w.id = {{}}", plan["id"], question_id)
    if not rows:
        raise NotFound
    question = _laid_open(rows[0])
    if question["answer"]:
        colour, place = question["change"].get("colour"), question["place"]
        await _name_people(
            plan["round"],
            question["answer"],
            {"id": None, "name": "", "number": "", "colour": colour, "village": place, "township": None},
        )
    return question


def _refuse_incomplete(change: Change) -> None:
    for value, field, kinds, said in (
        (change.household, "family", ABOUT_FAMILIES, N_("Please say which family.")),
        (change.volunteer, "helper", ABOUT_VOLUNTEERS, N_("Please say which volunteer.")),
        (change.number, "number", WITH_NUMBER, N_("Please say how many.")),
        (change.place or None, "place", ABOUT_NEWCOMERS, N_("Please choose a township.")),
        (change.support or None, "support", ABOUT_NEWCOMERS, N_("Please choose a kind of support.")),
        (change.colour or None, "colour", {"arrive"}, N_("Please choose a risk colour.")),
    ):
        if change.kind in kinds and value is None:
            raise Refused(said, field=field)
    least = 0 if change.kind == "capacity" else 1
    if change.number is not None and not least <= change.number <= MOST_NUMBER:
        said = N_("Please write a number from {least} to {most}.")
        raise Refused(said, field="number", least=least, most=MOST_NUMBER)


async def _refuse_nowhere(round_row: Row, change: Change) -> None:
    """Somebody new needs a township of the area with a place on the map, and a kind that the policy has."""
    pack = await pack_named(round_row["policy_name"], round_row["policy_version"])
    if change.support not in {kind.code for kind in pack.kind}:
        raise Refused(N_("Please choose a kind of support."), field="support")
    if change.colour and not pack.knows_colour(change.colour):
        raise Refused(N_("Please choose a risk colour."), field="colour")
    town = await Region.select(Region.short_name, Region.lat).where(
        Region.code == change.place, Region.level == "township",
        in_area("code", round_row["region_code"]),
    ).first()  # fmt: skip
    if town is None:
        raise NotFound
    if town["lat"] is None:
        raise Refused(
            N_("{village} has no position in the region tree, so distances there are unknown."),
            field="place",
            village=town["short_name"],
        )


def _laid_open(row: Row) -> Row:
    return asked.seen(row) | {"change": json.loads(row["change"]), "answer": json.loads(row["answer"])}


async def _name_people(round_id: UUID, answer: dict[str, Any], newcomer: Row) -> None:
    """Ids become rows with a name and a village; somebody new has neither id nor name."""
    moved, far = answer["moved"], [one for one in answer["farthest"] if one]
    ends = [end for one in moved for end in (one["from"], one["to"]) if end[0]]
    families = {one["household"] for one in moved} | {one[0] for one in far}
    helpers = {end[0] for end in ends} | {one[1] for one in far}
    new = {str(NEWCOMER): newcomer}
    family = new | await _rows_by_id(FAMILIES_BY_ID, round_id, families)
    helper = new | await _rows_by_id(VOLUNTEERS_BY_ID, round_id, helpers)
    for one in moved:
        one["household"] = family[one["household"]]
    for end in ends:
        end[0] = helper[end[0]]
    for one in far:
        one[0], one[1] = family[one[0]], helper[one[1]]


async def _rows_by_id(query: str, round_id: UUID, ids: set[str]) -> dict[str, Row]:
    rows = await Plan.raw(query, round_id, [UUID(one) for one in ids], QueryString("true"))
    return {str(row["id"]): row for row in rows}


_WAITING = f"""
SELECT count(*) AS n FROM what_if w JOIN plan ON plan.id = w.plan
WHERE plan."round" = {{}} AND w.state IN {asked.WAITING} AND NOT {asked.lost("w")}
"""  # noqa: S608 -- our own words
_QUESTIONS = f"""
SELECT w.*, {asked.lost("w")} AS lost, h.name AS household_name, h.number AS household_number,
    h.colour, h.village,
    v.name AS volunteer_name, v.number, nt.short_name AS place, a.name AS asked_by
FROM what_if w JOIN plan ON plan.id = w.plan
LEFT JOIN LATERAL round_family(plan."round", (w.change ->> 'household')::uuid) h ON true
LEFT JOIN LATERAL round_helper(plan."round", (w.change ->> 'volunteer')::uuid) v ON true
LEFT JOIN region nt ON nt.code = w.change ->> 'place'
LEFT JOIN account a ON a.id = w.created_by
"""  # noqa: S608 -- our own words
