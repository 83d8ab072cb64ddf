"""The command line on the demonstration county: its reports, its plan, its documents, its second time."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import COUNTY, DATED, FENGDU, done, held_clock, jiedui, refused, servers_up

ANSWERS = json.loads(
    (Path(__file__).parents[1] / "instances" / "fengdu" / "answers.json").read_text(encoding="utf-8")
)
REFERENCE = json.loads(
    (Path(__file__).parents[1] / "instances" / "fengdu" / "reference.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose servers run, with the regions in it."""
    folder = tmp_path_factory.mktemp("fengdu")
    with servers_up(folder):
        done(folder, "regions", "import", FENGDU / "regions.csv", "--new")
        yield folder


@pytest.fixture(scope="module")
def reports(county: Path) -> dict[str, Any]:
    """What the first import of each ledger reported."""
    return {kind: imported(county, kind) for kind in ("households", "volunteers")}


@pytest.fixture(scope="module")
def plan(county: Path, reports: dict[str, Any]) -> dict[str, Any]:
    """The document of the county's round."""
    out = county / "plan.json"
    done(county, "round", "run", "--region", COUNTY, "--on", DATED, "--json", out)
    return dict(json.loads(out.read_text(encoding="utf-8")))


def imported(county: Path, kind: str, *also: str) -> dict[str, Any]:
    out = county / f"{kind}.json"
    printed = done(county, kind, "import", FENGDU / f"{kind}.xlsx", "--report", out, *also)
    return {**json.loads(out.read_text(encoding="utf-8")), "printed": printed}


def test_a_dry_run_says_what_would_be_and_takes_nothing(county: Path) -> None:
    for _ in range(2):
        assert (
            "Would be: 2929 new, 0 changed, 0 unchanged"
            in imported(county, "households", "--dry-run")["printed"]
        )


@pytest.mark.parametrize("kind", ["households", "volunteers"])
def test_a_report_equals_the_answers_count_for_count(reports: dict[str, Any], kind: str) -> None:
    report, expected = reports[kind], ANSWERS[kind]
    assert {name: report[name] for name in ("rows", "accepted", "rejected", "warnings")} == {
        name: expected[name] for name in ("rows", "accepted", "rejected", "warnings")
    }
    assert set(report) - {"printed"} == {"rows", "accepted", "rejected", "warnings", "details"}
    for level, counts in (("rejected", expected["rejected"]), ("warning", expected["warnings"])):
        assert Counter(one["reason"] for one in report["details"] if one["level"] == level) == counts
    for one in report["details"]:
        assert set(one) == {"cell", "reason", "level"}
        assert re.fullmatch(r"[^!]+![A-Z]+[0-9]+", one["cell"]), one
    assert f"{expected['accepted']} new, 0 changed, 0 unchanged" in report["printed"]


@pytest.mark.parametrize("kind", ["households", "volunteers"])
def test_the_second_import_changes_nothing(county: Path, reports: dict[str, Any], kind: str) -> None:
    again = imported(county, kind)
    assert f"0 new, 0 changed, {ANSWERS[kind]['accepted']} unchanged" in again["printed"]
    assert {**again, "printed": ""} == {**reports[kind], "printed": ""}


def test_the_round_is_the_proven_optimum(plan: dict[str, Any]) -> None:
    first, second = plan["stages"]
    wanted = {"red": "红", "yellow": "黄", "green": "绿"}
    covered = REFERENCE["first_helper"]["covered_of"]
    assert plan["status"] == "optimal"
    assert first["covered"] == {colour: covered[word] for colour, word in wanted.items()}
    assert list(first["covered"]) == ["red", "yellow", "green"]
    assert first["cost"] == REFERENCE["first_helper"]["cost"] == 9_667_838
    assert len(first["pairs"]) == 1952
    assert second["stage"] == 2
    assert plan["certificate"]["checks"]
    assert all(plan["certificate"]["checks"].values())


