"""Delivery against a real PostgreSQL: with its cause, once, by the way that is safe when it is sent."""

import asyncio
import json
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from commands import PATIENCE
from factories import NOW, VILLAGE, a_coordinator, a_household, a_volunteer

from jiedui.households.tables import Household
from jiedui.notices import lists, service
from jiedui.notices.contacts import Ledgers
from jiedui.store import outbox, vault
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import seal
from jiedui_notifications import delivery
from jiedui_notifications.channels import Console, Message, Outcome, PeoplesList
from jiedui_notifications.delivery import Post
from jiedui_notifications.sealing import BODY, PARAMS
from jiedui_notifications.tables import Delivery, Notice


@dataclass
class Gateway:
    """A provider that remembers what it was given."""

    keyed: bool = True
    answers: list[str] = field(default_factory=list)
    seen: list[tuple[str, Message]] = field(default_factory=list)

    async def send(self, message: Message, key: str) -> Outcome:
        self.seen.append((key, message))
        answer = self.answers.pop(0) if self.answers else "sent"
        if answer == "broken":
            raise ConnectionResetError
        return Outcome(answer)  # type: ignore[arg-type]


def post_with(gateway: Any, now: datetime = NOW) -> Post:
    lists = dict.fromkeys(("call", "village", "letter"), PeoplesList())
    return Post(Ledgers(), {"sms": gateway, **lists}, vault, lambda: now, "zh_CN", {"site": "https://x.cn"})


async def told(household: UUID, template: str = "household.helper_found", about: UUID | None = None) -> UUID:
    """Queue one notice to a household."""
    async with DB.transaction():
        notice = await outbox.enqueue(
            template=template,
            params={"link": "https://x.cn/h/token"},
            recipient=("household", household),
            region_code=VILLAGE,
            subject_id=about,
            dedupe_key=str(uuid4()),
            now=NOW,
        )
    assert notice is not None
    return notice


async def row_of(notice: UUID) -> dict[str, Any]:
    row = await Notice.select().where(Notice.id == notice).first()
    assert row is not None
    return row


async def deliveries(notice: UUID) -> list[dict[str, Any]]:
    return await Delivery.select().where(Delivery.notice == notice).order_by(Delivery.at)


# ---- the outbox ----


async def test_a_notice_is_gone_when_its_cause_rolls_back(clean_db: None) -> None:
    with pytest.raises(ZeroDivisionError):
        async with DB.transaction():
            await told(uuid4())
            raise ZeroDivisionError
    assert await Notice.count() == 0
    await told(uuid4())
    assert await Notice.count() == 1


async def test_a_notice_outside_a_transaction_is_refused(database: None) -> None:
    with pytest.raises(RuntimeError, match="transaction of its cause"):
        await outbox.enqueue(
            template="volunteer.active",
            params={},
            recipient=("volunteer", uuid4()),
            region_code=VILLAGE,
            subject_id=None,
            dedupe_key="a",
            now=NOW,
        )


async def test_the_same_cause_writes_one_notice_and_does_not_poison_its_transaction(db: None) -> None:
    volunteer = await a_volunteer()
    assert await service.notify_volunteers("volunteer.proposal", [volunteer], key="round", now=NOW) == 1
    assert await service.notify_volunteers("volunteer.proposal", [volunteer], key="round", now=NOW) == 0
    assert await Notice.count() == 1


async def test_what_is_not_a_template_or_not_its_parameters_is_refused_at_once(db: None) -> None:
    for template, params in (
        ("household.hello", {}),
        ("household.reminder", {}),
        ("volunteer.active", {"name": "x"}),
    ):
        with pytest.raises(ValueError, match=template):
            await outbox.enqueue(
                template=template,
                params=params,
                recipient=("household", uuid4()),
                region_code=VILLAGE,
                subject_id=None,
                dedupe_key="a",
                now=NOW,
            )


async def test_what_has_not_left_can_be_called_back(db: None) -> None:
    pair = uuid4()
    async with DB.transaction():
        await outbox.enqueue(
            template="household.reminder",
            params={"link": "l"},
            recipient=("household", await a_household()),
            region_code=VILLAGE,
            subject_id=pair,
            dedupe_key="a",
            now=NOW,
        )
    assert await outbox.cancel(subject_id=pair, templates=("household.helper_found",)) == 0
    assert await outbox.cancel(subject_id=pair, templates=("household.reminder",)) == 1
    gateway = Gateway()
    assert await delivery.deliver_due(post_with(gateway)) == 0
    assert gateway.seen == []


