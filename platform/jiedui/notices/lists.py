"""What people work off by hand: calls to make, households for their village to tell, letters to print.

A list shows only what the ledger allows at this moment; what it no longer allows, the worker takes off.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from piccolo.columns.combination import Where
from piccolo.query.functions import Count

from jiedui.actor import Actor
from jiedui.households.tables import Household
from jiedui.notices import policy
from jiedui.notices.rules import way_to_household
from jiedui.notices.service import one_telling
from jiedui.regions.codes import township
from jiedui.regions.service import region_names
from jiedui.store.columns import Row
from jiedui.store.masked import Masked, masked_phone
from jiedui.store.vault import unseal
from jiedui_notifications.delivery import Way
from jiedui_notifications.sealing import BODY
from jiedui_notifications.tables import Delivery, Notice


@dataclass(frozen=True)
class Item:
    """One household on a list, with the words to say; who it is, masked."""

    notice_id: UUID
    pair_id: UUID | None
    name: str
    number: str
    phone: Masked
    detail: str
    village_code: str
    village: str
    township: str
    words: str
    listed_at: datetime
    tried_at: datetime | None


async def on_list(actor: Actor, channel: str) -> list[Item]:
    """Everything of the area that waits on this list, village by village."""
    notices = one_telling(await waiting(actor, channel))
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
            number=notice["number"],
            phone=masked_phone(notice["way"].address),
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


async def waiting(actor: Actor, channel: str, *, name: str = "masked_name(name)") -> list[Row]:
    """What waits on a list, as `with_households` tells it."""
    return await with_households(actor, channel, Notice.state == "waiting", name=name)


async def with_households(
    actor: Actor, channel: str, condition: Where, *, name: str = "masked_name(name)"
) -> list[Row]:
    """Notices of a list whose household may be told this way now, with its name, number, home and way.

    `name` is how the database gives the name: only what a reveal reads (openings.py) asks for another one.
    """
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
    rows = await Household.raw(
        f"SELECT id, number, {name} AS name, phone, contact_way, active, region_code"  # noqa: S608 -- our words
        " FROM household WHERE id = ANY ({})",
        [notice["recipient_id"] for notice in notices],
    )
    households = {row["id"]: row for row in rows}
    found = []
    for notice in notices:
        home = households[notice["recipient_id"]]
        phone = unseal(home["phone"], "household.phone") if home["phone"] is not None else None
        way = way_to_household(home["contact_way"], phone, active=home["active"])
        if isinstance(way, Way) and way.channel == channel:
            who = {"name": home["name"], "number": home["number"], "home": home["region_code"]}
            found.append({**notice, **who, "way": way})
    return sorted(found, key=lambda one: one["home"])
