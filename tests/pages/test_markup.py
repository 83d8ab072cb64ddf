"""Whatever people write is text on every page, in every fragment and file: markup is never an element."""

import csv
import html
import io
import re
from collections import Counter, deque
from datetime import date
from urllib.parse import urljoin, urlsplit

import pytest
from factories import (
    NOW,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_volunteer,
    the_volunteer,
)  # fmt: skip
from planned import a_planned_round

from jiedui.accounts.tables import Account
from jiedui.followups.service import log_visit
from jiedui.notices.service import deliver_due
from jiedui.pairs import service as pairs
from jiedui.policies.service import store_packs
from jiedui.regions.tables import Region
from jiedui.store.vault import seal

MARKUP = "<img src=x onerror=alert(1)>\"'`{{7*7}}"
LINKS = re.compile(r'(?:href|hx-get|data-url|data-path)="([^"#]+)')
FORMULA = re.compile(r"[=+@|%]|-(?![0-9.]+$)")
ROLES = ("coordinator", "volunteer", "auditor", "administrator", "safeguarding_officer", "vetting_officer")
OF_ONE_KIND = 6


@pytest.fixture
async def starts(app):
    """A county where every word somebody can write is markup: places, people, remarks, concerns, visits."""
    await store_packs(NOW)
    await a_region_tree()
    places = Region.code.is_in([VILLAGE, TOWNSHIP])
    await Region.update({Region.name: MARKUP, Region.short_name: MARKUP}).where(places)
    fields = ("husband_name", "husband_place", "ethnicity", "category", "health", "remark")
    about = dict.fromkeys(fields, MARKUP)
    called = await a_household(
        name=f"陶{MARKUP}", contact_way="call", children=(date(2016, 4, 1),),
        phone=seal("13800004321", "household.phone"), **about,
    )  # fmt: skip
    told = await a_household(name=MARKUP, contact_way="village")
    await a_household(name=MARKUP, needs=("legal",))
    words = {"name": MARKUP, "occupation": MARKUP, "remark": MARKUP, "skills": [MARKUP], "times": [MARKUP]}
    helper = await a_volunteer(**words)
    await a_volunteer(**words | {"state": "applied", "source": "online"})
    her, desk = await the_volunteer(helper), a_coordinator()
    running, asked = await a_pair(called, helper), await a_pair(told, helper)
    for pair in (running, asked):
        await pairs.accept_proposal(her, pair, NOW)
    await pairs.record_household_answer(desk, running, "accepts", "call", NOW)
    await pairs.raise_concern(her, running, MARKUP, NOW)
    await log_visit(her, running, medium="call", outcome="reached", happened_on=TODAY, note=MARKUP, now=NOW)
    await deliver_due(app.state.clock())
    await a_planned_round()
    return helper, (
        f"/households/{called}",
        f"/volunteers/{helper}",
        f"/pairs/{running}",
        f"/me/pairs/{running}",
    )


@pytest.mark.parametrize("role", ROLES)
async def test_markup_is_written_out(login_as, starts, role):
    helper, known = starts
    await Account.delete().where(Account.volunteer_id == helper)  # who logs in has one of her own
    hers = {"region_code": VILLAGE, "volunteer_id": helper} if role == "volunteer" else {}
    who = await login_as(role, **hers, name=MARKUP)
    found, seen = set(), Counter()
    waiting = deque(("/desk", "/me", "/concerns", "/notices", "/notices/calls", "/notices/villages", *known))
    met, kinds = set(waiting), Counter()
    while waiting:
        address = waiting.popleft()
        for headers in ({}, {"hx-request": "true"}):
            answer = await who.get(address, headers=headers)
            kind = answer.headers.get("content-type", "").partition(";")[0]
            seen[kind] += 1
            if kind == "text/csv":
                rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
                assert not any(FORMULA.match(cell) for row in rows for cell in row)
            if kind != "text/html":
                continue
            seen["written out"] += "&lt;img" in answer.text
            found |= {address} if "<img src=x" in answer.text else set()
            for link in LINKS.findall(answer.text):
                further = urljoin(address, html.unescape(link))
                path = urlsplit(further).path
                sort = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "*", path)
                away = urlsplit(further).netloc or path.startswith(("/static", "/logout", "/language"))
                if not away and further not in met and kinds[sort] < OF_ONE_KIND:
                    met.add(further)
                    kinds[sort] += 1
                    waiting.append(further)
    assert found == set()
    assert seen["written out"] >= {"coordinator": 20, "volunteer": 1}.get(role, 0), seen
