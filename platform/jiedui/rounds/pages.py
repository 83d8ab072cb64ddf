"""The coordinator's rounds: opened, counted, calculated, compared; pins and bans."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.clock import machine_now
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.jobs.pages import seconds_left
from jiedui.jobs.service import job_about
from jiedui.policies.force import in_force
from jiedui.rounds import pins, policy, service, views, words
from jiedui.web.asked import safe_path
from jiedui.web.forms import blank, read_form
from jiedui.web.once import once, submit
from jiedui.web.page import PageRequest, flash, page, see_other
from jiedui.web.words import day_of


class Opening(msgspec.Struct):
    """Where, for which day and under which policy a round is opened."""

    region: Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")]
    dated: date
    policy: Annotated[str, msgspec.Meta(pattern=r"^[\w-]{1,40}$")]


class PinForm(msgspec.Struct):
    """A pair that must be, or must not be."""

    household: UUID
    volunteer: UUID
    kind: Literal["pin", "forbid"]
    back: str = ""


@get("/rounds", name="rounds:list")
async def show_list(request: PageRequest) -> Response[Any]:
    """The rounds of the area, the newest first."""
    keys = request.query_params
    found = await views.rounds_of(request.user, after=keys.get("after", ""), before=keys.get("before", ""))
    return page(
        request,
        "rounds/list.html",
        rounds=found.rows,
        previous=f"/rounds?before={found.before}" if found.before else "",
        next=f"/rounds?after={found.after}" if found.after else "",
        states=words.ROUND_STATES,
    )


@get("/rounds/new", name="rounds:new")
async def new(request: PageRequest) -> Response[Any]:
    """The form of a round, with the families and places of the area it names."""
    today = day_of(request.app.state.clock())
    known = {"region": request.user.region_code, "dated": today.isoformat(), "policy": in_force().name}
    return await _form_page(request, blank(**known | _given(request)))


@post("/rounds/new", name="rounds:recount", opt={"keyless": "counting again changes nothing"})
async def recount(request: PageRequest) -> Response[Any]:
    """The form with its counts again, without JavaScript; its tokens stay out of the address."""
    form = await read_form(request, Opening)
    chosen = {name: form.text(name) for name in Opening.__struct_fields__}
    return see_other(request, f"/rounds/new?{urlencode(chosen)}")


@get("/rounds/preview", name="rounds:preview")
async def preview(request: PageRequest) -> Response[Any]:
    """Only the counts, when another area or day is chosen. Raises Refused for a day too far away."""
    return page(request, "rounds/counts.html", counts=await _counts(request, _given(request)))


@post("/rounds", name="rounds:open")
async def open_(request: PageRequest) -> Response[Any]:
    """Open a round; the draft of that area and day, where there is one."""
    form = await read_form(request, Opening)
    return await submit(
        request,
        form,
        lambda: _open(request, form.value),
        lambda: _form_page(request, form),
        refusals=(Refused, NotFound),
    )


@get("/rounds/{round_id:uuid}", name="rounds:show")
async def show(request: PageRequest, round_id: FromPath[UUID]) -> Response[Any]:
    """One round: who waits, what was calculated, what is being calculated."""
    round_row = await views.round_page(request.user, round_id)
    plans = await views.plans_of(request.user, round_id)
    busy = bool(plans) and plans[0]["state"] in ("queued", "running")
    job = await job_about(request.user, plans[0]["id"]) if busy else None
    counts = await views.counts_of(
        request.user, round_row["region_code"], round_row["dated"], round_row["policy_name"],
        round_row["policy_version"],
    )  # fmt: skip
    return page(
        request,
        "rounds/show.html",
        round=round_row,
        plans=plans,
        counts=counts,
        pins=await pins.pins_of(request.user, round_id),
        job=job,
        left=seconds_left(job, machine_now()) if job else None,
        back=f"/rounds/{round_id}",
        words=words,
    )


@post("/rounds/{round_id:uuid}/calculate", name="rounds:calculate")
async def calculate(request: PageRequest, round_id: FromPath[UUID]) -> Response[Any]:
    """Ask a worker for a plan; the page shows how far it is."""

    async def work() -> str:
        await service.queue_plan(request.user, round_id, request.app.state.clock())
        return f"/rounds/{round_id}"

    try:
        return await once(request, work)
    except (Conflict, Refused) as refused:
        flash(request, refused.msgid, kind="problem", **refused.params)
    return see_other(request, f"/rounds/{round_id}")


@post("/rounds/{round_id:uuid}/put-aside", name="rounds:cancel")
async def put_aside(request: PageRequest, round_id: FromPath[UUID]) -> Response[Any]:
    """Close a draft that is not needed; it stays for the record."""

    async def work() -> str:
        await service.cancel_round(request.user, round_id, request.app.state.clock())
        flash(request, N_("The round was put aside. Its runs stay readable here."))
        return f"/rounds/{round_id}"

    try:
        return await once(request, work)
    except Conflict as refused:
        flash(request, refused.msgid, kind="problem", **refused.params)
    return see_other(request, f"/rounds/{round_id}")


@post("/rounds/{round_id:uuid}/pins", name="rounds:pin")
async def pin(request: PageRequest, round_id: FromPath[UUID]) -> Response[Any]:
    """Pin or forbid a pair; the next run obeys."""
    form = await read_form(request, PinForm)
    if not form.ok:
        raise NotFound
    asked, back = form.value, _back(round_id, form.value.back)

    async def work() -> str:
        await pins.pin(
            request.user,
            round_id,
            asked.household,
            asked.volunteer,
            asked.kind,
            "",
            request.app.state.clock(),
        )
        return back

    answer = await once(request, work)
    return (
        await _pinned(request, round_id, asked.household, asked.volunteer, back) if request.htmx else answer
    )


@post("/rounds/{round_id:uuid}/pins/{pin_id:uuid}/take-back", name="rounds:unpin")
async def unpin(request: PageRequest, round_id: FromPath[UUID], pin_id: FromPath[UUID]) -> Response[Any]:
    """Take a pin or a ban back."""
    back = _back(round_id, request.query_params.get("back"))
    found = [row for row in await pins.pins_of(request.user, round_id) if row["id"] == pin_id]

    async def work() -> str:
        await pins.unpin(request.user, round_id, pin_id, request.app.state.clock())
        return back

    answer = await once(request, work)
    if not found or not request.htmx:
        return answer
    return await _pinned(request, round_id, found[0]["household"], found[0]["volunteer"], back)


async def _open(request: PageRequest, wanted: Opening) -> str:
    now = request.app.state.clock()
    await service.refuse_empty_area(request.user, wanted.region)
    return (
        f"/rounds/{await service.open_round(request.user, wanted.region, wanted.dated, wanted.policy, now)}"
    )


async def _form_page(request: PageRequest, form: Any) -> Response[Any]:
    counts = None
    try:
        counts = await _counts(request, {name: form.text(name) for name in Opening.__struct_fields__})
    except Refused as refused:
        form.refuse(refused)
    return page(
        request,
        "rounds/new.html",
        form=form,
        areas=await views.areas_of(request.user),
        policies=await views.policies(),
        days=service.days_allowed(request.app.state.clock()),
        counts=counts,
        status_code=form.status,
        at="/rounds/new",
    )


async def _counts(request: PageRequest, typed: dict[str, str]) -> Any:
    try:
        wanted = msgspec.convert(typed, Opening, strict=False)
        service.refuse_far_day(wanted.dated, request.app.state.clock())
        return await views.counts_of(request.user, wanted.region, wanted.dated, wanted.policy)
    except (msgspec.ValidationError, NotFound):
        return None


def _given(request: PageRequest) -> dict[str, str]:
    given = {name: request.query_params.get(name, "") for name in Opening.__struct_fields__}
    return {name: value for name, value in given.items() if value}


def _back(round_id: UUID, back: str | None) -> str:
    back = safe_path(back)
    return back if back != "/" else f"/rounds/{round_id}"


async def _pinned(
    request: PageRequest, round_id: UUID, household: UUID, volunteer: UUID, back: str
) -> Response[Any]:
    """The buttons of this one pair, as they now are."""
    mine = [row for row in await pins.pins_of(request.user, round_id)
            if (row["household"], row["volunteer"]) == (household, volunteer)]  # fmt: skip
    known = mine[0] if mine else {"kind": None, "id": None}
    pair = {"household": household, "volunteer": volunteer, "pin": known["kind"], "pin_id": known["id"]}
    return page(request, "rounds/pin.html", round_id=round_id, pair=pair, back=back)


ROUTER = Router(
    "/",
    route_handlers=[
        show_list, new, recount, preview, open_, show, calculate, put_aside, pin, unpin,
    ],
    opt={"access": policy.DEEDS["read"]},
)  # fmt: skip
