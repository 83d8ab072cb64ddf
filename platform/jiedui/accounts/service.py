"""Use cases of accounts: who is this, may they come in."""

from uuid import UUID

from jiedui.accounts.actor import Actor
from jiedui.accounts.tables import Account


async def actor_of(account_id: UUID) -> Actor | None:
    """The account as it is now, or None when it is gone or no longer active."""
    row = (
        await Account.select(Account.role, Account.name, Account.region_code, Account.volunteer_id)
        .where(Account.id == account_id, Account.active.eq(True))
        .first()
    )
    return Actor(account_id=account_id, **row) if row else None
