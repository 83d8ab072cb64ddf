"""Nobody is read in clear by looking around: every page, fragment, file and document of a desk is walked.

What a page is made of counts like the page itself: a reader that hands a template somebody's name has
leaked it, though the template forgets to say it.
"""

import dataclasses
import html
import io
import re
import zipfile
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
import pytest
from canaries import Canaries, a_county_of_canaries
from factories import NOW

from jiedui.policies.service import store_standard
from jiedui.web.page import Page

MOST_OF_ONE_KIND = 12
LINKS = re.compile(r'(?:href|hx-get|data-url|data-path)="([^"#]+)')
FORMS = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]+)"', re.IGNORECASE)
NOT_WALKED = {"/logout", "/language", "/static"}
REVEALS = {
    "/notices/letters.pdf",
}
"""Addresses that show people in clear, because somebody asks for it with a purpose."""


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
class Walk:
    """Somebody who opens everything that anything leads to."""

    visitor: Any
    people: Canaries
    given: list[Any]
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

    async def open(self, address: str, **options: Any) -> httpx.Response:
        self.given.clear()
        answer: httpx.Response = await self.visitor.get(address, **options)
        self.look(f"GET {kind_of(address)}", answer)
        return answer

    async def send(self, address: str, fields: dict[str, Any]) -> httpx.Response:
        self.given.clear()
        answer: httpx.Response = await self.visitor.submit(address, fields)
        self.look(f"POST {kind_of(address)}", answer)
        return answer

    def look(self, what: str, answer: httpx.Response) -> None:
        assert answer.status_code < 500, what
        found = self.people.in_text(readable(answer))
        for one in self.given:
            found |= {
                f"{leak} (given to the template)" for leak in self.people.in_text("\n".join(texts_in(one)))
            }
        if found:
            self.leaks.setdefault(what, set()).update(found)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the pages since it was last cleared were made of."""
    contexts: list[Any] = []
    render = Page.to_asgi_response

    def remember(self: Page, *args: Any, **options: Any) -> Any:
        contexts.append(self.context)
        return render(self, *args, **options)

    monkeypatch.setattr(Page, "to_asgi_response", remember)
    return contexts


async def test_nobody_is_read_in_clear_by_looking_around(coordinator, given, tmp_path, monkeypatch):
    await store_standard(NOW)
    monkeypatch.setenv("JIEDUI_DEMO", "1")
    people = await a_county_of_canaries(tmp_path)
    walk = Walk(coordinator, people, given)
    await walk.from_("/desk", "/pairs?view=closed", "/pairs?view=declined", "/concerns", *people.addresses)
    for form in sorted(walk.forms):
        if not any(form.startswith(one) for one in NOT_WALKED):
            await walk.send(form, {})
    told = [f"{what}: {', '.join(sorted(leaks))}" for what, leaks in sorted(walk.leaks.items())]
    assert not told, "\n".join(told)
