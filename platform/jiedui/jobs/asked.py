"""Whatever people ask of a worker lives alike: asked, worked on, answered; or stopped, refused, lost.

The question is a row with `state`, `error` and `finished_at`; its job is the work on it. A worker may be
killed at any point: the next one goes on, and what was answered, stopped or refused meanwhile stays so.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.columns import Column
from piccolo.table import Table

from jiedui.actor import Actor
from jiedui.clock import utc_now
from jiedui.errors import DomainError, Refused, kept
from jiedui.i18n import N_
from jiedui.jobs.service import Stopped, enqueue
from jiedui.store.columns import Row
from jiedui.store.hindered import hindrance

WAITING = ("queued", "running")
_LOST = N_("This ended unexpectedly. Please ask for it again.")


async def ask(kind: str, question: Any, actor: Actor, now: datetime) -> UUID:
    """Keep a new question and queue the work on it, inside the caller's transaction; its id."""
    question.state = "queued"
    await question.save()
    await _queue(kind, question.id, question.region_code, actor, now)
    return UUID(str(question.id))


async def ask_again(kind: str, table: type[Table], question: Row, actor: Actor, now: datetime) -> None:
    """Queue work on a question that was worked on before, inside the caller's transaction."""
    fresh: dict[Column | str, Any] = {"state": "queued", "error": "", "finished_at": None}
    await table.update(fresh).where(table._meta.primary_key == question["id"])
    await _queue(kind, question["id"], question["region_code"], actor, now)


@asynccontextmanager
async def answering(table: type[Table], question_id: Any) -> AsyncIterator[None]:
    """Around the work on a question; the work ends with `answered`, in the transaction of its answer.

    A wish to stop, a refusal and what only the operator can mend are kept with the question, and raised again
    for its job.
    """
    await _move(table, question_id, "queued", {"state": "running"})
    try:
        yield
    except (Stopped, InterruptedError) as stopped:
        await _end(table, question_id, "stopped", {})
        raise Stopped from stopped
    except DomainError as refusal:
        await refused(table, question_id, refusal)
        raise
    except Exception as error:
        if (hindered := hindrance(error)) is None:
            raise
        await refused(table, question_id, hindered)
        raise hindered from error


async def answered(table: type[Table], question_id: Any, answer: Mapping[str, Any]) -> None:
    """The answer, as columns of the question."""
    await _end(table, question_id, "ready", {"error": "", **answer})


async def refused(
    table: type[Table], question_id: Any, refusal: DomainError, columns: Mapping[str, Any] | None = None
) -> None:
    """There is no answer, and why; `columns` say what is known all the same."""
    await _end(table, question_id, "failed", {"error": kept(refusal), **(columns or {})})


def lost(alias: str) -> str:
    """The condition of SQL that a question waits for a job which ended without a word."""
    return (
        f"({alias}.state IN {WAITING} AND NOT EXISTS"
        f" (SELECT FROM job WHERE job.subject_id = {alias}.id AND job.state IN {WAITING}))"
    )


def seen(question: Row) -> Row:
    """A question selected with `lost(…) AS lost`, as people see it: a lost one has failed."""
    given_up = {"state": "failed", "error": kept(Refused(_LOST))} if question["lost"] else {}
    return {**question, **given_up}


async def give_up_lost(table: type[Table], column: str, value: Any, now: datetime) -> None:
    """Mark the lost questions among those with this value: they must not stand in the way of another."""
    name = table._meta.tablename
    await table.raw(
        f"UPDATE {name} AS q SET state = 'failed', error = {{}}, finished_at = {{}}"  # noqa: S608 -- our words
        f' WHERE q."{column}" = {{}} AND {lost("q")}',
        kept(Refused(_LOST)),
        now,
        value,
    )


async def _end(table: type[Table], question_id: Any, state: str, columns: Mapping[str, Any]) -> None:
    await _move(table, question_id, "running", {"state": state, "finished_at": utc_now(), **columns})


async def _move(table: type[Table], question_id: Any, state: str, columns: Mapping[str, Any]) -> None:
    """Only from this state: what a person has thrown away meanwhile stays thrown away."""
    await table.update(**columns).where(
        table._meta.primary_key == question_id, table._meta.get_column_by_name("state") == state
    )


async def _queue(kind: str, question_id: UUID, region_code: str, actor: Actor, now: datetime) -> None:
    await enqueue(
        kind,
        subject_id=question_id,
        region_code=region_code,
        payload={},
        now=now,
        created_by=actor.account_id,
    )
