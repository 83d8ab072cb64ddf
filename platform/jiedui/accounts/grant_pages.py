"""Case grants on screen: what a county shows to whom above it, given, listed, ended."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.accounts import grants, policy, words
from jiedui.errors import NotFound, Refused
from jiedui.i18n import N_, translate
from jiedui.web.forms import Form, blank, read_form
from jiedui.web.once import once, submit
from jiedui.web.page import PageRequest, flash, language_of, page
from jiedui.web.words import ROLES


class Case(msgspec.Struct):
    """Whom, what, what for and how long."""

    account: UUID
    kind: str
    subject: UUID
    reason: Annotated[str, msgspec.Meta(max_length=grants.MOST_WORDS)]
    days: int = grants.MOST_DAYS


@get("/grants", name="grants:list", opt={"access": policy.DEEDS["read"]})
async def show(request: PageRequest) -> Response[Any]:
    """What the county shows; what a link names is filled into the form."""
    asked = request.query_params
    known = {name: asked[name] for name in ("kind", "subject") if asked.get(name)}
    return await _grants_page(request, blank(**known, days=grants.MOST_DAYS))


@post("/grants", name="grants:give", opt={"access": policy.DEEDS["give"]})
async def give(request: PageRequest) -> Response[Any]:
    """Show a colleague above one case."""
    form = await read_form(request, Case)

    async def work() -> str:
        case = form.value
        await grants.give(
            request.user, case.account, case.kind, case.subject, case.reason, case.days,
            request.app.state.clock(),
        )  # fmt: skip
        flash(request, N_("She can see it now, and no longer than you said."))
        return "/grants"

    return await submit(
        request, form, work, lambda: _grants_page(request, form), refusals=(Refused, NotFound)
    )


@post("/grants/{grant_id:uuid}/end", name="grants:end", opt={"access": policy.DEEDS["end"]})
async def end(request: PageRequest, grant_id: FromPath[UUID]) -> Response[Any]:
    """Show it no longer."""

    async def work() -> str:
        await grants.end(request.user, grant_id, request.app.state.clock())
        flash(request, N_("She no longer sees it."))
        return "/grants"

    return await once(request, work)


async def _grants_page(request: PageRequest, form: Form[Any]) -> Response[Any]:
    language, keys = language_of(request), request.query_params
    found = await grants.given_by(
        request.user, request.app.state.clock(), after=keys.get("after", ""), before=keys.get("before", "")
    )
    colleagues = await grants.colleagues_above(request.user)
    kind = form.text("kind")
    return page(
        request,
        "accounts/grants.html",
        found=found,
        form=form,
        subject=translate(language, words.SUBJECTS[kind]) if kind in words.SUBJECTS else "",
        paths=words.PATHS,
        subjects=words.SUBJECTS,
        most_days=grants.MOST_DAYS,
        colleagues=[
            (one["id"], f"{one['name']} · {translate(language, ROLES[one['role']])} · {one['place']}")
            for one in colleagues
        ],
        previous=f"/grants?before={found.before}" if found.before else "",
        next=f"/grants?after={found.after}" if found.after else "",
        status_code=form.status,
    )  # fmt: skip


ROUTER = Router("/", route_handlers=[show, give, end])
