"""Everybody against everything: people of all roles in all places, rows of one village, and what each may do.

What is expected is said here a second time, on purpose not read from the policies.
"""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    TODAY,
    VILLAGE,
    a_claim,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_volunteer,
    an_account,
)
from planned import a_planned_round

import jiedui
from jiedui.accounts import grants
from jiedui.accounts.service import actor_of
from jiedui.actor import STAFF_ROLES, Actor
from jiedui.followups.service import ensure_due
from jiedui.jobs.tables import Job
from jiedui.ledgers.tables import LedgerImport
from jiedui.pairs.tables import Concern, Pair
from jiedui.plans.tables import WhatIf
from jiedui.regions.tables import Region
from jiedui.rounds.tables import Candidate, Pin
from jiedui.rounds.views import plan_at
from jiedui.store import outbox, vault
from jiedui.volunteers.tables import VettingCheck
from jiedui_notifications.sealing import BODY
from jiedui_notifications.tables import Delivery, Notice

FAR_TOWNSHIP, CITY, PROVINCE = FAR_VILLAGE[:9] + "000", "500200000000", "500000000000"
PLACES = {"own": COUNTY, "village": VILLAGE, "below": FAR_TOWNSHIP, "beside": OTHER_COUNTY, "above": CITY,
          "far above": PROVINCE}  # fmt: skip
CONCEPTS = (
    "accounts", "audit", "consents", "desks", "followups", "households", "jobs", "ledgers", "notices",
    "pairs", "plans", "policies", "regions", "rounds", "volunteers",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody, and how she stands to the rows of the village."""

    name: str
    actor: Actor
    shown: bool = False
    """Whether the county shows her the household, the volunteer and the pairs."""
    hers: bool = False
    """Whether she is the volunteer of the rows."""

    @property
    def may_be(self) -> set[str]:
        """Whose deeds she may do at all."""
        role, near = self.actor.role, len(self.actor.region_code.rstrip("0")) > 4
        desk = role in ("coordinator", "administrator") and near
        told = {
            "desk": desk,
            "county": desk and len(self.actor.region_code.rstrip("0")) in (5, 6),
            "between": role in ("coordinator", "administrator") and not near,
            "vets": role == "vetting_officer" and near,
            "protects": role == "safeguarding_officer" and near,
            "audits": role == "auditor",
            "administers": role == "administrator",
            "reads": role in ("coordinator", "administrator", "reader"),
            "helps": role == "volunteer",
            "shown": self.shown,
        }
        return {word for word, true in told.items() if true}

    def reaches(self, area: str) -> bool:
        """Whether rows of this area are of hers."""
        return area.startswith(self.actor.region_code[: _digits(self.actor.region_code)])


def _digits(code: str) -> int:
    length = len(code.rstrip("0"))
    return next(end for end in (0, 2, 4, 6, 9, 12) if end >= length)


@dataclass
class World:
    """One village's rows, each told by what a service calls its argument."""

    ids: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)
    """What nobody outside may ever be given back: ids, names, numbers."""
    volunteer: UUID = field(default_factory=uuid4)
    helper_account: UUID = field(default_factory=uuid4)


