"""Logging out against requests under way, on a real server with two processes."""

import asyncio
import os
import socket
import sys

import httpx
import pytest
from commands import PATIENCE, answers, wait_until
from factories import an_account
from redis.asyncio import Redis

from jiedui.accounts.sessions import Sessions
from jiedui.clock import utc_now
from jiedui.settings import load
from jiedui.web.forgery import sign


@pytest.fixture
async def address(servers, clean_db, redis):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "granian",
        *("--interface", "asgi", "--factory", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "2", "--log-level", "warning", "jiedui.asgi:app"),
        env={**os.environ, "JIEDUI_PUBLIC_URL": address},
    )
    try:
        wait_until(lambda: answers(f"{address}/livez"), every=0.1)
        yield address
    finally:
        server.terminate()
        await server.wait()


async def test_no_request_under_way_brings_a_login_back(address, servers):
    redis = Redis.from_url(servers.redis_url)
    sessions = Sessions(redis, utc_now)
    account = await an_account()
    secret = load(os.environ).secret
    async with httpx.AsyncClient(
        base_url=address, limits=httpx.Limits(max_connections=16), timeout=PATIENCE
    ) as browser:
        for _ in range(50):
            session_id = await sessions.begin(account, "coordinator")
            cookie = {"cookie": f"__Host-jiedui={session_id}"}
            token = {"x-csrf-token": sign(secret, "session", session_id)}
            assert (await browser.get("/", headers=cookie)).status_code == 303
            answers = await asyncio.gather(
                *(browser.get("/", headers=cookie) for _ in range(4)),
                browser.post("/logout", headers=cookie | token),
                *(browser.get("/", headers=cookie) for _ in range(4)),
            )
            assert {answer.status_code for answer in answers} <= {200, 303}
            assert (await browser.get("/", headers=cookie)).status_code == 200
            assert await sessions.find(session_id) is None
    await redis.aclose()
