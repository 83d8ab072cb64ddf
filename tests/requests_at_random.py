"""Requests nobody would send: over every route, as anybody, half right and half nonsense, by seed.

What a route takes is read off the application itself: its path, the words its module asks an address for,
the Structs its handler reads. What is sent goes past any client, straight to the application, byte by byte.
"""

import enum
import inspect
import itertools
import math
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote, quote_plus, unquote_to_bytes
from uuid import UUID

import msgspec
from litestar import Litestar

from jiedui.web.forms import shape

ODD_WORDS = (
    "", " ", "0", "-1", "1", "007", "1e400", "NaN", "-0.0", str(2**31), str(2**63), "9" * 400, "٣", "１２",
    "²", "0001-01-01", "9999-12-31", "2026-02-30", "2026-06-01", "0001-01-01T00:00:00+14:00", "2026-W23-1",
    "9999-12-31T23:59:59.999999-12:00", "2026-06-01T00:00:00", "2026-06-01T00:00:00Z", "24:00", "'",
    "\"'; DROP TABLE pair; --", "%", "_", "\\", "%s", "{", "}", "{0}", "{named}", "{{ 7*7 }}", "${7}", "~",
    "~~", "|", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "=1+1", "@x", "../../etc/passwd",
    "file:///", "//x.cn", "http://[bad", "javascript:1", "\x01\x02", "a\nb", "a\r\nset-cookie: a=b",
    "\u2028", "\ufeff", "\u202e文", "🙂", "é", "e\u0301", "杜", "阿依古丽·买买提江", "　", "null", "None",
    "true", "[]", "[object Object]", "a" * 61, "长" * 300, "z" * 5000, "undefined",
    "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:1",
    "500230000000", "500230101201", "000000000000",
    "999999999999", "13812345678", "+86 138-1234-5678", "1990", "on",
)  # fmt: skip
GOOD_WORDS = (
    "yes", "another", "concern", "reached", "no_answer", "call", "village", "letter", "visit", "accepts",
    "asks_another", "no_time", "other", "away", "goal_reached", "illness", "no_more_time", "tell", "answers",
    "check", "contact", "ledger", "safety", "pairing", "sign_up", "pin", "forbid", "standard", "1990", "red",
    "yellow", "green", "companionship", "tutoring", "caring_mother", "周末", "英语", "any", "2", "5", "pause",
    "resume", "leave", "suspend", "reinstate", "approve", "refuse", "confirm", "running", "handled",
    "active", "applied", "none", "distance", "join", "arrive", "capacity", "drop", "en", "zh_CN", "/desk",
    "/me", "2026-10-01", "2026-11-01", "household", "volunteer", "pair", "sms", "find", "township", "colour",
)  # fmt: skip
ODD_HEADERS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"accept", (b"application/json", b"text/html", b"*/*;q=x", b",;,", b"\xff\xfe", b"a" * 4000)),
    (b"accept-language", (b"en", b"zh-CN", b"*", b";q=1", b"en;q=\xff", b"x" * 3000)),
    (b"hx-request", (b"true", b"false", b"\x80")),
    (b"hx-history-restore-request", (b"true",)),
    (b"hx-current-url", (b"http://[bad", b"/\xe4\xb8\xad", b"https://localhost:8000/me?\xff", b"\\\\x", b"")),
    (b"origin", (b"http://[bad", b"null", b"https://evil.example", b"https://localhost:8000", b"\xff")),
    (b"sec-fetch-site", (b"cross-site", b"none", b"same-origin", b"\xff")),
    (b"host", (b"[bad", b"", b"a:99999", b"a b", b"\xe4\xb8\xad", b"evil.example")),
    (b"if-none-match", (b"*", b"\"", b"W/\"x", b"\xff")),
    (b"if-modified-since", (b"yesterday", b"Thu, 01 Jan 1970 00:00:00 GMT", b"\xff", b"Mon, 99 Foo")),
    (b"range", (b"bytes=0-0", b"bytes=-1", b"bytes=9-1", b"bytes=a-b", b"lines=1", b"bytes=0-" + b"9" * 20)),
    (b"idempotency-key", (b"x", b"a" * 64, b"\xff" * 20, b"0123456789abcdef")),
    (b"x-csrf-token", (b"", b"\xff", b"wrong")),
    (b"x-forwarded-for", (b"1.2.3.4", b"[bad", b"\xff")),
    (b"x-forwarded-host", (b"[bad",)),
    (b"transfer-encoding", (b"chunked", b"gzip")),
    (b"content-length", (b"-1", b"x", b"99999999999999999999", b"0")),
    (b"cookie", (b"lang=fr", b"__Host-jiedui=\xff", b"__Host-flash=AAAA.BBBB", b"__Host-shown=" + b"z" * 3000,
                 b"=;=;;", b"a", b"__Host-carried-draft=AAAA", b"__Host-carried-person=====",
                 b"__Host-carried-opened=e30", b"\"", b"lang")),
)  # fmt: skip
ODD_TYPES = (
    b"", b"/", b"text", b"application/x-www-form-urlencoded",
    b"application/x-www-form-urlencoded; charset=utf-16", b"multipart/form-data",
    b"multipart/form-data; boundary=", b"multipart/form-data; boundary=b",
    b"multipart/form-data; boundary=\"b", b"multipart/form-data; boundary=" + b"b" * 300,
    b"multipart/form-data; boundary=\xff", b"multipart/mixed; boundary=b", b"application/json",
    b"application/json; charset=klingon", b"application/xml", b"text/plain; charset=\xff",
    b"application/octet-stream", b"application/x-msgpack", b"; ; ;", b"a" * 5000,
)  # fmt: skip
_PART = b"--b\r\nContent-Disposition: form-data; "
ODD_BODIES = (
    b"", b"\0", b"\xff\xfe", b"=", b"&&&", b"a", b"a=%ff", b"a=%00", b"a=%", b"a=%zz", b"%ff=1", b"+",
    b"a=1;b=2", b"=" * 5000, b"&".join (b"a%d=1" % n for n in range(1500)), b"a=" + b"\xe4\xb8" * 500,
    b"a=" + "中".encode() * 9000, b"a" * 70_000, b"{}", b"[]", b"{\"a\":", b"[" * 60_000, b"{\"a\":" * 9000,
    b"\"\\ud800\"", b"{\"a\": 1e999}", b"nul", b"\xef\xbb\xbf{}", b"1" * 60_000,
    b"{\"_once\": \"0123456789abcdef\"}", b"\x82\xa1a", b"--b", b"--b--", b"--b\r\n\r\n--b--",
    b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", _PART + b"name=\"\xff\"\r\n\r\nx\r\n--b--",
    _PART + b"name=\"a\"\r\n\r\n\xff\xfe\r\n--b--",
    _PART + b"name=\"a\"; filename=\"../../x\"\r\n\r\nPK\x03\x04\r\n--b--",
    _PART + b"name=\"file\"; filename=\"a.xlsx\"\r\nContent-Type: \xff\r\n\r\nx\r\n--b--",
    _PART + b"name=\"a\"\r\nContent-Type: text/plain; charset=klingon\r\n\r\nx\r\n--b--",
    _PART + b"name=\"a\"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-\r\n--b--",
    _PART + b"name=\"a\"\r\nContent-Type: text/plain; charset=rot13\r\n\r\nx\r\n--b--",
    _PART + b"name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--b--",
    b"--b\r\n" + b"X: y\r\n" * 2000 + b"\r\nx\r\n--b--", b"--b\r\nno colon\r\n\r\nx\r\n--b--",
    _PART + b"name=\"a\"\r\n\r\nx\r\n" * 300 + b"--b--",
    b"--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--",
)  # fmt: skip
ODD_FILES = (b"", b"PK\x03\x04" + bytes(60), b"\xd0\xcf\x11\xe0", "代码,名称\n1,甲\n".encode())
ODD_BYTES = (
    b"%ff", b"%00", b"%", b"%e4%b8", b"\xff", b"%2f", b"//", b"%5c", b"..", b";", b"?", b"#", b"%0d%0a",
    b"%ed%a0%80", b"[", b"%25" * 300,
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def __str__(self) -> str:
        shown = [(name, value[:80]) for name, value in self.headers]
        return f"{self.method} {self.path[:200]!r}?{self.query[:200]!r} {shown} {self.body[:300]!r}"


@dataclass
class Guest:
    """Somebody who asks: her cookie and the token of her forms."""

    name: str
    cookie: bytes = b""
    token: str = ""


@dataclass
class Route:
    """What may be asked for, and what its handler looks at."""

    method: str
    path: str
    words: list[str] = field(default_factory=list)
    structs: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes_of(app: Litestar) -> list[Route]:
    """Every handler of the site, the static files included."""
    found = [
        Route(method, route.path, *_reads(handler.fn))
        for route in app.routes
        for handler in route.route_handlers  # type: ignore[union-attr]  # a socket would have to be played otherwise
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    ]
    return sorted(found, key=lambda route: (route.path, route.method))


def _reads(function: Any) -> tuple[list[str], list[Any]]:
    """The words a handler may ask an address for, and the Structs it reads a form as."""
    module = sys.modules[function.__module__]
    if not module.__name__.startswith("jiedui"):
        return [], []
    words = re.findall(
        r"""(?:query|query_params|asked|keys)(?:\.get\(|\[)["'](\w+)["']""", inspect.getsource(module)
    )
    named = [vars(module).get(name) for name in re.findall(r"\b[A-Z]\w+\b", inspect.getsource(function))]
    structs = [one for one in named if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    return [*words, *(name for name in inspect.signature(function).parameters if name != "request")], structs


class Dice:
    """Decides everything, the same way for the same seed."""

    def __init__(self, seed: int, known: dict[str, list[str]]) -> None:
        self.rng = random.Random(seed)
        self.known = known
        """Values that exist, by the names of the parameters they fit."""

    def request(self, route: Route, guest: Guest) -> Sent:
        """A request that might do something: mostly right, with something wrong."""
        path = re.sub(r"\{(\w+):(\w+)\}", lambda part: self._part(part[1], part[2]), route.path)
        query = self._pairs([self._word_pair(route) for _ in range(self.rng.choice((0, 0, 1, 1, 2, 4)))])
        headers = [(b"host", b"localhost:8000"), (b"cookie", guest.cookie)]
        body = b""
        if route.method != "GET":
            kind, body = self._form(route, guest)
            headers.append((b"content-type", kind))
        headers += [
            (name, self.rng.choice(values)) for name, values in self.rng.sample(ODD_HEADERS, self._few())
        ]
        return Sent(route.method, path.encode(), query, self._once_each(headers), body)

    def nonsense(self, route: Route, guest: Guest) -> Sent:
        """Bytes that mean nothing, somewhere or everywhere."""
        sent = self.request(route, guest)
        method, path, query, headers, body = sent.method, sent.path, sent.query, sent.headers, sent.body
        if self.rng.random() < 0.1:
            method = self.rng.choice(("POST", "PUT", "HEAD", "DELETE", "OPTIONS", "BREW"))
        where = self.rng.randrange(4)
        if where == 0:
            path = self._spoil(path)
        elif where == 1:
            query = self._spoil(query)
        else:
            body = self.rng.choice(ODD_BODIES) if self.rng.random() < 0.8 else self._spoil(body)
            if self.rng.random() < 0.7:
                headers = [*headers, (b"content-type", self.rng.choice(ODD_TYPES))]
            headers += [(name, self.rng.choice(values)) for name, values in self.rng.sample(ODD_HEADERS, 3)]
            if self.rng.random() < 0.5:  # the token in a header, so that the body is looked at
                headers += [
                    (b"x-csrf-token", guest.token.encode()),
                    (b"idempotency-key", b"0123456789abcdef"),
                ]
        return Sent(method, path, query, self._once_each(headers), body)

    def _part(self, name: str, kind: str) -> str:
        known = self.known.get(name)
        if known and self.rng.random() < 0.8:
            return quote(self.rng.choice(known), safe="")
        if kind == "uuid":
            return self.rng.choice((self._fresh(), "0" * 8, "x"))
        if kind == "int":
            return self.rng.choice(("0", "1", "-1", "2", str(2**31), str(2**63), "9" * 5000, "１", "x"))
        return quote(self._text(), safe="") or "x"

    def _fresh(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128)))

    def _word_pair(self, route: Route) -> tuple[str, str]:
        name = self.rng.choice(route.words) if route.words and self.rng.random() < 0.9 else self._text()
        return name, self._value(name)

    def _value(self, name: str) -> str:
        known = self.known.get(name)
        if known and self.rng.random() < 0.6:
            return self.rng.choice(known)
        return self._text()

    def _text(self) -> str:
        kind = self.rng.random()
        if kind < 0.4:
            return self.rng.choice(GOOD_WORDS)
        if kind < 0.9:
            return self.rng.choice(ODD_WORDS)
        return "".join(
            chr(self.rng.choice((self.rng.randrange(1, 0xD800), self.rng.randrange(0xE000, 0x110000))))
            for _ in range(self.rng.randrange(1, 9))
        )

    def _form(self, route: Route, guest: Guest) -> tuple[bytes, bytes]:
        fields = [] if self.rng.random() < 0.05 else [("_csrf_token", guest.token)]
        if self.rng.random() < 0.95:
            fields.append(("_once", self._fresh() if self.rng.random() < 0.95 else self._text()))
        for struct in route.structs:
            for one in msgspec.structs.fields(struct):
                many, plain = shape(one.type)
                for _ in range(self.rng.randrange(4) if many else self.rng.random() < 0.9):
                    fields.append((one.encode_name, self._field(one.encode_name, one.type, plain)))
        if self.rng.random() < 0.2:
            fields.append((self._text(), self._text()))
        if self.rng.random() < (0.8 if route.path.endswith("import") else 0.05):
            return self._multipart(fields)
        return b"application/x-www-form-urlencoded", self._pairs(fields)

    def _field(self, name: str, kind: Any, plain: Any) -> str:
        if self.rng.random() < 0.15:
            return self._text()
        if options := _options(kind):
            return self.rng.choice(options)
        if isinstance(plain, type) and issubclass(plain, enum.Enum):
            return str(self.rng.choice(list(plain)).value)
        if name in self.known and self.rng.random() < 0.8:
            return self.rng.choice(self.known[name])
        if plain is bool:
            return self.rng.choice(("on", "off", "1", "x"))
        if plain is int:
            return self.rng.choice(("1", "2", "3", "1990", "0", "-1", str(2**31)))
        if plain is UUID:
            return self._part("", "uuid")
        if plain in (date, datetime):
            return self.rng.choice(
                ("2026-10-01", "2026-11-01", "2026-11-01T12:00:00Z", "1900-01-01", "2100-12-31", "0001-01-01")
            )
        return self._text()

    def _multipart(self, fields: list[tuple[str, str]]) -> tuple[bytes, bytes]:
        parts = [
            f'--edge\r\nContent-Disposition: form-data; name="{quote_plus(name)}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields
        ]
        content = self.rng.choice((*ODD_FILES, self.rng.randbytes(200)))
        head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
        parts.append(head + content + b"\r\n")
        return b"multipart/form-data; boundary=edge", b"".join(parts) + b"--edge--\r\n"

    def _pairs(self, pairs: list[tuple[str, str]]) -> bytes:
        return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()

    def _spoil(self, text: bytes) -> bytes:
        at = self.rng.randrange(len(text) + 1)
        return text[:at] + self.rng.choice(ODD_BYTES) + text[at:]

    def _few(self) -> int:
        return self.rng.choice((0, 0, 0, 1, 1, 2))

    @staticmethod
    def _once_each(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """A later one replaces an earlier one, but cookies are added, as a browser would."""
        kept: dict[bytes, bytes] = {}
        for name, value in headers:
            kept[name] = kept[name] + b"; " + value if name == b"cookie" and kept.get(name) else value
        return list(kept.items())


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


async def ask(app: Litestar, sent: Sent) -> Answer:
    """Hand the application what a server would hand it."""
    path = unquote_to_bytes(sent.path.split(b"?")[0]).decode("utf-8", "replace") or "/"
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "https", "root_path": "",
        "method": sent.method, "path": path if path[0] == "/" else "/" + path, "raw_path": sent.path,
        "query_string": sent.query, "headers": sent.headers, "client": ("127.0.0.1", 5),
        "server": ("localhost", 8000),
    }  # fmt: skip
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": sent.body, "more_body": False}]
    answer = Answer(0, {}, b"")

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(scope, receive, send)  # type: ignore[arg-type]
    return answer


def taking_turns(
    routes: list[Route], guests: list[Guest], at_least: int, dice: Dice
) -> Iterator[tuple[Route, Guest]]:
    """Everybody at every route, as often as needed, forms twice as often as pages; the order is drawn."""
    turns = [turn for turn in itertools.product(routes, guests) for _ in range(1 + (turn[0].method != "GET"))]
    for _ in range(math.ceil(at_least / len(turns))):
        dice.rng.shuffle(turns)
        yield from turns


def _options(kind: Any) -> list[str]:
    """The words a field may be, where they are few."""
    if get_origin(kind) is Literal:
        return [str(word) for word in get_args(kind)]
    return [word for part in get_args(kind) for word in _options(part)]
