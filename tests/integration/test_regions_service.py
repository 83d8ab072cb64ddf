"""The region tree in the database: kept, and found by what people type."""

from dataclasses import dataclass, replace

import pytest
from factories import COUNTY, NOW, OTHER_COUNTY, TOWNSHIP, VILLAGE

from jiedui.actor import Actor
from jiedui.audit.tables import AuditEntry
from jiedui.errors import NotFound
from jiedui.regions import service
from jiedui.regions.service import Changes, find_villages, forecast_regions, save_regions


@dataclass(frozen=True)
class Line:
    code: str
    name: str
    level: str
    lat: float | None = 29.9
    lng: float | None = 107.7
    position_source: str = "synthetic"


LIST = [
    Line(COUNTY, "丰都县", "county"),
    Line(TOWNSHIP, "虎威镇", "township"),
    Line(VILLAGE, "回龙村村民委员会", "village"),
    Line("500230101202", "大溪村村民委员会", "village"),
    Line("500230101203", "长坡村村民委员会", "village"),
    Line("500230102000", "南天湖镇", "township"),
    Line("500230102201", "回龙寺村村民委员会", "village"),
    Line("500230102202", "九溪沟村村民委员会", "village"),
    Line("500230102001", "虎威社区居民委员会", "village"),
    Line(OTHER_COUNTY, "垫江县", "county"),
    Line("500231100000", "新民镇", "township"),
    Line("500231100201", "回龙村村民委员会", "village"),
]
SYSTEM = Actor.system()


@pytest.fixture
async def tree(db):
    await save_regions(SYSTEM, LIST, NOW)


async def names(text, **options):
    return [place.label for place in await find_villages(text, **options)]


async def test_saving_the_list_again_changes_nothing(db):
    assert await save_regions(SYSTEM, LIST, NOW) == Changes(new=12, changed=0, same=0)
    assert await save_regions(SYSTEM, LIST, NOW) == Changes(new=0, changed=0, same=12)
    assert await AuditEntry.count().where(AuditEntry.action == "regions.save") == 1


async def test_a_renamed_village_is_changed_and_found_by_its_new_name(tree):
    renamed = replace(LIST[2], name="新回龙村村民委员会", lat=None, lng=None)
    assert await forecast_regions(SYSTEM, [*LIST[:2], renamed]) == Changes(new=0, changed=1, same=2)
    assert await save_regions(SYSTEM, [*LIST[:2], renamed], NOW) == Changes(new=0, changed=1, same=2)
    assert await names("新回龙", within=COUNTY) == ["虎威镇 · 新回龙村"]


async def test_a_village_is_found_by_its_initials(tree):
    assert (await names("hlc", within=COUNTY))[0] == "虎威镇 · 回龙村"
    assert await names("ZPC") == await names("cpc") == ["虎威镇 · 长坡村"]


async def test_the_exact_name_comes_before_longer_ones(tree):
    assert (await names("回龙", within=COUNTY)) == ["虎威镇 · 回龙村", "南天湖镇 · 回龙寺村"]
    assert (await names("回龙村民委员会", within=COUNTY))[0] == "虎威镇 · 回龙村"


async def test_villages_are_found_by_their_township(tree):
    assert await names("南天湖") == ["南天湖镇 · 虎威社区", "南天湖镇 · 回龙寺村", "南天湖镇 · 九溪沟村"]
    assert (await names("虎威"))[0] == "南天湖镇 · 虎威社区"
    assert await names("nth 九溪") == ["南天湖镇 · 九溪沟村"]


@pytest.mark.parametrize(
    "text", ["南天湖镇九溪沟", "南天湖九溪沟村", "南天湖镇 · 九溪沟村", "九溪沟", "nthz jxg", "九溪沟 村"]
)
async def test_township_and_village_may_be_written_together(tree, text):
    assert await names(text) == ["南天湖镇 · 九溪沟村"]


async def test_only_the_asked_area_is_searched(tree):
    assert len(await names("回龙村")) == 2
    assert await names("回龙村", within=OTHER_COUNTY) == ["新民镇 · 回龙村"]
    assert await names("", township="500230101000") == [
        "虎威镇 · 回龙村",
        "虎威镇 · 大溪村",
        "虎威镇 · 长坡村",
    ]


@pytest.mark.parametrize(
    "text", ["", "   ", "·", "%", "_", "\\", "回%村", "'; DROP TABLE region; --", "{}", "\x00"]
)
async def test_a_question_of_nothing_and_wildcards_find_nothing(tree, text):
    assert await names(text) == []


async def test_the_list_is_never_longer_than_asked(tree):
    assert len(await names("村", limit=2)) == 2


async def test_names_of_regions(tree):
    assert await service.region_name(VILLAGE) == "回龙村"
    assert await service.region_name("999999999999") == "999999999999"
    assert await service.path_name(VILLAGE) == "丰都县 · 虎威镇 · 回龙村"
    assert await service.path_name(COUNTY) == "丰都县"
    assert (await service.village(VILLAGE)).label == "虎威镇 · 回龙村"
    with pytest.raises(NotFound):
        await service.village(TOWNSHIP)


async def test_children_are_one_step_below_even_where_a_level_is_missing(tree):
    assert [place.name for place in await service.children("500000000000")] == ["丰都县", "垫江县"]
    assert [place.name for place in await service.children(COUNTY)] == ["虎威镇", "南天湖镇"]
    assert [place.name for place in await service.children(TOWNSHIP)] == ["回龙村", "大溪村", "长坡村"]
    assert await service.children(VILLAGE) == []
    assert [place.name for place in await service.townships(COUNTY)] == ["虎威镇", "南天湖镇"]
