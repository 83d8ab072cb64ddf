"""Handing a pair over: who could take it by the rounds' own rules; the old one ends as the new one begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import numpy as np

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.errors import Conflict, Refused
from jiedui.i18n import N_
from jiedui.pairs import policy
from jiedui.pairs.life import end
from jiedui.pairs.notifying import tell_volunteer
from jiedui.pairs.tables import Pair
from jiedui.pairs.transitions import note, pair_of
from jiedui.policies.service import pack_named
from jiedui.regions.codes import county
from jiedui.rounds import problem
from jiedui.store.columns import Row
from jiedui.store.scope import scope
from jiedui.volunteers import policy as volunteers
from jiedui.volunteers.tables import Volunteer
from jiedui_pairing.people import PairSet, Setting, kinds_mask, kinds_of
from jiedui_pairing.rules import eligible, refusals
from jiedui_pairing.traits import Pairs

_JUST_TAKEN = N_("This volunteer has just been given another family. Please choose again.")


@dataclass(frozen=True)
class Match:
    """A volunteer who may take a household over: how far, which needs, places left."""

    volunteer_id: UUID
    distance_m: int
    needs: list[str]
    room: int


async def hand_over(actor: Actor, pair_id: UUID, volunteer_id: UUID, reason: str, now: datetime) -> UUID:
    """End a pair and propose the same help to another volunteer, in one go; the new pair's id.

    Raises NotFound, Conflict, Refused in the words of the eligibility rule that speaks against her.
    """
    pair = await pair_of(actor, pair_id, "hand_over")
    try:
        async with scope(actor, now):
            match = await _taker(actor, pair, volunteer_id, now)
            await end(actor, pair, reason, "", now)
            successor = await _propose(pair, match, now)
            await note(actor, "pair.hand_over", pair, now, reason=reason, successor=successor["id"])
            await note(actor, "pair.propose", successor, now, predecessor=pair_id)
    except (asyncpg.CheckViolationError, asyncpg.UniqueViolationError) as error:
        raise Conflict(_JUST_TAKEN) from error
    return UUID(str(successor["id"]))


async def who_could_take_over(actor: Actor, pair: Row, now: datetime) -> list[Match]:
    """Volunteers whom the actor may see, who may take it over and have room, the nearest first."""
    policy.require(actor, "hand_over", pair)
    setting, household = await _setting(pair, now)
    if setting is None:
        return []
    seen = await _seen(actor)
    offered = np.array([row for row, key in enumerate(setting.volunteers.ids) if key in seen], dtype=np.int64)
    pairs = eligible(Pairs(setting, np.full(len(offered), household), offered))
    matches = [_match(pairs, at) for at in range(len(pairs))]
    return sorted(matches, key=lambda match: (match.distance_m, -match.room))


async def check_may_take_over(actor: Actor, pair: Row, volunteer_id: UUID, now: datetime) -> Match:
    """How she would take the household over. Raises Refused in the words of the rule against it."""
    policy.require(actor, "hand_over", pair)
    setting, household = await _setting(pair, now)
    if setting is None:
        raise Refused(N_("This household is no longer in the ledger, so nobody can take it over."))
    rows = {UUID(str(key)): row for row, key in enumerate(setting.volunteers.ids)}
    if volunteer_id not in rows or volunteer_id not in await _seen(actor):
        raise Refused(N_("Please choose one of the volunteers in the list."), field="volunteer")
    against = refusals(setting, household, rows[volunteer_id])
    if against:
        raise Refused(against[0].refuses, field="volunteer")
    return _match(Pairs(setting, np.array([household]), np.array([rows[volunteer_id]])), 0)


async def _seen(actor: Actor) -> set[UUID]:
    """The volunteers whom the actor may see: nobody else is offered, or taken."""
    return {row["id"] for row in await Volunteer.select(Volunteer.id).where(volunteers.visible(actor))}


def _match(pairs: Pairs, at: int) -> Match:
    setting, row = pairs.setting, int(pairs.volunteer[at])
    return Match(
        volunteer_id=UUID(str(setting.volunteers.ids[row])),
        distance_m=int(pairs.distance_m[at]),
        needs=kinds_of(setting.pack, int(pairs.common[at])),
        room=int(setting.volunteers.capacity[row] - setting.held[row]),
    )


async def _setting(pair: Row, now: datetime) -> tuple[Setting | None, int]:
    """The county as a round would see it, the household asking for just what the pair was for."""
    inputs = await problem.load(
        {
            "id": pair["round"],
            "region_code": county(pair["region_code"]),
            "policy_name": pair["policy_name"],
            "policy_version": pair["policy_version"],
            "dated": today(now),
        }
    )
    if pair["household"] not in inputs.households.ids:
        return None, 0
    household = inputs.households.ids.index(pair["household"])
    needs = inputs.households.needs.copy()
    needs[household] = kinds_mask(inputs.pack, pair["needs"])
    setting = Setting(
        households=inputs.households,
        volunteers=inputs.volunteers,
        pack=inputs.pack,
        on=inputs.dated,
        never_again=PairSet.of(inputs.never_again),
        running=PairSet.of(inputs.running),
        needs=needs,
    )
    return setting, household


async def _taker(actor: Actor, pair: Row, volunteer_id: UUID, now: datetime) -> Match:
    if volunteer_id == pair["volunteer"]:
        raise Refused(N_("Please choose another volunteer than the one who hands over."), field="volunteer")
    return await check_may_take_over(actor, pair, volunteer_id, now)


async def _propose(old: Row, match: Match, now: datetime) -> Row:
    pack = await pack_named(old["policy_name"], old["policy_version"])
    kept = ("household", "region_code", "stage", "policy_name", "policy_version", "round")
    pair = Pair(
        **{name: old[name] for name in kept},
        volunteer=match.volunteer_id,
        needs=match.needs,
        distance_m=match.distance_m,
        state="proposed",
        predecessor_id=old["id"],
        proposed_at=now,
        volunteer_deadline=now + timedelta(days=pack.consent.volunteer_answer_days),
    )
    await pair.save()
    row = {"id": pair.id, "volunteer": match.volunteer_id, "region_code": old["region_code"]}
    await tell_volunteer("volunteer.proposal", row, now)
    return row
