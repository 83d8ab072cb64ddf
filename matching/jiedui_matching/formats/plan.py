"""Plans in JSON: what a solver answered, or pairs from anywhere that somebody wants checked."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jiedui_matching.check import NO_ARC, Check, Report, check
from jiedui_matching.couplings import Coupling
from jiedui_matching.formats.arrays import read_object, shown, whole_list
from jiedui_matching.formats.case import Case
from jiedui_matching.problem import Ints, Problem
from jiedui_matching.solution import (
    Prices,
    Solution,
    arcs_between,
    cost_of,
    unassigned_after,
    uncovered_by_tier,
    weight_of,
)
from jiedui_matching.solve import solve_fully

_STATUSES = ("optimal", "stopped", "infeasible")


def plan_as_dict(case: Case, solution: Solution) -> dict[str, Any]:
    """Everything the plan says, as the file counts costs; pairs are [slot, volunteer], `left_out` [slot,
    helpers lacking]."""
    lacking = np.flatnonzero(solution.unassigned)
    return {
        "status": case.status(solution),
        "objective": case.objective(solution),
        "solver": solution.solver,
        "solver_version": solution.solver_version,
        "seconds": solution.seconds,
        "cost": solution.cost + case.offset,
        "weight": solution.weight + case.offset,
        "bound": solution.bound + case.offset,
        "uncovered": {str(tier): count for tier, count in solution.uncovered.items()},
        "pairs": np.column_stack([solution.pair_slot, solution.pair_volunteer]).tolist(),
        "left_out": np.column_stack([lacking, solution.unassigned[lacking]]).tolist(),
        "prices": {"slot": solution.prices.slot.tolist(), "volunteer": solution.prices.volunteer.tolist()},
    }


def write_plan(plan: dict[str, Any], path: Path) -> None:
    """One JSON object."""
    path.write_text(json.dumps(plan) + "\n", encoding="utf-8")


def read_plan(path: Path, case: Case, prices: Prices | None = None) -> Solution:
    """A plan for this case, of which only `pairs` must be there.

    Figures that are there are taken at their word, for `check` to judge; those that are not are
    counted from the pairs. Prices that are not there are those given here, or come from a solve: any
    prices judge any plan.

    Raises ValueError naming the field and index that cannot be read, and KeyboardInterrupt.
    """
    return _solution(read_object(path), case, prices)


def check_plan(path: Path, case: Case, couplings: Sequence[Coupling] = ()) -> Report:
    """`check`, and what a file may say besides: that nobody may be left out, its objective and status.

    Raises ValueError naming the field and index that cannot be read, and KeyboardInterrupt.
    """
    given = read_object(path)
    solution = _solution(given, case, None)
    report = check(case.problem, solution, couplings)
    if "arcs" in report.violations:
        return report
    counted = replace(
        solution,
        cost=cost_of(case.problem, solution.pair_arc),
        unassigned=unassigned_after(case.problem, solution.pair_arc),
    )
    looks = {"complete": _complete(case, counted)} if case.complete else {}
    looks["objective"] = _objective(case, given, counted)
    looks["status"] = _status(case, given, counted, couplings)
    return Report((*report.checks, *(Check(name, next(look, "")) for name, look in looks.items())))


def _complete(case: Case, counted: Solution) -> Iterator[str]:
    for slot in np.flatnonzero(counted.unassigned):
        yield f"slot {slot} lacks {counted.unassigned[slot]} helpers, and none may be lacking"


def _objective(case: Case, given: dict[str, Any], counted: Solution) -> Iterator[str]:
    objective = case.objective(counted)
    if "objective" in given and given["objective"] != objective:
        yield f"it is {shown(objective)}, the plan says {shown(given['objective'])}"


def _status(
    case: Case, given: dict[str, Any], counted: Solution, couplings: Sequence[Coupling]
) -> Iterator[str]:
    if "status" in given and given["status"] not in _STATUSES:
        yield f"the plan says {shown(given['status'])}: it is one of {', '.join(_STATUSES)}"
    complete = not case.complete or not counted.unassigned.any()
    if given.get("status") == "infeasible" and complete and not couplings:
        yield "the plan says infeasible, and it is a plan"


def _solution(given: dict[str, Any], case: Case, prices: Prices | None) -> Solution:
    problem = case.problem
    if "pairs" not in given:
        raise ValueError("pairs is missing")
    slot, volunteer = _columns("pairs", given["pairs"])
    arc = _arcs_of(problem, slot, volunteer)
    lacking = problem.wanted - _counted(problem.slots, slot, np.ones_like(slot))
    if "left_out" in given:
        lacking = _counted(problem.slots, *_columns("left_out", given["left_out"]))
    chosen = np.isin(np.arange(problem.arcs), arc)
    return Solution(
        pair_arc=arc,
        pair_slot=slot,
        pair_volunteer=volunteer,
        unassigned=lacking,
        uncovered=_by_tier(given["uncovered"])
        if "uncovered" in given
        else uncovered_by_tier(problem.tier, lacking),
        cost=_figure(given, "cost", case) if "cost" in given else cost_of(problem, chosen),
        weight=_figure(given, "weight", case) if "weight" in given else weight_of(problem, chosen),
        # Nothing weighs less than nothing: a plan that names no bound claims none.
        bound=_figure(given, "bound", case) if "bound" in given else 0,
        prices=_prices(given["prices"]) if "prices" in given else prices or solve_fully(problem).prices,
        status=str(given.get("status", "")),
        solver=str(given.get("solver", "")),
        solver_version=str(given.get("solver_version", "")),
        seconds=0.0,
    )


def _columns(name: str, rows: Any) -> tuple[Ints, Ints]:
    if not isinstance(rows, list):
        raise ValueError(f"{name} must be a list of pairs of whole numbers")
    for at, row in enumerate(rows):
        if not (isinstance(row, list) and len(row) == 2 and all(type(number) is int for number in row)):
            raise ValueError(f"{name}[{at}] is {shown(row)}: it must be two whole numbers")
    left, right = zip(*rows, strict=True) if rows else ((), ())
    return whole_list(name, list(left)), whole_list(name, list(right))


def _arcs_of(problem: Problem, slot: Ints, volunteer: Ints) -> Ints:
    """Each pair's arc, or NO_ARC for `check` to find."""
    known = (slot >= 0) & (slot < problem.slots) & (volunteer >= 0) & (volunteer < problem.volunteers)
    found = arcs_between(problem, np.where(known, slot, 0), np.where(known, volunteer, 0))
    return np.where(known, found, NO_ARC)


def _counted(size: int, at: Ints, times: Ints) -> Ints:
    """Positions that do not exist count nowhere: other figures then give them away."""
    total = np.zeros(size, dtype=np.int64)
    known = (at >= 0) & (at < size)
    np.add.at(total, at[known], times[known])
    return total


def _figure(given: dict[str, Any], name: str, case: Case) -> int:
    """A total as the problem counts it; it may be larger than any number it was added up from."""
    value = given[name]
    if type(value) is not int:
        raise ValueError(f"{name} is {shown(value)}: it must be a whole number")
    return value - case.offset


def _by_tier(value: Any) -> dict[int, int]:
    if not isinstance(value, dict) or not all(tier.isdecimal() for tier in value):
        raise ValueError("uncovered must give the helpers lacking by tier")
    return {int(tier): int(whole_list(f"uncovered {tier}", [count])[0]) for tier, count in value.items()}


def _prices(value: Any) -> Prices:
    if not isinstance(value, dict) or set(value) != {"slot", "volunteer"}:
        raise ValueError("prices must have the lists slot and volunteer")
    return Prices(*(whole_list(f"prices of {name}", value[name]) for name in ("slot", "volunteer")))