async def test_a_stolen_dump_shows_neither_links_nor_texts(db: None) -> None:
    notice = await told(await a_household())
    await delivery.deliver_due(post_with(Gateway()))
    row, (attempt,) = await row_of(notice), await deliveries(notice)
    assert b"token" not in row["params"] and "您".encode() not in attempt["body"]
    assert json.loads(vault.unseal(row["params"], PARAMS)) == {"link": "https://x.cn/h/token"}
    assert "https://x.cn/h/token" in vault.unseal(attempt["body"], BODY)


# ---- delivering ----


async def test_a_text_leaves_once_and_its_exact_words_are_kept(db: None) -> None:
    notice = await told(await a_household(phone=seal("13800001111", "household.phone")))
    gateway = Gateway()
    assert await delivery.deliver_due(post_with(gateway)) == 1
    assert await delivery.deliver_due(post_with(gateway)) == 0
    ((key, message),) = gateway.seen
    (attempt,) = await deliveries(notice)
    assert (key, message.address) == (str(notice), "13800001111")
    assert vault.unseal(attempt["body"], BODY) == message.text
    assert (await row_of(notice))["state"] == "sent"


async def test_two_workers_deliver_each_notice_once(clean_db: None) -> None:
    household = await a_household()
    for _ in range(60):
        await told(household)
    gateway = Gateway()
    post = post_with(gateway)

    async def worker() -> int:
        taken = 0
        while taken_now := await delivery.deliver_due(post, limit=7):
            taken += taken_now
        return taken

    taken = await asyncio.gather(*(asyncio.create_task(worker(), context=Context()) for _ in range(4)))
    assert sum(taken) == 60
    assert sorted(taken)[-2] > 0, "at least two really worked at the same time"
    keys = [key for key, _ in gateway.seen]
    assert len(keys) == 60
    assert len(set(keys)) == 60
    assert await Notice.count().where(Notice.state == "sent") == 60


async def test_a_notice_that_another_worker_holds_does_not_hold_up_the_others(clean_db: None) -> None:
    household = await a_household()
    held, free = await told(household), await told(household)
    gateway = Gateway()
    async with DB.transaction():
        await Notice.select(Notice.id).where(Notice.id == held).lock_rows("UPDATE")
        other = asyncio.create_task(delivery.deliver_due(post_with(gateway)), context=Context())
        assert await asyncio.wait_for(other, timeout=PATIENCE) == 1
    assert [key for key, _ in gateway.seen] == [str(free)]


async def test_a_contact_way_changed_between_queueing_and_sending_is_honoured(db: None) -> None:
    household = await a_household(contact_way="sms")
    notice = await told(household)
    await Household.update({Household.contact_way: "none"}).where(Household.id == household)
    gateway = Gateway()
    await delivery.deliver_due(post_with(gateway))
    row = await row_of(notice)
    assert (gateway.seen, row["state"], row["hold_reason"]) == ([], "held", "no_contact")
    assert await deliveries(notice) == []


async def test_a_contact_way_changed_while_on_a_list_takes_the_call_off_the_list(db: None) -> None:
    household = await a_household(contact_way="call")
    notice = await told(household)
    assert await service.deliver_due(NOW) == 1
    assert (await row_of(notice))["state"] == "waiting"
    await Household.update({Household.contact_way: "none"}).where(Household.id == household)
    with pytest.raises(service.Conflict):
        await service.mark_called(a_coordinator(), notice, "reached", NOW)
    assert await service.deliver_due(NOW) == 1
    assert (await row_of(notice))["hold_reason"] == "no_contact"


async def test_without_a_gateway_texts_are_held_and_never_called_sent(db: None) -> None:
    notice = await told(await a_household())
    await service.deliver_due(NOW)
    row = await row_of(notice)
    assert (row["state"], row["hold_reason"]) == ("held", "no_gateway")


async def test_a_text_without_a_usable_number_goes_to_the_village_and_says_why(db: None) -> None:
    notice = await told(await a_household(phone=seal("12345", "household.phone")))
    gateway = Gateway()
    await delivery.deliver_due(post_with(gateway))
    row, (attempt,) = await row_of(notice), await deliveries(notice)
    assert (gateway.seen, row["state"], row["channel"]) == ([], "waiting", "village")
    assert attempt["detail"] == "bad_number"


async def test_a_gateway_that_is_busy_is_asked_again_later_and_at_last_a_person_must_look(db: None) -> None:
    notice = await told(await a_household())
    gateway, now, pauses = Gateway(answers=["again"] * 20), NOW, []
    while (row := await row_of(notice))["state"] == "queued":
        pauses.append(row["not_before"] - now)
        now = row["not_before"]
        assert await delivery.deliver_due(post_with(gateway, now)) == 1
    assert pauses == [timedelta(0), *(timedelta(minutes=4**n) for n in range(delivery.ATTEMPTS - 1))]
    assert (row["state"], len(gateway.seen)) == ("failed", delivery.ATTEMPTS)


