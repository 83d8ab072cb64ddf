"""A county whose people can be recognised by every word about them: what shows one in clear has leaked it."""

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from factories import (
    FAR_VILLAGE,
    NOW,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_volunteer,
    an_account,
)
from ledger_files import household_row, identity_number, ledger_file, volunteer_row
from planned import a_planned_round, answered

from jiedui.actor import Actor
from jiedui.followups.service import ensure_due, log_visit
from jiedui.households.tables import Member
from jiedui.ledgers.service import import_file
from jiedui.notices.service import deliver_due
from jiedui.pairs.concerns import handle_concern, list_concerns, raise_concern
from jiedui.pairs.proposals import accept_proposal
from jiedui.plans.questions import Change, ask
from jiedui.rounds.pins import pin
from jiedui.rounds.views import plan_at
from jiedui.store import outbox
from jiedui.store.piccolo_conf import DB
from jiedui.store.vault import keyed_hash, seal
from jiedui.volunteers.service import record_check
from jiedui.volunteers.tables import Volunteer
from jiedui.wiring import LEDGERS

CHILD = (date(2018, 3, 1),)


@dataclasses.dataclass
class Canaries:
    """What must not be read anywhere, each with what it is; and where to begin looking."""

    hidden: dict[str, str] = dataclasses.field(default_factory=dict)
    addresses: list[str] = dataclasses.field(default_factory=list)
    serial: Iterator[int] = dataclasses.field(default_factory=itertools.count)
    cases: dict[str, UUID] = dataclasses.field(default_factory=dict)
    """A household, a volunteer and a pair that a county might show somebody above it."""

    def name(self, what: str, surname: str = "陶") -> str:
        """A name whose given part nobody else in the world has."""
        given = "".join(chr(0x3400 + next(self.serial)) for _ in range(2))
        self.hidden[given] = what
        return surname + given

    def words(self, what: str) -> str:
        """A remark or an illness of nobody else."""
        return self.name(what, "")

    def phone(self, what: str) -> str:
        """A telephone number of nobody else."""
        phone = f"1998877{next(self.serial):04}"
        self.hidden[phone] = what
        return phone

    def identity(self, what: str) -> str:
        """An identity number of nobody else."""
        number = identity_number(next(self.serial))
        self.hidden[number] = what
        return number

    def in_text(self, text: str) -> set[str]:
        """What a text gives away."""
        return {what for word, what in self.hidden.items() if word in text}

    async def family(self, **columns: Any) -> UUID:
        """A household of which everything is known."""
        identity, phone = self.identity("a family's identity number"), self.phone("a family's telephone")
        children = columns.pop("children", CHILD)
        household = await a_household(
            name=self.name("a family's name"), husband_name=self.name("a husband's name", "石"),
            health=self.words("a family's health"), remark=self.words("a family's remark"),
            ledger_key=keyed_hash(identity, "identity"), identity=seal(identity, "household.identity"),
            phone=seal(phone, "household.phone"), phone_key=keyed_hash(phone, "phone"), **columns,
        )  # fmt: skip
        for born_on in children:
            await Member(household=household, relation="child", name=self.name("a child's name", "石"),
                         born_on=born_on).save()  # fmt: skip
        return household

    async def helper(self, **columns: Any) -> UUID:
        """A volunteer of whom everything is known."""
        identity, phone = (
            self.identity("a volunteer's identity number"),
            self.phone("a volunteer's telephone"),
        )
        return await a_volunteer(
            name=self.name("a volunteer's name", "姚"), remark=self.words("a volunteer's remark"),
            ledger_key=keyed_hash(identity, "identity"), identity=seal(identity, "volunteer.identity"),
            phone=seal(phone, "volunteer.phone"), phone_key=keyed_hash(phone, "phone"), **columns,
        )  # fmt: skip

    async def at_her_telephone(self, helper: UUID) -> Actor:
        """A volunteer as services see her; her account bears her name."""
        row = await Volunteer.select(Volunteer.name).where(Volunteer.id == helper).first()
        name = row["name"] if row else ""
        account = await an_account("volunteer", VILLAGE, volunteer_id=helper, name=name)
        return Actor("volunteer", VILLAGE, name, account_id=account, volunteer_id=helper)


async def a_county_of_canaries(folder: Path) -> Canaries:
    """Ledgers, volunteers, a draft round with two runs and questions, pairs and messages in every state."""
    people = Canaries()
    await a_region_tree()
    await _ledgers(people, folder)
    await _a_draft(people)
    await _pairs(people)
    await _volunteers(people)
    return people