async def a_world() -> World:
    """A village with one of everything."""
    await a_region_tree()
    await Region.insert(
        Region(code=CITY, name="某市", short_name="某市", level="city"),
        Region(code=PROVINCE, name="某省", short_name="某省", level="province"),
    ).on_conflict(action="DO NOTHING")
    world = World()
    desk = a_coordinator(account_id=await an_account())
    household = await a_household(name="龚独一", colour="red", contact_way="call")
    volunteer = await a_volunteer(name="晏独二", number="T777777", capacity=20, record_checked_on=TODAY)
    for _ in range(2):
        await a_household(name="席独三")
        await a_volunteer(name="蔺独四", number=f"T7777{uuid4().hex[:4].upper()}")
    round_id, plan_id = await a_planned_round(desk)
    round_row, plan = await plan_at(desk, round_id, 1)
    pairs = {
        state: await a_pair(household if state == "active" else await a_household(), volunteer, state=state)
        for state in ("proposed", "accepted", "active", "paused")
    }
    concern = Concern(pair=pairs["active"], household=household, region_code=VILLAGE, raised_by="household",
                      body="独五的事", state="open", raised_at=NOW)  # fmt: skip
    await concern.save()
    await ensure_due(NOW)
    listed = {}
    for channel in ("call", "village", "letter"):
        home = await a_household(contact_way=channel)
        listed[channel] = await a_notice(home, channel=channel, state="waiting")
    listed["held"] = await a_notice(household, state="held", hold_reason="unknown_outcome")
    job = Job(kind="round.run", subject_id=plan_id, region_code=COUNTY, state="running", run_after=NOW,
              created_at=NOW)  # fmt: skip
    await job.save()
    sent = {}
    for kind in ("households", "volunteers", "regions"):
        row = LedgerImport(kind=kind, region_code=COUNTY, file_hash="0" * 64, state="ready",
                           content=vault.seal("", "ledger_import.content"), created_at=NOW)  # fmt: skip
        await row.save()
        sent[f"import:{kind}"] = UUID(str(row.id))
    claim = await a_claim(household, COUNTY, "独六")
    pin = Pin(round=round_id, household=household, volunteer=volunteer, region_code=COUNTY, kind="pin",
              created_at=NOW)  # fmt: skip
    await pin.save()
    dropped = json.dumps({"kind": "drop", "household": str(household)})
    question = WhatIf(plan=plan_id, region_code=COUNTY, change=dropped, state="failed", created_at=NOW)
    await question.save()
    stated = VettingCheck(volunteer=volunteer, region_code=VILLAGE, kind="training", passed=True, paper="",
                          checked_on=TODAY, standing="stated", created_at=NOW)  # fmt: skip
    await stated.save()
    colleague = await an_account(region_code=CITY, name="市里人")
    await an_account(region_code=VILLAGE, login="staff-of-the-village", name="独七")
    grant = await grants.give(desk, colleague, "household", household, "复核", 7, NOW)
    candidate = await Candidate.select(Candidate.id).where(Candidate.plan == plan_id).first()
    world.volunteer = volunteer
    world.helper_account = await an_account("volunteer", VILLAGE, volunteer_id=volunteer)
    pair = await Pair.select().where(Pair.id == pairs["active"]).first()
    world.rows = {"round_row": round_row, "plan": plan, "other": plan, "pair": pair or {}}
    world.rows["volunteer"] = {"id": volunteer, "state": "active"}
    world.ids = {
        "household_id": household, "volunteer_id": volunteer, "round_id": round_id, "plan_id": plan_id,
        "job_id": UUID(str(job.id)), **sent, "pin_id": UUID(str(pin.id)),
        "question_id": UUID(str(question.id)), "grant_id": grant, "concern_id": UUID(str(concern.id)),
        "check_id": UUID(str(stated.id)), "claim_id": claim,
        "candidate_id": candidate["id"], "colleague": colleague,
        "staff": "staff-of-the-village",
        **{f"pair:{state}": pair for state, pair in pairs.items()},
        **{f"notice:{name}": notice for name, notice in listed.items()},
    }  # fmt: skip
    world.marks = [
        *(str(one) for name, one in world.ids.items() if name != "colleague"),
        "龚独一", "晏独二", "席独三", "蔺独四", "独五的事", "独六", "独七", "T7777",
    ]  # fmt: skip
    return world


async def a_notice(household: UUID, **columns: Any) -> UUID:
    """A message to a household, as a worker left it."""
    notice = await outbox.enqueue(
        template="household.helper_found", params={"link": "https://x.cn/h/token"}, region_code=VILLAGE,
        recipient=("household", household), subject_id=None, dedupe_key=str(uuid4()), now=NOW,
    )  # fmt: skip
    await Notice.update({**columns, "listed_at": NOW}).where(Notice.id == notice)
    if columns.get("channel"):
        await Delivery(notice=notice, attempt=1, channel=columns["channel"], at=NOW, outcome="waiting",
                       body=vault.seal("您好", BODY)).save()  # fmt: skip
    return UUID(str(notice))


async def acting(account_id: UUID) -> Actor:
    """Somebody as she is when she comes in."""
    actor = await actor_of(account_id, NOW)
    assert actor is not None
    return actor


async def everybody(world: World) -> list[Person]:
    """Every role in every place; whom a county shows the case, and whom it showed it once; nobody at all."""
    people: list[Person] = []
    for role in STAFF_ROLES:
        for place, code in PLACES.items():
            account = await an_account(role, code)
            people.append(Person(f"{role}, {place}", await acting(account)))
    desk = a_coordinator(account_id=await an_account())
    shown = [("household", "household_id"), ("volunteer", "volunteer_id"), ("pair", "pair:active")]
    for role in ("coordinator", "administrator"):
        for when, given in (("shown", NOW), ("shown once", NOW - timedelta(days=7))):
            account = await an_account(role, CITY)
            for kind, name in shown:
                await grants.give(desk, account, kind, world.ids[name], "复核", 7, given)
            people.append(Person(f"{role}, above, {when}", await acting(account), shown=when == "shown"))
    helper = await acting(world.helper_account)
    people.append(Person("volunteer, herself", helper, hers=True))
    for place, code in (("own", VILLAGE), ("beside", OTHER_COUNTY)):
        other = await a_volunteer()
        account = await an_account("volunteer", code, volunteer_id=other)
        people.append(Person(f"volunteer, {place}", await acting(account)))
    people.append(Person("nobody", replace(desk, role="guest")))
    return people


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public use case of every concept: `concept.module.function`."""
    for concept in CONCEPTS:
        package = importlib.import_module(f"jiedui.{concept}")
        for module in pkgutil.iter_modules(package.__path__):
            for name, function in vars(importlib.import_module(f"jiedui.{concept}.{module.name}")).items():
                ours = inspect.iscoroutinefunction(function) and function.__module__.startswith(
                    jiedui.__name__
                )
                here = ours and function.__module__ == f"jiedui.{concept}.{module.name}"
                if here and not name.startswith("_") and _first(function) != "request":
                    yield f"{concept}.{module.name}.{name}", function


def _first(function: Callable[..., Any]) -> str:
    return next(iter(inspect.signature(function).parameters), "")
