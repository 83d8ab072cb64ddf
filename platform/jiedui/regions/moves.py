"""Somebody moves to another village: what is hers goes along, and the records of both areas say so."""

from datetime import datetime
from uuid import UUID

from piccolo.querystring import QueryString
from piccolo.table import Table

from jiedui.actor import Actor, within
from jiedui.errors import NotFound
from jiedui.regions.tables import Region
from jiedui.store.scope import scope


async def move_to(
    actor: Actor, table: type[Table], reached: QueryString, row_id: UUID, village: str, now: datetime
) -> None:
    """Change where a person of a table lives; `reached` is which rows the actor may move.

    The database carries along what hangs on her, and notes it (store/sql/areas.sql). Raises NotFound for a
    person, or a village, that is not in the actor's area.
    """
    async with scope(actor, now):
        known = await Region.exists().where(Region.code == village, Region.level == "village")
        if not known or not within(actor.region_code, village):
            raise NotFound
        moved = (
            await table.update(region_code=village, updated_at=now)
            .where(table._meta.primary_key == row_id, reached)
            .returning(table._meta.primary_key)
        )
        if not moved:
            raise NotFound
