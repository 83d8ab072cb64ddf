"""A county whose policy knows four levels of risk, under names of its own, and three stages: the whole way.

Nothing of the product names a level: what this pack says is read from the ledger, ordered, painted and timed.
"""

import re
from datetime import timedelta
from importlib import resources

import pytest
from factories import COUNTY, NOW, TODAY, VILLAGE, a_household, a_pair, a_region_tree, a_volunteer
from ledger_files import household_row, ledger_file
from planned import a_planned_round, text_of

from jiedui.actor import Actor
from jiedui.commands.terminal import console, print_plan
from jiedui.desks.figures import figures_of
from jiedui.followups.service import due_of, ensure_due, overdue_by_township
from jiedui.households.lists import HouseholdFilter, households_of
from jiedui.households.tables import Household
from jiedui.ledgers.service import import_file
from jiedui.plans.document import plan_document
from jiedui.policies.force import VARIABLE, in_force
from jiedui.policies.service import store_packs
from jiedui.rounds.views import counts_of
from jiedui.settings import SettingsError
from jiedui.store import schema
from jiedui.store.piccolo_conf import DB
from jiedui.volunteers.tables import Volunteer
from jiedui.wiring import LEDGERS

LEVELS = """
[[stage]]
name = { zh_CN = "第三位帮扶人", en = "Third helper" }
helpers = 3
colours = ["urgent"]

[[colour]]
code = "urgent"
name = { zh_CN = "红", en = "Crimson" }
words = ["红", "一级"]
symbol = "✖"
tone = "red"
call = 3
visit = 5

[[colour]]
code = "raised"
name = { zh_CN = "橙", en = "Amber" }
words = ["橙", "二级"]
symbol = "◆"
tone = "orange"
call = 8
visit = 16

[[colour]]
code = "watched"
name = { zh_CN = "黄", en = "Lemon" }
words = ["黄"]
symbol = "▲"
tone = "yellow"
call = 20
visit = 40

[[colour]]
code = "calm"
name = { zh_CN = "绿", en = "Emerald" }
words = ["绿"]
symbol = "■"
tone = "green"
call = 60
visit = 120

"""
FOUR = ["urgent", "raised", "watched", "calm"]


def a_pack(version: int = 1, levels: str = LEVELS) -> str:
    """The shipped pack with these levels instead of its own."""
    text = resources.files("jiedui_pairing").joinpath("packs/standard-1.toml").read_text("utf-8")
    text = text.replace('name = "standard"\nversion = 1', f'name = "four"\nversion = {version}')
    text = text.replace('colours = ["red", "yellow"]', 'colours = ["urgent", "raised"]')
    return re.sub(r"\[\[colour\]\].*?(?=\[\[kind\]\])", lambda _: levels, text, count=1, flags=re.DOTALL)


@pytest.fixture(autouse=True)
async def four(db, tmp_path, monkeypatch):
    """That pack is in force."""
    path = tmp_path / "four.toml"
    path.write_text(a_pack(), "utf-8")
    monkeypatch.setenv(VARIABLE, str(path))
    in_force.cache_clear()
    await store_packs(NOW)
    await schema.rank(DB.current_transaction.get().connection, in_force().colours)
    await a_region_tree()
    yield path
    monkeypatch.undo()
    in_force.cache_clear()


async def families(tmp_path, *words: str) -> None:
    rows = [household_row(n, name=f"测试{n}", colour=word, needs="亲情陪伴", children="")
            for n, word in enumerate(words, start=1)]  # fmt: skip
    file = ledger_file(tmp_path, "households", *rows)
    result = await import_file(Actor.system(), LEDGERS["households"], file, dry_run=False, now=NOW)
    assert result.report.as_data()["rejected"] == {}


def colours(rows) -> list[str]:
    return [row["colour"] for row in rows]


async def test_a_ledger_is_read_and_a_list_ordered_by_the_levels_of_the_policy(tmp_path, coordinator):
    await families(tmp_path, "绿", "二级", "黄", "红", "")
    actor = Actor("coordinator", COUNTY, "协调员")
    found = await households_of(actor, HouseholdFilter(sort="colour"))
    assert colours(found.rows) == ["urgent", "raised", "watched", "calm", "calm"]
    found = await households_of(actor, HouseholdFilter(colour="raised"))
    assert colours(found.rows) == ["raised"]
    page = await coordinator.get("/households?sort=colour")
    assert '<span class="badge orange"><span aria-hidden="true">◆</span> Amber</span>' in page.text
    assert [option for option in re.findall(r'<option value="(\w+)"', page.text) if option in FOUR] == FOUR
    file = await coordinator.get("/households.csv?sort=colour")
    assert "Amber" in file.content.decode("utf-8-sig").splitlines()[2]


