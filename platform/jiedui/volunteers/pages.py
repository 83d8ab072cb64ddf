"""Volunteers' pages: the coordinator's list and record of one, and her own."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.accounts import policy as grants_policy
from jiedui.accounts.opening import open_for
from jiedui.actor import Actor
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_, translate
from jiedui.policies.force import in_force
from jiedui.regions.service import townships
from jiedui.store.columns import Row
from jiedui.volunteers import finding_pages, join, policy, register, rules, service, stated_pages, words
from jiedui.volunteers.confirming import stated_ledgers
from jiedui.volunteers.finding import open_card
from jiedui.volunteers.finding_pages import with_missing
from jiedui.volunteers.forms import Capacity, Check, Reason, Wishes, typed_wishes
from jiedui.volunteers.tables import KINDS
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once, shown, submit
from jiedui.web.page import PageRequest, flash, language_of, page, see_other
from jiedui.web.words import day_of, volunteer_kind_name
from jiedui_pairing.policy import VolunteerKind


@get("/volunteers", name="volunteers", opt={"access": policy.DEEDS["list"]})
async def volunteer_list(request: PageRequest) -> Response[Any]:
    """Everybody of the area, narrowed as asked, fifty at a time."""
    asked = {name: request.query_params.get(name, "") for name in ("state", "kind", "township")}
    wanted = register.Wanted(**asked)
    listed = await register.list_volunteers(request.user, wanted, request.query_params.get("after", ""))
    with_missing(request, listed.rows)
    choices = await _filters(request)
    named = [dict(options).get(asked[name]) for name, _, options in choices]
    given = {name: value for name, value in asked.items() if value}
    return page(
        request,
        "volunteers/list.html",
        form=blank(**asked),
        listed=listed,
        waiting=(await register.states_of(request.user))["applied"],
        stated=sum(row["checks"] for row in await stated_ledgers(request.user)),
        states=words.STATES,
        choices=choices,
        filtered=" · ".join(name for name in named if name),
        next=f"/volunteers?{urlencode(given | {'after': listed.next_after})}" if listed.next_after else "",
    )


@get("/volunteers/{volunteer_id:uuid}", name="volunteers:one", opt={"access": policy.DEEDS["open"]})
async def volunteer_page(request: PageRequest, volunteer_id: FromPath[UUID]) -> Response[Any]:
    """What she offers, what has been checked, what is still missing; her card, if just asked for."""
    return await _one(request, volunteer_id, card=await shown(request))


@post(
    "/volunteers/{volunteer_id:uuid}/checks", name="volunteers:check", opt={"access": policy.DEEDS["check"]}
)
async def volunteer_check(request: PageRequest, volunteer_id: FromPath[UUID]) -> Response[Any]:
    """Note the outcome of a check."""
    form = await read_form(request, Check)

    async def work() -> str:
        await service.record_check(
            request.user,
            volunteer_id,
            kind=form.value.kind,
            passed=form.value.outcome == "passed",
            checked_on=form.value.checked_on,
            paper=form.value.paper,
            now=request.app.state.clock(),
        )
        flash(request, words.DONE["check"])
        return f"/volunteers/{volunteer_id}"

    return await submit(request, form, work, lambda: _one(request, volunteer_id, form=form))


@post(
    "/volunteers/{volunteer_id:uuid}/capacity",
    name="volunteers:capacity",
    opt={"access": policy.DEEDS["capacity"]},
)
async def volunteer_capacity(request: PageRequest, volunteer_id: FromPath[UUID]) -> Response[Any]:
    """Change how many households she may hold."""
    form = await read_form(request, Capacity)

    async def work() -> str:
        await service.change_capacity(
            request.user, volunteer_id, form.value.capacity, in_force(), request.app.state.clock()
        )
        flash(request, words.DONE["capacity"])
        return f"/volunteers/{volunteer_id}"

    return await submit(request, form, work, lambda: _one(request, volunteer_id, form=form))


@post(
    "/volunteers/{volunteer_id:uuid}/reveal", name="volunteers:reveal", opt={"access": policy.DEEDS["reveal"]}
)
async def volunteer_reveal(request: PageRequest, volunteer_id: FromPath[UUID]) -> Response[Any]:
    """The whole card in clear, once, on the page it leads to."""
    here = f"/volunteers/{volunteer_id}"
    return await open_for(
        request, open_card, volunteer_id, here, lambda form: _one(request, volunteer_id, form=form)
    )


@post(
    "/volunteers/{volunteer_id:uuid}/{deed:str}", name="volunteers:deed", opt={"access": policy.DEEDS["list"]}
)
async def volunteer_deed(
    request: PageRequest, volunteer_id: FromPath[UUID], deed: FromPath[str]
) -> Response[Any]:
    """Approve, refuse, suspend, reinstate, pause, resume, leave."""
    if deed not in _DEEDS:
        raise NotFound
    reason = (await read_form(request, Reason)).text("reason")
    return await _do(request, deed, volunteer_id, reason, words.DONE[deed], f"/volunteers/{volunteer_id}")


@get("/me/profile", name="me:profile")
async def my_page(request: PageRequest) -> Response[Any]:
    """How things stand with me, what I offer, what I agreed to."""
    mine = await register.one_volunteer(request.user, request.user.volunteer_id)
    missing = rules.before_children(mine, in_force(), day_of(request.app.state.clock()))
    return page(
        request,
        "volunteers/profile.html",
        volunteer=mine,
        situation=words.situation(mine, missing),
        missing=missing,
        deeds=rules.allowed_deeds(mine["state"]),
        times=rules.TIMES,
    )


@get("/me/profile/offer", name="me:offer")
async def my_offer(request: PageRequest) -> Response[Any]:
    """What I offer, to change."""
    mine = await register.one_volunteer(request.user, request.user.volunteer_id)
    return await _offer_page(request, blank(**typed_wishes(mine)), mine)


@post("/me/profile/offer", name="me:offer:save")
async def my_offer_saved(request: PageRequest) -> Response[Any]:
    """Keep what I offer from now on."""
    form = await read_form(request, Wishes)
    mine = await register.one_volunteer(request.user, request.user.volunteer_id)

    async def work() -> str:
        await service.change_offer(
            request.user,
            mine["id"],
            offers=form.value.offers,
            skills=form.value.skills,
            capacity=form.value.capacity,
            reach_km=form.value.kilometres(),
            times=form.value.times,
            pack=in_force(),
            now=request.app.state.clock(),
        )
        flash(request, N_("Saved."))
        return "/me/profile"

    return await submit(
        request, form, work, lambda: _offer_page(request, form, mine), refusals=(Refused, Conflict)
    )


@post("/me/profile/{deed:str}", name="me:deed")
async def my_deed(request: PageRequest, deed: FromPath[str]) -> Response[Any]:
    """Pause, go on, leave."""
    if deed not in words.DONE_MYSELF:
        raise NotFound
    her = request.user.volunteer_id
    return await _do(request, deed, her, "", words.DONE_MYSELF[deed], "/me/profile")


_DEEDS: dict[str, Callable[[Actor, UUID, str, datetime], Awaitable[None]]] = {
    "approve": lambda actor, her, _, now: service.approve(actor, her, now),
    "refuse": service.refuse,
    "suspend": service.suspend,
    "reinstate": lambda actor, her, _, now: service.reinstate(actor, her, now),
    "pause": lambda actor, her, _, now: service.set_paused(actor, her, True, now),
    "resume": lambda actor, her, _, now: service.set_paused(actor, her, False, now),
    "leave": lambda actor, her, _, now: service.leave(actor, her, now),
}


async def _do(request: PageRequest, deed: str, her: UUID, reason: str, done: str, back: str) -> Response[Any]:
    """What cannot be done is said on the page as it is now: somebody may have been faster."""

    async def work() -> str:
        await _DEEDS[deed](request.user, her, reason, request.app.state.clock())
        flash(request, done)
        return back

    try:
        return await once(request, work)
    except (Refused, Conflict) as refused:
        flash(request, refused.msgid, kind="problem", **refused.params)
    return see_other(request, back)


async def _one(
    request: PageRequest,
    volunteer_id: UUID,
    *,
    form: Form[Any] | None = None,
    card: dict[str, Any] | None = None,
) -> Response[Any]:
    volunteer = await register.one_volunteer(request.user, volunteer_id)
    today = day_of(request.app.state.clock())
    form = form or blank(capacity=volunteer["capacity"])
    return page(
        request,
        "volunteers/one.html",
        volunteer=volunteer,
        form=form,
        card=card,
        missing=rules.before_children(volunteer, in_force(), today),
        cleared_until=rules.cleared_until(volunteer, in_force()),
        deeds=[deed for deed in rules.allowed_deeds(volunteer["state"]) if policy.may(request.user, deed)],
        may=partial(policy.may, request.user),
        may_show=grants_policy.may(request.user, "give"),
        before_approval=rules.before_approval(volunteer["checks"]),
        states=words.STATES,
        checks=words.CHECKS,
        standings=words.STANDINGS,
        resembles=await _resembling(request, volunteer),
        times=rules.TIMES,
        today=today.isoformat(),
        most=in_force().capacity[cast(VolunteerKind, volunteer["kind"])],
        check_options=_options(request, words.CHECKS),
        purposes=_options(request, words.PURPOSES),
        with_reason=[(deed, title, _options(request, reasons)) for deed, title, reasons in words.WITH_REASON],
        status_code=form.status,
    )


async def _resembling(request: PageRequest, volunteer: Row) -> list[Row]:
    return await register.resembling(request.user, volunteer) if policy.may(request.user, "list") else []


async def _offer_page(request: PageRequest, form: Form[Any], mine: Row) -> Response[Any]:
    return page(
        request,
        "volunteers/offer.html",
        form=form,
        mine=mine,
        pack=in_force(),
        times=rules.TIMES,
        reaches=rules.REACHES,
        most=max(in_force().capacity[cast(VolunteerKind, mine["kind"])], mine["capacity"]),
        status_code=form.status,
    )


async def _filters(request: PageRequest) -> list[tuple[str, str, list[tuple[str, str]]]]:
    say, language = _say(request), language_of(request)
    kinds = [(kind, volunteer_kind_name(kind, language=language)) for kind in KINDS]
    places = [(place.code, place.name) for place in await townships(request.user.region_code)]
    return [
        ("state", say(N_("State")), _options(request, words.STATES)),
        ("kind", say(N_("Kind")), kinds),
        ("township", say(N_("Township")), places),
    ]


def _options(request: PageRequest, names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, _say(request)(msgid)) for value, msgid in names.items()]


def _say(request: PageRequest) -> Callable[[str], str]:
    return partial(translate, language_of(request))


ROUTER = Router(
    "/",
    route_handlers=[
        join.ROUTER,
        finding_pages.ROUTER,
        stated_pages.ROUTER,
        Router(
            "/",
            route_handlers=[
                volunteer_list,
                volunteer_page,
                volunteer_check,
                volunteer_capacity,
                volunteer_reveal,
                volunteer_deed,
            ],
        ),
        Router(
            "/",
            route_handlers=[my_page, my_offer, my_offer_saved, my_deed],
            opt={"access": policy.DEEDS["own"]},
        ),
    ],
)
