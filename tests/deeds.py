"""For each form of the site somebody who may send it, and words that do something."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from factories import (
    COUNTY,
    NOW,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    a_check,
    a_claim,
    a_household,
    a_pair,
    a_region_tree,
    a_round,
    a_volunteer,
    an_account,
    notices_about,
    the_volunteer,
)
from ledger_files import household_row, ledger
from litestar import Litestar
from planned import a_planned_round

from jiedui.accounts.tables import CaseGrant
from jiedui.clock import today
from jiedui.jobs.service import run_one
from jiedui.ledgers.tables import LedgerImport
from jiedui.notices import service as notices
from jiedui.pairs import service as pairs
from jiedui.pairs.tables import Concern
from jiedui.rounds.tables import Pin
from jiedui.store import outbox
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import seal, unseal
from jiedui.worker import HANDLERS
from jiedui_notifications.sealing import PARAMS
from jiedui_notifications.tables import Notice


@dataclass
class Deed:
    """A form: who sends it, where to, with which words."""

    visitor: Any
    path: str
    fields: dict[str, Any] = field(default_factory=dict)
    files: Any = None


@dataclass
class Stage:
    """The application and who comes to it."""

    app: Litestar
    login_as: Callable[..., Awaitable[Any]]
    nobody: Any

    @property
    def now(self) -> datetime:
        return self.app.state.clock()  # type: ignore[no-any-return]

    async def coordinator(self) -> Any:
        return await self.login_as("coordinator", COUNTY)

    async def volunteer(self, **columns: Any) -> tuple[Any, Any]:
        """Her browser and her id."""
        her = await a_volunteer(**{"record_checked_on": self.now.date(), "capacity": 9} | columns)
        return await self.login_as("volunteer", VILLAGE, volunteer_id=her), her

    async def running_pair(self, state: str = "active", **columns: Any) -> Any:
        her = await a_volunteer(record_checked_on=self.now.date())
        return await a_pair(volunteer=her, state=state, **columns)

    async def her_pair(self, state: str, **columns: Any) -> tuple[Any, Any]:
        visitor, her = await self.volunteer()
        until = self.now + timedelta(days=3)
        return visitor, await a_pair(volunteer=her, state=state, volunteer_deadline=until, **columns)

    async def asked_household(self) -> tuple[Any, str]:
        """A pair whose household was asked, and the token of its link."""
        her = await a_volunteer(record_checked_on=self.now.date())
        pair = await a_pair(volunteer=her, volunteer_deadline=self.now + timedelta(days=3))
        await pairs.accept_proposal(await the_volunteer(her), pair, self.now)
        return pair, (await notices_about(pair))["household.helper_found"]["params"]["link"][-22:]

    async def planned(self) -> tuple[Any, Any]:
        """A round with a plan of two families and two helpers."""
        await a_household(name="田大妹")
        await a_volunteer(name="王丽", capacity=1, record_checked_on=today(self.now))
        return await a_planned_round()

    async def told(self, way: str) -> Any:
        """A notice that waits on a list, or left and nobody knows whether it came."""
        household = await a_household(contact_way=way, phone=seal("13800004321", "household.phone"))
        async with DB.transaction():
            notice = await outbox.enqueue(
                template="household.helper_found", params={"link": f"https://localhost:8000/h/{'0' * 22}"},
                recipient=("household", household), region_code=VILLAGE, subject_id=uuid4(),
                dedupe_key=str(uuid4()), now=self.now,
            )  # fmt: skip
        await notices.deliver_due(self.now)
        return notice

    async def read_upload(self, content: bytes | None = None) -> tuple[Any, str]:
        """A ledger that was sent and read, and its page."""
        coordinator = await self.coordinator()
        await a_region_tree()
        files = {
            "file": ("a.xlsx", content or ledger("households", household_row(1)), "application/octet-stream")
        }
        sent = await coordinator.submit("/households/import", files=files)
        while await run_one(HANDLERS, "test", datetime.now(UTC)):
            pass
        return coordinator, sent.headers["location"]


DEEDS: dict[str, Callable[[Stage], Awaitable[Deed]]] = {}
"""By the path of the route."""


def deed(route: str) -> Callable[[Callable[[Stage], Awaitable[Deed]]], Callable[[Stage], Awaitable[Deed]]]:
    def known(make: Callable[[Stage], Awaitable[Deed]]) -> Callable[[Stage], Awaitable[Deed]]:
        DEEDS[route] = make
        return make

    return known


# ---- nobody ----


JOIN = {
    "kind": "caring_mother", "offers": ["companionship"], "skills": "英语", "capacity": "2", "reach_km": "10",
    "times": ["周末"], "village": VILLAGE, "name": "欧阳兰", "phone": "138 0013 8000", "consent": "on",
}  # fmt: skip


@deed("/login/volunteer")
async def ask_for_a_code(stage: Stage) -> Deed:
    return Deed(stage.nobody, "/login/volunteer", {"phone": "13812345678"})


@deed("/join")
async def join(stage: Stage) -> Deed:
    await a_region_tree()
    return Deed(stage.nobody, "/join", JOIN)


@deed("/join/again")
async def join_again(stage: Stage) -> Deed:
    await a_region_tree()
    await stage.nobody.submit("/join", JOIN)
    await stage.app.state.redis.flushdb()
    return Deed(stage.nobody, "/join/again")


@deed("/join/confirm")
async def join_confirm(stage: Stage) -> Deed:
    await a_region_tree()
    await stage.nobody.submit("/join", JOIN)
    notice = await Notice.select().where(Notice.template == "volunteer.code").first()
    code = unseal(notice["params"], PARAMS)[-8:-2]  # type: ignore[index]
    return Deed(stage.nobody, "/join/confirm", {"code": code})


@deed("/h/{token:str}/answer")
async def household_answer(stage: Stage) -> Deed:
    _, token = await stage.asked_household()
    proof = (await pairs.open_link(token, 1990, stage.now)).proof
    return Deed(stage.nobody, f"/h/{token}/answer", {"proof": proof, "answer": "yes"})


# ---- volunteers ----


@deed("/me/proposals/{pair_id:uuid}/accept")
async def accept(stage: Stage) -> Deed:
    visitor, pair = await stage.her_pair("proposed")
    return Deed(visitor, f"/me/proposals/{pair}/accept")


@deed("/me/proposals/{pair_id:uuid}/decline")
async def decline(stage: Stage) -> Deed:
    visitor, pair = await stage.her_pair("proposed")
    return Deed(visitor, f"/me/proposals/{pair}/decline", {"reason": "no_time"})


@deed("/me/pairs/{pair_id:uuid}/phone")
async def phone(stage: Stage) -> Deed:
    home = await a_household(contact_way="call", phone=seal("18800009999", "household.phone"))
    visitor, pair = await stage.her_pair("active", household=home)
    return Deed(visitor, f"/me/pairs/{pair}/phone")


@deed("/me/pairs/{pair_id:uuid}/concern")
async def her_concern(stage: Stage) -> Deed:
    visitor, pair = await stage.her_pair("active")
    return Deed(visitor, f"/me/pairs/{pair}/concern", {"text": "她没有开门"})


@deed("/me/pairs/{pair_id:uuid}/log")
async def log(stage: Stage) -> Deed:
    visitor, pair = await stage.her_pair("active")
    contact = {"medium": "call", "outcome": "reached", "happened_on": today(stage.now).isoformat()}
    return Deed(visitor, f"/me/pairs/{pair}/log", contact)


@deed("/me/profile/offer")
async def offer(stage: Stage) -> Deed:
    visitor, _ = await stage.volunteer()
    wishes = {"offers": "tutoring", "capacity": "2", "reach_km": "any", "times": "周末"}
    return Deed(visitor, "/me/profile/offer", wishes)


@deed("/me/profile/{deed:str}")
async def my_pause(stage: Stage) -> Deed:
    visitor, _ = await stage.volunteer()
    return Deed(visitor, "/me/profile/pause")


# ---- ledgers ----


@deed("/households/import")
async def send(stage: Stage) -> Deed:
    await a_region_tree()
    file = ("a.xlsx", ledger("households", household_row(1)), "application/octet-stream")
    return Deed(await stage.coordinator(), "/households/import", files={"file": file})


@deed("/households/import/{import_id:uuid}/headers")
async def headers(stage: Stage) -> Deed:
    content = ledger("households", household_row(1), headers={"colour": "几级"})
    coordinator, here = await stage.read_upload(content)
    return Deed(coordinator, f"{here}/headers", {"meaning-0": "colour"})


@deed("/households/import/{import_id:uuid}/again")
async def again(stage: Stage) -> Deed:
    coordinator, here = await stage.read_upload()
    return Deed(coordinator, f"{here}/again")


@deed("/households/import/{import_id:uuid}/apply")
async def apply(stage: Stage) -> Deed:
    coordinator, here = await stage.read_upload()
    return Deed(coordinator, f"{here}/apply")


@deed("/households/import/{import_id:uuid}/discard")
async def discard(stage: Stage) -> Deed:
    coordinator, here = await stage.read_upload()
    return Deed(coordinator, f"{here}/discard")


@deed("/households/{household_id:uuid}/reveal")
async def open_card(stage: Stage) -> Deed:
    home = await a_household()
    return Deed(await stage.coordinator(), f"/households/{home}/reveal", {"purpose": "safety"})


# ---- volunteers, as the desk sees them ----


@deed("/volunteers/{volunteer_id:uuid}/checks")
async def check(stage: Stage) -> Deed:
    her = await a_volunteer(state="applied", source="online", record_checked_on=None, trained=False)
    noted = {"kind": "identity", "outcome": "passed", "checked_on": "2026-10-01", "paper": "身份证原件"}
    return Deed(await stage.coordinator(), f"/volunteers/{her}/checks", noted)


@deed("/volunteers/{volunteer_id:uuid}/capacity")
async def capacity(stage: Stage) -> Deed:
    her = await a_volunteer(capacity=2)
    return Deed(await stage.coordinator(), f"/volunteers/{her}/capacity", {"capacity": "3"})


@deed("/volunteers/{volunteer_id:uuid}/reveal")
async def reveal(stage: Stage) -> Deed:
    her = await a_volunteer()
    return Deed(await stage.coordinator(), f"/volunteers/{her}/reveal", {"purpose": "ledger"})


@deed("/volunteers/{volunteer_id:uuid}/{deed:str}")
async def suspend(stage: Stage) -> Deed:
    her = await a_volunteer()
    return Deed(await stage.coordinator(), f"/volunteers/{her}/suspend", {"reason": "concern"})


async def stated() -> tuple[Any, Any]:
    """A check that a township's ledger states: the ledger and the check."""
    her = await a_volunteer(identified=False, record_checked_on=None, trained=False)
    sent = LedgerImport(
        kind="volunteers", region_code=TOWNSHIP, state="ready", decision="applied", created_at=NOW
    )
    await sent.save()
    return sent.id, await a_check(
        her, kind="identity", standing="stated", recorded_from=TOWNSHIP, ledger_import=sent.id
    )


