"""The list of checks that ledgers state: of an import or of the area; confirmed or refused by the county."""

from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.params import FromPath

from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.regions.service import path_names
from jiedui.volunteers import confirming, policy, words
from jiedui.web.asked import key
from jiedui.web.once import once
from jiedui.web.page import PageRequest, flash, page, see_other

_PATH = "/volunteers/stated"


@get(_PATH, name="volunteers:stated", opt={"access": policy.DEEDS["list"]})
async def stated(request: PageRequest) -> Response[Any]:
    """Which ledgers state what, and the checks of one of them, or of all."""
    ledger = _ledger(request.query_params.get("import", ""))
    found = await confirming.stated_checks(request.user, ledger, request.query_params.get("after", ""))
    ledgers = await confirming.stated_ledgers(request.user)
    codes = {row["region_code"] for row in found.rows} | {row["region_code"] for row in ledgers}
    return page(
        request,
        "volunteers/stated.html",
        path=_PATH,
        ledger=str(ledger),
        ledgers=ledgers,
        found=found,
        places=await path_names(code for code in codes if code),
        checks=words.CHECKS,
        states=words.STATES,
        earlier=confirming.EARLIER,
        may=partial(policy.may, request.user),
        next=f"{_PATH}?{urlencode({'import': str(ledger), 'after': found.after})}" if found.after else "",
    )


@post(
    f"{_PATH}/list/{{ledger:str}}/confirm",
    name="volunteers:stated:all",
    opt={"access": policy.DEEDS["confirm"]},
)
async def confirm_list(request: PageRequest, ledger: FromPath[str]) -> Response[Any]:
    """Confirm all that one ledger states, but for whoever wants a look of her own."""
    asked = _ledger(ledger)
    if not asked:
        raise NotFound

    async def work() -> str:
        confirmed, left = await confirming.confirm_all(request.user, asked, request.app.state.clock())
        flash(request, N_("{n} checks are confirmed; {left} are left for a look of their own."),
              n=confirmed, left=left)  # fmt: skip
        return f"{_PATH}?{urlencode({'import': str(asked)})}"

    return await once(request, work)


@post(
    f"{_PATH}/{{check_id:uuid}}/{{deed:str}}",
    name="volunteers:stated:one",
    opt={"access": policy.DEEDS["confirm"]},
)
async def decide(request: PageRequest, check_id: FromPath[UUID], deed: FromPath[str]) -> Response[Any]:
    """Confirm or refuse one check; back to her page, where all her checks stand."""
    decision = {"confirm": confirming.confirm, "refuse": confirming.refuse}.get(deed)
    if decision is None:
        raise NotFound

    async def work() -> str:
        volunteer_id = await decision(request.user, check_id, request.app.state.clock())
        flash(request, words.DECIDED[deed])
        return f"/volunteers/{volunteer_id}"

    try:
        return await once(request, work)
    except (Refused, Conflict) as refused:
        flash(request, refused.msgid, kind="problem", **refused.params)
        return see_other(request, _PATH)


def _ledger(text: str) -> UUID | str:
    return confirming.EARLIER if text == confirming.EARLIER else key(text) or ""


ROUTER = Router("/", route_handlers=[stated, confirm_list, decide])
