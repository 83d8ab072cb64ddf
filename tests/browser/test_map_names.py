"""Names on the map are words: whatever a village is called, no element comes of it and nothing is fetched."""

import json
from typing import Any

import pytest
from people import OpenWindow
from playwright.async_api import Route, expect

from jiedui.web.rendering import STATIC

HOSTILE = '<img class="hostile" src="/stolen?{n}" onerror="fetch(`/stolen`)"><b class="hostile">鹿鸣寺</b>'
HOUSE = """
<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/static/vendor/leaflet/leaflet.css">
<style>#map { width: 800px; height: 600px }</style>
<div id="map" data-url="/map.json" data-path="/plan" data-query="" data-zoom-in="+" data-zoom-out="-"
  data-line="{home} ← {helper}: {n}"
  data-ring="{village}: {n} left out" data-dot="{village}: {n} free" data-failed="failed"></div>
<aside><div id="side"></div></aside>
<script src="/static/vendor/htmx.min.js"></script><script src="/static/vendor/leaflet/leaflet.js"></script>
<script src="/static/map.js"></script>
"""
TOWNS = {"500230100000": [HOSTILE, 29.80, 107.70], "500230101000": [HOSTILE, 29.95, 107.85]}
COLOURS = [["red", "●", "red"], ["yellow", "▲", "yellow"], ["green", "■", "green"]]
PAIRS = {
    "outline": None,
    "townships": TOWNS,
    "villages": {"1": [HOSTILE, 29.81, 107.71], "2": [HOSTILE, 29.94, 107.84]},
    "colours": COLOURS,
    "lines": [["1", "2", 3]],
    "left_out": [["1", 1, 0, 2]],
    "room": [["2", 1, 4]],
}
NEWCOMERS = {
    "outline": None,
    "townships": TOWNS,
    "colours": COLOURS,
    "newcomers": [[code, 0, f"{HOSTILE} 3"] for code in TOWNS],
}


@pytest.mark.parametrize(("drawn", "marks"), [(PAIRS, 3), (NEWCOMERS, 2)], ids=["pairs", "newcomers"])
async def test_a_village_named_with_markup_is_written_as_it_is_named(
    window: OpenWindow, drawn: dict[str, Any], marks: int
) -> None:
    fetched: list[str] = []

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix("https://map.example")
        if path == "/":
            await route.fulfill(body=HOUSE, content_type="text/html")
        elif path == "/map.json":
            await route.fulfill(body=json.dumps(drawn), content_type="application/json")
        elif path.startswith("/static/"):
            await route.fulfill(path=STATIC / path.removeprefix("/static/"))
        else:
            fetched.append(path)
            await route.fulfill(status=404)

    page = await (await window("desktop")).new_page()
    await page.route("**/*", answer)
    await page.goto("https://map.example/")
    places = page.locator("#map .ring, #map .dot, #map .gain, #map .pairs-line")
    await expect(places).to_have_count(marks)
    for at in range(marks):
        await places.nth(at).dispatch_event("mouseover")
        await expect(page.locator(".leaflet-tooltip.what", has_text="onerror").first).to_be_visible()
    await expect(page.locator(".leaflet-tooltip.town", has_text="onerror")).to_have_count(len(TOWNS))
    assert await page.locator(".hostile, #map img").count() == 0
    assert fetched == []
