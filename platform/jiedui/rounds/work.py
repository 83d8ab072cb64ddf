"""The worker's part of a round: read, plan in a thread, write the whole answer in one transaction."""

import asyncio
import json
import threading
import uuid
from typing import Any

from jiedui.clock import utc_now
from jiedui.errors import DomainError, Refused, kept
from jiedui.i18n import N_
from jiedui.jobs.service import JobRow, Progress, Stopped
from jiedui.piccolo_conf import DB
from jiedui.rounds.people import kinds_of
from jiedui.rounds.planning import STEPS, Stage, plan
from jiedui.rounds.problem import Inputs, load
from jiedui.rounds.tables import Candidate, LeftOut, Plan, Round

_TELL_SECONDS = 0.5
_CANDIDATE = (
    "id", "plan", "household", "volunteer", "region_code", "stage", "distance_m", "cost", "needs_met",
    "needs_unmet", "runner_up", "pinned",
)  # fmt: skip
_LEFT_OUT = ("id", "plan", "household", "region_code", "colour", "stage", "reasons")


async def run_plan(job: JobRow, progress: Progress) -> None:
    """Make the plan this job is about. Killed at any point it leaves no half plan and can run again."""
    plan_id = job.subject_id
    await Plan.update({Plan.state: "running"}).where(
        Plan.id == plan_id, Plan.state.is_in(["queued", "running"])
    )
    round_row = await Round.raw(
        'SELECT r.* FROM "round" r JOIN plan ON plan."round" = r.id WHERE plan.id = {}', plan_id
    )
    try:
        await progress.report(STEPS[0], 0, len(STEPS))
        inputs = await load(round_row[0])
        stages = await _watched(inputs, progress)
        await _write(plan_id, round_row[0]["region_code"], inputs, stages)
    except Stopped:
        await Plan.update({Plan.state: "stopped", Plan.finished_at: utc_now()}).where(Plan.id == plan_id)
        raise
    except DomainError as refusal:
        await Plan.update(
            {Plan.state: "failed", Plan.error: kept(refusal), Plan.finished_at: utc_now()}
        ).where(Plan.id == plan_id)
        raise


async def _watched(inputs: Inputs, progress: Progress) -> list[Stage]:
    """Plan in a thread, so that the lease is kept and a stop is heard."""
    step, stop = 0, threading.Event()

    def tell(number: int) -> None:
        nonlocal step
        step = number

    planning = asyncio.create_task(asyncio.to_thread(plan, inputs, tell, stop.is_set))
    try:
        while not (await asyncio.wait([planning], timeout=_TELL_SECONDS))[0]:
            await progress.report(STEPS[step], step, len(STEPS))
    finally:
        stop.set()
        await asyncio.wait([planning])
    return planning.result()


async def _write(plan_id: Any, region_code: str, inputs: Inputs, stages: list[Stage]) -> None:
    failed = {name: words for stage in stages for name, words in stage.report.violations.items()}
    if failed:
        raise Refused(
            N_("The pairing did not pass its own check ({checks}), so it is not shown."),
            checks=", ".join(failed),
        )
    first = stages[0].solution
    async with DB.transaction() as transaction:
        await LeftOut.delete().where(LeftOut.plan == plan_id)
        await Candidate.delete().where(Candidate.plan == plan_id)
        for stage in stages:
            await transaction.connection.copy_records_to_table(
                "candidate", records=_candidates(plan_id, region_code, inputs, stage), columns=_CANDIDATE
            )
            await transaction.connection.copy_records_to_table(
                "left_out", records=_left_out(plan_id, region_code, inputs, stage), columns=_LEFT_OUT
            )
        await Plan.update(
            {
                Plan.state: "ready",
                Plan.status: first.status,
                Plan.solver: f"{first.solver} {first.solver_version}",
                Plan.inputs_hash: inputs.hash,
                Plan.figures: json.dumps({"stages": [_figures(inputs, stage) for stage in stages]}),
                Plan.cost: sum(stage.solution.cost for stage in stages),
                Plan.seconds: sum(stage.solution.seconds for stage in stages),
                Plan.finished_at: utc_now(),
            }
        ).where(Plan.id == plan_id)


def _figures(inputs: Inputs, stage: Stage) -> dict[str, Any]:
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
        "refused_pins": [
            {"household": str(ids[0][household]), "volunteer": str(ids[1][volunteer]), "rule": rule}
            for household, volunteer, rule in stage.candidates.refused_pins
        ],
    }


def _candidates(plan_id: Any, region_code: str, inputs: Inputs, stage: Stage) -> list[tuple[Any, ...]]:
    problem, candidates = stage.candidates.problem, stage.candidates
    households, volunteers, pack = inputs.households, inputs.volunteers, inputs.pack
    rows = []
    for at, (arc, slot, volunteer) in enumerate(
        zip(stage.solution.pair_arc.tolist(), stage.solution.pair_slot.tolist(),
            stage.solution.pair_volunteer.tolist(), strict=True)
    ):  # fmt: skip
        met = int(candidates.needs_met[arc])
        rows.append(
            (
                uuid.uuid4(), plan_id, households.ids[int(candidates.household[slot])],
                volunteers.ids[volunteer], region_code, stage.number, int(candidates.distance_m[arc]),
                int(problem.arc_cost[arc]),
                kinds_of(pack, met), kinds_of(pack, int(candidates.needs[slot]) & ~met),
                json.dumps(_runner_up(inputs, stage, at)), bool(problem.pinned[arc]),
            )
        )  # fmt: skip
    return rows


def _runner_up(inputs: Inputs, stage: Stage, at: int) -> dict[str, Any] | None:
    arc = int(stage.runners_up.arc[at])
    if arc < 0:
        return None
    return {
        "volunteer": str(inputs.volunteers.ids[int(stage.candidates.problem.arc_volunteer[arc])]),
        "difference": int(stage.runners_up.difference[at]),
        "distance_m": int(stage.candidates.distance_m[arc]),
        "has_room": bool(stage.runners_up.has_room[at]),
    }


def _left_out(plan_id: Any, region_code: str, inputs: Inputs, stage: Stage) -> list[tuple[Any, ...]]:
    return [
        (
            uuid.uuid4(), plan_id, inputs.households.ids[one.household], region_code,
            inputs.households.colour[one.household], stage.number,
            json.dumps(
                {
                    "lacking": one.lacking,
                    "offering": one.offering,
                    "refused": dict(one.refused),
                    "taken": one.taken,
                }
            ),
        )
        for one in stage.left_out
    ]  # fmt: skip