@deed("/volunteers/stated/list/{ledger:str}/confirm")
async def confirm_list(stage: Stage) -> Deed:
    ledger, _ = await stated()
    return Deed(await stage.coordinator(), f"/volunteers/stated/list/{ledger}/confirm")


@deed("/volunteers/stated/{check_id:uuid}/{deed:str}")
async def confirm(stage: Stage) -> Deed:
    _, check_id = await stated()
    return Deed(await stage.coordinator(), f"/volunteers/stated/{check_id}/confirm")


@deed("/claims/{claim_id:uuid}/{decision:str}")
async def claim(stage: Stage) -> Deed:
    await a_region_tree()
    claimed = await a_claim(await a_household(), COUNTY)
    return Deed(await stage.coordinator(), f"/claims/{claimed}/moved")


# ---- rounds ----


@deed("/rounds")
async def open_round(stage: Stage) -> Deed:
    await a_household()
    await a_volunteer()
    fields = {"region": COUNTY, "dated": TODAY.isoformat(), "policy": "standard"}
    return Deed(await stage.coordinator(), "/rounds", fields)


@deed("/rounds/{round_id:uuid}/calculate")
async def calculate(stage: Stage) -> Deed:
    await a_household()
    await a_volunteer()
    return Deed(await stage.coordinator(), f"/rounds/{await a_round()}/calculate")


