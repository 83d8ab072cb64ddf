"""Every main page as axe-core reads it: nothing serious, light and dark, in both languages."""

import pytest
from people import OpenWindow, fits, serious, somebody, staff

PUBLIC = ("/", "/join", "/login", "/login/volunteer", "/nowhere", "/h/not-a-link")
STAFF = (
    "/desk", "/households", "/households/import", "/volunteers", "/rounds", "/rounds/new", "/pairs",
    "/followups", "/concerns", "/notices", "/notices/calls", "/notices/villages", "/notices/letters",
)  # fmt: skip


@pytest.mark.parametrize("window_kind", ["phone", "desktop"])
@pytest.mark.parametrize(("language", "scheme"), [("zh-CN", "light"), ("en-GB", "dark")])
async def test_the_main_pages_keep_nobody_out(
    window: OpenWindow, site: str, window_kind: str, language: str, scheme: str
) -> None:
    async with somebody(window, site, window_kind, locale=language, color_scheme=scheme) as page:
        found = {}
        for path in PUBLIC:
            await page.goto(path)
            await fits(page)
            found[path] = await serious(page)
        await staff(page, "coordinator")
        for path in STAFF:
            await page.goto(path)
            await fits(page)
            found[path] = await serious(page)
        assert {path: what for path, what in found.items() if what} == {}


async def test_a_field_without_a_label_would_be_found(window: OpenWindow, site: str) -> None:
    async with somebody(window, site, "phone") as page:
        await page.goto("/login")
        await page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')")
        assert [one["rule"] for one in await serious(page)] == ["label"]
