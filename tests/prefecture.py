"""A made-up prefecture: as many people as one has, in villages around towns; the same for the same seed.

Nobody in it exists: names, keys and numbers say that they are synthetic.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.random import Generator

from jiedui_pairing.people import Households, Volunteers, kinds_mask
from jiedui_pairing.policy import Pack, standard

CITY = "990100000000"
DATED = dt.date(2026, 11, 1)
_NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_COUNTIES, _TOWNS, _VILLAGES = 13, 8, 21
_SIDE_DEGREES = 0.9
_PLACES_PER_HOUSEHOLD = 1.1
_ASKED_FOR = {
    "companionship": 30, "tutoring": 20, "counselling": 8, "material": 10, "livelihood": 8,
    "health_escort": 10, "legal": 4, "practical": 10,
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Prefecture:
    """Rows as the database has them, a column's values in a list."""

    villages: list[dict[str, Any]]
    households: dict[str, list[Any]]
    volunteers: dict[str, list[Any]]

    def people(self, pack: Pack) -> tuple[Households, Volunteers]:
        """The same as a round sees them."""
        lat = {village["code"]: village["lat"] for village in self.villages}
        lng = {village["code"]: village["lng"] for village in self.villages}
        families, givers = self.households, self.volunteers
        return (
            Households.of(
                ids=families["id"], colour=families["colour"], wanted=families["wanted_helpers"],
                lat=[lat[code] for code in families["region_code"]],
                lng=[lng[code] for code in families["region_code"]],
                minor=[bool(born) for born in families["child_born_on"]],
                needs=[kinds_mask(pack, needs) for needs in families["needs"]],
                identity_key=families["ledger_key"], phone_key=[None] * len(families["id"]),
            ),
            Volunteers.of(
                ids=givers["id"], capacity=givers["capacity"], held=[0] * len(givers["id"]),
                lat=[lat[code] for code in givers["region_code"]],
                lng=[lng[code] for code in givers["region_code"]],
                offers=[kinds_mask(pack, offers) for offers in givers["offers"]], skills=givers["skills"],
                reach_m=[reach and 1000 * reach for reach in givers["reach_km"]],
                active=[not paused for paused in givers["paused"]],
                record_check=givers["record_checked_on"], trained=givers["trained"],
                identity_key=givers["ledger_key"], phone_key=[None] * len(givers["id"]),
            ),
        )  # fmt: skip


def a_prefecture(households: int, volunteers: int, seed: int = 0) -> Prefecture:
    """So many families and volunteers, places a little more than families, each rule against some."""
    rng = np.random.default_rng(seed)
    villages, share = _villages(rng)

    def homes(count: int) -> list[str]:
        return [villages[at]["code"] for at in rng.choice(len(villages), count, p=share)]

    def some(count: int, values: list[Any], weights: list[int]) -> list[Any]:
        chance = np.array(weights) / sum(weights)
        return [values[at] for at in rng.choice(len(values), count, p=chance)]

    skills = [skill.name["zh_CN"] for skill in standard().skill]
    places = rng.multinomial(
        round(_PLACES_PER_HOUSEHOLD * households), np.full(volunteers, 1 / max(volunteers, 1))
    )
    return Prefecture(
        villages=villages,
        households={
            "id": [UUID(int=at + 1) for at in range(households)],
            "region_code": homes(households),
            "ledger_key": [f"synthetic-h-{at}" for at in range(households)],
            "colour": some(households, ["red", "yellow", "green"], [10, 30, 60]),
            "wanted_helpers": some(households, [1, 2], [97, 3]),
            "needs": _kinds(rng, households, 1, 3),
            "child_born_on": some(households, [None, dt.date(2018, 9, 1)], [60, 40]),
        },
        volunteers={
            "id": [UUID(int=2**64 + at) for at in range(volunteers)],
            "region_code": homes(volunteers),
            "ledger_key": [f"synthetic-v-{at}" for at in range(volunteers)],
            "offers": _kinds(rng, volunteers, 2, 4),
            "skills": [[skills[at] for at in np.flatnonzero(has)] for has in
                       rng.random((volunteers, len(skills))) < 0.12],
            "capacity": np.maximum(places, 1).tolist(),
            "reach_km": some(volunteers, [None, 5, 10, 20, 40], [60, 5, 10, 15, 10]),
            "paused": some(volunteers, [False, True], [97, 3]),
            "record_checked_on": some(volunteers, [dt.date(2026, 6, 1), dt.date(2024, 6, 1)], [70, 30]),
            "trained": some(volunteers, [True, False], [90, 10]),
        },
    )  # fmt: skip