def test_the_documents_keys_are_those_scripts_depend_on(plan: dict[str, Any]) -> None:
    assert {"status", "solver", "region", "on", "policy", "stages", "certificate"} <= set(plan)
    assert (plan["region"], plan["on"], plan["policy"].split()[0]) == (COUNTY, DATED, "standard")
    for stage in plan["stages"]:
        assert {"stage", "slots", "covered", "pairs", "cost", "uncovered", "seconds"} <= set(stage)
        assert stage["slots"] == len(stage["pairs"]) + len(stage["uncovered"])
        assert sum(covered for covered, _ in stage["covered"].values()) == len(stage["pairs"])
        for pair in stage["pairs"]:
            assert {
                "household", "volunteer", "distance_m", "cost", "needs_met", "needs_unmet", "runner_up",
            } <= set(pair)  # fmt: skip
            assert isinstance(pair["distance_m"], int)
            assert pair["needs_met"]
        for left in stage["uncovered"]:
            assert set(left) == {"household", "reasons"}
            assert left["reasons"]


def test_nobody_is_named_by_an_identity_number_or_a_telephone(county: Path, plan: dict[str, Any]) -> None:
    text = (county / "plan.json").read_text(encoding="utf-8")
    assert not re.search(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])", text)
    assert not re.search(r"(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])", text)
    pairs = plan["stages"][0]["pairs"]
    assert all(re.fullmatch(r"[0-9a-f]{64}", pair["household"]) for pair in pairs)
    assert len({pair["household"] for pair in pairs}) == 1952
    assert max(len(pair["volunteer"]) for pair in pairs) <= 20


def test_a_round_is_shown_again_as_it_was(county: Path, plan: dict[str, Any]) -> None:
    out = county / "shown.json"
    printed = done(county, "round", "show", plan["round"], "--json", out)
    assert json.loads(out.read_text(encoding="utf-8")) == plan
    assert "cost 9,667,838" in printed
    assert "mean 3.340 km" in printed


def test_a_table_speaks_chinese_unless_asked_otherwise(county: Path, plan: dict[str, Any]) -> None:
    printed = done(county, "round", "show", plan["round"], JIEDUI_LANG="")
    assert "第1步 · 第一位帮扶人" in printed
    assert "平均 3.340 公里" in printed


def test_without_a_terminal_no_bar_and_no_control_character_is_printed(
    county: Path, reports: dict[str, Any]
) -> None:
    for report in reports.values():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", report["printed"])
        assert all(report["printed"].splitlines()), "the place of a bar was left empty"


def test_a_round_published_twice_is_refused_and_tells_nobody_twice(
    county: Path, plan: dict[str, Any]
) -> None:
    run = ("round", "run", "--region", COUNTY, "--on", DATED, "--publish")
    assert "proposals are on their way" in done(county, *run, **held_clock())
    again = jiedui(county, *run, **held_clock())
    assert again.returncode == 1
    assert again.stderr == "This plan holds no pair, so there is nothing to publish.\n"


@pytest.mark.parametrize("region", ["110101000000", "Fengdu", "%", ""])
def test_a_round_nowhere_is_refused(county: Path, region: str) -> None:
    sentence = refused(county, "round", "run", "--region", region, "--on", DATED)
    assert sentence == f"There is no area with the code {region} among yours."


def test_a_round_where_nobody_can_help_is_refused(county: Path, reports: dict[str, Any]) -> None:
    done(county, "regions", "import", _one_more_county(county))
    sentence = refused(county, "round", "run", "--region", "500231000000", "--on", DATED)
    assert "no volunteer who can be paired" in sentence


def _one_more_county(folder: Path) -> Path:
    path = folder / "regions.csv"
    header = (FENGDU / "regions.csv").read_text(encoding="utf-8").splitlines()[0]
    row = dict.fromkeys(header.removeprefix("\ufeff").split(","), "")
    row |= {"code": "500231000000", "name": "测试县", "level": "county"}
    path.write_text(f"{header}\n{','.join(row.values())}\n", encoding="utf-8")
    return path
