"""Pairs on the coordinator's desk: the list, one pair and all that can be done, hand-over, concerns."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.accounts import policy as grants_policy
from jiedui.households.words import CONTACT_WAYS
from jiedui.i18n import N_, translate
from jiedui.pairs import policy, rules, service
from jiedui.pairs.register import VIEWS
from jiedui.regions.codes import township
from jiedui.regions.service import path_names, townships
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import submit
from jiedui.web.page import PageRequest, flash, language_of, page

T = TypeVar("T")
Code = Annotated[str, msgspec.Meta(max_length=60)]
Words = Annotated[str, msgspec.Meta(max_length=rules.BODY_LENGTH)]


_DEED_OF = {"agree": "answer", "refuse": "answer"}
RAISERS = {
    "household": N_("The household"),
    "volunteer": N_("The volunteer"),
    "coordinator": N_("A coordinator"),
}


class Answer(msgspec.Struct):
    """What a household said, and how it was heard."""

    answer: Code
    how: Code


class Pause(msgspec.Struct):
    """Why a pair rests."""

    pause_reason: Code


class Close(msgspec.Struct):
    """Why a pair ends."""

    close_reason: Code
    note: Words = ""


class HandOver(msgspec.Struct):
    """To whom, and why."""

    volunteer: UUID
    reason: Code


class Concern(msgspec.Struct):
    """What is not right."""

    text: Words


class Outcome(msgspec.Struct):
    """What was done about a concern."""

    outcome: Words


class Nothing(msgspec.Struct):
    """A button without fields."""


@get("/pairs", name="pairs", opt={"access": policy.DEEDS["list"]})
async def pairs(request: PageRequest) -> Response[Any]:
    """The area's pairs, by state and township."""
    query = request.query_params
    view, place = query.get("view", "running"), query.get("township", "")
    view = view if view in VIEWS else "running"
    listing = await service.list_pairs(
        request.user, view, place, query.get("after", ""), request.app.state.clock()
    )
    return page(
        request,
        "pairs/list.html",
        listing=listing,
        view_name=view,
        views=VIEWS,
        township=place,
        townships=await townships(request.user.region_code),
        states=rules.STATES,
        first_page=not query.get("after"),
    )