async def settle(prefecture: Prefecture, connection: Any) -> None:
    """Write the prefecture into an empty database; `connection` is asyncpg's."""

    async def copy(table: str, **columns: list[Any]) -> None:
        rows = zip(*columns.values(), strict=True)
        await connection.copy_records_to_table(table, records=rows, columns=list(columns))

    def all_of(count: int, value: Any) -> list[Any]:
        return [value] * count

    villages, families, givers = prefecture.villages, prefecture.households, prefecture.volunteers
    regions = [
        {"code": CITY, "name": "测试市（虚构）", "level": "city", "lat": 30.0, "lng": 107.5},
        *villages,
    ]
    await copy(
        "region",
        **{name: [region[name] for region in regions] for name in regions[0]},
        short_name=[region["name"] for region in regions],
        position_source=all_of(len(regions), "synthetic"),
    )
    count = len(families["id"])
    own = {name: values for name, values in families.items() if name not in ("needs", "child_born_on")}
    await copy(
        "household",
        **own,
        number=[f"H990100-{at:05}" for at in range(count)],
        name=[f"虚构家庭{at}" for at in range(count)],
        identity=all_of(count, b"synthetic"),
        contact_way=all_of(count, "none"),
        created_at=all_of(count, _NOW),
        updated_at=all_of(count, _NOW),
    )
    needs = [
        (household, kind, position)
        for household, kinds in zip(families["id"], families["needs"], strict=True)
        for position, kind in enumerate(kinds)
    ]
    await copy(
        "need",
        id=[UUID(int=2**65 + at) for at in range(len(needs))],
        **{name: [need[at] for need in needs] for at, name in enumerate(("household", "kind", "position"))},
    )
    children = [
        (household, born_on)
        for household, born_on in zip(families["id"], families["child_born_on"], strict=True)
        if born_on
    ]
    await copy(
        "member",
        id=[UUID(int=2**66 + at) for at in range(len(children))],
        household=[household for household, _ in children],
        born_on=[born_on for _, born_on in children],
        relation=all_of(len(children), "child"),
        name=all_of(len(children), "虚构儿童"),
    )
    count = len(givers["id"])
    await copy(
        "volunteer",
        **givers,
        number=[f"S{at:06}" for at in range(count)],
        name=[f"虚构志愿者{at}" for at in range(count)],
        kind=all_of(count, "helper"),
        state=all_of(count, "active"),
        source=all_of(count, "ledger"),
        created_at=all_of(count, _NOW),
        updated_at=all_of(count, _NOW),
    )
    await connection.execute("ANALYZE")


def _villages(rng: Generator) -> tuple[list[dict[str, Any]], Any]:
    """The villages and the share of the people in each: a few are large and most are small."""
    villages = []
    for county in range(_COUNTIES):
        for town in range(_TOWNS):
            lat, lng = rng.uniform(0, _SIDE_DEGREES, 2)
            for village in range(_VILLAGES):
                north, east = rng.normal(0, _SIDE_DEGREES / 40, 2)
                villages.append(
                    {
                        "code": f"9901{county + 1:02}{town + 100}{village + 200}",
                        "name": f"虚构村{len(villages)}",
                        "level": "village",
                        "lat": 29.5 + lat + north,
                        "lng": 107.0 + 1.15 * (lng + east),
                    }
                )
    size = rng.pareto(1.5, len(villages)) + 0.2
    return villages, size / size.sum()


def _kinds(rng: Generator, count: int, least: int, most: int) -> list[list[str]]:
    """Some kinds for each of so many people, the common ones more often."""
    kinds, weight = list(_ASKED_FOR), np.array([*_ASKED_FOR.values()], dtype=np.float64)
    order = np.argsort(-np.log(weight) - rng.gumbel(size=(count, len(kinds))), axis=1)
    return [
        [kinds[at] for at in row[:size]]
        for row, size in zip(order, rng.integers(least, most, count, endpoint=True), strict=True)
    ]
