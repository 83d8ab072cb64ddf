"""What people work off by hand: calls to make, households for their village to tell, letters to print.

A list shows only what the ledger allows at this moment; what it no longer allows, the worker takes off.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from piccolo.columns.combination import Where
from piccolo.query.functions import Count

from jiedui.actor import Actor
from jiedui.errors import NotFound
from jiedui.households.tables import Household
from jiedui.i18n import DEFAULT, N_, translate
from jiedui.notices import policy
from jiedui.notices.letters import Letter
from jiedui.notices.rules import way_to_household
from jiedui.notices.service import one_telling
from jiedui.regions.codes import township
from jiedui.regions.service import path_names, region_names
from jiedui.regions.tables import Region
from jiedui.store.columns import Row
from jiedui.store.vault import unseal
from jiedui.web.words import date_long, mask_name
from jiedui_notifications.delivery import Way
from jiedui_notifications.sealing import BODY, PARAMS
from jiedui_notifications.tables import Delivery, Notice


@dataclass(frozen=True)
class Item:
    """One household on a list, with the words to say."""

    notice_id: UUID
    pair_id: UUID | None
    name: str
    phone: str
    detail: str
    village_code: str
    village: str
    township: str
    words: str
    listed_at: datetime
    tried_at: datetime | None


async def on_list(actor: Actor, channel: str) -> list[Item]:
    """Everything of the area that waits on this list, village by village."""
    notices = one_telling(await _waiting(actor, channel))
    ids = [notice["id"] for notice in notices]
    listed: dict[UUID, Row] = {}
    tried: dict[UUID, datetime] = {}
    if ids:
        for attempt in await Delivery.select().where(Delivery.notice.is_in(ids)).order_by(Delivery.at):
            if attempt["outcome"] == "waiting":
                listed[attempt["notice"]] = attempt
            elif attempt["outcome"] == "again":
                tried[attempt["notice"]] = attempt["at"]
    codes = {notice["home"] for notice in notices}
    names = await region_names(codes | {township(code) for code in codes})
    return [
        Item(
            notice_id=notice["id"],
            pair_id=notice["subject_id"],
            name=notice["name"],
            phone=notice["way"].address,
            detail=listed[notice["id"]]["detail"],
            village_code=notice["home"],
            village=names[notice["home"]],
            township=names[township(notice["home"])],
            words=unseal(listed[notice["id"]]["body"], BODY),
            listed_at=notice["listed_at"],
            tried_at=tried.get(notice["id"]),
        )
        for notice in notices
    ]


async def counts(actor: Actor) -> dict[str, int]:
    """How many wait on each list."""
    policy.require(actor, "read")
    rows = (
        await Notice.select(Notice.channel, Count())
        .where(policy.visible(actor), Notice.state == "waiting")
        .group_by(Notice.channel)
    )
    return {row["channel"]: row["count"] for row in rows}


async def letters_until(actor: Actor, until: datetime) -> list[Letter]:
    """The letters that were waiting at this moment, village by village."""
    waiting = [one for one in await _waiting(actor, "letter") if one["listed_at"] <= until]
    return await _written(one_telling(waiting))


async def one_letter(actor: Actor, notice_id: UUID) -> list[Letter]:
    """One letter, waiting or printed, as it is or was. Raises NotFound."""
    written = await _written(await _with_households(actor, "letter", Notice.id == notice_id))
    if not written:
        raise NotFound
    return written


async def _waiting(actor: Actor, channel: str) -> list[Row]:
    return await _with_households(actor, channel, Notice.state == "waiting")


async def _with_households(actor: Actor, channel: str, condition: Where) -> list[Row]:
    """Notices of a list whose household may be told this way now, with its name, home and way."""
    policy.require(actor, "open")
    notices: list[Row] = (
        await Notice.select(
            Notice.id,
            Notice.recipient_id,
            Notice.subject_id,
            Notice.template,
            Notice.params,
            Notice.listed_at,
        )
        .where(policy.visible(actor), Notice.channel == channel, condition)
        .where(Notice.recipient_kind == "household")
        .order_by(Notice.listed_at, Notice.id)
    )
    if not notices:
        return []
    rows = await Household.select(
        Household.id, Household.name, Household.phone, Household.contact_way, Household.active,
        Household.region_code,
    ).where(Household.id.is_in([notice["recipient_id"] for notice in notices]))  # fmt: skip
    households = {row["id"]: row for row in rows}
    found = []
    for notice in notices:
        home = households[notice["recipient_id"]]
        phone = unseal(home["phone"], "household.phone") if home["phone"] is not None else None
        way = way_to_household(home["contact_way"], phone, active=home["active"])
        if isinstance(way, Way) and way.channel == channel:
            found.append({**notice, "name": home["name"], "home": home["region_code"], "way": way})
    return sorted(found, key=lambda one: one["home"])


async def _written(notices: list[Row]) -> list[Letter]:
    codes = {notice["home"] for notice in notices}
    if not codes:
        return []
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
            dated=date_long(notice["listed_at"], language=DEFAULT),
        )
        for notice in notices
    ]


def _surname(name: str) -> str:
    """张 for 张秀英; a name of another kind is left whole."""
    return name if "·" in name else mask_name(name).removesuffix("*")
