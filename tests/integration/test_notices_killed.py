"""A worker killed with -9 at each moment of a delivery: nothing lost, nothing sent twice in the dark."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from factories import NOW, VILLAGE, a_household

from jiedui.notices.contacts import Ledgers
from jiedui.store import outbox, vault
from jiedui.store.piccolo_conf import DB
from jiedui_notifications import delivery
from jiedui_notifications.channels import Message, Outcome
from jiedui_notifications.delivery import LEASE, Post
from jiedui_notifications.tables import Delivery, Notice

WORKER = """
import asyncio, os, signal, sys
from factories import NOW
from jiedui.store import vault
from jiedui.notices.contacts import Ledgers
from jiedui.store.piccolo_conf import DB
from jiedui_notifications import delivery
from jiedui_notifications.channels import Outcome

moment, sent, keyed = sys.argv[1], sys.argv[2], sys.argv[3] == "True"

def die(here):
    if here == moment:
        os.kill(os.getpid(), signal.SIGKILL)

class Book(Ledgers):
    async def way_to(self, kind, recipient_id):
        die("after the claim")
        return await super().way_to(kind, recipient_id)

class Gateway:
    def __init__(self):
        self.keyed = keyed
    async def send(self, message, key):
        die("before the call")
        with open(sent, "a") as file:
            file.write(key + "\\n")
        die("after the call")
        return Outcome("sent")

async def main():
    await DB.start_connection_pool()
    post = delivery.Post(Book(), {"sms": Gateway()}, vault, lambda: NOW, "zh_CN", {"site": "x"})
    await delivery.deliver_due(post)

asyncio.run(main())
"""


class Gateway:
    """The next worker's line to the same provider."""

    def __init__(self, sent: Path, keyed: bool) -> None:
        self.keyed = keyed
        self._sent = sent

    async def send(self, message: Message, key: str) -> Outcome:
        with self._sent.open("a") as file:
            file.write(key + "\n")
        return Outcome("sent")


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize(
    ("moment", "began"), [("after the claim", False), ("before the call", True), ("after the call", True)]
)
async def test_a_killed_workers_notice_is_finished_or_left_to_a_person(
    clean_db: None, tmp_path: Path, moment: str, began: bool, keyed: bool
) -> None:
    async with DB.transaction():
        notice = await outbox.enqueue(
            template="household.helper_found",
            params={"link": "l"},
            recipient=("household", await a_household()),
            region_code=VILLAGE,
            subject_id=None,
            dedupe_key=str(uuid4()),
            now=NOW,
        )
    sent = tmp_path / "sent"
    sent.touch()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WORKER, moment, str(sent), str(keyed)),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert await worker.wait() == -signal.SIGKILL

    async def next_worker(after: timedelta) -> dict[str, Any]:
        post = Post(
            Ledgers(), {"sms": Gateway(sent, keyed)}, vault, lambda: NOW + after, "zh_CN", {"site": "x"}
        )
        await delivery.deliver_due(post)
        row = await Notice.select().where(Notice.id == notice).first()
        assert row is not None
        return row

    assert (await next_worker(LEASE / 2))["state"] == "sending", "a lease is kept as long as it lasts"
    await next_worker(LEASE * 1.1)
    row = await next_worker(LEASE * 2)
    keys = sent.read_text().split()
    assert set(keys) <= {str(notice)}
    if began and not keyed:
        assert (row["state"], row["hold_reason"]) == ("held", "unknown_outcome")
        assert len(keys) == (1 if moment == "after the call" else 0), "never sent again in the dark"
        assert await Delivery.exists().where(Delivery.notice == notice, Delivery.outcome == "unknown")
    else:
        assert row["state"] == "sent"
        assert len(keys) == (2 if moment == "after the call" else 1)
