"""What if … : a question about a plan is put together, waits for a worker, and shows what would change."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from jiedui.clock import machine_now
from jiedui.errors import Conflict, Refused
from jiedui.i18n import N_
from jiedui.jobs.pages import seconds_left
from jiedui.jobs.service import job_about
from jiedui.plans import people, questions, words
from jiedui.plans.comparison import longer_by
from jiedui.plans.frame import PLAN, head
from jiedui.plans.people import MOST_FOUND
from jiedui.plans.questions import (
    ABOUT_FAMILIES,
    ABOUT_NEWCOMERS,
    ABOUT_VOLUNTEERS,
    FOR_A_FAMILY,
    WITH_NUMBER,
    Change,
    Kind,
)
from jiedui.regions.service import townships
from jiedui.rounds.views import plan_at
from jiedui.store.columns import Row
from jiedui.web.asked import key
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once
from jiedui.web.page import PageRequest, flash, page, see_other

Found = dict[str, list[Row]]
"""Whom the fields `family` and `helper` offer."""
_NOT_SAID = -1
_WHAT_IF = f"{PLAN}/what-if"


class Question(msgspec.Struct):
    """A change and its people: known ones by id, others by what somebody typed, new ones by what they are."""

    kind: Kind
    household: UUID | None = None
    family: str = ""
    volunteer: UUID | None = None
    helper: str = ""
    number: int = _NOT_SAID
    place: str = ""
    support: str = ""
    skilled: bool = False
    colour: str = ""
    minor: bool = False


@get(_WHAT_IF, name="what_if:new")
async def new(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """Which change; then who. What a link names is filled in."""
    round_row, plan = await plan_at(request.user, round_id, number)
    names = ("kind", "household", "volunteer", "number", "place", "support", "skilled")
    known = {name: request.query_params[name] for name in names if request.query_params.get(name)}
    found = await _found(request, round_row, blank(**known))
    typed = known.pop("number", None) or _usual(known, found)
    return await _form_page(request, round_row, plan, blank(**known, number=typed), found)


@post(_WHAT_IF, name="what_if:ask")
async def ask(request: PageRequest, round_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """Put the question; the page that follows waits for the answer."""
    round_row, plan = await plan_at(request.user, round_id, number)
    form = await read_form(request, Question)
    found = await _found(request, round_row, form)
    change = _understood(form, found) if form.ok else None
    if change and form.ok:
        asked = change

        async def work() -> str:
            question_id = await questions.ask(request.user, plan, asked, request.app.state.clock())
            return f"{request.scope['path']}/{question_id}"

        try:
            return await once(request, work)
        except Refused as refused:
            form.refuse(refused)
        except Conflict as refused:
            flash(request, refused.msgid, kind="problem", **refused.params)
            return see_other(request, request.scope["path"])
    return await _form_page(request, round_row, plan, form, found)


@get(f"{_WHAT_IF}/{{question_id:uuid}}", name="what_if:show")
async def show(
    request: PageRequest, round_id: FromPath[UUID], number: FromPath[int], question_id: FromPath[UUID]
) -> Response[Any]:
    """How far the answer is, or the answer."""
    round_row, plan = await plan_at(request.user, round_id, number)
    question = await questions.question_at(request.user, plan, question_id)
    job = await job_about(request.user, question_id) if question["state"] in ("queued", "running") else None
    return page(
        request,
        "plans/what_if_answer.html",
        question=question,
        job=job,
        left=seconds_left(job, machine_now()) if job else None,
        longer_by=longer_by,
        back=request.scope["path"],
        **await head(request, round_row, plan),
    )


HANDLERS = [new, ask, show]


async def _form_page(
    request: PageRequest, round_row: Row, plan: Row, form: Form[Any], found: Found
) -> Response[Any]:
    kind = form.text("kind") if form.text("kind") in words.WHAT_IFS else ""
    towns = await townships(round_row["region_code"]) if kind in ABOUT_NEWCOMERS else []
    return page(
        request,
        "plans/what_if.html",
        form=form,
        kind=kind,
        about_family=kind in ABOUT_FAMILIES or (kind in FOR_A_FAMILY and form.text("household") != ""),
        about_volunteer=kind in ABOUT_VOLUNTEERS,
        about_newcomer=kind in ABOUT_NEWCOMERS,
        with_number=kind in WITH_NUMBER,
        places=[(town.code, town.name) for town in towns],
        families=found["family"],
        helpers=found["helper"],
        most_found=MOST_FOUND,
        questions=await questions.questions_of(request.user, plan),
        status_code=form.status,
        **await head(request, round_row, plan),
    )


async def _found(request: PageRequest, round_row: Row, form: Form[Any]) -> Found:
    """Whom the form offers: the one a link names, or those who are called like this; looked for once."""
    once: dict[str, Any] = {"limits": request.app.state.limits, "now": request.app.state.clock()}
    one, other = key(form.text("household")), key(form.text("volunteer"))
    return {
        "family": await people.families(request.user, round_row, one, form.text("family"), **once),
        "helper": await people.helpers(request.user, round_row, other, form.text("helper"), **once),
    }


def _understood(form: Form[Question], found: Found) -> Change:
    """The change that is asked about; what is wrong with a person is said at its field."""
    asked, household, volunteer = form.value, None, None
    if asked.kind in ABOUT_FAMILIES | FOR_A_FAMILY:
        household = asked.household
    if asked.kind in ABOUT_FAMILIES and not household:
        household = _who(form, "family", found)
    if asked.kind in ABOUT_VOLUNTEERS:
        volunteer = asked.volunteer or _who(form, "helper", found)
    new = asked.kind in ABOUT_NEWCOMERS
    return Change(
        asked.kind,
        household,
        volunteer,
        asked.number if asked.kind in WITH_NUMBER and asked.number != _NOT_SAID else None,
        place=asked.place if new else "",
        support=asked.support if new else "",
        skilled=asked.skilled and asked.kind == "join",
        colour=asked.colour if asked.kind == "arrive" else "",
        minor=asked.minor and asked.kind == "arrive",
    )


def _who(form: Form[Question], field: str, found: Found) -> UUID | None:
    """The one person who is called like this; when nobody is, or several are, the form says so."""
    people = found[field]
    if form.text(field) and not people:
        form.refuse(Refused(N_("Nobody of this area is called like this."), field=field))
    if len(people) > 1:
        form.refuse(Refused(N_("This fits several: please choose one."), field=field))
    return people[0]["id"] if len(people) == 1 else None


def _usual(known: dict[str, str], found: Found) -> int | None:
    """The number most people will want: one family, or one more than she takes now."""
    if known.get("kind") == "capacity":
        return found["helper"][0]["capacity"] + 1 if found["helper"] else None
    return 1 if known.get("kind") == "join" else None
