"""The operator's console and the lists, as different people see them."""

import dataclasses
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from factories import COUNTY, NOW, OTHER_COUNTY, VILLAGE, a_household, a_volunteer
from litestar import Litestar
from planned import alike

from jiedui.audit.tables import AuditEntry
from jiedui.households.tables import Household
from jiedui.notices import service
from jiedui.store import outbox
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import seal
from jiedui_notifications.tables import Notice

TOKEN = "0123456789abcdef0123456789abcdef"
LINK = f"https://localhost:8000/h/{TOKEN}"
PURPOSE = {"purpose": "tell"}
PAGES = ("/notices", "/notices/calls", "/notices/villages", "/notices/letters", "/notices/letters.pdf")


def _said(page: httpx.Response, asked: UUID) -> str:
    """A page without what differs between any two requests: the form's token and the address asked for."""
    return alike(page).replace(str(asked), "")


async def told(household: UUID, template: str = "household.helper_found") -> UUID:
    async with DB.transaction():
        notice = await outbox.enqueue(
            template=template,
            params={"link": LINK},
            recipient=("household", household),
            region_code=VILLAGE,
            subject_id=uuid4(),
            dedupe_key=str(uuid4()),
            now=NOW,
        )
    assert notice is not None
    return notice


async def a_code() -> None:
    async with DB.transaction():
        await outbox.enqueue(
            template="volunteer.code",
            params={"code": "246810"},
            recipient=None,
            address="13800005678",
            region_code=VILLAGE,
            subject_id=None,
            dedupe_key="code",
            now=NOW,
        )


def be_the_demonstration(app: Litestar, monkeypatch: pytest.MonkeyPatch) -> None:
    app.state.settings = dataclasses.replace(app.state.settings, demo=True)
    monkeypatch.setenv("JIEDUI_DEMO", "1")


