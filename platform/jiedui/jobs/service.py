"""Jobs: queued in the transaction of their cause, claimed by one worker, leased, tried again, never lost."""

import asyncio
import contextlib
import contextvars
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.errors import DomainError, NotFound, kept, recalled
from jiedui.i18n import N_
from jiedui.jobs import policy
from jiedui.jobs.tables import Job
from jiedui.store.away import is_away
from jiedui.store.hindered import SENTENCES, Hindered
from jiedui.store.scope import scope

LEASE = timedelta(seconds=20)
"""A worker that is silent for so long is taken for dead, and its job goes to another."""
BEAT_SECONDS = 5.0
MAX_ATTEMPTS = 3
_WORKERS_DIED = N_(
    "This was given up: whoever worked on it ended without a word, each time. Please tell the operator."
)


class Stopped(Exception):
    """A person asked this job to stop."""


@dataclass(frozen=True)
class JobRow:
    """What a handler needs to know of its job."""

    id: UUID
    kind: str
    subject_id: UUID | None
    region_code: str
    payload: dict[str, Any]
    created_by: UUID | None
    attempts: int


class Progress:
    """How far a job is; told on its own connection, so that it shows while the work's transaction runs."""

    def __init__(self, job_id: UUID) -> None:
        self._job_id = job_id

    async def report(self, step: str, done: int = 0, total: int = 0) -> None:
        """Say what is being done (a msgid) and how far it is. Raises Stopped when a person asked for it."""
        if await _alone(_report, self._job_id, step, done, total):
            raise Stopped


class Silent(Progress):
    """Progress that nobody watches."""

    def __init__(self) -> None:
        pass

    async def report(self, step: str, done: int = 0, total: int = 0) -> None:
        """Nothing to tell."""


Handler = Callable[[JobRow, Progress], Awaitable[None]]


async def enqueue(
    kind: str,
    *,
    subject_id: UUID | None,
    region_code: str,
    payload: dict[str, Any],
    now: datetime,
    created_by: UUID | None,
) -> UUID:
    """Queue work inside the caller's transaction: it exists if and only if its cause does."""
    job = Job(
        kind=kind,
        subject_id=subject_id,
        region_code=region_code,
        payload=json.dumps(payload),
        state="queued",
        run_after=now,
        created_at=now,
        created_by=created_by,
    )
    await job.save()
    await Job.raw("SELECT pg_notify('jobs', '')")
    return UUID(str(job.id))


async def job_of(actor: Actor, job_id: UUID) -> dict[str, Any]:
    """One job of the actor's area. Raises NotFound."""
    policy.require(actor, "read")
    row = await Job.select().where(Job.id == job_id, policy.visible(actor)).first()
    if row is None:
        raise NotFound
    return row


async def job_about(actor: Actor, subject_id: UUID) -> dict[str, Any] | None:
    """The newest job about a thing, if it is of the actor's area."""
    policy.require(actor, "read")
    query = Job.select().where(Job.subject_id == subject_id, policy.visible(actor))
    return await query.order_by(Job.created_at, ascending=False).first()


async def latest_job(subject_id: UUID) -> dict[str, Any] | None:
    """The newest job about a thing, for a service that has found the thing for whoever asks."""
    return await job_about(Actor.system(), subject_id)


async def ask_to_stop(actor: Actor, job_id: UUID) -> None:
    """Ask a running job to end at its next report; one that still waits ends at once. Raises NotFound."""
    policy.require(actor, "stop")
    await job_of(actor, job_id)
    await Job.update({Job.stop_requested: True}).where(
        Job.id == job_id, policy.visible(actor), Job.state.is_in(["queued", "running"])
    )


def is_accident(error: str) -> bool:
    """Whether a job that failed with this error met with an accident; else a person was told why not."""
    return recalled(error).msgid in (DomainError.msgid, _WORKERS_DIED, *SENTENCES)


