"""Jobs are never lost, never done by two at once, and never hide what went wrong."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from factories import COUNTY, OTHER_COUNTY, a_coordinator

from jiedui.errors import NotFound, Refused, recalled
from jiedui.jobs import service
from jiedui.jobs.service import (
    LEASE,
    MAX_ATTEMPTS,
    Handler,
    JobRow,
    Progress,
    ask_to_stop,
    enqueue,
    job_of,
    run_one,
)
from jiedui.jobs.tables import Job
from jiedui.store.piccolo_conf import DB

pytestmark = pytest.mark.usefixtures("clean_db")


def now() -> datetime:
    return datetime.now(UTC)


async def a_job(**also: object) -> UUID:
    return await enqueue(
        "test.count", subject_id=None, region_code=COUNTY, payload={"n": 1}, now=now(), created_by=None
    )


async def state_of(job_id: UUID) -> str:
    row = await Job.select(Job.state).where(Job.id == job_id).first()
    return str(row["state"])


def handling(*done: object) -> tuple[list[UUID], dict[str, Handler]]:
    seen: list[UUID] = []

    async def handle(job: JobRow, progress: Progress) -> None:
        await progress.report("Counting", 1, 2)
        seen.append(job.id)

    return seen, {"test.count": handle}


async def test_a_job_of_a_rolled_back_cause_does_not_exist() -> None:
    async with DB.transaction() as transaction:
        await a_job()
        await transaction.rollback()

    assert not await run_one(handling()[1], "w", now())


async def test_twenty_jobs_and_five_workers_make_twenty_runs() -> None:
    seen, handlers = handling()
    jobs = {await a_job() for _ in range(20)}

    async def worker(name: str) -> None:
        while await run_one(handlers, name, now()):
            pass

    await asyncio.gather(*(worker(f"w{n}") for n in range(5)))
    assert set(seen) == jobs
    assert len(seen) == 20


async def test_the_job_of_a_dead_worker_goes_to_another_when_its_lease_ends() -> None:
    job_id = await a_job()
    await Job.update({Job.state: "running", Job.worker: "dead", Job.lease_until: now() + LEASE}).where(
        Job.id == job_id
    )
    seen, handlers = handling()

    assert not await run_one(handlers, "alive", now())
    assert await run_one(handlers, "alive", now() + LEASE + timedelta(seconds=1))
    assert seen == [job_id]
    assert await state_of(job_id) == "done"


async def test_a_job_that_kills_every_worker_is_given_up_with_a_sentence() -> None:
    job_id = await a_job()
    seen, handlers = handling()
    moment = now()
    for attempt in range(MAX_ATTEMPTS):
        assert await service._claim(f"dies {attempt}", moment)
        moment += LEASE + timedelta(seconds=1)

    assert not await run_one(handlers, "alive", moment)
    row = await job_of(a_coordinator(), job_id)
    assert (row["state"], seen) == ("failed", [])
    assert "given up" in str(recalled(row["error"]))
    assert service.is_accident(row["error"])


async def test_a_worker_that_is_told_to_stop_uses_up_no_attempt() -> None:
    job_id = await a_job()

    async def handle(job: JobRow, progress: Progress) -> None:
        raise asyncio.CancelledError

    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(asyncio.CancelledError):
            await run_one({"test.count": handle}, "w", now())
    assert (await job_of(a_coordinator(), job_id))["attempts"] == 0


async def test_progress_shows_while_the_work_is_not_yet_committed() -> None:
    job_id = await a_job()
    shown: list[tuple[str, int]] = []

    async def handle(job: JobRow, progress: Progress) -> None:
        async with DB.transaction():
            await progress.report("Halfway", 5, 10)
            row = await job_of(a_coordinator(), job_id)
            shown.append((row["step"], row["done_units"]))

    await run_one({"test.count": handle}, "w", now())
    assert shown == [("Halfway", 5)]


async def test_a_job_asked_to_stop_stops_at_its_next_report() -> None:
    job_id = await a_job()

    async def handle(job: JobRow, progress: Progress) -> None:
        await ask_to_stop(a_coordinator(), job_id)
        await progress.report("Too late", 1, 2)
        raise AssertionError("went on after the stop")

    await run_one({"test.count": handle}, "w", now())
    assert await state_of(job_id) == "stopped"


async def test_a_refusal_fails_at_once_with_its_sentence() -> None:
    job_id = await a_job()

    async def handle(job: JobRow, progress: Progress) -> None:
        raise Refused("No volunteers in {area}.", area="Fengdu")

    await run_one({"test.count": handle}, "w", now())
    row = await job_of(a_coordinator(), job_id)
    assert (row["state"], str(recalled(row["error"]))) == ("failed", "No volunteers in Fengdu.")


async def test_an_accident_is_tried_again_later_and_then_given_up_without_personal_data() -> None:
    job_id = await a_job()

    async def handle(job: JobRow, progress: Progress) -> None:
        raise RuntimeError("Key (phone)=(19902300017)")

    for attempt in range(MAX_ATTEMPTS):
        assert await state_of(job_id) == "queued", attempt
        with pytest.raises(RuntimeError):
            await run_one({"test.count": handle}, "w", now() + timedelta(minutes=attempt))
    row = await job_of(a_coordinator(), job_id)
    assert (row["state"], row["error"]) == ("failed", "RuntimeError")


async def test_a_cancelled_worker_puts_its_job_back() -> None:
    job_id = await a_job()
    started = asyncio.Event()

    async def handle(job: JobRow, progress: Progress) -> None:
        started.set()
        await asyncio.sleep(60)

    working = asyncio.create_task(run_one({"test.count": handle}, "w", now()))
    await started.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await state_of(job_id) == "queued"


async def test_a_job_of_another_county_looks_like_no_job() -> None:
    job_id = await a_job()
    for actor, wanted in ((a_coordinator(OTHER_COUNTY), job_id), (a_coordinator(), uuid4())):
        with pytest.raises(NotFound) as refusal:
            await job_of(actor, wanted)
        assert str(refusal.value) == str(NotFound())
    with pytest.raises(NotFound):
        await ask_to_stop(a_coordinator(OTHER_COUNTY), job_id)
