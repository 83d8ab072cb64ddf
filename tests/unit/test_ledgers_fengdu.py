"""The demonstration county's ledgers, read as the county means them."""

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from jiedui.households.reading import read_households
from jiedui.regions.reading import read_regions
from jiedui.regions.villages import VillageIndex
from jiedui.volunteers.reading import read_volunteers
from jiedui_pairing.policy import standard

ROOT = Path(__file__).parents[2]
COUNTY = ROOT / "examples" / "fengdu"
EXPECTED = ROOT / "tests" / "instances" / "fengdu"
ON = date(2026, 11, 1)
COLOURS = {"红": "red", "黄": "yellow", "绿": "green"}
WAYS = {"可短信": "sms", "可电话": "call", "由村干部转达": "village", "不得联系本人": "none"}
KINDS = {"爱心妈妈": "caring_mother", "女企业家": "women_entrepreneur", "爱心人士": "helper"}


@pytest.fixture(scope="module")
def answers():
    return json.loads((EXPECTED / "answers.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def truth():
    return json.loads((EXPECTED / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def regions():
    return read_regions(COUNTY / "regions.csv")


@pytest.fixture(scope="module")
def villages(regions):
    return VillageIndex((r.code, r.name, r.level) for r in regions.records)


@pytest.fixture(scope="module")
def households(villages):
    return read_households(COUNTY / "households.xlsx", villages, standard(), on=ON)


@pytest.fixture(scope="module")
def volunteers(villages):
    return read_volunteers(COUNTY / "volunteers.xlsx", villages, standard(), on=ON)


def test_the_region_list_is_read_whole(regions):
    assert Counter(r.level for r in regions.records) == {"county": 1, "township": 30, "village": 338}
    assert regions.report.as_data() == {
        "rows": 369,
        "accepted": 369,
        "rejected": {},
        "warnings": {},
        "details": [],
    }


def test_the_household_report_equals_the_answers_count_for_count(households, answers):
    report, expected = households.report.as_data(), answers["households"]
    assert {key: report[key] for key in ("rows", "accepted", "rejected", "warnings")} == {
        key: expected[key] for key in ("rows", "accepted", "rejected", "warnings")
    }
    assert sum(r.has_minor(ON) for r in households.records) == expected["households_with_minor"]
    assert sum(len(r.needs) for r in households.records) == expected["needs"]
    assert Counter(r.colour for r in households.records) == {
        COLOURS[word]: count for word, count in expected["colours"].items()
    }


def test_the_volunteer_report_equals_the_answers_count_for_count(volunteers, answers):
    report, expected = volunteers.report.as_data(), answers["volunteers"]
    assert {key: report[key] for key in ("rows", "accepted", "rejected", "warnings")} == {
        key: expected[key] for key in ("rows", "accepted", "rejected", "warnings")
    }
    in_date = [
        v for v in volunteers.records if v.record_checked_on and v.record_checked_on > ON - timedelta(365)
    ]
    assert sum(r.capacity for r in volunteers.records) == expected["capacity"]
    assert len(in_date) == expected["record_check_in_date_on_2026_11_01"]
    assert Counter(r.kind for r in volunteers.records) == {KINDS[k]: n for k, n in expected["kinds"].items()}


def test_every_household_means_what_the_truth_says(households, truth, regions):
    pack = standard()
    places = {r.code: (r.lat, r.lng) for r in regions.records}
    read = {
        r.identity_number: {
            "village": r.village,
            "at": places[r.village],
            "minor": r.has_minor(ON),
            "colour": r.colour,
            "needs": r.needs,
            "way": r.contact_way,
        }
        for r in households.records
    }
    assert read == {
        h["key"]: {
            "village": h["village"],
            "at": (h["lat"], h["lng"]),
            "minor": h["minor"],
            "colour": COLOURS[h["colour"]],
            "needs": [pack.kind_code(word) for word in h["needs"]],
            "way": WAYS[h["safe"]],
        }
        for h in truth["households"]
    }


def test_every_volunteer_means_what_the_truth_says(volunteers, truth):
    pack = standard()
    read = {
        r.identity_number: (
            r.kind,
            r.village,
            r.skills,
            r.offers,
            r.capacity,
            r.reach_km,
            r.record_checked_on,
            r.trained,
        )
        for r in volunteers.records
    }
    assert read == {
        v["key"]: (
            KINDS[v["kind"]],
            v["village"],
            v["skills"],
            [pack.kind_code(word) for word in v["gives"]],
            v["capacity"],
            v["reach_km"],
            v["checked"] and date.fromisoformat(v["checked"]),
            v["trained"],
        )
        for v in truth["volunteers"]
    }


def test_every_finding_names_its_cell(households, volunteers):
    cells = {f.reason: f.cell for f in reversed(households.report.findings)}
    assert cells["name missing"].startswith("台账!D")
    assert cells["identity number fails its check digit"].startswith("台账!E")
    assert cells["village not found in its township"].startswith("台账!C")
    assert cells["telephone number malformed"].startswith("台账!H")
    assert cells["date away not understood"].startswith("台账!L")
    assert cells["need not in the catalogue"].startswith("台账!R")
    assert "capacity is not a positive whole number" in {f.reason for f in volunteers.report.findings}
    assert {f.row for f in volunteers.report.findings if f.cell.endswith("!L26")} == {26}  # '-1'
