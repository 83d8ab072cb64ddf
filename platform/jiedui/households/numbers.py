"""The numbers by which families are told apart where their names are masked."""

import re
from collections import Counter
from collections.abc import Sequence

from jiedui.households.tables import NumberSeries

_TYPED = re.compile(r"(?:H?([0-9]{6})-|H([0-9]{6}))?([0-9]{1,6})", re.IGNORECASE)
_FURTHER = """
INSERT INTO number_series (county, last) VALUES ({}, {})
ON CONFLICT (county) DO UPDATE SET last = number_series.last + excluded.last RETURNING last
"""


async def next_numbers(region_codes: Sequence[str]) -> list[str]:
    """A number for each family that enters the ledger in one of these regions, e.g. H500230-00017.

    It names the county that entered her first and stays hers wherever she moves; none is given twice.
    Belongs into the transaction that writes the families: until it ends, others of the county wait.
    """
    counties = [code[:6] for code in region_codes]
    last: dict[str, int] = {}
    for county, count in sorted(Counter(counties).items()):  # in one order, so that nobody waits in a circle
        rows = await NumberSeries.raw(_FURTHER, county, count)
        last[county] = rows[0]["last"] - count
    numbers = []
    for county in counties:
        last[county] += 1
        numbers.append(f"H{county}-{last[county]:05}")
    return numbers


def typed_number(text: str) -> str:
    """A number as somebody types it, as a pattern for LIKE: whole, or its last digits alone; else nothing."""
    found = _TYPED.fullmatch(re.sub(r"\s", "", text))
    if not found:
        return ""
    county = found[1] or found[2]
    return f"{f'H{county}' if county else '%'}-{int(found[3]):05}"