async def test_whoever_is_most_urgent_is_served_first_and_every_view_says_so(tmp_path, coordinator):
    await families(tmp_path, "绿", "黄", "橙", "红")
    await a_volunteer(capacity=3, region_code=VILLAGE)
    round_id, plan_id = await a_planned_round(policy="four")
    document = await plan_document(Actor.system(), plan_id)
    first = document["stages"][0]
    assert list(first["covered"]) == FOUR
    assert list(first["covered"].values()) == [[1, 1], [1, 1], [1, 1], [0, 1]]
    assert [stage["name"]["zh_CN"] for stage in document["stages"]][2] == "第三位帮扶人"
    with console.capture() as said:
        print_plan(document)
    assert "◆" in said.get()
    path = f"/rounds/{round_id}/plans/1"
    drawn = (await coordinator.get(f"{path}/map.json")).json()
    assert [tone for tone, *_ in drawn["colours"]] == ["red", "orange", "yellow", "green"]
    assert [symbol for _, symbol, _ in drawn["colours"]] == ["✖", "◆", "▲", "■"]
    assert [counts for _, *counts in drawn["left_out"]] == [[0, 0, 0, 1]]
    page = await coordinator.get(f"{path}/map")
    assert '<circle class="ring orange"' in page.text
    assert "虎威镇 3 0.0 km 1 ■ Emerald 1" in text_of(page)
    assert "◆ Amber" in text_of(await coordinator.get(f"{path}?colour=raised"))
    left_out = await coordinator.get(f"{path}/left-out?colour=calm")
    assert "■ Emerald 测*" in text_of(left_out)
    assert '<option value="3">Third helper</option>' in left_out.text
    assert (await coordinator.get(f"{path}/left-out?stage=3")).status_code == 200
    recruit = await coordinator.get(f"{path}/recruit")
    assert "A Emerald family more" in text_of(recruit)
    assert {rank for _, rank, _ in (await coordinator.get(f"{path}/recruit.json")).json()["newcomers"]} <= {
        3, None,
    }  # fmt: skip
    for name in ("pairs.csv", "left-out.csv", "recruit.csv"):
        assert (await coordinator.get(f"{path}/{name}")).status_code == 200
    assert "Emerald" in (await coordinator.get(f"{path}/left-out.csv")).content.decode("utf-8-sig")
    assert "◆ Amber" in (await coordinator.get(f"{path}/what-if?kind=arrive")).text


@pytest.mark.parametrize(
    ("colour", "call", "visit"),
    [("urgent", 3, 5), ("raised", 8, 16), ("watched", 20, 40), ("calm", 60, 120), ("red", 3, 5)],
)
async def test_contacts_fall_due_by_the_levels_days(colour, call, visit):
    volunteer = await a_volunteer()
    household = await a_household(colour=colour)
    await a_pair(household, volunteer, state="active", policy_name="four")
    await ensure_due(NOW)
    due = await due_of(Actor("volunteer", VILLAGE, "志愿者", volunteer_id=volunteer))
    assert {row["medium"]: (row["due_on"] - TODAY).days for row in due} == {"call": call, "visit": visit}
    (row,) = await overdue_by_township(Actor("coordinator", COUNTY, "协调员"), TODAY + timedelta(days=200))
    assert row["urgent"] == (2 if colour in ("urgent", "red") else 0)


async def test_a_level_that_the_policy_does_not_know_is_named_and_counts_as_its_most_urgent(coordinator):
    await a_household(colour="calm", name="安某")
    await a_household(colour="red", name="老某")
    await a_volunteer(capacity=1)
    actor = Actor("coordinator", COUNTY, "协调员")
    assert colours((await households_of(actor, HouseholdFilter(sort="colour"))).rows) == ["red", "calm"]
    assert colours((await households_of(actor, HouseholdFilter(colour="urgent"))).rows) == ["red"]
    counts = await counts_of(actor, COUNTY, TODAY, "four")
    assert (counts["strange"], counts["waiting"]["urgent"]["families"]) == (1, 1)
    assert "red: not in the policy, taken for Crimson" in text_of(await coordinator.get("/households"))
    new = text_of(await coordinator.get("/rounds/new"))
    assert "1 of these families have a risk colour that the policy does not know" in new
    _, plan_id = await a_planned_round(policy="four")
    covered = (await plan_document(Actor.system(), plan_id))["stages"][0]["covered"]
    assert list(covered.values()) == [[1, 1], [0, 0], [0, 0], [0, 1]]


async def test_a_pack_that_changed_without_a_new_version_is_refused(four):
    four.write_text(a_pack(levels=LEVELS.replace("call = 3", "call = 4")), "utf-8")
    in_force.cache_clear()
    with pytest.raises(SettingsError, match="version 1 of four is stored already"):
        await store_packs(NOW)
    four.write_text(a_pack(2, LEVELS.replace("call = 3", "call = 4")), "utf-8")
    in_force.cache_clear()
    await store_packs(NOW)


@pytest.mark.parametrize(
    ("there", "instead", "words"),
    [('"urgent"]', '"gone"]', "gone"), ('code = "calm"', 'code = "urgent"', "colours are the same"),
     ('tone = "red"', 'tone = "pink"', "pink"), ('["绿"]', '["红"]', "words are the same"),
     ('code = "calm"', "code = \"'; DROP\"", "regex")],
)  # fmt: skip
async def test_a_pack_whose_levels_contradict_each_other_says_where(four, there, instead, words):
    four.write_text(a_pack(levels=LEVELS.replace(there, instead)), "utf-8")
    in_force.cache_clear()
    with pytest.raises(SettingsError, match=words):
        in_force()


async def test_above_the_county_the_most_urgent_are_counted():
    for colour in ("urgent",) * 6 + ("calm",) * 6:
        await a_household(colour=colour)
    whole, _ = await figures_of(Actor("reader", COUNTY, "读者"))
    assert whole.counts[:2] == (12, 6)


async def test_the_ledger_to_fill_in_shows_a_word_that_is_understood():
    assert len(LEDGERS["households"].template()) > 1000
    assert (await Household.count(), await Volunteer.count()) == (0, 0)