async def _ledgers(people: Canaries, folder: Path) -> None:
    """Two ledgers that say something else the second time, with rows that cannot be taken."""

    def said(number: str) -> dict[str, Any]:
        return household_row(
            1, identity_number=number, name=people.name("an imported name"),
            phone=people.phone("an imported telephone"),
            husband_name=people.name("an imported husband", "石"),
            health=people.words("an imported illness"), remark=people.words("an imported remark"),
            children=f"{people.name('an imported child', '石')} 2018.03", colour="绿",
        )  # fmt: skip

    def offered(number: str) -> dict[str, Any]:
        return volunteer_row(1, identity_number=number, name=people.name("an imported volunteer", "姚"),
                             phone=people.phone("an imported volunteer's telephone"))  # fmt: skip

    family, helper = people.identity("an imported identity number"), people.identity("an imported identity")
    for _ in range(2):
        wrong = said(people.identity("a refused identity number")) | {
            "village": "没有村", "children": people.name("a refused child") + " 不知哪年",
        }  # fmt: skip
        odd = said("4" + people.identity("a wrong identity number")[1:])
        for kind, rows in (
            ("households", (said(family), wrong, odd)),
            ("volunteers", (offered(helper), offered(people.identity("a refused one")) | {"kind": "无"})),
        ):
            path = ledger_file(folder, kind, *rows)
            await import_file(a_coordinator(), LEDGERS[kind], path, dry_run=False, now=NOW)


async def _a_draft(people: Canaries) -> None:
    """Two runs of a draft, with pins, a pin that could not be kept, families left out, and questions."""
    near = [await people.family() for _ in range(3)]
    people.cases["household"] = near[0]
    await people.family(region_code=FAR_VILLAGE, colour="red")
    for _ in range(3):
        await people.family(needs=("legal",), colour="yellow")
    helper = await people.helper(capacity=1)
    untrained = await people.helper(offers=["companionship", "legal"], skills=["法律"], trained=False)
    await people.helper(region_code=FAR_VILLAGE, capacity=3)
    actor = a_coordinator()
    round_id, _ = await a_planned_round(actor)
    await pin(actor, round_id, near[0], helper, "pin", "", NOW)
    await pin(actor, round_id, near[1], untrained, "pin", "", NOW)
    await a_planned_round(actor, round_id)
    _, plan = await plan_at(actor, round_id, 2)
    for change in (
        Change("forbid", near[0], helper), Change("leave", volunteer=helper),
        Change("clear", near[1], untrained), Change("drop", near[2]),
    ):  # fmt: skip
        await answered(await ask(actor, plan, change, datetime.now(UTC)))
    page = f"/rounds/{round_id}"
    people.addresses += [
        f"{page}/compare?a=1&b=2", f"{page}/plans/2/village/{VILLAGE}",
        f"{page}/plans/2/village/{FAR_VILLAGE}",
        f"{page}/plans/2/between/{VILLAGE}/{VILLAGE}", f"{page}/plans/2/left-out?stage=2",
        f"{page}/plans/2/what-if?kind=pin&household={near[0]}&volunteer={helper}",
        f"{page}/plans/2/map.json", f"{page}/plans/2/recruit.json",
    ]  # fmt: skip


async def _pairs(people: Canaries) -> None:
    """One family per way of telling that has been asked, and pairs in every further state."""
    for way in ("sms", "call", "village", "letter", "none"):
        helper = await people.helper()
        pair = await a_pair(await people.family(contact_way=way, colour="red"), helper)
        await accept_proposal(await people.at_her_telephone(helper), pair, NOW)
    async with DB.transaction():
        await outbox.enqueue(
            template="volunteer.code", params={"code": "246810"}, recipient=None,
            address=people.phone("the address of a code"), region_code=VILLAGE, subject_id=None,
            dedupe_key="canary-code", now=NOW,
        )  # fmt: skip
        for template in ("volunteer.proposal", "volunteer.approved"):
            await outbox.enqueue(
                template=template, params={}, recipient=("volunteer", await people.helper()),
                region_code=VILLAGE, subject_id=None, dedupe_key=template, now=NOW,
            )  # fmt: skip
    long_ago = NOW - timedelta(days=200)
    for state in ("proposed", "active", "paused", "closed", "declined", "refused"):
        helper = await people.helper()
        pair = await a_pair(
            await people.family(), helper, state=state, household_answered_at=long_ago, proposed_at=long_ago
        )
        if state == "active":
            people.cases |= {"volunteer": helper, "pair": pair}
            await ensure_due(NOW)
            volunteer = await people.at_her_telephone(helper)
            await log_visit(volunteer, pair, medium="call", outcome="no_answer",
                            happened_on=NOW.date() - timedelta(days=1), now=NOW)  # fmt: skip
            await raise_concern(volunteer, pair, "说不清", NOW)
            await raise_concern(a_coordinator(), pair, "再看看", NOW)
            await handle_concern(
                a_coordinator(), (await list_concerns(a_coordinator())).rows[0]["id"], "谈过", NOW
            )
    await deliver_due(NOW + timedelta(seconds=1))


async def _volunteers(people: Canaries) -> None:
    for state in ("applied", "refused", "suspended", "left"):
        helper = await people.helper(state=state, source="online")
        if state == "applied":
            await record_check(a_coordinator(), helper, kind="identity", passed=True,
                               checked_on=NOW.date(), paper="身份证", now=NOW)  # fmt: skip
