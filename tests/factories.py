"""Rows for tests, one function per concept: sensible defaults, synthetic people, say only what matters."""

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from jiedui.accounts.tables import Account
from jiedui.actor import Actor
from jiedui.households.numbers import next_numbers
from jiedui.households.tables import Household, Member, Need
from jiedui.ledgers.tables import Claim, LedgerImport
from jiedui.pairs.tables import Pair
from jiedui.regions.tables import Region
from jiedui.rounds.tables import Round
from jiedui.store.vault import keyed_hash, seal, unseal
from jiedui.volunteers.tables import VettingCheck, Volunteer
from jiedui_notifications.sealing import PARAMS
from jiedui_notifications.tables import Notice

NOW = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 1)
COUNTY, TOWNSHIP, VILLAGE, FAR_VILLAGE = "500230000000", "500230101000", "500230101201", "500230102201"
OTHER_COUNTY, OTHER_VILLAGE = "500231000000", "500231100201"
_TREE = (
    (COUNTY, "丰都县", "county", 29.887, 107.8266),
    (TOWNSHIP, "虎威镇", "township", 29.90565, 107.63853),
    (VILLAGE, "回龙村村民委员会", "village", 29.90, 107.64),
    ("500230101202", "大溪村村民委员会", "village", 29.91, 107.65),
    ("500230102000", "社坛镇", "township", 30.01, 107.58),
    (FAR_VILLAGE, "石龙门村村民委员会", "village", 30.02, 107.59),
    (OTHER_COUNTY, "垫江县", "county", 30.2556, 107.4328),
    ("500231100000", "新民镇", "township", 30.25, 107.40),
    (OTHER_VILLAGE, "明月村村民委员会", "village", 30.25, 107.41),
)
_serial = itertools.count(1)


async def a_region_tree() -> None:
    """Two counties with a few townships and villages; there already is fine."""
    rows = [
        Region(code=code, name=name, short_name=name.removesuffix("村民委员会"), initials="", level=level,
               lat=lat, lng=lng, position_source="synthetic")
        for code, name, level, lat, lng in _TREE
    ]  # fmt: skip
    await Region.insert(*rows).on_conflict(action="DO NOTHING")


def a_coordinator(region_code: str = COUNTY, **also: Any) -> Actor:
    """A coordinator as services see her, without an account row."""
    return Actor(role="coordinator", region_code=region_code, name="协调员", **also)


async def an_account(role: str = "coordinator", region_code: str = COUNTY, **columns: Any) -> UUID:
    """Somebody who may log in; a volunteer's account needs `volunteer_id`."""
    login = None if role == "volunteer" else f"login-{next(_serial)}"
    row = Account(
        **{"role": role, "region_code": region_code, "name": "测试账号", "login": login, "created_at": NOW}
        | columns
    )
    await row.save()
    return UUID(str(row.id))


