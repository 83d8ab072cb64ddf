"""What is said to whom about a pair, in the transaction of its cause; how it travels is decided when sent.

A household's link is random, good for one answer, kept only as its hash; it leaves in the sealed notice.
"""

import hashlib
import os
import secrets
from datetime import datetime

from jiedui.households.tables import Household
from jiedui.pairs.rules import link_expires
from jiedui.pairs.tables import HouseholdLink, Pair
from jiedui.policies.service import pack_named
from jiedui.settings import load
from jiedui.store import vault
from jiedui.store.columns import Row
from jiedui_notifications import outbox

TO_HOUSEHOLD = ("household.helper_found", "household.reminder")


async def tell_volunteer(template: str, pair: Row, now: datetime) -> None:
    """Write one notice to the pair's volunteer."""
    await outbox.enqueue(
        template=template,
        params={},
        recipient=("volunteer", pair["volunteer"]),
        region_code=pair["region_code"],
        subject_id=pair["id"],
        dedupe_key=f"{template}:{pair['id']}",
        now=now,
        sealer=vault,
    )


async def ask_household(pair: Row, now: datetime) -> bool:
    """Give the household a fresh link and tell it, with a reminder half-way; older links end.

    False, and nothing written, when nobody may contact it: then the pair waits for a coordinator.
    """
    way = await Household.select(Household.contact_way).where(Household.id == pair["household"]).first()
    if way is None or way["contact_way"] == "none":
        return False
    pack = await pack_named(pair["policy_name"], pair["policy_version"])
    expires = link_expires(now, pack.consent.household_answer_days)
    await end_asking(pair, now)
    token = secrets.token_urlsafe(16)
    link = HouseholdLink(pair=pair["id"], token_hash=hash_of(token), expires_at=expires, created_at=now)
    await link.save()
    await Pair.update({Pair.household_deadline: expires}).where(Pair.id == pair["id"])
    address = f"{load(os.environ).public_url}/h/{token}"
    for template, when in zip(TO_HOUSEHOLD, (now, now + (expires - now) / 2), strict=True):
        await outbox.enqueue(
            template=template,
            params={"link": address},
            recipient=("household", pair["household"]),
            region_code=pair["region_code"],
            subject_id=pair["id"],
            dedupe_key=f"{template}:{link.id}",
            now=now,
            not_before=when,
            sealer=vault,
        )
    return True


async def end_asking(pair: Row, now: datetime) -> None:
    """Nothing more is asked of the household: open links end, and what has not left yet is called back."""
    await HouseholdLink.update({HouseholdLink.revoked_at: now}).where(
        HouseholdLink.pair == pair["id"], HouseholdLink.used_at.is_null(), HouseholdLink.revoked_at.is_null()
    )
    await outbox.cancel(subject_id=pair["id"], templates=TO_HOUSEHOLD)


def hash_of(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()
