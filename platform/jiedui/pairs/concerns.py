"""Concerns: raised by anyone of a pair or by staff, kept for ever, handled by a person.

Nothing here ever writes a notice: the volunteer of the pair does not learn that a concern was raised.
"""

from datetime import datetime
from uuid import UUID

from jiedui.actor import Actor
from jiedui.audit.service import record
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.pairs.policy import CONCERNS
from jiedui.pairs.rules import BODY_LENGTH
from jiedui.pairs.tables import Concern
from jiedui.pairs.transitions import pair_of
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import scope

_LISTED = """
SELECT c.*, h.name AS household_name, h.number AS household_number, a.name AS handled_by_name,
    (extract(epoch FROM c.raised_at) * 1000000)::bigint AS sort_key
FROM concern c JOIN family_card h ON h.id = c.household LEFT JOIN account a ON a.id = c.handled_by
WHERE {} AND c.state = {}
"""


async def raise_concern(actor: Actor, pair_id: UUID, text: str, now: datetime) -> None:
    """The volunteer of a pair, or staff, says that something is not right. Raises NotFound, Refused."""
    pair = await pair_of(actor, pair_id, "raise")
    async with scope(actor, now):
        await write_concern(
            actor, pair, "volunteer" if actor.role == "volunteer" else "coordinator", text, now
        )


async def list_concerns(actor: Actor, *, handled: bool = False, after: str = "", before: str = "") -> Page:
    """A page of the area's concerns with the people they are about; open ones oldest first."""
    CONCERNS.require(actor, "read")
    values = [CONCERNS.visible(actor, "c"), "handled" if handled else "open"]
    order = {"sort_key": "bigint", "id": "uuid"}
    return await page_of(Concern, _LISTED, values, order, after=after, before=before, falling=handled)


async def count_open_concerns(actor: Actor) -> int:
    """How many in the actor's area wait for somebody."""
    CONCERNS.require(actor, "read")
    return int(await Concern.count().where(Concern.state == "open", CONCERNS.visible(actor)))


async def handle_concern(actor: Actor, concern_id: UUID, outcome: str, now: datetime) -> None:
    """Say what was done about it. Raises NotFound, Refused without words, Conflict when it was handled."""
    CONCERNS.require(actor, "handle")
    outcome = readable(outcome, "outcome")
    async with scope(actor, now):
        found = await Concern.select().where(Concern.id == concern_id, CONCERNS.visible(actor)).first()
        if found is None:
            raise NotFound
        handled = await Concern.update(
            {
                Concern.state: "handled",
                Concern.handled_at: now,
                Concern.handled_by: actor.account_id,
                Concern.outcome: outcome,
            }
        ).where(Concern.id == concern_id, Concern.state == "open").returning(Concern.id)  # fmt: skip
        if not handled:
            raise Conflict
        await record(
            actor,
            action="concern.handle",
            subject=("concern", concern_id),
            region_code=found["region_code"],
            now=now,
        )


async def write_concern(actor: Actor, pair: Row, raised_by: str, text: str, now: datetime) -> None:
    """Write a concern inside the caller's transaction. Raises Refused for an empty or endless text."""
    concern = Concern(
        pair=pair["id"],
        household=pair["household"],
        region_code=pair["region_code"],
        raised_by=raised_by,
        body=readable(text, "text"),
        state="open",
        raised_at=now,
    )
    await concern.save()
    await record(
        actor,
        action="concern.raise",
        subject=("concern", concern.id),
        region_code=pair["region_code"],
        detail={"by": raised_by, "pair": pair["id"]},
        now=now,
    )


def readable(text: str, field: str) -> str:
    """What somebody wrote, if it is something and not endless. Raises Refused."""
    text = text.strip()
    if not text:
        raise Refused(N_("Please write a few words."), field=field)
    if len(text) > BODY_LENGTH:
        raise Refused(N_("Please write at most {n} characters."), field=field, n=BODY_LENGTH)
    return text
