"""A real Chromium, and windows the size of what people use."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from commands import FENGDU, JIEDUI, PATIENCE, answers, done, environment, held_clock, servers_up, wait_until
from people import COUNTY, PASSPHRASE, OpenWindow
from playwright.async_api import Browser, BrowserContext, async_playwright

QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHINESE: dict[str, Any] = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
WINDOWS: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The Chromium that ./dev found or installed; run without ./dev, one that is found here."""
    path = os.environ.get("JIEDUI_CHROMIUM") or _found()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=path,
            args=QUIET,
            chromium_sandbox=_sandbox_works(),
            timeout=PATIENCE * 1000,
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture
async def window(browser: Browser) -> AsyncIterator[OpenWindow]:
    """Opens one more person's window: `await window("phone", base_url=…)`; all are closed after the test."""
    async with AsyncExitStack() as stack:

        async def opened(kind: str, **options: Any) -> BrowserContext:
            context = await browser.new_context(**CHINESE | WINDOWS[kind] | options)
            stack.push_async_callback(context.close)
            return context

        yield opened


@pytest_asyncio.fixture
async def phone(window: OpenWindow) -> BrowserContext:
    """A volunteer's or a household's telephone."""
    return await window("phone")


@pytest_asyncio.fixture
async def desktop(window: OpenWindow) -> BrowserContext:
    """A coordinator's desk."""
    return await window("desktop")


def _found() -> str:
    finder = [sys.executable, str(Path(__file__).with_name("find_chromium.py"))]
    return subprocess.run(finder, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _sandbox_works() -> bool:
    """Chromium's sandbox needs an ordinary user and user namespaces; our own pages do without."""
    if os.geteuid() == 0:
        return False
    return (
        subprocess.run(["unshare", "--user", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A county with regions and two members of staff, served on a free port; the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # By number: a bare machine may have no name for itself.
    address = f"http://127.0.0.1:{port}"
    data, clock = tmp_path_factory.mktemp("site"), held_clock()
    with servers_up(data):
        done(data, "regions", "import", FENGDU / "regions.csv", "--new", **clock)
        for role in ("coordinator", "administrator"):
            done(data, "account", role, "--role", role, "--region", COUNTY, "--name", "周敏",
                 "--passphrase", PASSPHRASE, **clock)  # fmt: skip
    server = subprocess.Popen(
        [*JIEDUI, "serve"],
        env=environment(data, JIEDUI_PORT=str(port), JIEDUI_PUBLIC_URL=address, JIEDUI_LANG="", **clock),
    )
    try:
        wait_until(lambda: server.poll() is not None or answers(f"{address}/livez"), every=0.1)
        assert server.poll() is None, "the server ended"
        yield address
    finally:
        server.terminate()
        server.wait(PATIENCE)
