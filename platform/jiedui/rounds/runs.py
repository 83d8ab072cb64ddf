"""The worker's part of a round: read, plan in a thread, write the whole answer in one transaction."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import msgspec

from jiedui.actor import Actor
from jiedui.clock import utc_now
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.jobs import asked
from jiedui.jobs.service import JobRow, Progress
from jiedui.jobs.threads import Stop, Tell, in_thread
from jiedui.rounds.explanation import Explained, explained, townships_in
from jiedui.rounds.problem import load
from jiedui.rounds.tables import Candidate, LeftOut, Newcomer, Plan, Round
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.scope import scope
from jiedui_pairing.newcomers import Places
from jiedui_pairing.people import Inputs, kinds_of
from jiedui_pairing.stages import STEPS as PLANNING
from jiedui_pairing.stages import Stage, plan

Answer = tuple[Stage, Explained]
STEPS = (*PLANNING, N_("Working out the reasons"))


async def run_plan(job: JobRow, progress: Progress) -> None:
    """Make the plan this job is about. Killed at any point it leaves no half plan and can run again."""
    plan_id = job.subject_id
    async with asked.answering(Plan, plan_id):
        (round_row,) = await Round.raw(
            'SELECT r.* FROM "round" r JOIN plan ON plan."round" = r.id WHERE plan.id = {}', plan_id
        )
        await progress.report(STEPS[0], 0, len(STEPS))
        inputs = await load(round_row)
        townships = await townships_in(round_row["region_code"])
        answers = await in_thread(partial(_plan_and_explain, inputs, townships), STEPS, progress)
        await _write(plan_id, round_row["region_code"], inputs, answers)


def _plan_and_explain(inputs: Inputs, townships: Places, tell: Tell, stop: Stop) -> list[Answer]:
    # The first helpers are explained while the second are looked for.
    with ThreadPoolExecutor(1) as aside:
        answers = [
            (stage, aside.submit(explained, inputs, stage, townships, stop))
            for stage in plan(inputs, tell, stop)
        ]
        tell(len(STEPS) - 1)
        return [(stage, said.result()) for stage, said in answers]


async def _write(plan_id: Any, region_code: str, inputs: Inputs, answers: list[Answer]) -> None:
    stages = [stage for stage, _ in answers]
    failed = {name: words for stage in stages for name, words in stage.report.violations.items()}
    if failed:
        raise Refused(
            N_("The pairing did not pass its own check ({checks}), so it is not shown."),
            checks=", ".join(failed),
        )
    first = stages[0].solution
    async with scope(Actor.system(), utc_now()):
        for table in (LeftOut, Candidate, Newcomer):
            await table.delete().where(table.plan == plan_id)
        for stage, said in answers:
            await bulk.insert(Candidate, list(_candidates(plan_id, region_code, inputs, stage, said)))
            await bulk.insert(LeftOut, list(_left_out(plan_id, region_code, inputs, stage, said)))
            await bulk.insert(Newcomer, list(_newcomers(plan_id, said)))
        await bulk.analyze(Candidate, LeftOut, Newcomer)
        await asked.answered(
            Plan,
            plan_id,
            {
                "status": first.status,
                "solver": f"{first.solver} {first.solver_version}",
                "inputs_hash": inputs.hash,
                "figures": json.dumps({"stages": [_figures(inputs, stage, said) for stage, said in answers]}),
                "cost": sum(stage.solution.cost for stage in stages),
                "seconds": sum(stage.solution.seconds for stage in stages),
            },
        )


def _figures(inputs: Inputs, stage: Stage, said: Explained) -> dict[str, Any]:
    ids = inputs.households.ids, inputs.volunteers.ids
    return {
        "stage": stage.number,
        "slots": stage.candidates.problem.slots,
        "covered": {colour: list(counts) for colour, counts in stage.covered.items()},
        "pairs": len(stage.solution.pair_arc),
        "cost": stage.solution.cost,
        "arcs": stage.candidates.problem.arcs,
        "seconds": round(stage.solution.seconds, 3),
        "status": stage.solution.status,
        "checks": {one.name: one.passed for one in stage.report.checks},
        "shortages": said.shortages,
        "refused_pins": [
            {"household": str(ids[0][household]), "volunteer": str(ids[1][volunteer]), "rule": rule}
            for household, volunteer, rule in stage.candidates.refused_pins
        ],
    }


def _candidates(
    plan_id: Any, region_code: str, inputs: Inputs, stage: Stage, said: Explained
) -> Iterator[Row]:
    problem, candidates = stage.candidates.problem, stage.candidates
    households, volunteers = inputs.households, inputs.volunteers
    kinds = cache(partial(kinds_of, inputs.pack))
    for arc, slot, volunteer, runner_up in zip(
        stage.solution.pair_arc.tolist(), stage.solution.pair_slot.tolist(),
        stage.solution.pair_volunteer.tolist(), said.runners_up, strict=True,
    ):  # fmt: skip
        met = int(candidates.needs_met[arc])
        yield {
            "id": uuid.uuid4(),
            "plan": plan_id,
            "household": households.ids[int(candidates.household[slot])],
            "volunteer": volunteers.ids[volunteer],
            "region_code": region_code,
            "stage": stage.number,
            "distance_m": int(candidates.distance_m[arc]),
            "cost": int(problem.arc_cost[arc]),
            "needs_met": kinds(met),
            "needs_unmet": kinds(int(candidates.needs[slot]) & ~met),
            "runner_up": msgspec.json.encode(runner_up).decode(),
            "pinned": bool(problem.pinned[arc]),
        }


def _left_out(plan_id: Any, region_code: str, inputs: Inputs, stage: Stage, said: Explained) -> Iterator[Row]:
    households = inputs.households
    for row, reasons in said.left_out:
        yield {
            "id": uuid.uuid4(),
            "plan": plan_id,
            "household": households.ids[row],
            "region_code": region_code,
            "colour": households.colour[row],
            "stage": stage.number,
            "reasons": json.dumps(reasons),
        }


def _newcomers(plan_id: Any, said: Explained) -> Iterator[Row]:
    for one in said.newcomers:
        yield {
            "id": uuid.uuid4(),
            "plan": plan_id,
            "region_code": one.code,
            "kind": one.kind,
            "skilled": one.skilled,
            "colour": one.colour or "",
            "saved_m": one.saved_m,
        }
