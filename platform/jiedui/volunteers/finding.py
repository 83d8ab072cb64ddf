"""One volunteer among many: found by what somebody knows of her, read in clear for a purpose."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from jiedui.accounts.limits import Limits
from jiedui.accounts.reveals import Opened, reveal
from jiedui.accounts.searches import search
from jiedui.actor import Actor
from jiedui.errors import NotFound
from jiedui.store.columns import Row
from jiedui.store.vault import keyed_hash, unseal
from jiedui.volunteers import policy
from jiedui.volunteers.register import SEEN, told
from jiedui.volunteers.tables import Volunteer
from jiedui.volunteers.words import PURPOSES

MOST_FOUND = 50


async def find_volunteers(actor: Actor, text: str, *, limits: Limits, now: datetime) -> list[Row]:
    """Volunteers of the area by number, name or telephone; what was typed stays out of addresses.

    Raises Forbidden, TooMany.
    """
    policy.require(actor, "list")
    text = re.sub(r"\s", "", text)
    if len(text) < 2:  # one character would list half a county
        return []
    if re.fullmatch(r"1[0-9]{10}", text):
        condition, value = "phone_key = {}", keyed_hash(text, "phone")
    elif re.fullmatch(r"[A-Za-z]?[0-9]+", text):
        condition, value = "number LIKE {}", f"%{text.upper()}%"
    else:
        literal = re.sub(r"([\\%_])", r"\\\1", text)
        condition, value = "name LIKE {}", f"%{literal}%"
    query = f"SELECT {SEEN} FROM volunteer WHERE {{}} AND {condition} ORDER BY number LIMIT {MOST_FOUND}"  # noqa: S608 -- our own words

    async def find() -> list[Row]:
        return await told(await Volunteer.raw(query, policy.visible(actor, deed="list"), value))

    return await search(actor, "volunteer.find", value, find, limits=limits, now=now)


async def open_card(
    actor: Actor, volunteer_id: UUID, purpose: str, *, limits: Limits, now: datetime
) -> dict[str, Any]:
    """Her name, telephone, identity number and remark in clear, once.

    Raises Forbidden, NotFound, Refused without a purpose, TooMany.
    """
    policy.require(actor, "reveal")

    async def read() -> Opened[dict[str, Any]]:
        row = await Volunteer.select().where(
            Volunteer.id == volunteer_id, policy.visible(actor, deed="reveal")
        ).first()  # fmt: skip
        if row is None:
            raise NotFound
        sealed = {
            field: unseal(row[field], f"volunteer.{field}") if row[field] else ""
            for field in ("phone", "identity")
        }
        card = {"name": row["name"], "remark": row["remark"], **sealed}
        return Opened(card, ("volunteer", volunteer_id), row["region_code"])

    return await reveal(actor, "volunteer.reveal", purpose, PURPOSES, read, limits=limits, now=now)
