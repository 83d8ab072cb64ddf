"""What a stage's plan has to say for itself, in the words in which it is stored."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jiedui.regions.codes import township
from jiedui.regions.tables import Region
from jiedui.store.scope import in_area
from jiedui_matching import RunnersUp, runners_up, shortages
from jiedui_matching.hall import Shortage
from jiedui_pairing.newcomers import NewcomerWorth, Places, worth_of_newcomers
from jiedui_pairing.people import Inputs, kinds_of
from jiedui_pairing.reasons import SmallestChange, WhyLeftOut, why_left_out
from jiedui_pairing.rules import DISTANCE, MINORS
from jiedui_pairing.stages import Stage

MOST_TOWNSHIPS = 3
"""So many townships of a shortage are named, those with most of its families first."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Explained:
    """Ready for the database: `runners_up` one per pair in the plan's order, `left_out` by household row,
    `shortages` as the numbers in `left_out` count them, `newcomers` for the first helpers only."""

    runners_up: list[dict[str, Any] | None]
    left_out: list[tuple[int, dict[str, Any]]]
    shortages: list[dict[str, Any]]
    newcomers: list[NewcomerWorth]


async def townships_in(region_code: str) -> Places:
    """The townships of an area that have a place on the map."""
    rows = await Region.select(Region.code, Region.lat, Region.lng).where(
        Region.level == "township", in_area("code", region_code), Region.lat.is_not_null()
    ).order_by(Region.code)  # fmt: skip
    return Places(
        code=[row["code"] for row in rows],
        lat=np.array([row["lat"] for row in rows], dtype=np.float64),
        lng=np.array([row["lng"] for row in rows], dtype=np.float64),
    )


def explained(inputs: Inputs, stage: Stage, townships: Places, stop: Callable[[], bool]) -> Explained:
    """Everything there is to say about a stage. Raises InterruptedError once `stop` says yes.

    Where only some of a large round's pairs were let in (nearest.py), what is said of one pair without
    or one volunteer more is the best among those; the plan itself and the advice hold for all pairs.
    """
    short = shortages(stage.plan)
    left_out = why_left_out(stage.candidates, stage.solution, stop)
    newcomers: list[NewcomerWorth] = []
    if stage.number == 1:
        newcomers = worth_of_newcomers(stage.candidates, stage.plan.margins(), townships, stop)
    return Explained(
        runners_up=_runners_up(inputs, stage, runners_up(stage.plan, stop)),
        left_out=[(one.household, _reasons(inputs, stage, one, int(short.of[one.slot]))) for one in left_out],
        shortages=[_shortage(inputs, stage, one) for one in short.sets],
        newcomers=newcomers,
    )


def _runners_up(inputs: Inputs, stage: Stage, found: RunnersUp) -> list[dict[str, Any] | None]:
    candidates, pinned = stage.candidates, stage.candidates.problem.pinned[stage.solution.pair_arc]
    volunteers, households = inputs.volunteers.ids, inputs.households.ids

    def family(slot: int) -> str | None:
        return str(households[int(candidates.household[slot])]) if slot >= 0 else None

    columns = found.arc, found.cost, found.loses, found.gains, found.moved
    return [
        None
        if fixed
        else {
            "volunteer": str(volunteers[int(candidates.problem.arc_volunteer[arc])]) if arc >= 0 else None,
            "distance_m": int(candidates.distance_m[arc]) if arc >= 0 else None,
            "difference": cost,
            "loses": family(loses),
            "gains": family(gains),
            "moved": moved,
        }
        for fixed, arc, cost, loses, gains, moved in zip(
            pinned.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]


def _reasons(inputs: Inputs, stage: Stage, one: WhyLeftOut, shortage: int) -> dict[str, Any]:
    return {
        "lacking": one.lacking,
        "offering": one.offering,
        "refused": dict(one.refused),
        "taken": one.taken,
        "changes": [_change(inputs, stage, change) for change in one.changes],
        "shortage": shortage if shortage >= 0 else None,
    }


def _change(inputs: Inputs, stage: Stage, change: SmallestChange) -> dict[str, Any]:
    said: dict[str, Any] = {
        "rule": change.rule.name,
        "volunteer": str(inputs.volunteers.ids[change.volunteer]),
        "distance_m": change.distance_m,
        "cost": change.cost,
    }
    if change.rule is MINORS:
        said["trained"] = bool(inputs.volunteers.trained[change.volunteer])
    if change.rule is DISTANCE:
        policy = inputs.pack.eligibility.max_distance_m
        said["limit_m"] = min(int(inputs.volunteers.reach_m[change.volunteer]), policy)
    return said


def _shortage(inputs: Inputs, stage: Stage, one: Shortage) -> dict[str, Any]:
    candidates, people = stage.candidates, stage.candidates.setting.households
    rows = np.unique(candidates.household[one.slots])
    villages = [inputs.villages[row] for row in rows.tolist()]
    towns = Counter(township(code) for code in villages)
    return {
        "families": len(rows),
        "wanted": one.wanted,
        "volunteers": len(one.volunteers),
        "places": one.places,
        "villages": len(set(villages)),
        "townships": [code for code, _ in towns.most_common(MOST_TOWNSHIPS)],
        "more_townships": max(len(towns) - MOST_TOWNSHIPS, 0),
        "with_children": bool(people.minor[rows].all()),
        "kinds": kinds_of(
            stage.candidates.setting.pack, int(np.bitwise_and.reduce(candidates.needs[one.slots]))
        ),
    }
