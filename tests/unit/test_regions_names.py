"""Short names and pinyin initials of regions."""

import pytest

from jiedui.regions.names import initials, short_name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("回龙村村民委员会", "回龙村"),
        ("名山社区居民委员会", "名山社区"),
        ("回龙村委会", "回龙村"),
        ("回龙村民委员会", "回龙村"),
        ("新华居委会", "新华"),
        ("南天湖镇", "南天湖镇"),
        ("三合街道", "三合街道"),
        (" 回龙村 ", "回龙村"),
        ("村民委员会", "村民委员会"),
    ],
)
def test_a_village_is_called_as_people_call_it(name, short):
    assert short_name(name) == short


@pytest.mark.parametrize(("name", "reading"), [("回龙村", "hlc"), ("石龙门村", "slmc"), ("丰都县", "fdx")])
def test_initials_start_with_the_likely_reading(name, reading):
    assert initials(name).split()[0] == reading


@pytest.mark.parametrize(("name", "readings"), [("长坡村", {"cpc", "zpc"}), ("朝阳社区", {"cysq", "zysq"})])
def test_characters_read_in_several_ways_are_found_by_each(name, readings):
    assert readings <= {*initials(name).split()}


def test_initials_fit_their_column_however_long_the_name_is():
    assert len(initials("长" * 200)) <= 80
    assert all(len(initials("重长行乐" * n)) <= 80 for n in range(1, 25))
