"""Rounds as a worker leaves them, and pages as a reader sees them."""

import html
import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
from factories import COUNTY, NOW, TODAY, a_coordinator

from jiedui.actor import Actor
from jiedui.jobs.service import Handler, JobRow, Silent
from jiedui.jobs.tables import Job
from jiedui.plans.what_if import run_what_if
from jiedui.rounds.runs import run_plan
from jiedui.rounds.service import open_round, queue_plan


async def a_planned_round(
    actor: Actor | None = None, round_id: UUID | None = None, policy: str = "standard"
) -> tuple[UUID, UUID]:
    """A round with one more finished run."""
    actor = actor or a_coordinator()
    round_id = round_id or await open_round(actor, COUNTY, TODAY, policy, NOW)
    plan_id = await queue_plan(actor, round_id, datetime.now(UTC))
    await _worked_off("round.run", run_plan, plan_id)
    return round_id, plan_id


async def answered(question_id: UUID) -> None:
    """A question, once a worker has answered it."""
    await _worked_off("round.what_if", run_what_if, question_id)


def alike(page: httpx.Response) -> str:
    """A page without what differs each time it is opened: the token and the keys of its forms."""
    return re.sub(r'(_csrf_token|_once)" value="[^"]+"|x-csrf-token[^}]+', "", page.text)


def text_of(page: httpx.Response) -> str:
    """What a reader sees, on one line."""
    body = re.sub(r"<(script|style|title)[^>]*>.*?</\1>", " ", page.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


async def _worked_off(kind: str, handler: Handler, subject_id: UUID) -> None:
    await handler(JobRow(uuid4(), kind, subject_id, COUNTY, {}, None, 1), Silent())
    await Job.update({Job.state: "done"}).where(Job.subject_id == subject_id)
