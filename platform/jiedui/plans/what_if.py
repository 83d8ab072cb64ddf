"""What one change would do to a plan: planned again with it, keeping every pair that need not move."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any

import msgspec
import numpy as np

from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.jobs import asked
from jiedui.jobs.service import JobRow, Progress
from jiedui.jobs.threads import Stop, Tell, in_thread
from jiedui.plans.questions import ABOUT_NEWCOMERS, NEWCOMER, Change
from jiedui.plans.tables import WhatIf
from jiedui.rounds.explanation import townships_in
from jiedui.rounds.problem import load
from jiedui.rounds.tables import Candidate, Round
from jiedui_matching import Solution
from jiedui_pairing.all_pairs import best_plan
from jiedui_pairing.candidates import Candidates
from jiedui_pairing.newcomers import Places, newcomers, sort_of
from jiedui_pairing.people import Households, Inputs, PairSet, People, joined, kinds_mask
from jiedui_pairing.rules import RULES
from jiedui_pairing.stages import covered, first_demand

IdPair = tuple[Any, Any]
MOST_MOVED = 300
"""So many of the families whose helper changes are named, those who lose or gain one first."""
STEPS = (N_("Finding the best pairing"), N_("Finding it with the change"), N_("Comparing the two"))
_NOBODY = (None, None)
_GONE = N_("This family or volunteer is no longer part of this round.")
_NOWHERE = N_("This township no longer has a place on the map.")
_SENTENCES = {rule.name: rule.refuses for rule in RULES}
_SENTENCES["not_wanted"] = N_("This family has all the helpers it wants, or asks for nothing now.")


@dataclass(frozen=True, eq=False)
class _Side:
    """A plan of first helpers, before or after the change."""

    candidates: Candidates
    solution: Solution

    def pairs(self) -> dict[IdPair, int]:
        """Who is paired with whom, by their ids, and how far apart they live."""
        setting, chosen = self.candidates.setting, self.candidates.chosen(self.solution)
        metres = self.candidates.distance_m[self.solution.pair_arc]
        return {
            (setting.households.ids[h], setting.volunteers.ids[v]): m
            for h, v, m in zip(
                chosen.household.tolist(), chosen.volunteer.tolist(), metres.tolist(), strict=True
            )
        }

    def covered(self) -> dict[str, list[int]]:
        """Per colour: helpers found, helpers wanted."""
        return {colour: list(counts) for colour, counts in covered(self.candidates, self.solution).items()}


async def run_what_if(job: JobRow, progress: Progress) -> None:
    """Answer the question this job is about. Killed at any point it can run again."""
    question_id = job.subject_id
    async with asked.answering(WhatIf, question_id):
        (row,) = await WhatIf.raw(_QUESTION, question_id)
        await progress.report(STEPS[0], 0, len(STEPS))
        inputs = await load((await Round.raw('SELECT * FROM "round" WHERE id = {}', row["round"]))[0])
        townships = await townships_in(row["region_code"])
        pairs = await Candidate.select(Candidate.household, Candidate.volunteer).where(
            Candidate.plan == row["plan"], Candidate.stage == 1
        )
        earlier = [(pair["household"], pair["volunteer"]) for pair in pairs]
        change = msgspec.json.decode(row["change"], type=Change)
        answer = await in_thread(partial(difference, inputs, townships, earlier, change), STEPS, progress)
        answer["others_changed"] = inputs.hash != row["inputs_hash"]
        await asked.answered(WhatIf, question_id, {"answer": json.dumps(answer)})


def difference(
    inputs: Inputs, townships: Places, earlier: Iterable[IdPair], change: Change, tell: Tell, stop: Stop
) -> dict[str, Any]:
    """What the change does to the first helpers, as plain data: every figure before and after, and who moves.

    The plan before is the best one nearest to the `earlier` pairs, the one after the best nearest to it.
    Raises Refused if the change cannot be, InterruptedError once `stop` says yes.
    """
    supposed = changed(inputs, change, townships)
    before = _planned(inputs, earlier, stop)
    pairs = before.pairs()
    tell(1)
    after = _planned(supposed, pairs, stop)
    _refuse_a_pin_against_a_rule(supposed, after.candidates, change)
    tell(2)
    then = after.pairs()
    moved = _moved(supposed, pairs, then)
    return {
        "covered": {colour: [counts, after.covered()[colour]] for colour, counts in before.covered().items()},
        "cost": [before.solution.cost, after.solution.cost],
        "mean_m": [_mean(pairs), _mean(then)],
        "farthest": [_farthest(pairs), _farthest(then)],
        "moves": len(moved),
        "moved": moved[:MOST_MOVED],
        "in_vain": change.kind in ABOUT_NEWCOMERS and not any(NEWCOMER in pair for pair in then),
    }


def changed(inputs: Inputs, change: Change, townships: Places) -> Inputs:
    """The same round if this were so. Raises Refused for people and townships that are not in it."""
    if change.kind == "distance":
        rules = msgspec.structs.replace(inputs.pack.eligibility, max_distance_m=1000 * (change.number or 0))
        return replace(inputs, pack=msgspec.structs.replace(inputs.pack, eligibility=rules))
    if change.kind in ("pin", "forbid"):
        return _with_pin(inputs, change)
    if change.kind in ABOUT_NEWCOMERS:
        return _with_newcomer(inputs, change, townships)
    if change.kind == "drop":
        row = _row(inputs.households.ids, change.household)
        return replace(inputs, households=_with(inputs.households, row, needs=0))
    values: dict[str, dict[str, Any]] = {
        "capacity": {"capacity": change.number},
        "leave": {"active": False},
        "clear": {"trained": True, "record_check": np.datetime64(inputs.dated, "D")},
    }
    row = _row(inputs.volunteers.ids, change.volunteer)
    inputs = replace(inputs, volunteers=_with(inputs.volunteers, row, **values[change.kind]))
    return _with_pin(inputs, change) if change.household else inputs


def _with_pin(inputs: Inputs, change: Change) -> Inputs:
    """This pair pinned or, if that is the question, forbidden."""
    pair = (_row(inputs.households.ids, change.household), _row(inputs.volunteers.ids, change.volunteer))
    pinned, forbidden = (
        tuple(other for other in pins if other != pair) for pins in (inputs.pinned, inputs.forbidden)
    )
    if change.kind == "forbid":
        return replace(inputs, pinned=pinned, forbidden=(*forbidden, pair))
    return replace(inputs, pinned=(*pinned, pair), forbidden=forbidden)


def _with_newcomer(inputs: Inputs, change: Change, townships: Places) -> Inputs:
    """Somebody new takes part, with the last row: she is cleared, and the family wants one helper."""
    at = _row(townships.code, change.place, _NOWHERE)
    place = Places([change.place], townships.lat[[at]], townships.lng[[at]])
    if change.kind == "join":
        new = newcomers(place, [sort_of(inputs.pack, change.support, skilled=change.skilled)], inputs.dated)
        new = replace(new, ids=[NEWCOMER], capacity=np.array([change.number]))
        return replace(inputs, volunteers=joined(inputs.volunteers, new))
    family = Households.of(
        ids=[NEWCOMER], lat=place.lat.tolist(), lng=place.lng.tolist(), colour=[change.colour],
        minor=[change.minor], needs=[kinds_mask(inputs.pack, [change.support])],
        wanted=[inputs.pack.ratio], identity_key=[None], phone_key=[None],
    )  # fmt: skip
    return replace(
        inputs,
        households=joined(inputs.households, family),
        villages=[*inputs.villages, change.place],
    )


def _with(people: People, row: int, **values: Any) -> People:
    """The same people, one of them with other values."""
    columns = {name: getattr(people, name).copy() for name in values}
    for name, value in values.items():
        columns[name][row] = value
    return replace(people, **columns)


def _row(ids: Iterable[Any], wanted: Any, missing: str = _GONE) -> int:
    for row, one in enumerate(ids):
        if one == wanted:
            return row
    raise Refused(missing)


def _planned(inputs: Inputs, earlier: Iterable[IdPair], stop: Stop) -> _Side:
    household = {one: row for row, one in enumerate(inputs.households.ids)}
    volunteer = {one: row for row, one in enumerate(inputs.volunteers.ids)}
    known = PairSet.of((household[h], volunteer[v]) for h, v in earlier if h in household and v in volunteer)
    candidates, plan = best_plan(first_demand(inputs), stop, known)
    return _Side(candidates, plan.solution())


def _refuse_a_pin_against_a_rule(inputs: Inputs, candidates: Candidates, change: Change) -> None:
    for household, volunteer, rule in candidates.refused_pins:
        pair = (inputs.households.ids[household], inputs.volunteers.ids[volunteer])
        if pair == (change.household, change.volunteer):
            raise Refused(_SENTENCES[rule])


def _moved(inputs: Inputs, before: dict[IdPair, int], after: dict[IdPair, int]) -> list[dict[str, Any]]:
    """Per family whose helper changes: from whom to whom; those who lose or gain one first."""
    ends: dict[Any, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for at, pairs, others in ((0, before, after), (1, after, before)):
        for household, volunteer in pairs.keys() - others.keys():
            ends[household][at].append((str(volunteer), pairs[household, volunteer]))
    moved = [
        {"household": str(household), "from": gone, "to": come}
        for household in inputs.households.ids
        if household in ends
        for gone, come in zip_longest(*ends[household], fillvalue=_NOBODY)
    ]
    return sorted(moved, key=lambda one: (one["to"] != _NOBODY, one["from"] != _NOBODY))


def _mean(pairs: dict[IdPair, int]) -> int | None:
    return round(sum(pairs.values()) / len(pairs)) if pairs else None


def _farthest(pairs: dict[IdPair, int]) -> list[Any] | None:
    """Family, helper and metres of the pair that lives farthest apart."""
    if not pairs:
        return None
    (household, volunteer), metres = max(pairs.items(), key=lambda item: (item[1], str(item[0])))
    return [str(household), str(volunteer), metres]


_QUESTION = """
SELECT w.change, w.plan, w.region_code, plan."round", plan.inputs_hash
FROM what_if w JOIN plan ON plan.id = w.plan WHERE w.id = {}
"""
