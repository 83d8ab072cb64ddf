"""The application without a server, and people who visit it: nobody, a volunteer, a coordinator."""

import os
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from litestar import Litestar
from redis.asyncio import Redis

from jiedui.launcher.servers import Servers

ADDRESS = "https://localhost:8000"
COUNTY = "500230000000"


class Visitor(httpx.AsyncClient):
    """A browser: keeps its cookies, sends forms with the token of the page it has open and a fresh key."""

    def __init__(self, app: Litestar, **options: Any) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url=ADDRESS, **options)
        self.form_token = ""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:  # type: ignore[override]
        response = await super().send(request, **options)
        found = re.search(r'_csrf_token" value="([^"]+)"|x-csrf-token&#34;: &#34;([^&]+)&', response.text)
        self.form_token = next(filter(None, found.groups())) if found else self.form_token
        return response

    async def submit(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form, as the page seen last would; files go in `files=`."""
        if not self.form_token:
            await self.get("/login")
        hidden = {"_csrf_token": self.form_token, "_once": secrets.token_urlsafe(16)}
        return await self.post(path, data=hidden | (fields or {}), **options)


LoginAs = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture(scope="session")
async def made_app(servers: Servers) -> AsyncIterator[Litestar]:
    """The application on the tests' servers, made once: its routes and templates take a second."""
    from jiedui.asgi import create_app
    from jiedui.settings import load

    app = create_app(load({**os.environ, "JIEDUI_PUBLIC_URL": ADDRESS}))
    yield app
    await app.state.redis.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def app(made_app: Litestar, db: None, redis: Redis) -> AsyncIterator[Litestar]:
    """The application as it was made; its database work is rolled back after the test."""
    state = made_app.state.dict()
    yield made_app
    made_app.state.update(state)


@pytest_asyncio.fixture(loop_scope="session")
async def app_that_commits(made_app: Litestar, clean_db: None, redis: Redis) -> Litestar:
    """The same for what happens at once: each request has a connection and transactions of its own."""
    return made_app


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(app: Litestar) -> AsyncIterator[Visitor]:
    """Somebody who is not logged in."""
    async with Visitor(app) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="session")
async def login_as(app: Litestar) -> AsyncIterator[LoginAs]:
    """`await login_as("coordinator", region)`: a browser of somebody who is logged in, with `.account_id`."""
    async with _doors(app) as login:
        yield login


@pytest_asyncio.fixture(loop_scope="session")
async def login_that_commits(app_that_commits: Litestar) -> AsyncIterator[LoginAs]:
    """The same at the application that commits."""
    async with _doors(app_that_commits) as login:
        yield login


@asynccontextmanager
async def _doors(app: Litestar) -> AsyncIterator[LoginAs]:
    from jiedui.accounts.tables import Account
    from jiedui.web.forgery import sign

    async with AsyncExitStack() as stack:

        async def login(
            role: str, region_code: str = COUNTY, *, volunteer_id: UUID | None = None, name: str = "试用"
        ) -> Visitor:
            account = Account(
                role=role,
                name=name,
                login=None if role == "volunteer" else f"{role}-{os.urandom(4).hex()}",
                region_code=region_code,
                volunteer_id=volunteer_id,
                created_at=app.state.clock(),
            )
            await account.save()
            visitor = await stack.enter_async_context(Visitor(app))
            session_id = await app.state.sessions.begin(account.id, role)
            visitor.cookies.set(app.state.cookies.session, session_id, domain="localhost.local")
            visitor.form_token = sign(app.state.settings.secret, "session", session_id)
            visitor.account_id = account.id  # type: ignore[attr-defined]
            return visitor

        yield login


@pytest_asyncio.fixture(loop_scope="session")
async def coordinator(login_as: LoginAs) -> Visitor:
    """A coordinator of the county who reads English."""
    visitor = await login_as("coordinator", COUNTY, name="谭协调")
    visitor.headers["accept-language"] = "en"
    return visitor
