"""Ledgers as different counties draw them: titles, merged places, other headers, several sheets, footers."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiedui.households.reading import read_households
from jiedui.ledgers import table
from jiedui.ledgers.errors import LedgerError
from jiedui.ledgers.header import SEARCHED_ROWS
from jiedui.ledgers.identity import check_digit
from jiedui.ledgers.report import row_fingerprint
from jiedui.ledgers.workbook import Sheet
from jiedui.regions.villages import VillageIndex
from jiedui.volunteers.reading import read_volunteers
from jiedui.wiring import LEDGERS
from jiedui_pairing.policy import standard

ON = date(2026, 11, 1)
VILLAGES = VillageIndex(
    [
        ("500230100000", "甲河镇", "township"),
        ("500230100200", "回龙村村民委员会", "village"),
        ("500230100201", "大月坝村村民委员会", "village"),
        ("500230101000", "乙岭镇", "township"),
        ("500230101200", "回龙村村民委员会", "village"),
    ]
)
HEADER = [
    "序号",
    "乡镇(街道)",
    "村(社区)",
    "姓名",
    "身份证号",
    "联系电话",
    "风险等级",
    "帮扶需求",
    "通知方式",
]
VOLUNTEER_HEADER = [
    "姓名",
    "身份证号",
    "类别",
    "居住乡镇",
    "居住村",
    "可提供帮扶",
    "可结对户数",
    "可接受距离(公里)",
]


def number(n: int) -> str:
    first17 = f"50023019800101{2 * n:03d}"  # even: female
    return first17 + check_digit(first17)


def household(n: int, township: str | None = "甲河镇", **changed: Any) -> list[Any]:
    row = {"no": n, "township": township, "village": "回龙村", "name": "测试甲", "identity": number(n)}
    row |= {"phone": "19902300017", "colour": "绿", "needs": "亲情陪伴", "way": "可短信"}
    return list((row | changed).values())


def volunteer(n: int, **changed: Any) -> list[Any]:
    row = {
        "name": "测试乙",
        "identity": number(n),
        "kind": "爱心妈妈",
        "township": "甲河镇",
        "village": "回龙村",
    }
    row |= {"offers": "亲情陪伴", "capacity": 2, "reach": "不限"}
    return list((row | changed).values())


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def save(*sheets: list[list[Any]], merged: tuple[str, ...] = (), hidden: tuple[int, ...] = ()) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for position, rows in enumerate(sheets):
            sheet = book.create_sheet(f"表{position + 1}")
            for row in rows:
                sheet.append(row)
            if position == 0:
                for area in merged:
                    sheet.merge_cells(area)
            if position in hidden:
                sheet.sheet_state = "hidden"
        book.save(tmp_path / "ledger.xlsx")
        return tmp_path / "ledger.xlsx"

    return save


def households(path: Path, **mapping: str) -> Any:
    others = LEDGERS["households"].others
    return read_households(path, VILLAGES, standard(), on=ON, mapping=mapping, others=others)


def volunteers(path: Path) -> Any:
    others = LEDGERS["volunteers"].others
    return read_volunteers(path, VILLAGES, standard(), on=ON, others=others)


def rejected(reading: Any) -> dict[str, str]:
    return {f.cell: f.reason for f in reading.report.findings if f.level == "rejected"}


def test_titles_footers_serial_numbers_and_repeated_headers_are_no_rows(save):
    path = save(
        [
            ["某县农村留守妇女信息台账"],
            ["填报单位:"],
            [],
            HEADER,
            household(1),
            [],
            HEADER,
            household(2),
            [3],
            [4, "甲河镇"],
            ["合计", None, None, "2户"],
            ["填表人:", None, None, "某某"],
        ]
    )
    reading = households(path)
    assert [r.cell for r in reading.records] == ["表1!A5", "表1!A8"]
    assert reading.report.as_data() == {
        "rows": 2,
        "accepted": 2,
        "rejected": {},
        "warnings": {},
        "details": [],
    }


def test_a_title_between_the_rows_is_no_row(save):
    path = save([VOLUNTEER_HEADER, volunteer(1), ["第二批"], volunteer(2)], merged=("A3:H3",))
    assert volunteers(path).report.as_data()["accepted"] == volunteers(path).report.rows == 2


def test_merged_places_are_filled_down_and_so_is_a_blank_township(save):
    rows = [
        HEADER,
        household(1),
        household(2, None, village=None),
        household(3, "乙岭镇"),
        household(4, None),
        household(5, None, village=None),
    ]
    reading = households(save(rows, merged=("B2:B3", "C2:C3")))
    assert [r.village for r in reading.records] == ["500230100200"] * 2 + ["500230101200"] * 2
    assert rejected(reading) == {"表1!C6": "village not found in its township"}


def test_a_sheet_named_as_its_township_needs_no_township_column(save):
    rows = [[cell for i, cell in enumerate(row) if i != 1] for row in (HEADER, household(1), household(2))]
    path = save(rows)
    assert set(households(path).report.rejected) == {"village not found in its township"}
    book = openpyxl.load_workbook(path)
    book.worksheets[0].title = "乙岭镇"
    book.save(path)
    assert [r.township for r in households(path).records] == ["500230101000"] * 2


@pytest.mark.parametrize("space", ["公民身份\n号 码", " 身份证号码", "身份证号", "证件号码:"])
def test_a_header_is_known_by_any_of_its_wordings(save, space):
    header = [space if text == "身份证号" else text for text in HEADER]
    assert households(save([header, household(1)])).report.accepted == 1


def test_a_header_of_two_levels_is_read_with_its_group(save):
    top = ["乡镇", "村", "姓名", "身份证号", "配偶情况", None, "帮扶", None]
    low = [None, None, None, None, "姓名", "务工地", "需求", "通知方式"]
    row = ["甲河镇", "回龙村", "测试甲", number(1), "测试丙", "某地", "亲情陪伴", "可短信"]
    merged = ("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1", "G1:H1")
    (record,) = households(save([top, low, row], merged=merged)).records
    assert (record.name, record.needs, record.contact_way) == ("测试甲", ["companionship"], "sms")
    mapped = households(save([top, low, row], merged=merged), **{"配偶情况姓名": "husband_name"})
    assert mapped.records[0].husband_name == "测试丙"


def test_an_unknown_header_is_named_and_can_be_explained(save):
    header = ["家里缺啥" if text == "帮扶需求" else text for text in HEADER] + ["邻居电话"]
    path = save([["某县台账"], header, [*household(1), "19902300018"]])
    with pytest.raises(LedgerError, match="表1!A2 has no column 帮扶需求"):
        households(path)
    reading = households(path, 家里缺啥="needs")
    assert reading.records[0].needs == ["companionship"]
    assert [(h.cell, h.text) for h in reading.unknown_headers] == [("表1!J2", "邻居电话")]
    assert reading.report.as_data()["details"] == [
        {"cell": "表1!J2", "reason": "column not known, not read: 邻居电话", "level": "note"}
    ]
    assert households(path, 家里缺啥="needs", 邻居电话="").unknown_headers == []


def test_every_sheet_with_the_header_is_read_and_the_others_are_named(save):
    path = save(
        [HEADER, household(1)],
        [["说明"], ["请如实填写"]],
        [HEADER, household(2)],
        [HEADER, household(3)],
        hidden=(3,),
    )
    reading = households(path)
    assert [r.cell for r in reading.records] == ["表1!A2", "表3!A2"]
    assert [(f.cell, f.reason, f.level) for f in reading.report.findings] == [
        ("表2!A1", "sheet without the header of this ledger, not read", "note"),
        ("表4!A1", "hidden sheet, not read", "note"),
    ]


def test_the_same_person_twice_is_taken_once_and_the_earlier_row_is_named(save):
    path = save([HEADER, household(1, village="无此村"), household(1), household(1, village="大月坝村")])
    reading = households(path)
    assert [r.cell for r in reading.records] == ["表1!A3"]
    assert rejected(reading)["表1!E4"] == "same identity number as an earlier row"
    assert reading.report.findings[-1].params == {"earlier": "表1!E3"}


def test_a_village_that_does_not_exist_is_refused_with_similar_names(save):
    reading = households(save([HEADER, household(1), household(2, village="大月村")]))
    (finding,) = reading.report.findings
    assert (finding.cell, finding.reason) == ("表1!C3", "village not found in its township")
    assert finding.params == {"names": "大月坝村"}


@pytest.mark.parametrize("capacity", [-1, "-1", 0, "若干", 1.5, None, "1-2户"])
def test_a_capacity_must_be_a_positive_whole_number(save, capacity):
    reading = volunteers(save([VOLUNTEER_HEADER, volunteer(1), volunteer(2, capacity=capacity)]))
    assert rejected(reading) == {"表1!G3": "capacity is not a positive whole number"}


def test_a_distance_that_is_not_understood_never_becomes_no_limit(save):
    path = save([VOLUNTEER_HEADER, volunteer(1), volunteer(2, reach="很远"), volunteer(3, reach=-5)])
    reading = volunteers(path)
    assert [r.reach_km for r in reading.records] == [None]
    assert set(reading.report.rejected) == {"distance she accepts not understood"}


@pytest.mark.parametrize(
    ("way", "read"),
    [
        ("可短信", "sms"),
        ("电话", "call"),
        ("可电话,由村干部转达", "village"),
        ("信件", "letter"),
        ("短信可以,不可电话", "none"),
        ("不得联系本人", "none"),
        ("随缘", "none"),
        (None, "village"),
    ],
)
def test_when_in_doubt_nobody_is_contacted_directly(save, way, read):
    (record,) = households(save([HEADER, household(1, way=way)])).records
    assert record.contact_way == read


def test_a_colour_nobody_knows_may_hide_a_red_one_and_refuses_the_row(save):
    reading = households(
        save([HEADER, household(1, colour="橙"), household(2, colour=None), household(3, colour="红色")])
    )
    assert rejected(reading) == {"表1!G2": "risk colour not understood"}
    assert [r.colour for r in reading.records] == ["green", "red"]
    assert reading.report.warnings == {"no risk colour stated": 1}


def test_a_child_of_unknown_age_counts_as_a_minor_and_one_turns_18_on_the_day(save):
    path = save(
        [
            [*HEADER, "留守儿童"],
            [*household(1), "测试丁"],
            [*household(2), "测试丁 2008.11"],
            [*household(3), "测试丁 2008.12"],
        ]
    )
    reading = households(path)
    assert [r.has_minor(ON) for r in reading.records] == [True, False, True]
    assert reading.report.warnings == {"birth month of a child not understood": 1}


def test_a_child_born_after_today_is_not_understood(save):
    (record,) = households(save([[*HEADER, "留守儿童"], [*household(1), "测试丁 2027.01"]])).records
    assert [(child.name, child.born) for child in record.children] == [("测试丁", None)]


def test_what_a_volunteer_row_leaves_unclear_is_warned_about(save):
    header = [*VOLUNTEER_HEADER, "性别", "特长", "查询日期", "是否培训"]
    clear = [*volunteer(1), "女", "英语", "2026-10-31", "是"]
    unclear = [*volunteer(2, offers=None), "男", "英语、变魔术", "2026-11-02", "待定"]
    strange = [*volunteer(3, offers="修水渠、亲情陪伴"), "女", None, "不详", None]
    first, second, third = volunteers(path := save([header, clear, unclear, strange])).records
    assert (first.record_checked_on, first.trained, first.sex) == (date(2026, 10, 31), True, "female")
    assert (second.record_checked_on, second.trained, second.sex) == (None, False, "female")
    assert (second.offers, second.skills, third.offers) == ([], ["英语", "变魔术"], ["companionship"])
    assert {f.cell: f.reason for f in volunteers(path).report.findings} == {
        "表1!F3": "no kind of support offered",
        "表1!I3": "sex differs from the identity number",
        "表1!J3": "skill not in the catalogue",
        "表1!K3": "check date lies in the future",
        "表1!L3": "training neither yes nor no",
        "表1!F4": "support offered not in the catalogue",
        "表1!K4": "check date not understood",
    }


def test_a_warning_counts_only_where_the_row_is_taken(save):
    path = save([HEADER, household(1, phone="123"), household(2, phone="123", village="无此村")])
    report = households(path).report
    assert (report.warnings, report.rejected) == (
        {"telephone number malformed": 1},
        {"village not found in its township": 1},
    )


def test_the_other_ledger_is_recognised(save):
    with pytest.raises(LedgerError, match="looks like a ledger of households: it has no column 类别"):
        volunteers(save([["台账"], HEADER, household(1)]))
    with pytest.raises(LedgerError, match=r"looks like a ledger of volunteers: .* 帮扶需求"):
        households(save([["登记表"], VOLUNTEER_HEADER, volunteer(1)]))


def test_a_workbook_of_titles_or_of_something_else_names_the_missing_columns(save):
    for rows in ([["某县台账"], ["填报单位:"]], [["日期", "金额"], [1, 2]], []):
        with pytest.raises(
            LedgerError, match=rf"columns 村.*、姓名、身份证号、帮扶需求 in its first {SEARCHED_ROWS} rows"
        ):
            households(save(rows))


def test_two_identity_columns_are_not_guessed_between(save):
    with pytest.raises(LedgerError, match="Two columns mean the same: 表1!E1 and 表1!J1"):
        households(save([[*HEADER, "身份证号码"], [*household(1), number(2)]]))


def test_a_second_telephone_column_is_named_and_the_first_is_read(save):
    reading = households(save([[*HEADER, "手机号"], [*household(1), "19902300018"]]))
    assert reading.records[0].phone == "19902300017"
    assert [(f.cell, f.level) for f in reading.report.findings] == [("表1!J1", "note")]


def test_a_text_that_no_column_could_hold_is_cut_with_a_warning(save):
    reading = households(save([[*HEADER, "家庭类别"], [*household(1), "长" * 500]]))
    assert len(reading.records[0].category) == 40
    assert reading.report.warnings == {"text too long, its end was cut off": 1}


def test_the_fingerprint_changes_with_what_the_row_says_and_not_with_its_place(save):
    first, moved, changed = (
        households(save(rows)).records[-1]
        for rows in (
            [HEADER, household(1)],
            [["标题"], HEADER, household(2), household(1, no=2)],
            [HEADER, household(1, phone="19902300018")],
        )
    )
    assert row_fingerprint(first) == row_fingerprint(moved) != row_fingerprint(changed)
    assert row_fingerprint(first, key=b"secret") != row_fingerprint(first)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.integers(-(10**6), 10**6).map(float),
    st.datetimes(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "甲河镇",
            "回龙村",
            "测试甲",
            number(1),
            number(2),
            "绿",
            "亲情陪伴",
            "3户",
            "合计",
            "姓名",
            "爱心妈妈",
        ]
    ),
)


@given(
    rows=st.lists(st.lists(CELLS, max_size=len(HEADER)), max_size=12),
    merged=st.lists(
        st.tuples(*[st.integers(0, 8)] * 4).map(lambda m: (*sorted(m[::2]), *sorted(m[1::2]))), max_size=3
    ),
    titles=st.lists(st.lists(CELLS, max_size=4), max_size=3),
)
def test_whatever_the_cells_hold_every_row_is_accepted_or_rejected(monkeypatch, rows, merged, titles):
    for read, header in ((read_households, HEADER), (read_volunteers, VOLUNTEER_HEADER)):
        height = len(titles) + 1 + len(rows)
        spans = [(t, left, b, r) for t, b, left, r in merged if b < height]
        sheet = Sheet("表1", True, [*titles, header, *rows], spans)
        monkeypatch.setattr(table, "open_workbook", lambda path, sheet=sheet: [sheet])
        try:
            report = read(Path("any"), VILLAGES, standard(), on=ON).report
        except LedgerError:
            assert spans or titles, "only a title or a merged area may hide the header"
            continue
        assert report.rows == report.accepted + sum(report.rejected.values()) <= len(rows)
        assert all(f.cell.startswith("表1!") for f in report.findings)