async def test_the_demonstrations_console_shows_a_text_exactly_as_it_leaves(
    app: Litestar, login_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_the_demonstration(app, monkeypatch)
    await told(await a_household(phone=seal("13800001234", "household.phone")))
    await service.deliver_due(NOW)
    coordinator = await login_as("coordinator", COUNTY)
    shown = (await coordinator.get("/notices")).text
    assert f"【社区服务】您有一条信息：{LINK} 有疑问请问村委会。" in shown
    assert "138****1234" in shown
    assert "陶*" in shown
    assert "陶秀倩" not in shown


async def test_outside_the_demonstration_nobody_reads_a_households_link_on_the_console(
    app: Litestar, login_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told(await a_household(contact_way="sms"))
    monkeypatch.setenv("JIEDUI_DEMO", "1")  # the worker's gateway; the site itself is not the demonstration's
    await service.deliver_due(NOW)
    for role in ("coordinator", "administrator"):
        shown = (await (await login_as(role, COUNTY)).get("/notices")).text
        assert "您有一条信息：" in shown
        assert TOKEN not in shown


@pytest.mark.parametrize(
    ("demo", "role", "readable"),
    [(True, "administrator", True), (True, "coordinator", False), (False, "administrator", False)],
)
async def test_one_time_codes_are_for_the_demonstrations_administrator_alone(
    app: Litestar, login_as: Any, monkeypatch: pytest.MonkeyPatch, demo: bool, role: str, readable: bool
) -> None:
    if demo:
        be_the_demonstration(app, monkeypatch)
    await a_code()
    await service.deliver_due(NOW)
    shown = (await (await login_as(role, COUNTY)).get("/notices")).text
    assert ("246810" in shown) == readable
    assert "138****5678" in shown


async def test_another_countys_coordinator_finds_nothing(app: Litestar, login_as: Any) -> None:
    notices = [
        await told(await a_household(contact_way=way)) for way in ("call", "village", "letter", "none")
    ]
    await service.deliver_due(NOW)
    stranger = await login_as("coordinator", OTHER_COUNTY)
    for path in PAGES:
        answer = await stranger.get(path)
        assert "陶" not in answer.text
        assert "回龙村" not in answer.text
    made_up = await stranger.get(f"/notices/letters.pdf?purpose=tell&notice={(nobody := uuid4())}")
    foreign = await stranger.get(f"/notices/letters.pdf?purpose=tell&notice={notices[2]}")
    assert foreign.status_code == made_up.status_code == 404
    assert _said(foreign, notices[2]) == _said(made_up, nobody)
    for notice, deed in zip(notices, ("called", "passed-on", "release", "arrived"), strict=True):
        answer = await stranger.submit(f"/notices/{notice}/{deed}", {"answer": "reached"})
        assert answer.status_code == 404
    assert await Notice.count().where(Notice.state == "sent") == 0


async def test_volunteers_and_strangers_do_not_come_in(app: Litestar, login_as: Any, visitor: Any) -> None:
    volunteer = await login_as("volunteer", COUNTY, volunteer_id=await a_volunteer())
    for path in PAGES:
        assert (await volunteer.get(path)).status_code == 403
        assert (await visitor.get(path)).status_code == 303


async def test_names_and_numbers_of_the_call_list_open_only_by_a_form_that_is_noted(
    app: Litestar, login_as: Any
) -> None:
    await told(await a_household(contact_way="call", phone=seal("13800004321", "household.phone")))
    await service.deliver_due(NOW)
    coordinator = await login_as("coordinator", COUNTY)
    masked = (await coordinator.get("/notices/calls")).text
    assert "138****4321" in masked
    assert "13800004321" not in masked
    assert "陶秀倩" not in masked
    assert not await AuditEntry.exists().where(AuditEntry.action == "notice.call_opened")
    opened = await coordinator.submit("/notices/calls", PURPOSE, follow_redirects=True)
    assert "13800004321" in opened.text
    assert "陶秀倩" in opened.text
    assert await AuditEntry.exists().where(AuditEntry.action == "notice.call_opened")


async def test_a_call_that_reached_her_leaves_the_list(app: Litestar, login_as: Any) -> None:
    notice = await told(await a_household(contact_way="call"))
    await service.deliver_due(NOW)
    coordinator = await login_as("coordinator", COUNTY)
    await coordinator.get("/notices/calls")
    await coordinator.submit(f"/notices/{notice}/called", {"answer": "no_answer"})
    assert "陶*" in (await coordinator.get("/notices/calls")).text
    assert (await coordinator.submit(f"/notices/{notice}/called", {"answer": "reached"})).status_code == 303
    assert "陶*" not in (await coordinator.get("/notices/calls")).text
    assert (await coordinator.submit(f"/notices/{notice}/called", {"answer": "reached"})).status_code == 409
    assert (await coordinator.submit(f"/notices/{notice}/called", {"answer": "shouted"})).status_code == 422


async def test_a_household_that_no_longer_wants_to_be_called_is_off_the_list_at_once(
    app: Litestar, login_as: Any
) -> None:
    household = await a_household(contact_way="call")
    await told(household)
    await service.deliver_due(NOW)
    await Household.update({Household.contact_way: "none"}).where(Household.id == household)
    coordinator = await login_as("coordinator", COUNTY)
    for answer in (
        await coordinator.get("/notices/calls"),
        await coordinator.submit("/notices/calls", PURPOSE, follow_redirects=True),
    ):
        assert answer.status_code == 200
        assert "陶" not in answer.text


async def test_the_village_list_names_whom_to_tell_and_why_a_text_cannot_go(
    app: Litestar, login_as: Any
) -> None:
    await told(await a_household(contact_way="village"))
    second = await told(await a_household(contact_way="sms", phone=None, phone_key=None))
    await service.deliver_due(NOW)
    coordinator = await login_as("coordinator", COUNTY)
    opened = (await coordinator.submit("/notices/villages", PURPOSE, follow_redirects=True)).text
    assert "虎威镇 · 回龙村" in opened
    assert opened.count("陶秀倩") == 2
    await coordinator.submit(f"/notices/{second}/passed-on")
    assert (await coordinator.submit("/notices/villages", PURPOSE, follow_redirects=True)).text.count(
        "陶秀倩"
    ) == 1


async def test_letters_are_read_without_being_marked_and_marked_by_a_form(
    app: Litestar, login_as: Any
) -> None:
    notice = await told(await a_household(contact_way="letter"))
    await service.deliver_due(NOW)
    coordinator = await login_as("coordinator", COUNTY)
    listed = await coordinator.get("/notices/letters")
    assert "陶*" in listed.text
    pdf = await coordinator.get("/notices/letters.pdf?purpose=tell")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF")
    assert await Notice.count().where(Notice.state == "waiting") == 1
    until = {"until": (app.state.clock() + timedelta(minutes=1)).isoformat()}
    await coordinator.submit("/notices/letters/printed", until)
    assert await Notice.count().where(Notice.state == "sent") == 1
    assert (await coordinator.get("/notices/letters.pdf?purpose=tell")).status_code == 404
    again = await coordinator.get(f"/notices/letters.pdf?purpose=tell&notice={notice}")
    assert again.status_code == 200


async def test_letters_that_came_after_the_print_are_not_marked_with_it(app: Litestar, login_as: Any) -> None:
    await told(await a_household(contact_way="letter"))
    await service.deliver_due(NOW)
    coordinator = await login_as("coordinator", COUNTY)
    await coordinator.get("/notices/letters")
    before = {"until": (NOW - timedelta(days=1)).isoformat()}
    await coordinator.submit("/notices/letters/printed", before)
    assert await Notice.count().where(Notice.state == "waiting") == 1


async def test_what_is_held_says_why_and_can_be_tried_again(app: Litestar, login_as: Any) -> None:
    notice = await told(await a_household(contact_way="none"))
    await service.deliver_due(NOW)
    coordinator = await login_as("coordinator", COUNTY)
    coordinator.cookies.set(app.state.cookies.lang, "en")
    shown = (await coordinator.get("/notices?state=held")).text
    assert "nobody may contact her" in shown
    await coordinator.submit(f"/notices/{notice}/release")
    assert await Notice.count().where(Notice.state == "queued") == 1


async def test_many_messages_come_in_pages_without_gaps_or_repeats(app: Litestar, login_as: Any) -> None:
    household = await a_household(contact_way="letter")
    for _ in range(120):
        await told(household)
    coordinator = await login_as("coordinator", COUNTY)
    address, pages, seen = "/notices", 0, 0
    while address:
        text = (await coordinator.get(address)).text
        pages += 1
        seen += text.count('<li class="sheet message">')
        _, found, rest = text.partition('rel="next" href="')
        address = rest.partition('"')[0].replace("&amp;", "&") if found else ""
    assert (pages, seen) == (3, 120)


@pytest.mark.parametrize("query", ["state=lost", "kind=dog"])
async def test_an_address_that_makes_no_sense_is_not_found(app: Litestar, login_as: Any, query: str) -> None:
    coordinator = await login_as("coordinator", COUNTY)
    assert (await coordinator.get(f"/notices?{query}")).status_code == 404


@pytest.mark.parametrize("query", ["until=soon", "notice=17"])
async def test_letters_of_a_moment_that_makes_no_sense_are_not_found(
    app: Litestar, login_as: Any, query: str
) -> None:
    coordinator = await login_as("coordinator", COUNTY)
    assert (await coordinator.get(f"/notices/letters.pdf?{query}")).status_code == 404
