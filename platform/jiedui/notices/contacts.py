"""The address book of the outbox: asks the ledgers, each time anew, how a person may be reached."""

from uuid import UUID

from jiedui.households.tables import Household
from jiedui.notices.rules import way_to_household, way_to_volunteer
from jiedui.store.columns import Row
from jiedui.store.vault import unseal
from jiedui.volunteers.tables import Volunteer
from jiedui_notifications.delivery import Hold, Way


class Ledgers:
    """Households by the contact way of their ledger, volunteers by their telephone."""

    async def way_to(self, kind: str, recipient_id: UUID) -> Way | Hold:
        """The safe way at this moment."""
        return (await self.ways_to(kind, [recipient_id])).get(recipient_id, Hold("unknown_person"))

    async def ways_to(self, kind: str, recipient_ids: list[UUID]) -> dict[UUID, Way | Hold]:
        """The safe ways of several people at once, for lists."""
        if not recipient_ids:
            return {}
        if kind == "household":
            columns = (Household.id, Household.contact_way, Household.phone, Household.active)
            rows: list[Row] = await Household.select(*columns).where(Household.id.is_in(recipient_ids))
            return {
                row["id"]: way_to_household(
                    row["contact_way"], _phone(row, "household.phone"), active=row["active"]
                )
                for row in rows
            }
        rows = await Volunteer.select(Volunteer.id, Volunteer.phone).where(Volunteer.id.is_in(recipient_ids))
        return {row["id"]: way_to_volunteer(_phone(row, "volunteer.phone")) for row in rows}


def _phone(row: Row, place: str) -> str | None:
    return unseal(row["phone"], place) if row["phone"] is not None else None