async def a_household(
    *, needs: tuple[str, ...] = ("companionship",), children: tuple[date, ...] = (), **columns: Any
) -> UUID:
    """A household with its needs and children born on these days."""
    await a_region_tree()
    identity, phone = f"H{next(_serial):017}", f"1990230{next(_serial):04}"
    defaults = {
        "region_code": VILLAGE, "name": "陶秀倩", "colour": "green", "contact_way": "sms",
        "ledger_key": keyed_hash(identity, "identity"), "identity": seal(identity, "household.identity"),
        "phone": seal(phone, "household.phone"), "phone_key": keyed_hash(phone, "phone"),
        "born_on": date(1990, 5, 1), "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    if "number" not in columns:
        (defaults["number"],) = await next_numbers([columns.get("region_code", VILLAGE)])
    row = Household(**defaults | columns)
    await row.save()
    for position, kind in enumerate(needs):
        await Need(household=row.id, kind=kind, position=position).save()
    for born_on in children:
        await Member(household=row.id, relation="child", name="小孩", born_on=born_on).save()
    return UUID(str(row.id))


async def a_volunteer(**columns: Any) -> UUID:
    """An active, vetted volunteer with two places; people of the county have recorded what counts of her."""
    await a_region_tree()
    serial = next(_serial)
    identity, phone = f"V{serial:017}", f"1990231{serial:04}"
    defaults = {
        "number": f"T{serial:06}", "region_code": VILLAGE, "name": "姚霞琴", "kind": "caring_mother",
        "ledger_key": keyed_hash(identity, "identity"), "identity": seal(identity, "volunteer.identity"),
        "phone": seal(phone, "volunteer.phone"), "phone_key": keyed_hash(phone, "phone"),
        "offers": ["companionship"], "capacity": 2, "state": "active", "source": "ledger",
        "identified": columns.get("state") not in ("applied", "refused"), "created_at": NOW,
        "record_checked_on": date(2026, 6, 1), "trained": True, "updated_at": NOW,
    }  # fmt: skip
    row = Volunteer(**defaults | columns)
    await row.save()
    days = {"identity": row.identified and TODAY, "record": row.record_checked_on,
            "training": row.trained and TODAY}  # fmt: skip
    for kind, day in days.items():
        if day:
            await a_check(row.id, kind=kind, checked_on=day, region_code=row.region_code)
    return UUID(str(row.id))


async def a_check(volunteer: UUID, **columns: Any) -> UUID:
    """A passed check that somebody of the county has recorded, long ago."""
    defaults = {
        "volunteer": volunteer, "region_code": VILLAGE, "kind": "identity", "passed": True,
        "checked_on": TODAY, "paper": "身份证原件", "standing": "recorded", "recorded_from": COUNTY,
        "created_at": NOW - timedelta(days=300),
    }  # fmt: skip
    row = VettingCheck(**defaults | columns)
    await row.save()
    return UUID(str(row.id))


async def a_round(**columns: Any) -> UUID:
    """A draft round of the county."""
    await a_region_tree()
    defaults = {
        "region_code": COUNTY, "dated": TODAY, "policy_name": "standard", "policy_version": 1,
        "state": "draft", "created_at": NOW,
    }  # fmt: skip
    row = Round(**defaults | columns)
    await row.save()
    return UUID(str(row.id))


async def a_pair(household: UUID | None = None, volunteer: UUID | None = None, **columns: Any) -> UUID:
    """A pair in any state, by default just proposed; its people are made when not given."""
    defaults = {
        "id": uuid4(), "household": household or await a_household(),
        "volunteer": volunteer or await a_volunteer(), "region_code": VILLAGE, "needs": ["companionship"],
        "distance_m": 2500, "policy_name": "standard", "policy_version": 1, "state": "proposed",
        "proposed_at": NOW, "volunteer_deadline": NOW + timedelta(days=7),
    }  # fmt: skip
    if columns.get("state") in ("active", "paused", "closed"):
        defaults |= {"volunteer_answered_at": NOW, "household_answered_at": NOW}
    if columns.get("state") in ("declined", "refused", "closed"):
        defaults |= {"end_reason": "other"}
    row = Pair(**defaults | columns)
    await row.save()
    return UUID(str(row.id))


async def a_claim(household: UUID, area: str, name: str = "某人", **columns: Any) -> UUID:
    """What a ledger of another village says of somebody, held for whoever decides in this area."""
    sent = LedgerImport(
        kind="households", region_code=area, state="ready", decision="applied", created_at=NOW
    )
    await sent.save()
    defaults = {
        "subject_kind": "household", "subject_id": household, "person_key": "0" * 64, "village": FAR_VILLAGE,
        "region_code": area, "facts": seal(json.dumps({"name": name}), "claim.facts"),
        "fingerprint": "0" * 64, "ledger_import": sent.id, "cell": "台账!A5", "state": "open",
        "created_at": NOW,
    }  # fmt: skip
    row = Claim(**defaults | columns)
    await row.save()
    return UUID(str(row.id))


async def the_volunteer(volunteer: UUID) -> Actor:
    """A volunteer as services see her when she is logged in."""
    account = await an_account("volunteer", VILLAGE, volunteer_id=volunteer)
    return Actor("volunteer", VILLAGE, "志愿者", account_id=account, volunteer_id=volunteer)


async def notices_about(subject: UUID) -> dict[str, dict[str, Any]]:
    """The notices written about a thing by template, with their parameters readable."""
    rows = await Notice.select().where(Notice.subject_id == subject)
    return {row["template"]: row | {"params": json.loads(unseal(row["params"], PARAMS))} for row in rows}
