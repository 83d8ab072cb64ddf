"""Cells as people fill them in, and what each parser makes of them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiedui.ledgers import identity, values

ON = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (" 董 颖 ", "董颖"),
        (" 江 莲倩 ", "江莲倩"),
        ("江\u3000莲", "江莲"),
        ("\ufeff江\u200b莲", "江莲"),
        ("王䶮", "王䶮"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽 · 买买提", "阿依古丽·买买提"),
        ("Ann  Lee", "Ann Lee"),
        ("12", None),
        (12.0, None),
        ("#N/A", None),
    ],
)
def test_a_name_is_read_without_stray_marks(cell, name):
    assert values.person_name(cell) == name


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024/06/03", date(2024, 6, 3)),
        ("2018-05-26", date(2018, 5, 26)),
        ("2026.03.03", date(2026, 3, 3)),
        ("2016.1", date(2016, 1, 1)),
        ("2024.12", date(2024, 12, 1)),
        ("2024.10", date(2024, 10, 1)),
        ("2017年1月", date(2017, 1, 1)),
        ("2017年10月份", date(2017, 10, 1)),
        ("2026年9月25日", date(2026, 9, 25)),
        ("2026 年 9 月 25 日", date(2026, 9, 25)),
        ("2026.9", date(2026, 9, 1)),
        ("２０２４/０６/０３", date(2024, 6, 3)),
        ("2024-06-03 00:00:00", date(2024, 6, 3)),
        ("2021年3月至今", date(2021, 3, 1)),
        ("20240603", date(2024, 6, 3)),
        ("202406", date(2024, 6, 1)),
        (20240603.0, date(2024, 6, 3)),
        (45446.0, date(2024, 6, 3)),
        (datetime(2024, 6, 3, tzinfo=UTC), date(2024, 6, 3)),
        (2016.12, date(2016, 12, 1)),
        (2016.05, date(2016, 5, 1)),
        (2016.5, date(2016, 5, 1)),
        ("不详", None),
        ("2027-02-30", None),
        ("2024.13", None),
        ("2016", None),
        (2016.0, None),
        ("24.6", None),
        ("去年", None),
        (True, None),
        (None, None),
    ],
)
def test_a_date_is_read_in_any_usual_form(cell, day):
    assert values.when(cell) == day


def test_the_number_2016_point_1_may_be_october_and_is_not_guessed():
    assert values.when(2016.1) is None
    assert values.when("2016.1") == date(2016, 1, 1)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (3.0, 3),
        (3, 3),
        ("3", 3),
        ("3户", 3),
        (" 3 户 ", 3),
        ("３户", 3),
        ("10公里", 10),
        ("10km", 10),
        ("10公里以内", 10),
        ("3.0", 3),
        ("三户", 3),
        ("两户", 2),
        ("十户", 10),
        ("十二户", 12),
        ("二十户", 20),
        ("二十五公里", 25),
        ("-1", -1),
        ("2.5", None),
        (2.5, None),
        ("1-2户", None),
        ("若干", None),
        ("三五户", None),
        ("户", None),
        ("", None),
        (True, None),
    ],
)
def test_a_whole_number_may_carry_its_unit(cell, number):
    assert values.whole_number(cell) == number


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        ("19902300017", "19902300017"),
        (19902300017.0, "19902300017"),
        ("１９９０２３０００１７", "19902300017"),
        ("199 0230 0017", "19902300017"),
        ("+86 199-0230-0017", "19902300017"),
        ("8619902300017", "19902300017"),
        ("023-70600000", "02370600000"),
        ("(0716)7000000", "07167000000"),
        ("无误 / 19902300017", "19902300017"),
        ("19902300017 19902300018", "19902300017"),
        ("1990230001", None),
        ("12902300017", None),
        ("70600000", None),
        ("电话", None),
    ],
)
def test_a_telephone_number_is_digits_or_nothing(cell, phone):
    assert values.phone(cell) == phone


@pytest.mark.parametrize("separator", ["、", ",", ",", ";", ";", "/", " ", "\n", " 、 ", "\u3000", "。", "|"])
def test_a_list_may_use_any_separator(separator):
    assert values.items(f"学业辅导{separator}亲情陪伴{separator}学业辅导") == ["学业辅导", "亲情陪伴"]


def test_a_list_may_be_numbered_or_say_that_there_is_nothing():
    assert values.items("1.学业辅导 2.亲情陪伴") == ["学业辅导", "亲情陪伴"]
    assert values.items("1、学业辅导、2、亲情陪伴") == ["学业辅导", "亲情陪伴"]
    assert values.items("无") == values.items("/") == values.items(None) == []


@pytest.mark.parametrize(
    ("cell", "children"),
    [
        ("贾小梓 2021.09、谭诗欣 2016.04", [("贾小梓", (2021, 9)), ("谭诗欣", (2016, 4))]),
        ("姚可 2015.05 钟欣远 2011.07", [("姚可", (2015, 5)), ("钟欣远", (2011, 7))]),
        ("万子浩 2014.02;曹满雨 2024年9月", [("万子浩", (2014, 2)), ("曹满雨", (2024, 9))]),
        ("贾小梓(2021.09)", [("贾小梓", (2021, 9))]),
        ("贾小梓(女,2021年9月生),谭诗欣(男,2016/04)", [("贾小梓", (2021, 9)), ("谭诗欣", (2016, 4))]),
        ("儿子:贾小梓2021-09\n女儿:谭诗欣 20160401", [("贾小梓", (2021, 9)), ("谭诗欣", (2016, 4))]),
        ("董 颖 2021.09", [("董颖", (2021, 9))]),
        ("无", []),
        ("", []),
        (0.0, []),
        ("贾小梓", [("贾小梓", None)]),
        ("贾小梓、谭诗欣 2016.04", [("贾小梓", None), ("谭诗欣", (2016, 4))]),
        ("贾小梓 2021.13", [("贾小梓", None)]),
        ("贾小梓 5岁", [("贾小梓", None)]),
        ("2人", [("人", None)]),
        (2.0, [("", None)]),
        # Nobody under age is lost beside one who is grown up, however she is given.
        ("长女2001年3月 次女8岁", [("", (2001, 3)), ("", None)]),
        ("贾小梓2001.3、孙子2015", [("贾小梓", (2001, 3)), ("", None)]),
        ("贾小梓2001.3、2015", [("贾小梓", (2001, 3)), ("", None)]),
        ("次女8岁、孙子2001.2", [("", None), ("", (2001, 2))]),
        ("长子2001.3 次子2012年", [("", (2001, 3)), ("", None)]),
        ("贾小梓 2001.3.5 女 9岁", [("贾小梓", (2001, 3)), ("", None)]),
        ("贾小梓(2001.3)、孙女(身份证看不清)", [("贾小梓", (2001, 3)), ("身份证看不清", None)]),
        ("贾小梓2001.3 身份证50023020150203XXXX", [("贾小梓", (2001, 3)), ("身份证", None), ("XXXX", None)]),
        ("贾小梓 2001.3 女 25岁", [("贾小梓", (2001, 3))]),
    ],
)  # fmt: skip
def test_several_children_share_one_cell_and_none_is_lost(cell, children):
    found = [(name, born and (born.year, born.month)) for name, born in values.children(cell)]
    assert found == children


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        *((cell, True) for cell in ("是", "√", "已参加", "Y", True, 1.0)),
        *((cell, False) for cell in ("否", "×", "未参加", "无", False, 0.0)),
        ("待定", None),
    ],
)
def test_yes_and_no_have_many_spellings(cell, answer):
    assert values.yes_no(cell) is answer


def test_no_limit_is_said_in_words():
    assert values.unlimited("不限")
    assert values.unlimited(None)
    assert not values.unlimited("0")
    assert not values.unlimited("10公里")


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("500230197007230044", None),
        ("50023019910120006X", None),
        ("50023019910120006x", None),
        ("５００２３０１９７３０５３１０００Ｘ", None),
        (" 500230 19700723 0044 ", None),
        ("'500230197007230044", None),
        (None, identity.MISSING),
        ("  ", identity.MISSING),
        (5.0023019700723e17, identity.AS_NUMBER),
        ("5.00230197E+17", identity.AS_NUMBER),
        ("500230********0044", identity.MASKED),
        ("500230700723004", identity.OLD_FORM),
        ("50023019700723004", identity.WRONG_LENGTH),
        ("500230197007230045", identity.CHECK_DIGIT),
        ("50023019700723004A", identity.CHECK_DIGIT),
        ("X00230197007230044", identity.CHECK_DIGIT),
    ],
)
def test_an_identity_number_is_checked_and_each_fault_has_its_name(cell, fault):
    assert identity.fault(cell, ON) == fault


@pytest.mark.parametrize("first17", ["50023019700231004", "50023020261102004", "50023018990101004"])
def test_the_birth_date_inside_must_be_possible(first17):
    assert identity.fault(first17 + identity.check_digit(first17), ON) == identity.NO_DATE


def test_birth_and_sex_follow_from_the_number():
    assert identity.birth_date("500230197007230044") == date(1970, 7, 23)
    assert identity.sex("500230197007230044") == "female"
    assert identity.sex("500230197206050097") == "male"


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes(place, shift):
    good = "500230197007230044"
    wrong = good[:place] + str((int(good[place]) + shift) % 10) + good[place + 1 :]
    assert identity.fault(wrong, ON) == identity.CHECK_DIGIT


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.datetimes()))
def test_no_parser_breaks_on_any_cell(cell):
    for parser in (values.person_name, values.phone, values.when, values.whole_number, values.yes_no):
        parser(cell)
    values.items(cell)
    values.unlimited(cell)
    assert (values.children(cell) == []) == values.nothing(cell)
    identity.fault(cell, ON)
