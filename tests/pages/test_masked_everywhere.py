"""Nobody is read in clear by looking around: every page, fragment, file and document of a desk is walked.

What a page is made of counts like the page itself: a reader that hands a template somebody's name has
leaked it, though the template forgets to say it.
"""

import dataclasses
import html
import io
import re
import sys
import zipfile
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
import pytest
from canaries import Canaries, a_county_of_canaries
from factories import COUNTY, NOW, a_coordinator

from jiedui.accounts.grants import give
from jiedui.policies.service import store_packs
from jiedui.store.piccolo_conf import DB
from jiedui.web.page import Page

MOST_OF_ONE_KIND = 12
LINKS = re.compile(r'(?:href|hx-get|data-url|data-path)="([^"#]+)')
FORMS = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]+)"', re.IGNORECASE)
NOT_WALKED = {"/logout", "/language", "/static"}
PROVINCE = "500000000000"
COMPARED = {"jiedui.volunteers.service"}
"""Rooms that read whole rows to lock, compare or change them, and hand nothing of a person on."""


def rooms_asking() -> Iterator[str]:
    """The modules of the house that wait for what is being read."""
    frame = sys._getframe(1)
    while frame:
        yield frame.f_globals.get("__name__", "")
        frame = frame.f_back


def texts_in(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in what a template is given."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "ignore")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from texts_in(key, depth)
            yield from texts_in(one, depth)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from texts_in(one, depth)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from texts_in(getattr(value, field.name), depth)
    elif isinstance(value, msgspec.Struct):
        yield from texts_in(msgspec.structs.asdict(value), depth)


def readable(answer: httpx.Response) -> str:
    """What stands in an answer, also inside a workbook."""
    if "spreadsheetml" in answer.headers.get("content-type", ""):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            return html.unescape(" ".join(book.read(name).decode() for name in book.namelist()))
    return html.unescape(answer.content.decode("utf-8", "ignore"))


def kind_of(address: str) -> str:
    """An address without whom it is about."""
    path = urlsplit(address).path
    return re.sub(r"/\d+(?=/|$)", "/1", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{12}", "*", path))


@dataclasses.dataclass
class MadeOf:
    """What answers were made of since it was last cleared: the pages' contexts, the rows read for them."""

    contexts: list[Any] = dataclasses.field(default_factory=list)
    rows: list[Any] = dataclasses.field(default_factory=list)

    def clear(self) -> None:
        self.contexts.clear()
        self.rows.clear()


@dataclasses.dataclass
class Walk:
    """Somebody who opens everything that anything leads to."""

    visitor: Any
    people: Canaries
    made_of: MadeOf
    leaks: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    seen: Counter[str] = dataclasses.field(default_factory=Counter)
    forms: set[str] = dataclasses.field(default_factory=set)

    async def from_(self, *starts: str) -> None:
        waiting, known = deque(starts), set(starts)
        while waiting:
            address = waiting.popleft()
            answer = await self.open(address)
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            for found in LINKS.findall(answer.text):
                further = urljoin(address, html.unescape(found))
                path = urlsplit(further).path
                if urlsplit(further).netloc or any(path.startswith(one) for one in NOT_WALKED):
                    continue
                if further not in known and self.seen[kind_of(further)] < MOST_OF_ONE_KIND:
                    known.add(further)
                    self.seen[kind_of(further)] += 1
                    waiting.append(further)
            self.forms |= {html.unescape(one) for one in FORMS.findall(answer.text)}

    async def send_every_form(self, fields: dict[str, Any]) -> None:
        for form in sorted(self.forms):
            if not any(form.startswith(one) for one in NOT_WALKED):
                await self.send(form, fields)

    async def open(self, address: str, **options: Any) -> httpx.Response:
        self.made_of.clear()
        answer: httpx.Response = await self.visitor.get(address, **options)
        self.look(f"GET {kind_of(address)}", answer)
        return answer

    async def send(self, address: str, fields: dict[str, Any]) -> httpx.Response:
        self.made_of.clear()
        answer: httpx.Response = await self.visitor.submit(address, fields)
        self.look(f"POST {kind_of(address)}", answer)
        return answer

    def look(self, what: str, answer: httpx.Response) -> None:
        assert answer.status_code < 500, what
        found = self.people.in_text(readable(answer))
        for source, values in (("template", self.made_of.contexts), ("database", self.made_of.rows)):
            found |= {f"{leak} ({source})" for leak in self.people.in_text("\n".join(texts_in(values)))}
        if found:
            self.leaks.setdefault(what, set()).update(found)

    def told(self) -> str:
        return "\n".join(f"{what}: {', '.join(sorted(leaks))}" for what, leaks in sorted(self.leaks.items()))


@pytest.fixture
def made_of(monkeypatch: pytest.MonkeyPatch) -> MadeOf:
    made_of, render, ask = MadeOf(), Page.to_asgi_response, DB.run_querystring

    def rendered(self: Page, *args: Any, **options: Any) -> Any:
        made_of.contexts.append(self.context)
        return render(self, *args, **options)

    async def asked(*args: Any, **options: Any) -> Any:
        rows = await ask(*args, **options)
        if not COMPARED & set(rooms_asking()):
            made_of.rows.extend(map(dict, rows or ()))
        return rows

    monkeypatch.setattr(Page, "to_asgi_response", rendered)
    monkeypatch.setattr(DB, "run_querystring", asked)
    return made_of


@pytest.fixture
async def people(app, tmp_path, monkeypatch) -> Canaries:
    await store_packs(NOW)
    monkeypatch.setenv("JIEDUI_DEMO", "1")
    return await a_county_of_canaries(tmp_path)


STARTS = ("/desk", "/pairs?view=closed", "/pairs?view=declined", "/concerns", "/concerns?show=handled")


async def test_nobody_is_read_in_clear_by_looking_around(coordinator, people, made_of):
    walk = Walk(coordinator, people, made_of)
    await walk.from_(*STARTS, *people.addresses)
    await walk.send_every_form({})
    assert not walk.leaks, walk.told()
    walked = {kind for kind, times in walk.seen.items() if times}
    assert {
        "/households/*", "/volunteers/*", "/pairs/*", "/pairs/*/hand-over", "/notices", "/notices/calls",
        "/notices/letters.pdf", "/households.xlsx", "/households.csv", "/rounds/*/plans/1/pairs.xlsx",
        "/rounds/*/plans/1/left-out.csv", "/rounds/*/plans/1/what-if/*", "/rounds/*/plans/1/pair/*",
        "/followups", "/households/import/*",
    } <= walked  # fmt: skip


@pytest.mark.parametrize("role", ["administrator", "vetting_officer", "safeguarding_officer", "auditor"])
async def test_nor_by_anybody_else_of_the_county(login_as, people, made_of, role):
    walk = Walk(await login_as(role, COUNTY), people, made_of)
    await walk.from_(*STARTS, "/audit", "/figures", "/grants", *people.addresses)
    await walk.send_every_form({})
    assert not walk.leaks, walk.told()


async def test_nor_by_whom_the_county_shows_a_case(app, login_as, people, made_of):
    above = await login_as("coordinator", PROVINCE)
    for kind, subject in people.cases.items():
        await give(a_coordinator(), above.account_id, kind, subject, "督办", 10, app.state.clock())
    walk = Walk(above, people, made_of)
    await walk.from_(*STARTS, *(f"/{kind}s/{subject}" for kind, subject in people.cases.items()))
    assert {"/households/*", "/volunteers/*", "/pairs/*"} <= set(walk.seen) | {
        kind_of(f"/{kind}s/{subject}") for kind, subject in people.cases.items()
    }
    assert not walk.leaks, walk.told()


async def test_what_is_asked_for_with_a_purpose_is_shown_and_nothing_else(coordinator, people, made_of):
    """Or the walk would prove nothing: the canaries are there, and sing when they should."""
    walk = Walk(coordinator, people, made_of)
    for address, purpose, shown in (
        (f"/households/{people.cases['household']}/reveal", "safety", {
            "a family's name", "a family's telephone", "a family's identity number", "a family's health",
            "a family's remark", "a husband's name", "a child's name"}),
        (f"/volunteers/{people.cases['volunteer']}/reveal", "pairing", {
            "a volunteer's name", "a volunteer's telephone", "a volunteer's identity number",
            "a volunteer's remark"}),
        ("/notices/calls", "tell", {"a family's name", "a family's telephone"}),
        ("/notices/villages", "tell", {"a family's name"}),
    ):  # fmt: skip
        leads_to = (await walk.send(address, {"purpose": purpose})).headers["location"]
        assert people.in_text(readable(await walk.open(leads_to))) == shown, address
        assert people.in_text(readable(await walk.open(leads_to))) == set(), address
    answer = await coordinator.get("/notices/letters.pdf?purpose=tell")
    assert answer.headers["content-type"] == "application/pdf"
