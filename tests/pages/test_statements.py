"""However many rows a page lists, it asks as often, and no list is joined with all of another."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import uuid4

import pytest
from factories import (
    COUNTY,
    NOW,
    TODAY,
    VILLAGE,
    a_check,
    a_claim,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_round,
    a_volunteer,
    an_account,
)
from ledger_files import household_row, ledger, volunteer_row
from matrix import CITY, PROVINCE, a_notice
from planned import a_planned_round, answered
from requests_at_random import routes_of

from jiedui.accounts import grants
from jiedui.actor import Actor
from jiedui.followups.service import ensure_due, log_visit
from jiedui.jobs.service import run_one
from jiedui.pairs.concerns import raise_concern
from jiedui.plans.questions import Change, ask
from jiedui.plans.tables import WhatIf
from jiedui.regions.tables import Region
from jiedui.rounds.pins import pin
from jiedui.rounds.tables import Candidate
from jiedui.rounds.views import plan_at
from jiedui.store.piccolo_conf import DB
from jiedui.worker import HANDLERS

FEW, MANY = 5, 30
MOST_READ = 1_000_000
"""Rows of tables that a page of MANY may read. If each looks through whole tables it is a third of that,
if each is joined with every family of every round it is 16 million.
"""
NO_LISTS = {
    "/", "/livez", "/readyz", "/static/{file_path:path}", "/login", "/login/volunteer",
    "/login/volunteer/code",
    "/join", "/join/code", "/h/{token:str}", "/h/{token:str}/answered", "/me/profile", "/me/profile/offer",
    "/me/proposals/{pair_id:uuid}", "/jobs/{job_id:uuid}/progress", "/rounds/new", "/rounds/preview",
    "/regions/import", "/regions/import/{import_id:uuid}", "/regions/import/{import_id:uuid}/findings.csv",
    "/regions/import/{import_id:uuid}/findings.xlsx",
    *(f"/{kind}/import/template.{end}" for kind in ("households", "volunteers", "regions")
      for end in ("csv", "xlsx")),
}  # fmt: skip
"""Pages of one thing, or of nothing that the database holds; a regions' file is read like the others."""
VIEWS = {
    "/pairs": ("", "?view=running", "?view=proposed", "?view=closed", "?view=declined"),
    "/notices": ("", "?state=waiting", "?state=held"),
    "/concerns": ("", "?show=handled"),
    "/volunteers": ("", "?state=applied"),
    "/rounds/{round_id:uuid}/compare": ("?a=1&b={number}",),
    "/notices/letters.pdf": ("?purpose=tell",),
    "/regions": ("", f"?code={COUNTY}"),
    "/regions/suggest": ("?q=村",),
    "/volunteers/stated": ("", "?import=earlier"),
    "/rounds/{round_id:uuid}/plans/{number:int}/what-if": ("", "?kind=pin&family=陶&helper=姚", "?kind=join"),
}
"""What an address is asked beside the bare one."""
SENT = {
    "/households/find": {"text": "陶秀倩"},
    "/volunteers/find": {"text": "姚霞琴"},
    "/notices/calls": {"purpose": "tell"},
    "/notices/villages": {"purpose": "tell"},
}
"""Lists that a form opens: sent, and what it leads to."""
WHO = {"/me": "volunteer", "/audit": "auditor"}


class County:
    """One county with so many of everything a page could list, and more of it when asked."""

    async def begin(self, now) -> None:
        await a_region_tree()
        for code, level in ((CITY, "city"), (PROVINCE, "province")):
            await Region(code=code, name="某地", short_name="某地", level=level).save()
        self.now = now
        self.desk = a_coordinator(account_id=await an_account())
        self.colleague = await an_account(region_code=CITY)
        self.volunteer = await a_volunteer(capacity=999)
        self.her = Actor("volunteer", VILLAGE, "志愿者", volunteer_id=self.volunteer)
        self.household = await a_household()
        self.pair = await a_pair(self.household, self.volunteer, state="active")
        self.round_id, _ = await a_planned_round(self.desk)
        self.number, self.imports = 1, {}

    async def grow(self, n: int) -> None:
        """So much more of each thing, and a further run of the round with it."""
        families = [await a_household(children=(date(2018, 3, 1),)) for _ in range(n)]
        helpers = [await a_volunteer(capacity=1) for _ in range(n)]
        for n_th, (home, helper) in enumerate(zip(families, helpers, strict=True)):
            await a_household(needs=("legal",), colour="yellow")
            for state in ("proposed", "accepted", "paused", "closed", "declined"):
                await a_pair(await a_household(), self.volunteer, state=state)
            hers = await a_pair(await a_household(), self.volunteer, state="active")
            for at in (hers, self.pair):
                await log_visit(
                    self.her, at, medium="call", outcome="reached", happened_on=TODAY, now=self.now
                )
                await raise_concern(self.desk, at, "看看", self.now)
            for channel in ("call", "village", "letter"):
                await a_notice(await a_household(contact_way=channel), channel=channel, state="waiting")
            await a_notice(home, state="held", hold_reason="unknown_outcome")
            await a_claim(home, COUNTY, person_key=uuid4().hex * 2)
            await a_check(helper, kind="training", standing="stated", recorded_from=VILLAGE)
            await a_check(self.volunteer, kind="training")
            await a_volunteer(state="applied", source="online")
            await grants.give(self.desk, self.colleague, "household", home, "复核", 7, self.now)
            await a_round(state="cancelled")
            await Region(code=f"500230101{300 + n * 10 + n_th}", name="某村", short_name="某村",
                         level="village").save()  # fmt: skip
            kind = "pin" if n_th % 2 else "forbid"
            await pin(self.desk, self.round_id, home, helper, kind, "", self.now)
        _, plan_id = await a_planned_round(self.desk, self.round_id)
        self.number += 1
        _, plan = await plan_at(self.desk, self.round_id, self.number)
        self.question = await ask(self.desk, plan, Change("distance", number=1), datetime.now(UTC))
        await answered(self.question)
        for home in families:
            await WhatIf(plan=plan_id, region_code=COUNTY, state="failed", created_at=NOW,
                         change=json.dumps({"kind": "drop", "household": str(home)})).save()  # fmt: skip
        self.candidate = (await Candidate.select(Candidate.id).where(Candidate.plan == plan_id).first())["id"]
        await ensure_due(self.now)

    async def upload(self, kind: str, rows: int, coordinator) -> None:
        """A file with so many rows, half of which cannot be read."""
        one = household_row if kind == "households" else volunteer_row
        table = [one(10 * rows + n) | ({"village": "没有村"} if n % 2 else {}) for n in range(rows)]
        await coordinator.get(f"/{kind}/import")
        files = {"file": ("a.xlsx", ledger(kind, *table), "application/octet-stream")}
        sent = await coordinator.submit(f"/{kind}/import", files=files)
        self.imports[kind] = sent.headers["location"].rpartition("/")[2]
        while await run_one(HANDLERS, "test", datetime.now(UTC)):
            pass

    def path(self, template: str) -> str:
        known = {
            "pair_id": self.pair, "household_id": self.household, "volunteer_id": self.volunteer,
            "round_id": self.round_id, "number": self.number, "candidate_id": self.candidate,
            "question_id": self.question, "home": VILLAGE, "helper": VILLAGE, "code": VILLAGE,
            "import_id": self.imports.get(template.split("/")[1], ""),
        }  # fmt: skip
        for name, value in known.items():
            for kind in (":uuid", ":int", ":str", ""):
                template = template.replace(f"{{{name}{kind}}}", str(value))
        return template