async def run_one(handlers: dict[str, Handler], worker: str, now: datetime) -> bool:
    """Claim one job that is due and run it to its end; says whether there was one."""
    row = await _claim(worker, now)
    if row is None:
        return False
    job = JobRow(
        id=row["id"],
        kind=row["kind"],
        subject_id=row["subject_id"],
        region_code=row["region_code"],
        payload=json.loads(row["payload"]),
        created_by=row["created_by"],
        attempts=row["attempts"],
    )
    try:
        async with _heartbeat(job.id):
            await handlers[job.kind](job, Progress(job.id))
    except Stopped:
        await _finish(job, "stopped", "")
    except Hindered as hindered:
        await _alone(_finish, job, "failed", kept(hindered))
        raise  # the operator should hear of it
    except DomainError as refusal:
        await _finish(job, "failed", kept(refusal))
    except asyncio.CancelledError:
        await _alone(_put_back, job.id)
        raise
    except Exception as error:  # re-raised
        # The edge of the process: whatever a handler raises is kept with the job, then shown to the operator.
        await _alone(_retry_or_fail, job, type(error).__name__)
        raise
    else:
        await _finish(job, "done", "")
    return True


async def _claim(worker: str, now: datetime) -> dict[str, Any] | None:
    async with scope(Actor.system(), now):
        # Whatever kills its worker every time would otherwise do so for ever.
        await Job.raw(
            "UPDATE job SET state = 'failed', error = {}, finished_at = {}, lease_until = NULL"
            " WHERE state = 'running' AND lease_until < {} AND attempts >= {}",
            kept(DomainError(_WORKERS_DIED)), now, now, MAX_ATTEMPTS,
        )  # fmt: skip
        rows = await Job.raw(
            """
            UPDATE job SET state = 'running', worker = {}, attempts = attempts + 1, lease_until = {},
                started_at = coalesce(started_at, {}), error = ''
            WHERE id = (
                SELECT id FROM job
                WHERE (state = 'queued' AND run_after <= {}) OR (state = 'running' AND lease_until < {})
                ORDER BY run_after FOR UPDATE SKIP LOCKED LIMIT 1
            ) RETURNING *
            """,
            worker,
            now + LEASE,
            now,
            now,
            now,
        )
    return rows[0] if rows else None


async def _finish(job: JobRow, state: str, error: str) -> None:
    await Job.raw(
        "UPDATE job SET state = {}, error = {}, finished_at = now(), lease_until = NULL WHERE id = {}",
        state,
        error,
        job.id,
    )


async def _retry_or_fail(job: JobRow, error: str) -> None:
    if job.attempts >= MAX_ATTEMPTS:
        await _finish(job, "failed", error)
        return
    await Job.raw(
        "UPDATE job SET state = 'queued', error = {}, lease_until = NULL, run_after = now() + {}"
        " WHERE id = {}",
        error,
        timedelta(seconds=2**job.attempts),
        job.id,
    )


async def _report(job_id: UUID, step: str, done: int, total: int) -> bool:
    rows = await Job.raw(
        "UPDATE job SET step = {}, done_units = {}, total_units = {} WHERE id = {} RETURNING stop_requested",
        step,
        done,
        total,
        job_id,
    )
    return bool(rows and rows[0]["stop_requested"])


async def _put_back(job_id: UUID) -> None:
    await Job.raw(
        "UPDATE job SET state = 'queued', lease_until = NULL, attempts = attempts - 1 WHERE id = {}", job_id
    )


@contextlib.asynccontextmanager
async def _heartbeat(job_id: UUID) -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await Job.raw(
                    "UPDATE job SET lease_until = now() + {} WHERE id = {} AND state = 'running'",
                    LEASE, job_id,
                )  # fmt: skip
            except Exception as error:
                if not is_away(error):  # it comes back, and the work may go on meanwhile
                    raise

    task = _fresh_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _alone(function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    """Run on another connection than the caller's transaction."""
    return await _fresh_task(function(*args))


def _fresh_task(work: Any) -> "asyncio.Task[Any]":
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())