@deed("/rounds/{round_id:uuid}/put-aside")
async def put_aside(stage: Stage) -> Deed:
    return Deed(await stage.coordinator(), f"/rounds/{await a_round()}/put-aside")


@deed("/rounds/{round_id:uuid}/pins")
async def pin(stage: Stage) -> Deed:
    people = {"household": str(await a_household()), "volunteer": str(await a_volunteer()), "kind": "pin"}
    return Deed(await stage.coordinator(), f"/rounds/{await a_round()}/pins", people)


@deed("/rounds/{round_id:uuid}/pins/{pin_id:uuid}/take-back")
async def unpin(stage: Stage) -> Deed:
    made = await pin(stage)
    await made.visitor.submit(made.path, made.fields)
    row = await Pin.select().first()
    return Deed(made.visitor, f"{made.path}/{row['id']}/take-back")  # type: ignore[index]


@deed("/rounds/{round_id:uuid}/plans/{number:int}/publish")
async def publish(stage: Stage) -> Deed:
    round_id, _ = await stage.planned()
    return Deed(await stage.coordinator(), f"/rounds/{round_id}/plans/1/publish")


@deed("/rounds/{round_id:uuid}/plans/{number:int}/what-if")
async def what_if(stage: Stage) -> Deed:
    round_id, _ = await stage.planned()
    change = {"kind": "distance", "number": "20"}
    return Deed(await stage.coordinator(), f"/rounds/{round_id}/plans/1/what-if", change)


@deed("/jobs/{job_id:uuid}/stop")
async def stop(stage: Stage) -> Deed:
    made = await calculate(stage)
    await made.visitor.submit(made.path)
    from jiedui.jobs.tables import Job

    row = await Job.select().first()
    return Deed(made.visitor, f"/jobs/{row['id']}/stop")  # type: ignore[index]