async def test_a_gateway_that_refuses_for_good_is_not_asked_again(db: None) -> None:
    notice = await told(await a_household())
    await delivery.deliver_due(post_with(Gateway(answers=["refused"])))
    assert (await row_of(notice))["state"] == "failed"


@pytest.mark.parametrize(("keyed", "state", "sends"), [(True, "sent", 2), (False, "held", 1)])
async def test_a_broken_line_is_tried_again_only_where_the_same_key_is_one_message(
    db: None, keyed: bool, state: str, sends: int
) -> None:
    notice = await told(await a_household())
    gateway = Gateway(keyed=keyed, answers=["broken"])
    await delivery.deliver_due(post_with(gateway))
    await delivery.deliver_due(post_with(gateway, NOW + timedelta(hours=1)))
    row = await row_of(notice)
    assert (row["state"], len(gateway.seen)) == (state, sends)
    assert len({key for key, _ in gateway.seen}) == 1
    assert row["hold_reason"] == ("" if keyed else "unknown_outcome")


async def test_a_slow_worker_whose_lease_was_taken_over_does_not_send(db: None) -> None:
    notice = await told(await a_household())
    gateway = Gateway()

    class SlowBook(Ledgers):
        async def way_to(self, kind: str, recipient_id: UUID) -> Any:
            taken = {Notice.attempts: Notice.attempts + 1}
            await Notice.update(taken).where(Notice.id == notice)
            return await super().way_to(kind, recipient_id)

    post = Post(SlowBook(), {"sms": gateway}, vault, lambda: NOW, "zh_CN", {"site": "x"})
    await delivery.deliver_due(post)
    assert gateway.seen == []
    assert await deliveries(notice) == []


# ---- people ----


async def test_tried_without_answer_stays_on_the_call_list(db: None) -> None:
    notice = await told(await a_household(contact_way="call"))
    await service.deliver_due(NOW)
    await service.mark_called(a_coordinator(), notice, "no_answer", NOW + timedelta(hours=1))
    assert (await row_of(notice))["state"] == "waiting"
    await service.mark_called(a_coordinator(), notice, "reached", NOW + timedelta(hours=2))
    assert (await row_of(notice))["state"] == "sent"
    assert [one["outcome"] for one in await deliveries(notice)] == ["waiting", "again", "sent"]


async def test_another_countys_coordinator_can_mark_nothing(db: None) -> None:
    stranger = a_coordinator("500231000000")
    call = await told(await a_household(contact_way="call"))
    await told(await a_household(contact_way="letter"))
    held = await told(await a_household(contact_way="none"))
    await service.deliver_due(NOW)
    with pytest.raises(service.NotFound):
        await service.mark_called(stranger, call, "reached", NOW)
    with pytest.raises(service.NotFound):
        await service.release_held(stranger, held, NOW)
    assert await service.mark_printed(stranger, NOW + timedelta(minutes=1), NOW) == 0
    assert await service.mark_printed(a_coordinator(), NOW + timedelta(minutes=1), NOW) == 1


async def test_a_held_notice_is_judged_anew_when_released(db: None) -> None:
    household = await a_household(contact_way="none")
    notice = await told(household)
    await service.deliver_due(NOW)
    await service.release_held(a_coordinator(), notice, NOW)
    await service.deliver_due(NOW)
    assert (await row_of(notice))["state"] == "held"
    await Household.update({Household.contact_way: "village"}).where(Household.id == household)
    await service.release_held(a_coordinator(), notice, NOW)
    await service.deliver_due(NOW)
    await service.mark_passed_on(a_coordinator(), notice, NOW)
    assert (await row_of(notice))["state"] == "sent"


async def test_the_demonstrations_console_needs_no_gateway(db: None) -> None:
    notice = await told(await a_household())
    await delivery.deliver_due(post_with(Console()))
    assert (await row_of(notice))["state"] == "sent"


async def test_a_reminder_waits_behind_the_first_telling_and_ends_with_it(db: None) -> None:
    household, pair = await a_household(contact_way="village"), uuid4()
    first = await told(household, about=pair)
    await service.deliver_due(NOW)
    reminder = await told(household, "household.reminder", about=pair)
    await service.deliver_due(NOW + timedelta(days=3))
    (item,) = await lists.on_list(a_coordinator(), "village")
    assert item.notice_id == first
    await service.mark_passed_on(a_coordinator(), first, NOW)
    assert await lists.on_list(a_coordinator(), "village") == []
    assert (await row_of(reminder))["state"] == "cancelled"
