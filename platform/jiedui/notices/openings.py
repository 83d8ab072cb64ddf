"""The lists of people's work in clear: whom to call, whom a village shall tell, letters; for a purpose."""

import json
from datetime import datetime
from uuid import UUID

from jiedui.accounts.limits import Limits
from jiedui.accounts.reveals import Opened, reveal
from jiedui.actor import Actor
from jiedui.errors import NotFound
from jiedui.i18n import DEFAULT, N_, translate
from jiedui.notices import policy
from jiedui.notices.letters import Letter
from jiedui.notices.lists import waiting, with_households
from jiedui.notices.service import one_telling
from jiedui.regions.service import path_names
from jiedui.regions.tables import Region
from jiedui.store.columns import Row
from jiedui.store.masked import surname
from jiedui.store.vault import unseal
from jiedui.web.words import date_long
from jiedui_notifications.sealing import BODY, PARAMS
from jiedui_notifications.tables import Delivery, Notice

PURPOSES = {
    "tell": N_("To tell these households"),
    "answers": N_("To note what they answered"),
    "check": N_("To check who has been told"),
}
"""What somebody opens a list for."""
NO_LETTERS = N_("There are no letters to print.")


async def open_list(
    actor: Actor, channel: str, purpose: str, *, limits: Limits, now: datetime
) -> dict[str, list[str]]:
    """Name and telephone in clear of everybody on a list, by notice; opened once, counted as one.

    Raises Forbidden, Refused without a purpose, TooMany.
    """
    policy.require(actor, "open")

    async def read() -> Opened[dict[str, list[str]]]:
        listed = one_telling(await waiting(actor, channel, name="name"))
        people = {str(one["id"]): [one["name"], one["way"].address] for one in listed}
        return Opened(people, ("region", actor.region_code), actor.region_code, len(people))

    return await reveal(actor, f"notice.{channel}_opened", purpose, PURPOSES, read, limits=limits, now=now)


async def open_letters(
    actor: Actor, wanted: datetime | UUID, purpose: str, *, limits: Limits, now: datetime
) -> list[Letter]:
    """The letters that were waiting at a moment, village by village; or one, waiting or printed.

    Raises Forbidden, NotFound when there are none, Refused without a purpose, TooMany.
    """
    policy.require(actor, "open")

    async def read() -> Opened[list[Letter]]:
        if isinstance(wanted, UUID):
            notices = await with_households(actor, "letter", Notice.id == wanted, name="name")
        else:
            listed = await waiting(actor, "letter", name="name")
            notices = one_telling(one for one in listed if one["listed_at"] <= wanted)
        if not notices:
            raise NotFound(NO_LETTERS)
        return Opened(await _written(notices), ("region", actor.region_code), actor.region_code, len(notices))

    return await reveal(actor, "notice.letter_opened", purpose, PURPOSES, read, limits=limits, now=now)


async def _written(notices: list[Row]) -> list[Letter]:
    codes = {notice["home"] for notice in notices}
    places = await path_names(codes)
    offices = {
        row["code"]: row["name"]
        for row in await Region.select(Region.code, Region.name).where(Region.code.is_in(list(codes)))
    }
    bodies = {
        row["notice"]: row["body"]
        for row in await Delivery.select(Delivery.notice, Delivery.body)
        .where(Delivery.notice.is_in([notice["id"] for notice in notices]), Delivery.outcome == "waiting")
        .order_by(Delivery.at)
    }
    return [
        Letter(
            recipient=translate(DEFAULT, N_("To {name}"), name=notice["name"]),
            place=places[notice["home"]].replace(" · ", " "),
            salutation=translate(DEFAULT, N_("Dear Ms {surname},"), surname=_surname(notice["name"])),
            text=unseal(bodies[notice["id"]], BODY),
            link=json.loads(unseal(notice["params"], PARAMS))["link"],
            contact=offices.get(notice["home"], ""),
            number=notice["number"],
            dated=date_long(notice["listed_at"], language=DEFAULT),
        )
        for notice in notices
    ]


def _surname(name: str) -> str:
    """张 for 张秀英; a name of another kind is left whole."""
    return name if "·" in name else surname(name)