# ---- pairs ----


@deed("/pairs/{pair_id:uuid}/answer")
async def answer(stage: Stage) -> Deed:
    pair, _ = await stage.asked_household()
    return Deed(await stage.coordinator(), f"/pairs/{pair}/answer", {"answer": "accepts", "how": "call"})


@deed("/pairs/{pair_id:uuid}/ask-again")
async def ask_again(stage: Stage) -> Deed:
    pair, _ = await stage.asked_household()
    return Deed(await stage.coordinator(), f"/pairs/{pair}/ask-again")


@deed("/pairs/{pair_id:uuid}/pause")
async def pause(stage: Stage) -> Deed:
    pair = await stage.running_pair()
    return Deed(await stage.coordinator(), f"/pairs/{pair}/pause", {"pause_reason": "away"})


@deed("/pairs/{pair_id:uuid}/resume")
async def resume(stage: Stage) -> Deed:
    pair = await stage.running_pair("paused")
    return Deed(await stage.coordinator(), f"/pairs/{pair}/resume")


@deed("/pairs/{pair_id:uuid}/close")
async def close(stage: Stage) -> Deed:
    pair = await stage.running_pair()
    return Deed(await stage.coordinator(), f"/pairs/{pair}/close", {"close_reason": "goal_reached"})


@deed("/pairs/{pair_id:uuid}/concern")
async def concern(stage: Stage) -> Deed:
    return Deed(
        await stage.coordinator(), f"/pairs/{await stage.running_pair()}/concern", {"text": "听说不太好"}
    )


@deed("/pairs/{pair_id:uuid}/hand-over")
async def hand_over(stage: Stage) -> Deed:
    pair = await stage.running_pair()
    fields = {
        "volunteer": str(await a_volunteer(record_checked_on=stage.now.date())),
        "reason": "no_more_time",
    }
    return Deed(await stage.coordinator(), f"/pairs/{pair}/hand-over", fields)


@deed("/concerns/{concern_id:uuid}/handle")
async def handle(stage: Stage) -> Deed:
    made = await concern(stage)
    await made.visitor.submit(made.path, made.fields)
    row = await Concern.select().first()
    return Deed(made.visitor, f"/concerns/{row['id']}/handle", {"outcome": "上门看过了"})  # type: ignore[index]


# ---- case grants ----


@deed("/grants")
async def give(stage: Stage) -> Deed:
    home, above = await a_household(), await an_account(region_code="500200000000")
    case = {
        "account": str(above),
        "kind": "household",
        "subject": str(home),
        "reason": "市里复核",
        "days": "7",
    }
    return Deed(await stage.coordinator(), "/grants", case)


@deed("/grants/{grant_id:uuid}/end")
async def end(stage: Stage) -> Deed:
    made = await give(stage)
    await made.visitor.submit(made.path, made.fields)
    row = await CaseGrant.select().first()
    return Deed(made.visitor, f"/grants/{row['id']}/end")  # type: ignore[index]


# ---- notices ----


@deed("/notices/calls")
async def open_calls(stage: Stage) -> Deed:
    await stage.told("call")
    return Deed(await stage.coordinator(), "/notices/calls", {"purpose": "tell"})


@deed("/notices/{notice_id:uuid}/called")
async def called(stage: Stage) -> Deed:
    return Deed(
        await stage.coordinator(), f"/notices/{await stage.told('call')}/called", {"answer": "no_answer"}
    )


@deed("/notices/villages")
async def open_villages(stage: Stage) -> Deed:
    await stage.told("village")
    return Deed(await stage.coordinator(), "/notices/villages", {"purpose": "tell"})


@deed("/notices/{notice_id:uuid}/passed-on")
async def passed_on(stage: Stage) -> Deed:
    return Deed(await stage.coordinator(), f"/notices/{await stage.told('village')}/passed-on")


@deed("/notices/letters/printed")
async def printed(stage: Stage) -> Deed:
    await stage.told("letter")
    until = (stage.now + timedelta(minutes=1)).isoformat()
    return Deed(await stage.coordinator(), "/notices/letters/printed", {"until": until})


@deed("/notices/{notice_id:uuid}/release")
async def release(stage: Stage) -> Deed:
    notice = await stage.told("none")
    await Notice.update({Notice.state: "held", Notice.hold_reason: "unknown_outcome"}).where(
        Notice.id == notice
    )
    return Deed(await stage.coordinator(), f"/notices/{notice}/release")


@deed("/notices/{notice_id:uuid}/arrived")
async def arrived(stage: Stage) -> Deed:
    made = await release(stage)
    return Deed(made.visitor, made.path.replace("release", "arrived"))
