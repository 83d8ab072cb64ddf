"""Why a plan is as it is, in words and in JSON: what every pair keeps at bay, and who goes without."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from jiedui_matching.couplings import few
from jiedui_matching.explain import runners_up
from jiedui_matching.hall import shortages
from jiedui_matching.problem import Problem
from jiedui_matching.relief import smallest_changes
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import Solution


def plan_behind(problem: Problem, given: Solution) -> LivePlan:
    """The plan with these very pairs. Prices that prove one best plan prove all: any will do.

    Raises ValueError if it is not a best plan.
    """
    plan = LivePlan(problem, warm=given)
    if set(plan.solution().pair_arc.tolist()) != set(given.pair_arc.tolist()):
        raise ValueError("only a best plan can be explained, and there is a better one")
    return plan


def explanation_as_dict(plan: LivePlan, shift: int = 0) -> dict[str, Any]:
    """`pairs` with the best plan without each, `left_out` with what would help, and the `shortages` that
    these name by number; whom or what there is not is null. Pairs cost `shift` more than in the plan."""
    found = shortages(plan)
    return {
        "pairs": list(_pairs(plan, shift)),
        "left_out": list(_left_out(plan, found.of.tolist())),
        "shortages": [
            {
                "slots": each.slots.tolist(),
                "volunteers": each.volunteers.tolist(),
                "wanted": each.wanted,
                "places": each.places,
            }
            for each in found.sets
        ],
    }


def _pairs(plan: LivePlan, shift: int) -> Iterator[dict[str, Any]]:
    problem, solution, found = plan.problem, plan.solution(), runners_up(plan)
    who = np.where(found.arc < 0, -1, np.append(problem.arc_volunteer, -1)[found.arc])
    columns = {
        "slot": solution.pair_slot,
        "volunteer": solution.pair_volunteer,
        "cost": problem.arc_cost[solution.pair_arc] + shift,
        "pinned": problem.pinned[solution.pair_arc],
        "runner_up": who,
        "cost_rises": found.cost,
        "weight_rises": found.weight,
        "loses": found.loses,
        "gains": found.gains,
        "moved": found.moved,
    }
    for values in zip(*(column.tolist() for column in columns.values()), strict=True):
        pair = dict(zip(columns, values, strict=True))
        yield pair | {
            name: pair[name] if pair[name] >= 0 else None for name in ("runner_up", "loses", "gains")
        }


def _left_out(plan: LivePlan, shortage_of: list[int]) -> Iterator[dict[str, Any]]:
    problem, lacking, change = plan.problem, plan.solution().unassigned, smallest_changes(plan)
    for slot in np.flatnonzero(lacking).tolist():
        helper = int(change.volunteer[slot])
        place = {"volunteer": helper, "cost_rises": int(change.cost[slot]), "moved": int(change.moved[slot])}
        yield {
            "slot": slot,
            "lacks": int(lacking[slot]),
            "possible": int(np.diff(problem.row)[slot]),
            "shortage": shortage_of[slot] if shortage_of[slot] >= 0 else None,
            "one_more_place": place if helper >= 0 else None,
        }


def sentences(explanation: dict[str, Any]) -> Iterator[str]:
    """The same for people, a line for each pair, each slot left out and each shortage these name."""
    for pair in explanation["pairs"]:
        yield f"slot {pair['slot']}: volunteer {pair['volunteer']} at {pair['cost']}; {_otherwise(pair)}"
    for slot in explanation["left_out"]:
        yield f"slot {slot['slot']}: lacks {slot['lacks']}; {slot['possible']} volunteers are possible; " + (
            "it would cost more than it weighs"
            if slot["shortage"] is None
            else f"shortage {slot['shortage']}"
        )
        if slot["one_more_place"]:
            yield f"slot {slot['slot']}: {_helps(slot['one_more_place'])}"
    # Once each: thousands of slots may lack helpers for the same reason.
    for number in sorted({slot["shortage"] for slot in explanation["left_out"]} - {None}):
        yield f"shortage {number}: {_short(explanation['shortages'][number])}"


def _otherwise(pair: dict[str, Any]) -> str:
    if pair["pinned"]:
        return "pinned"
    helper = "nobody" if pair["runner_up"] is None else f"volunteer {pair['runner_up']}"
    words = [f"without this pair {helper}, cost {pair['cost_rises']:+d}"]
    if pair["moved"]:
        words.append(_others(pair["moved"]))
    if pair["loses"] is not None:
        words.append(f"slot {pair['loses']} has one less")
    if pair["gains"] is not None:
        words.append(f"slot {pair['gains']} has one more")
    return ", ".join(words)


def _short(shortage: dict[str, Any]) -> str:
    slots, volunteers = few(shortage["slots"]), few(shortage["volunteers"])
    if not volunteers:
        return f"nobody else may help slots {slots}"
    return (
        f"slots {slots} want {shortage['wanted']} of volunteers {volunteers}, "
        f"who have {shortage['places']} places and alone may help"
    )


def _helps(place: dict[str, Any]) -> str:
    words = f"one place more at volunteer {place['volunteer']} would do, cost {place['cost_rises']:+d}"
    return f"{words}, {_others(place['moved'])}" if place["moved"] else words


def _others(moved: int) -> str:
    return f"{moved} other slot{'s' * (moved > 1)} changing helper"
