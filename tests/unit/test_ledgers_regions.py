"""The region list as csv, and villages found by the words of a ledger."""

import pytest

from jiedui.ledgers.errors import LedgerError
from jiedui.regions.reading import read_regions
from jiedui.regions.villages import VillageIndex

HEAD = "code,name,level,lat,lng,position_source\n"
COUNTY = "500230000000,丰都县,county,29.887,107.8266,x\n"
TOWN = "500230100000,甲镇,township,29.9,107.7,x\n"
VILLAGE = "500230100200,回龙村村民委员会,village,29.91,107.71,x\n"

INDEX = VillageIndex(
    [
        ("500230000000", "丰都县", "county"),
        ("500230100000", "甲河镇", "township"),
        ("500230100200", "回龙村村民委员会", "village"),
        ("500230100001", "回龙社区居民委员会", "village"),
        ("500230100201", "石门村村民委员会", "village"),
        ("500230100202", "大月坝村村民委员会", "village"),
        ("500230001000", "乙岭街道", "township"),
        ("500230001001", "花园社区居民委员会", "village"),
        ("500230001201", "石门村村民委员会", "village"),
        ("500230200000", "丙山土家族乡", "township"),
        ("500230200200", "村头村村民委员会", "village"),
    ]
)


@pytest.mark.parametrize(
    ("township", "village", "code"),
    [
        ("甲河镇", "回龙村", "500230100200"),
        ("甲河镇", "回龙社区", "500230100001"),
        ("甲河镇", "回龙村村民委员会", "500230100200"),
        ("甲河镇", "回龙村委会", "500230100200"),
        ("甲河镇", "回龙居委会", "500230100001"),
        ("甲河镇", "回龙", None),
        ("甲河镇", "大月坝", "500230100202"),
        ("甲河", "大月坝村", "500230100202"),
        ("甲河乡", "大月坝村", "500230100202"),
        ("甲河镇人民政府", "大月坝村", "500230100202"),
        ("丰都县甲河镇", "甲河镇大月坝村", "500230100202"),
        ("甲河镇", "大月坝村3组", "500230100202"),
        ("甲河镇", "大月坝村第十二村民小组", "500230100202"),
        (" 甲河 镇 ", "大 月坝村", "500230100202"),
        ("甲河镇", "石门村", "500230100201"),
        ("乙岭街道", "石门村", "500230001201"),
        ("乙岭街道办事处", "花园", "500230001001"),
        ("丙山土家族乡", "村头村", "500230200200"),
        ("丙山乡", "村头", "500230200200"),
        ("", "花园社区", "500230001001"),
        ("", "石门村", None),
        ("丁镇", "花园社区", None),
        ("甲河镇", "花园社区", None),
        ("甲河镇", "村", None),
    ],
)
def test_a_village_is_found_by_its_everyday_name_in_its_township(township, village, code):
    assert INDEX.find(township, village) == code


def test_similar_names_are_offered():
    assert INDEX.near("甲河镇", "大月村") == ["大月坝村"]


@pytest.mark.parametrize(
    ("row", "cell", "reason"),
    [
        ("5.0023E+11,丁镇,township,,,\n", "A4", "code stored as a number (digits lost)"),
        ("50023010300,丁镇,township,,,\n", "A4", "code is not 12 digits of the form 2+2+2+3+3"),
        ("500230100000,丁镇,township,,,\n", "A4", "same code as an earlier row"),
        ("500230103000,,township,,,\n", "B4", "name missing"),
        ("500230103000,丁镇,town,,,\n", "C4", "level unknown"),
        ("500230103000,丁镇,village,,,\n", "C4", "level does not fit the code"),
        ("500230109200,丁村,village,,,\n", "A4", "the region above it is missing"),
        ("500230103000,丁镇,township,29.9,,\n", "D4", "only one of latitude and longitude is given"),
        ("500230103000,丁镇,township,north,107,\n", "D4", "latitude or longitude is not a number"),
        ("500230103000,丁镇,township,107.7,29.9,\n", "D4", "latitude and longitude look exchanged"),
        ("500230103000,丁镇,township,51.5,-0.1,\n", "D4", "position lies outside China"),
        ("500230103000,丁镇,township,nan,nan,\n", "D4", "position lies outside China"),
    ],
)
def test_a_bad_region_is_reported_with_its_cell(tmp_path, row, cell, reason):
    path = tmp_path / "regions.csv"
    path.write_text(HEAD + COUNTY + TOWN + row + VILLAGE, "utf-8")
    report = read_regions(path).report.as_data()
    assert report["details"] == [{"cell": f"regions.csv!{cell}", "reason": reason, "level": "rejected"}]
    assert (report["rows"], report["accepted"]) == (4, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_usual_encodings_are_read_alike(tmp_path, encoding):
    path = tmp_path / "regions.csv"
    path.write_text(HEAD + COUNTY + TOWN + VILLAGE, encoding)
    assert [r.name for r in read_regions(path).records] == ["丰都县", "甲镇", "回龙村村民委员会"]


def test_the_order_of_rows_does_not_matter_and_a_known_parent_suffices(tmp_path):
    path = tmp_path / "regions.csv"
    path.write_text(HEAD + VILLAGE + TOWN + COUNTY, "utf-8")
    assert read_regions(path).report.accepted == 3
    path.write_text(HEAD + VILLAGE + "500230000000,丰都县,county,,,\n", "utf-8")
    assert read_regions(path).report.accepted == 1
    assert read_regions(path, known={"500230100000"}).report.accepted == 2


def test_a_missing_township_takes_its_villages_along(tmp_path):
    path = tmp_path / "regions.csv"
    path.write_text(HEAD + COUNTY + TOWN.replace("township", "towns") + VILLAGE, "utf-8")
    assert read_regions(path).report.rejected == {"level unknown": 1, "the region above it is missing": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
        b"a,b\n1,2\n",
        b"\xff\xff\xff",
        b'code,name,level\n"' + b"x" * 200_000,
    ],
)
def test_what_is_no_region_list_is_refused_with_a_sentence(tmp_path, content):
    path = tmp_path / "regions.csv"
    path.write_bytes(content)
    with pytest.raises(LedgerError):
        read_regions(path)
