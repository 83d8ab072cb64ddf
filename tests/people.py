"""People at phones and desks: what a browser test can do and see, said as they would say it."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from commands import PATIENCE
from playwright.async_api import BrowserContext, Page, expect

COUNTY = "500230000000"
PASSPHRASE = "a sentence nobody guesses"
SHOTS = Path(__file__).parent / "browser" / "shots"
"""Where the window of whoever was stuck is kept, for a person to look at."""
AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
OpenWindow = Callable[..., Awaitable[BrowserContext]]
expect.set_options(timeout=PATIENCE * 1000)


@asynccontextmanager
async def somebody(window: OpenWindow, site: str, kind: str, **options: Any) -> AsyncIterator[Page]:
    """A person at a phone or a desk; whatever her browser complains about fails the test."""
    context = await window(kind, base_url=site, **options)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: dialog.accept())
    try:
        yield page
    except BaseException:
        SHOTS.mkdir(exist_ok=True)
        await page.screenshot(path=SHOTS / f"{kind}-{urlsplit(page.url).path.replace('/', '_')}.png")
        raise
    expected = ("status of 422", "status of 410", "status of 404")
    assert [words for words in complaints if not any(fine in words for fine in expected)] == []
    await context.close()


async def staff(page: Page, login: str) -> None:
    await page.goto("/login")
    await page.fill("[name=login]", login)
    await page.fill("[name=passphrase]", PASSPHRASE)
    await page.click("main button.main")
    await page.wait_for_url("**/desk")


async def fits(page: Page) -> None:
    """Nothing is cut off: the page is no wider than its window, and no control sticks out."""
    sticking_out = await page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(e => {
            const box = e.getBoundingClientRect();
            const apart = e.closest('.scroll, nav, .leaflet-container, .unseen');
            return box.width && box.right > innerWidth + 1 && !apart;
        }).map(e => e.outerHTML.slice(0, 120))"""
    )
    width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert (width, sticking_out) == (0, []), page.url
    slices = await page.evaluate(
        "document.fonts.load('16px \"Noto Sans SC Variable\"', '结对帮扶').then(loaded => loaded.length)"
    )
    assert slices > 0, "the Chinese font has not loaded"


async def serious(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds that would keep somebody out."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        {"rule": one["id"], "where": [node["html"][:160] for node in one["nodes"][:3]]}
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


async def newest_message(admin: Page, to: str, pattern: str) -> str:
    """The operator's console on the newest message to this masked recipient; waits for the worker."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        await admin.goto("/notices?state=sent")
        for text in await admin.locator(".message", has_text=to).all_inner_texts():
            if found := re.search(pattern, text):
                return found[1]
        await admin.wait_for_timeout(250)
    raise AssertionError(f"no message to {to} says {pattern}: {await admin.inner_text('main')}")