class Cost(NamedTuple):
    """What an address asks the database, how long its answer is, how many rows of tables were read for it."""

    asked: list[str]
    length: int
    read: int


async def counted(visitor, method, address, fields=None) -> Cost:
    """What an address costs, the last page it leads to included."""
    asked, read = [], await rows_read()
    connection = DB.current_transaction.get().connection
    with connection.query_logger(lambda said: asked.append(said.query)):
        answer = await (visitor.get(address) if method == "GET" else visitor.submit(address, fields))
        if answer.status_code == 303:
            answer = await visitor.get(answer.headers["location"])
    assert answer.status_code == 200, f"{method} {address}: {answer.status_code}"
    return Cost(asked, len(answer.content), await rows_read() - read)


async def rows_read():
    read = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint AS n"
    return (await Region.raw(f"{read} FROM pg_stat_xact_user_tables"))[0]["n"]


@pytest.fixture
async def county(app, db):
    county = County()
    await county.begin(app.state.clock())
    return county


async def test_no_page_asks_once_per_row(app, county, login_as):
    visitors = {role: await login_as(role, COUNTY) for role in ("coordinator", "auditor")}
    visitors["volunteer"] = await login_as("volunteer", VILLAGE, volunteer_id=county.volunteer)
    above = await login_as("coordinator", CITY)
    gets = {route.path for route in routes_of(app) if route.method == "GET"} - NO_LISTS
    cost = {}
    for rows in (FEW, MANY):
        await county.grow(rows - FEW if cost else FEW)
        for kind in ("households", "volunteers"):
            await county.upload(kind, rows, visitors["coordinator"])
        for template in sorted(gets):
            role = next((role for start, role in WHO.items() if template.startswith(start)), "coordinator")
            for query in VIEWS.get(template, ("",)):
                address = county.path(template + query)
                said = await counted(visitors[role], "GET", address)
                cost.setdefault(f"GET {template}{query}", []).append(said)
        for door in ("/claims", "/figures"):
            cost.setdefault(f"above {door}", []).append(await counted(above, "GET", door))
        for path, fields in SENT.items():
            said = await counted(visitors["coordinator"], "POST", path, fields)
            cost.setdefault(f"POST {path}", []).append(said)
    grown = {
        f"{page}: {len(few.asked)} → {len(many.asked)}": (Counter(many.asked) - Counter(few.asked)).keys()
        for page, (few, many) in cost.items()
        if len(many.asked) > len(few.asked)
    }
    longer = [page for page, (few, many) in cost.items() if many.length > 1.2 * few.length]
    lost = {page: many.read for page, (_, many) in cost.items() if many.read > MOST_READ}
    counts = [len(few.asked) for few, _ in cost.values()]
    print(f"{len(cost)} lists at {FEW} and {MANY} rows: {min(counts)} to {max(counts)} statements, "
          f"{len(longer)} longer with more rows, {len(grown)} ask more often")  # fmt: skip
    for page, (few, many) in sorted(cost.items()):
        print(f"  {page}: {len(few.asked)} → {len(many.asked)} statements, "
              f"{few.length} → {many.length} bytes, {few.read} → {many.read} rows read")  # fmt: skip
    assert not grown, "\n".join(f"{page}\n    {said}" for page, said in grown.items())
    assert not lost, lost
    assert len(longer) > 30, "there were rows to be seen"