@get("/pairs/{pair_id:uuid}", name="pair", opt={"access": policy.DEEDS["read"]})
async def pair(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """One pair."""
    return await _pair(request, pair_id, blank())


@post("/pairs/{pair_id:uuid}/answer", name="pair:answer", opt={"access": policy.DEEDS["answer"]})
async def answer(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Write down what the household said."""
    return await _do(
        request,
        pair_id,
        Answer,
        lambda said: service.record_household_answer(
            request.user, pair_id, said.answer, said.how, _now(request)
        ),
        N_("Written down."),
    )


@post("/pairs/{pair_id:uuid}/ask-again", name="pair:ask-again", opt={"access": policy.DEEDS["ask_again"]})
async def ask_again(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Give the household a new link."""
    return await _do(
        request,
        pair_id,
        Nothing,
        lambda _: service.ask_again(request.user, pair_id, _now(request)),
        N_("A new message to the household is on its way; the old link no longer works."),
    )


@post("/pairs/{pair_id:uuid}/pause", name="pair:pause", opt={"access": policy.DEEDS["pause"]})
async def pause(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Let it rest."""
    return await _do(
        request,
        pair_id,
        Pause,
        lambda why: service.pause(request.user, pair_id, why.pause_reason, _now(request)),
        N_("This pair rests now. Nothing falls due until it goes on."),
    )


@post("/pairs/{pair_id:uuid}/resume", name="pair:resume", opt={"access": policy.DEEDS["resume"]})
async def resume(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Let it go on."""
    return await _do(
        request,
        pair_id,
        Nothing,
        lambda _: service.resume(request.user, pair_id, _now(request)),
        N_("This pair goes on."),
    )


@post("/pairs/{pair_id:uuid}/close", name="pair:close", opt={"access": policy.DEEDS["close"]})
async def close(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """End it."""
    return await _do(
        request,
        pair_id,
        Close,
        lambda why: service.close(request.user, pair_id, why.close_reason, why.note, _now(request)),
        N_("This pair is closed. It stays in the history."),
    )


@post("/pairs/{pair_id:uuid}/concern", name="pair:concern", opt={"access": policy.CONCERNS.deeds["handle"]})
async def raise_concern(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Note that something is not right."""
    return await _do(
        request,
        pair_id,
        Concern,
        lambda what: service.raise_concern(request.user, pair_id, what.text, _now(request)),
        N_("The concern is noted."),
    )


@get("/pairs/{pair_id:uuid}/hand-over", name="pair:hand-over", opt={"access": policy.DEEDS["hand_over"]})
async def hand_over_form(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """Who could take it over, the nearest first."""
    return await _hand_over(request, pair_id, blank())


@post("/pairs/{pair_id:uuid}/hand-over", name="pair:hand-over:do", opt={"access": policy.DEEDS["hand_over"]})
async def hand_over(request: PageRequest, pair_id: FromPath[UUID]) -> Response[Any]:
    """End this pair and propose the household to another volunteer."""
    form = await read_form(request, HandOver)

    async def work() -> str:
        given = form.value
        fresh = await service.hand_over(request.user, pair_id, given.volunteer, given.reason, _now(request))
        flash(request, N_("Handed over: the new volunteer has been asked."))
        return f"/pairs/{fresh}"

    return await submit(request, form, work, lambda: _hand_over(request, pair_id, form))


@get("/concerns", name="concerns", opt={"access": policy.CONCERNS.deeds["read"]})
async def concerns(request: PageRequest) -> Response[Any]:
    """What is not right somewhere, open first."""
    return await _concerns(request, blank())


@post(
    "/concerns/{concern_id:uuid}/handle",
    name="concern:handle",
    opt={"access": policy.CONCERNS.deeds["handle"]},
)
async def handle(request: PageRequest, concern_id: FromPath[UUID]) -> Response[Any]:
    """Say what was done."""
    form = await read_form(request, Outcome)

    async def work() -> str:
        await service.handle_concern(request.user, concern_id, form.value.outcome, _now(request))
        flash(request, N_("Handled, and kept."))
        return "/concerns"

    return await submit(request, form, work, lambda: _concerns(request, form, wrong=concern_id))


async def _do(
    request: PageRequest,
    pair_id: UUID,
    kind: type[T],
    deed: Callable[[T], Awaitable[None]],
    said: str,
) -> Response[Any]:
    form = await read_form(request, kind)

    async def work() -> str:
        await deed(form.value)
        flash(request, said)
        return f"/pairs/{pair_id}"

    return await submit(request, form, work, lambda: _pair(request, pair_id, form))


async def _pair(request: PageRequest, pair_id: UUID, form: Form[Any]) -> Response[Any]:
    whole = await service.whole_pair(request.user, pair_id, _now(request))
    return page(
        request,
        "pairs/pair.html",
        whole=whole,
        pair=whole.pair,
        steps=[
            step
            for step in rules.possible(whole.pair["state"], request.user.role)
            if policy.may(request.user, _DEED_OF.get(step, step))
        ],
        places=await path_names([whole.household["region_code"], whole.volunteer["region_code"]]),
        may=partial(policy.may, request.user),
        may_show=grants_policy.may(request.user, "give"),
        states=rules.STATES,
        pause_reasons=_choices(request, rules.PAUSE_REASONS),
        close_reasons=_choices(request, rules.CLOSE_REASONS),
        ways=CONTACT_WAYS,
        raisers=RAISERS,
        reason=rules.reason_label,
        tries=rules.TRIES,
        now=_now(request),
        form=form,
        status_code=form.status,
    )


async def _hand_over(request: PageRequest, pair_id: UUID, form: Form[Any]) -> Response[Any]:
    whole = await service.whole_pair(request.user, pair_id, _now(request))
    takers = await service.takers(request.user, pair_id, _now(request))
    return page(
        request,
        "pairs/hand_over.html",
        whole=whole,
        pair=whole.pair,
        takers=takers,
        townships=await path_names({township(person["region_code"]) for _, person in takers}),
        township_of=township,
        close_reasons=_choices(request, rules.CLOSE_REASONS),
        possible="close" in rules.possible(whole.pair["state"], request.user.role),
        form=form,
        status_code=form.status,
    )


async def _concerns(request: PageRequest, form: Form[Any], wrong: UUID | None = None) -> Response[Any]:
    handled = request.query_params.get("show") == "handled"
    keys = request.query_params
    found = await service.list_concerns(
        request.user, handled=handled, after=keys.get("after", ""), before=keys.get("before", "")
    )
    narrowed = {"show": "handled"} if handled else {}
    return page(
        request,
        "pairs/concerns.html",
        rows=found.rows,
        previous="/concerns?" + urlencode(narrowed | {"before": found.before}) if found.before else "",
        next="/concerns?" + urlencode(narrowed | {"after": found.after}) if found.after else "",
        handled=handled,
        open_count=await service.count_open_concerns(request.user),
        places=await path_names({row["region_code"] for row in found.rows}),
        raisers=RAISERS,
        wrong=wrong,
        form=form,
        status_code=form.status,
    )


def _choices(request: PageRequest, reasons: tuple[rules.Reason, ...]) -> list[tuple[str, str]]:
    return [(reason.code, translate(language_of(request), reason.label)) for reason in reasons]


def _now(request: PageRequest) -> Any:
    return request.app.state.clock()


ROUTER = Router(
    "/",
    route_handlers=[
        pairs, pair, answer, ask_again, pause, resume, close, raise_concern, hand_over_form, hand_over,
        concerns, handle,
    ],
)  # fmt: skip
