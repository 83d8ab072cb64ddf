"""Whether these two may (still) be paired: the rounds' own rules, asked about one household."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np

from jiedui.clock import today
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.pairs.tables import Pair
from jiedui.policies.service import pack_named
from jiedui.regions.codes import county
from jiedui.rounds import problem
from jiedui.store.columns import Row
from jiedui.volunteers.rules import before_children
from jiedui.volunteers.tables import Volunteer
from jiedui_pairing.people import PairSet, Setting, kinds_mask, kinds_of
from jiedui_pairing.rules import eligible, refusals
from jiedui_pairing.traits import Pairs


@dataclass(frozen=True)
class Match:
    """A volunteer who may take a household over: how far, which needs, places left."""

    volunteer_id: UUID
    distance_m: int
    needs: list[str]
    room: int


async def has_minor(pair: Row, now: datetime) -> bool:
    """Whether a child under the policy's age lives in the pair's household today."""
    pack = await pack_named(pair["policy_name"], pair["policy_version"])
    found = await Pair.raw(
        "SELECT EXISTS (SELECT FROM member WHERE household = {}"
        " AND born_on + make_interval(years => {}) > {}) AS minor",
        pair["household"],
        pack.eligibility.minor_age,
        today(now),
    )
    return bool(found[0]["minor"])


async def check_still_eligible(pair: Row, now: datetime) -> None:
    """Raises Refused when she may not meet this household (any more), without telling who lives there."""
    pack = await pack_named(pair["policy_name"], pair["policy_version"])
    volunteer = await Volunteer.select().where(Volunteer.id == pair["volunteer"]).first()
    if volunteer is None or volunteer["state"] != "active":
        raise Refused(N_("You are not an approved volunteer at the moment. Please ask your coordinator."))
    if await has_minor(pair, now) and before_children(volunteer, pack, today(now)):
        raise Refused(
            N_("Your record check or training is no longer in date, so this pairing cannot begin. "
               "Please ask your coordinator; the invitation stays open until its last day.")
        )  # fmt: skip


async def who_could_take_over(pair: Row, now: datetime) -> list[Match]:
    """Volunteers of the household's county who may take it over and have room, the nearest first."""
    setting, household = await _setting(pair, now)
    if setting is None:
        return []
    everyone = np.arange(len(setting.volunteers))
    pairs = eligible(Pairs(setting, np.full(len(everyone), household), everyone))
    matches = [_match(pairs, at) for at in range(len(pairs))]
    return sorted(matches, key=lambda match: (match.distance_m, -match.room))


async def check_may_take_over(pair: Row, volunteer_id: UUID, now: datetime) -> Match:
    """How she would take the household over. Raises Refused in the words of the rule against it."""
    setting, household = await _setting(pair, now)
    if setting is None:
        raise Refused(N_("This household is no longer in the ledger, so nobody can take it over."))
    rows = {UUID(str(key)): row for row, key in enumerate(setting.volunteers.ids)}
    if volunteer_id not in rows:
        raise Refused(N_("Please choose one of the volunteers in the list."), field="volunteer")
    against = refusals(setting, household, rows[volunteer_id])
    if against:
        raise Refused(against[0].refuses, field="volunteer")
    return _match(Pairs(setting, np.array([household]), np.array([rows[volunteer_id]])), 0)


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
