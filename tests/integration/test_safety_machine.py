"""Whatever people do in whatever order: nobody who may not meet a family is active with it, and none sees it.

A run is a list of steps over a small county, taken through the product's services; what is refused changes
nothing. After each step a checker of its own judges from the bare rows, by birthdays and papers.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_round,
    a_volunteer,
    an_account,
    the_volunteer,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.errors import DomainError
from jiedui.followups.service import log_visit
from jiedui.households.reading import Child, HouseholdRecord
from jiedui.households.tables import Household
from jiedui.ledgers.tables import LedgerImport
from jiedui.pairs import safety, service
from jiedui.pairs.disclosure import families
from jiedui.pairs.tables import LIVE, Pair
from jiedui.policies.service import store_packs
from jiedui.regions.codes import township
from jiedui.rounds.publication import publish_round
from jiedui.rounds.tables import Candidate, Plan
from jiedui.store.piccolo_conf import DB
from jiedui.store.scope import scope
from jiedui.store.vault import unseal
from jiedui.volunteers import service as volunteers
from jiedui.volunteers.reading import VolunteerRecord
from jiedui.volunteers.tables import Volunteer
from jiedui.wiring import LEDGERS

RUNS, STEPS = (2000, 50) if os.environ.get("FULL") == "1" else (200, 30)
BIRTHS = (None, date(2009, 1, 15), date(2008, 12, 1), date(2016, 4, 1), date(1970, 1, 1))
VILLAGES = (VILLAGE, FAR_VILLAGE, OTHER_VILLAGE)


class NobodyThere(Exception):
    """Nobody is in a state for this step."""


@dataclass
class County:
    """A few people, and who acts."""

    now: datetime = NOW
    volunteers: list[UUID] = field(default_factory=list)
    households: list[UUID] = field(default_factory=list)
    staff: list[Actor] = field(default_factory=list)
    hers: dict[UUID, Actor] = field(default_factory=dict)
    township: Actor | None = None
    states: dict[str, str] = field(default_factory=dict)
    logged: set[str] = field(default_factory=set)

    async def pair_in(self, number: int, *states: str) -> UUID:
        """One of the pairs in these states. Raises NobodyThere."""
        rows = await Pair.select(Pair.id).where(Pair.state.is_in(list(states))).order_by(Pair.proposed_at)
        if not rows:
            raise NobodyThere
        return UUID(str(_of(rows, number)["id"]))


Step = tuple[str, int, int]


def _of(people: list[Any], number: int) -> Any:
    return people[number % len(people)]


async def _publish(county: County, a: int, b: int) -> None:
    """A plan, as a solver that knows nothing of safety might make it, becomes proposals or nothing."""
    chosen = {(_of(county.households, a + n), _of(county.volunteers, b + n)) for n in range(1 + a // 9)}
    round_id = await a_round(dated=today(county.now), created_at=county.now)
    plan = Plan(
        round=round_id, region_code=COUNTY, number=1, state="ready", status="optimal", created_at=county.now,
        figures=json.dumps({"stages": [{"checks": {"proven": True}}]}),
    )  # fmt: skip
    await plan.save()
    for household, volunteer in chosen:
        await Candidate(
            plan=plan.id, household=household, volunteer=volunteer, region_code=COUNTY, stage=1,
            distance_m=2500, cost=2500, needs_met=["companionship"],
        ).save()  # fmt: skip
    await publish_round(_of(county.staff, a), round_id, UUID(str(plan.id)), county.now)


async def _propose_anyhow(county: County, a: int, b: int) -> None:
    """An older plan, a direct INSERT, two whose pair has ended: the later steps must stop it."""
    deadline = county.now + timedelta(days=7)
    ended = await Pair.select().where(Pair.state.is_in(["closed", "declined", "refused"])).order_by(Pair.id)
    two = (_of(county.households, a), _of(county.volunteers, b))
    if ended and a % 2:
        two = tuple(_of(ended, b)[who] for who in ("household", "volunteer"))
    await a_pair(*two, proposed_at=county.now, volunteer_deadline=deadline)


async def _accept(county: County, a: int, b: int) -> None:
    pair = await county.pair_in(a, "proposed")
    row = await Pair.select(Pair.volunteer).where(Pair.id == pair).first()
    await service.accept_proposal(county.hers[row["volunteer"]], pair, county.now)


async def _agree(county: County, a: int, b: int) -> None:
    pair = await county.pair_in(a, "accepted")
    answer = ("accepts", "accepts", "asks_another")[b % 3]
    await service.record_household_answer(_of(county.staff, b), pair, answer, "call", county.now)


async def _by_hand(county: County, a: int, b: int) -> None:
    """Somebody with a console sets a pair going."""
    pair = await county.pair_in(a, "proposed", "accepted", "paused")
    answered = {Pair.volunteer_answered_at: county.now, Pair.household_answered_at: county.now}
    async with scope(_of(county.staff, b), county.now):  # for the day: the database's own clock is another
        await Pair.update({Pair.state: "active", **answered}).where(Pair.id == pair)


async def _pause(county: County, a: int, b: int) -> None:
    pair = await county.pair_in(a, "active")
    await service.pause(_of(county.staff, b), pair, "away", county.now)


async def _resume(county: County, a: int, b: int) -> None:
    pair = await county.pair_in(a, "paused")
    await service.resume(_of(county.staff, b), pair, county.now)


async def _close(county: County, a: int, b: int) -> None:
    pair = await county.pair_in(a, "accepted", "active", "paused")
    await service.close(_of(county.staff, b), pair, ("asked_for_another", "other")[b % 2], "", county.now)


async def _hand_over(county: County, a: int, b: int) -> None:
    pair = await county.pair_in(a, "active", "paused")
    await service.hand_over(_of(county.staff, a), pair, _of(county.volunteers, b), "no_more_time", county.now)


async def _visit(county: County, a: int, b: int) -> None:
    pair = await county.pair_in(a, "active", "paused")
    row = await Pair.select(Pair.volunteer).where(Pair.id == pair).first()
    day = today(county.now) - timedelta(days=b % 40)
    await log_visit(
        county.hers[row["volunteer"]], pair, medium="visit", outcome="reached", happened_on=day,
        now=county.now,
    )  # fmt: skip


async def _reveal(county: County, a: int, b: int) -> None:
    """Perhaps on a day that the house has not looked at yet: a check may have run out since."""
    now = county.now + timedelta(days=(0, 1, 40, 200)[b % 4])
    pair = await county.pair_in(a, "proposed", "accepted", "active", "paused", "closed")
    row = await Pair.select().where(Pair.id == pair).first()
    rows = await bare_rows()
    allowed = rows.may_meet(rows.pairs[str(pair)], today(now))
    number = await service.show_phone(county.hers[row["volunteer"]], pair, now)
    assert allowed and row["state"] == "active", f"{number} was shown"


async def _vet(county: County, a: int, b: int) -> None:
    day = today(county.now) - timedelta(days=(0, 10, 364, 366)[b % 4])
    kind, passed = ("record", "training", "record")[a % 3], b % 5 != 0
    await volunteers.record_check(
        _of(county.staff, b), _of(county.volunteers, a), kind=kind, passed=passed, checked_on=day,
        paper="p", now=county.now,
    )  # fmt: skip


async def _suspend(county: County, a: int, b: int) -> None:
    await volunteers.suspend(_of(county.staff, b), _of(county.volunteers, a), "concern", county.now)


async def _reinstate(county: County, a: int, b: int) -> None:
    rows = (
        await Volunteer.select(Volunteer.id).where(Volunteer.state == "suspended").order_by(Volunteer.number)
    )
    if not rows:
        raise NobodyThere
    await volunteers.reinstate(_of(county.staff, b), _of(rows, a)["id"], county.now)


async def _import_households(county: County, a: int, b: int) -> None:
    """A ledger says where a household lives, which children it has, perhaps a volunteer's telephone."""
    row = await Household.select().where(Household.id == _of(county.households, a)).first()
    helper = (
        await Pair.select(Pair.volunteer).where(Pair.household == row["id"], Pair.state.is_in(LIVE)).first()
    )
    known = helper["volunteer"] if helper else _of(county.volunteers, b)
    other = await Volunteer.select().where(Volunteer.id == known).first()
    sealed, what = (other["phone"], "volunteer.phone") if a // 4 == 2 else (row["phone"], "household.phone")
    phone = unseal(sealed, what) if sealed else None
    children = [Child("小孩", _of(list(BIRTHS), b + n)) for n in range(a % 3)]
    record = _record(
        HouseholdRecord, row, "household", _of(list(VILLAGES), b // 5), phone=phone, children=children,
        needs=["companionship"], colour="green", contact_way="sms",
    )  # fmt: skip
    await _import(county, "households", _of(county.staff, b), record)


async def _import_volunteers(county: County, a: int, b: int) -> None:
    """A ledger, the county's or a township's, states checks of a volunteer: more or fewer, new or old."""
    row = await Volunteer.select().where(Volunteer.id == _of(county.volunteers, a)).first()
    checked = (None, *(today(county.now) - timedelta(days=days) for days in (5, 300, 400)))
    record = _record(
        VolunteerRecord, row, "volunteer", VILLAGE, kind="caring_mother", sex="女", offers=["companionship"],
        capacity=4, record_checked_on=_of(list(checked), b), trained=b % 3 == 0,
        phone=unseal(row["phone"], "volunteer.phone"),
    )  # fmt: skip
    await _import(county, "volunteers", county.township if a >= 6 else _of(county.staff, b), record)


def _record(made: Any, row: dict[str, Any], who: str, village: str, **said: Any) -> Any:
    empty = {
        field.name: {} if "dict" in str(field.type) else [] if "list" in str(field.type) else ""
        for field in msgspec.structs.fields(made)
    } | dict.fromkeys(("away_since", "size", "elders", "reach_km"))
    known = {
        "identity_number": unseal(row["identity"], f"{who}.identity"), "name": row["name"], "cell": "台账!A5",
        "village": village, "township": township(village),
    }  # fmt: skip
    values = empty | known | said
    return made(**{field.name: values[field.name] for field in msgspec.structs.fields(made)})


async def _import(county: County, kind: str, actor: Actor, record: Any) -> None:
    sent = LedgerImport(
        kind=kind, region_code=actor.region_code, state="ready", decision="applied", created_at=county.now
    )
    await sent.save()
    await LEDGERS[kind].save(actor, [record], UUID(str(sent.id)), county.now, None)


async def _move(county: County, a: int, b: int) -> None:
    village = _of(list(VILLAGES), b)
    if a % 2:
        await Household.update({Household.region_code: village}).where(
            Household.id == _of(county.households, a)
        )
    else:
        await Volunteer.update({Volunteer.region_code: village}).where(
            Volunteer.id == _of(county.volunteers, a)
        )


async def _time_passes(county: County, a: int, b: int) -> None:
    county.now += timedelta(days=(1, 7, 40, 200)[a % 4])
    await safety.watch(county.now)
    await service.expire_overdue(county.now)


DEEDS: dict[str, Callable[[County, int, int], Awaitable[None]]] = {
    "publish": _publish, "propose anyhow": _propose_anyhow, "accept": _accept, "agree": _agree,
    "by hand": _by_hand, "pause": _pause, "resume": _resume, "close": _close,
    "hand over": _hand_over, "visit": _visit, "reveal": _reveal, "vet": _vet,
    "suspend": _suspend, "reinstate": _reinstate, "import households": _import_households,
    "import volunteers": _import_volunteers, "move": _move, "time": _time_passes,
}  # fmt: skip
LIKELY = (
    "publish", "publish", "reinstate", "accept", "agree", "accept", "agree", "resume", "visit", "reveal",
    "import volunteers", "import volunteers", "by hand", "by hand",
)  # fmt: skip


@dataclass
class Rows:
    """Everything the checker reads, bare."""

    volunteers: dict[str, dict[str, Any]]
    households: dict[str, dict[str, Any]]
    pairs: dict[str, dict[str, Any]]
    visits: dict[str, dict[str, Any]]
    births: dict[str, list[date | None]]
    papers: dict[str, list[dict[str, Any]]]
    apart: set[tuple[str, str]]

    def may_meet(self, pair: dict[str, Any], day: date) -> bool:
        """The checker's own judgement: by birthdays and papers, not by what was made of them."""
        volunteer, household = self.volunteers[pair["volunteer"]], self.households[pair["household"]]
        one = any(volunteer[key] == household[key] for key in ("phone_key", "ledger_key"))
        if volunteer["state"] != "active" or one or (pair["household"], pair["volunteer"]) in self.apart:
            return False
        if all(born is not None and _age(born, day) >= 18 for born in self.births[pair["household"]]):
            return True
        return all(self._proven(volunteer["id"], kind, day) for kind in ("identity", "training", "record"))

    def _proven(self, volunteer: str, kind: str, day: date) -> bool:
        """Whether the newest paper of a kind was passed, and somebody or a trusted table stands behind it."""
        papers = [
            (paper["checked_on"], paper["decided_at"] or paper["created_at"], paper["passed"])
            for paper in self.papers[volunteer]
            if paper["kind"] == kind and paper["standing"] in ("recorded", "confirmed", "trusted")
        ]
        newest, _, passed = max(papers, default=("", "", False))
        return passed and (kind != "record" or 0 <= (day - date.fromisoformat(newest)).days <= 365)


_ALL = ("volunteer", "household", "member", "vetting_check", "never_again", "pair", "visit")


async def bare_rows() -> Rows:
    columns = ", ".join(f"(SELECT coalesce(json_agg(t), '[]') FROM {table} t) AS {table}" for table in _ALL)
    (found,) = await Pair.raw(f"SELECT {columns}")
    read = {table: json.loads(found[table]) for table in _ALL}
    births: dict[str, list[date | None]] = defaultdict(list)
    for row in read["household"]:
        births[row["id"]].append(_day(row["born_on"]))
    for row in read["member"]:
        births[row["household"]].append(_day(row["born_on"]))
    papers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read["vetting_check"]:
        papers[row["volunteer"]].append(row)
    return Rows(
        *({row["id"]: row for row in read[table]} for table in ("volunteer", "household", "pair", "visit")),
        births, papers, {(row["household"], row["volunteer"]) for row in read["never_again"]},
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


async def check(county: County, step: Step) -> None:
    """Raises AssertionError where somebody who may not meet a family is active with it or sees it."""
    day, rows = today(county.now), await bare_rows()
    for pair in rows.pairs.values():
        assert pair["state"] != "active" or rows.may_meet(pair, day), (step, "active, and may not meet")
        came = county.states.get(pair["id"]) != pair["state"]
        if came and pair["state"] in ("proposed", "accepted") and step[0] != "propose anyhow":
            assert rows.may_meet(pair, day), (step, f"{pair['state']} only now, and may not meet")
    county.states = {pair["id"]: pair["state"] for pair in rows.pairs.values()}
    for family in await families(await Pair.select(), county.now):
        pair = rows.pairs[str(family.pair_id)]
        if family.surname or family.village or family.has_phone:
            assert pair["state"] in ("active", "paused"), (step, "sees a family before both said yes")
            assert rows.may_meet(pair, day), (step, "sees a family she may not meet")
    for visit in rows.visits.values():
        if visit["id"] not in county.logged:
            county.logged.add(visit["id"])
            happened = date.fromisoformat(visit["happened_on"])
            assert rows.may_meet(rows.pairs[visit["pair"]], happened), (
                step,
                "a visit that may not have been",
            )


@asynccontextmanager
async def a_county() -> AsyncIterator[County]:
    """Four families, four volunteers in various states, two of staff; gone afterwards."""
    async with DB.transaction() as transaction:
        await store_packs(NOW)
        county = County()
        county.households = [
            await a_household(), await a_household(children=(date(2016, 4, 1),)),
            await a_household(children=(None,)),  # type: ignore[arg-type]  # a birth that is not known
            await a_household(born_on=date(2009, 1, 15)),
        ]  # fmt: skip
        county.volunteers = [
            await a_volunteer(), await a_volunteer(capacity=4), await a_volunteer(trained=False),
            await a_volunteer(record_checked_on=date(2025, 11, 10)),
        ]  # fmt: skip
        county.hers = {one: await the_volunteer(one) for one in county.volunteers}
        county.staff = [
            a_coordinator(account_id=await an_account()),
            a_coordinator(account_id=await an_account()),
        ]
        for household, volunteer, state in (
            (0, 0, "active"), (1, 1, "active"), (2, 1, "accepted"), (3, 2, "proposed"),
        ):  # fmt: skip
            await a_pair(county.households[household], county.volunteers[volunteer], state=state)
        county.township = a_coordinator(TOWNSHIP, account_id=await an_account(region_code=TOWNSHIP))
        county.states = {pair["id"]: pair["state"] for pair in (await bare_rows()).pairs.values()}
        yield county
        await transaction.rollback()


async def _take(county: County, step: Step) -> bool:
    """Whether the step was one, and was not refused."""
    name, a, b = step
    transaction = DB.current_transaction.get()
    before = await transaction.savepoint()
    try:
        await DEEDS[name](county, a, b)
    except (NobodyThere, DomainError, asyncpg.IntegrityConstraintViolationError):
        await before.rollback_to()
        return False
    return True


@pytest.fixture(scope="module")
def done() -> Iterator[Counter[str]]:
    """How often each step was taken; at the end each must have been, often enough to find something."""
    counted: Counter[str] = Counter()
    yield counted
    print(dict(counted))
    assert min(counted[name] for name in DEEDS) >= RUNS // 20, counted


@settings(
    max_examples=RUNS, deadline=None, phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(DEEDS) + list(LIKELY)), st.integers(0, 11), st.integers(0, 11)
        ),
        min_size=STEPS, max_size=STEPS,
    )
)  # fmt: skip
async def test_nobody_who_may_not_meet_a_family_is_active_with_it_or_sees_it(
    database: None, done: Counter[str], steps: list[Step]
) -> None:
    async with a_county() as county:
        for step in steps:
            if await _take(county, step):
                done[step[0]] += 1
                await check(county, step)
