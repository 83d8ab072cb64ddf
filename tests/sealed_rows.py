"""A row in every table that holds something sealed or hashed, and somebody who works with them."""

import asyncio
import hashlib
import sys
from datetime import UTC, datetime
from uuid import uuid4

from factories import COUNTY, NOW, VILLAGE, a_claim, a_household, a_pair, a_volunteer

from jiedui.accounts.service import _volunteer_with
from jiedui.accounts.tables import OneTimeCode
from jiedui.households.tables import Household
from jiedui.ledgers.tables import LedgerChange, LedgerImport
from jiedui.pairs.links import check_link
from jiedui.pairs.tables import HouseholdLink
from jiedui.store import bulk, outbox
from jiedui.store.away import is_away
from jiedui.store.keys import connect_or_end
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import keyed_hash, seal
from jiedui.web.tables import SentForm
from jiedui_notifications.tables import Delivery

PHONE, TOKEN = "19902319999", "A" * 22
LINES = 4000
"""Of history: enough that sealing them anew can be met in its midst."""


async def fill() -> None:
    """One row of each, and a household's link that has left in a letter."""
    volunteer = await a_volunteer(
        phone=seal(PHONE, "volunteer.phone"), phone_key=keyed_hash(PHONE, "phone"), fingerprint="a" * 64
    )
    household = await a_household(fingerprint="b" * 64)
    pair = await a_pair(household, volunteer, state="accepted", volunteer_answered_at=NOW)
    await HouseholdLink(
        pair=pair, token_hash=hashlib.sha256(TOKEN.encode()).hexdigest(),
        expires_at=datetime(2999, 1, 1, tzinfo=UTC), created_at=NOW,
    ).save()  # fmt: skip
    known = await Household.select(Household.ledger_key).where(Household.id == household).first()
    await a_claim(household, COUNTY, person_key=known and known["ledger_key"], fingerprint="c" * 64)
    sent = LedgerImport(
        kind="households", region_code=COUNTY, state="ready", created_at=NOW, file_hash="f" * 64,
        content=seal("a file", "ledger_import.content"),
    )  # fmt: skip
    await sent.save()
    line = {
        "ledger_import": sent.id, "subject_kind": "household", "subject_id": household, "cell": "A1",
        "region_code": VILLAGE, "before": None, "after": seal("{}", "ledger_change.after"), "at": NOW,
    }  # fmt: skip
    first = line | {"id": uuid4(), "before": seal('{"name": "?"}', "ledger_change.before")}
    await bulk.insert(LedgerChange, [first, *(line | {"id": uuid4()} for _ in range(LINES))])
    await Delivery(
        notice=await _tell("first"), attempt=1, channel="sms", at=NOW, outcome="sent",
        body=seal("a text", "delivery.body"),
    ).save()  # fmt: skip
    await OneTimeCode(
        phone_key=keyed_hash(PHONE, "phone"), purpose="login", code_hash=keyed_hash("1", "one-time code"),
        expires_at=NOW, created_at=NOW,
    ).save()  # fmt: skip
    await SentForm(
        asker=keyed_hash("cookie", "asker"), key="k" * 16, route="/", asked=keyed_hash("form", "form"),
        answer=seal("{}", "sent_form.answer"), shown=seal("1", "sent_form.shown x"), created_at=NOW,
    ).save()  # fmt: skip


async def work() -> None:
    """Find somebody by telephone and write a sealed notice, again and again; says so, and never her loss."""
    while True:
        try:
            found = await asyncio.create_task(_volunteer_with(PHONE))
            if found:
                await asyncio.create_task(_tell(str(uuid4())))
            print("found" if found else "LOST", flush=True)
        except Exception as error:
            if not is_away(error):
                raise
            print("away", flush=True)
        await asyncio.sleep(0.01)


async def open_link() -> None:
    """The link of the letter is still good."""
    await check_link(TOKEN, datetime.now(UTC))
    print("good")


async def _tell(key: str) -> object:
    async with DB.transaction():
        return await outbox.enqueue(
            template="volunteer.code", params={"code": "123456"}, recipient=None, address=PHONE,
            region_code=COUNTY, subject_id=None, dedupe_key=key, now=NOW,
        )  # fmt: skip


async def _main(deed: str) -> None:
    await DB.start_connection_pool(max_size=3, connect=connect_or_end)
    await {"fill": fill, "work": work, "open_link": open_link}[deed]()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
