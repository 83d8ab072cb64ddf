"""How far a job is, as a fragment that refreshes itself, and the button that stops it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery

from jiedui.clock import machine_now
from jiedui.jobs import policy
from jiedui.jobs.service import ask_to_stop, job_of
from jiedui.store.columns import Row
from jiedui.web.asked import safe_path
from jiedui.web.once import once
from jiedui.web.page import PageRequest, page


@get("/jobs/{job_id:uuid}/progress", name="jobs:progress", opt={"access": policy.DEEDS["read"]})
async def progress(request: PageRequest, job_id: FromPath[UUID]) -> Response[Any]:
    """The fragment; once the job has ended the page it stands on is asked to load again."""
    job = await job_of(request.user, job_id)
    ended = job["state"] not in ("queued", "running")
    left = seconds_left(job, machine_now())
    headers = {"HX-Refresh": "true"} if ended else None
    back = safe_path(request.query_params.get("back"))
    return page(request, "jobs/progress.html", job=job, left=left, back=back, headers=headers)


@post("/jobs/{job_id:uuid}/stop", name="jobs:stop", opt={"access": policy.DEEDS["stop"]})
async def stop(request: PageRequest, job_id: FromPath[UUID], back: FromQuery[str] = "/desk") -> Response[Any]:
    """Ask the job to stop at its next step; back to the page that showed it."""

    async def work() -> str:
        await ask_to_stop(request.user, job_id)
        return safe_path(back)

    return await once(request, work)


def seconds_left(job: Row, now: datetime) -> int | None:
    """A guess from the share that is done; None while there is nothing to guess from."""
    if not job["done_units"] or job["started_at"] is None:
        return None
    spent = (now - job["started_at"]).total_seconds()
    left: float = spent / job["done_units"] * (job["total_units"] - job["done_units"])
    return max(0, round(left))


ROUTER = Router("/", route_handlers=[progress, stop])
