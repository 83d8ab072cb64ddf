"""The household ledger on screen: masked, scoped, counted, paged, taken along."""

import io
import json
import re
from datetime import date

import openpyxl
import pytest
from factories import (
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_volunteer,
)
from ledger_files import household_row, identity_number, ledger_file

from jiedui.audit.tables import AuditEntry
from jiedui.households.lists import HouseholdFilter, households_of
from jiedui.ledgers.export import to_csv, to_xlsx
from jiedui.ledgers.service import import_file
from jiedui.store.paging import PAGE
from jiedui.store.vault import keyed_hash
from jiedui.wiring import LEDGERS


def links(text: str) -> list[str]:
    return re.findall(r'href="/households/([0-9a-f-]{36})"', text)


async def test_the_list_shows_masked_names_and_says_how_many_of_how_many(login_as):
    await a_household(name="陶秀倩", colour="red", children=(date(2018, 3, 1),))
    await a_household(name="欧阳娜娜", colour="green", region_code=FAR_VILLAGE)
    coordinator = await login_as("coordinator")
    everyone = (await coordinator.get("/households")).text
    assert "陶*" in everyone and "欧阳*" in everyone
    assert "陶秀倩" not in everyone and "娜娜" not in everyone
    assert len(links(everyone)) == 2
    assert '<th scope="col" class="n">' in everyone and '<td class="n"' in everyone
    red = (await coordinator.get("/households?colour=red")).text
    assert len(links(red)) == 1 and "陶*" in red
    count = re.search(r'class="count" role="status">([^<]*)<', red)
    assert count and sorted(re.findall(r"\d+", count[1])) == ["1", "2"]


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "亲情陪伴、"), ("en", "Companionship, ")])
async def test_needs_are_joined_as_the_reader_s_language_does(login_as, language, words):
    await a_household(needs=("companionship", "legal"))
    coordinator = await login_as("coordinator")
    page = (await coordinator.get("/households", headers={"accept-language": language})).text
    assert words in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("colour=red", "甲"),
        ("need=legal", "乙"),
        ("contact_way=none", "丙"),
        ("helper=paired", "丁"),
        ("helper=proposed", "戊"),
        (f"township={FAR_VILLAGE[:9]}000", "己"),
        ("place=石龙", "己"),
    ],
)
async def test_every_filter_narrows_the_list(login_as, query, found):
    await a_household(name="甲", colour="red")
    await a_household(name="乙", needs=("legal",))
    await a_household(name="丙", contact_way="none")
    await a_pair(household=await a_household(name="丁"), state="active")
    await a_pair(household=await a_household(name="戊"))
    await a_household(name="己", region_code=FAR_VILLAGE)
    page = await (await login_as("coordinator")).get(f"/households?{query}")
    assert re.findall(r">(\w)\*</a>", page.text) == [found]


async def test_an_ended_pair_is_no_helper(login_as):
    await a_pair(household=await a_household(), state="closed")
    page = await (await login_as("coordinator")).get("/households?helper=none")
    assert len(links(page.text)) == 1


async def test_the_list_ends_at_the_edge_of_the_area(login_as):
    inside = await a_household()
    await a_household(region_code=FAR_VILLAGE)
    await a_household(region_code=OTHER_VILLAGE)
    page = await (await login_as("coordinator", TOWNSHIP)).get("/households")
    assert links(page.text) == [str(inside)]


async def test_another_area_looks_like_no_such_household(login_as):
    household = await a_household()
    stranger = await login_as("coordinator", OTHER_COUNTY)
    missing = await stranger.get("/households/00000000-0000-4000-8000-000000000000")
    foreign = await stranger.get(f"/households/{household}")
    assert missing.status_code == foreign.status_code == 404
    token = r'(_csrf_token|_once)" value="[^"]+"|x-csrf-token&#34;: &#34;[^&]+&|/households/[0-9a-f-]+'
    assert re.sub(token, "", foreign.text) == re.sub(token, "", missing.text)
    reveal = await stranger.submit(f"/households/{household}/reveal", {"purpose": "contact"})
    assert reveal.status_code == 404
    assert await AuditEntry.count().where(AuditEntry.action == "household.reveal") == 0
    found = await stranger.submit("/households/find", {"text": "陶秀倩"}, follow_redirects=True)
    assert links(found.text) == []


async def test_a_volunteer_never_sees_the_ledger(login_as):
    household = await a_household()
    volunteer = await login_as("volunteer", VILLAGE, volunteer_id=await a_volunteer())
    for path in ("/households", f"/households/{household}", "/households.csv", "/households/import"):
        assert (await volunteer.get(path)).status_code == 403


async def test_pages_by_key_show_every_household_once_there_and_back(db):
    for n in range(PAGE * 2 + 3):
        await a_household(colour=("red", "yellow", "green")[n % 3], region_code=(VILLAGE, FAR_VILLAGE)[n % 2])
    coordinator = a_coordinator()
    for sort in ("village", "colour", "recent"):
        wanted = HouseholdFilter(sort=sort)
        first = await households_of(coordinator, wanted)
        second = await households_of(coordinator, wanted, after=first.after)
        third = await households_of(coordinator, wanted, after=second.after)
        pages = [[row["id"] for row in one.rows] for one in (first, second, third)]
        assert [len(one) for one in pages] == [PAGE, PAGE, 3]
        assert len({*pages[0], *pages[1], *pages[2]}) == first.total == PAGE * 2 + 3
        assert not first.before and not third.after
        back = await households_of(coordinator, wanted, before=third.before)
        assert [row["id"] for row in back.rows] == pages[1]
        assert [
            row["id"] for row in (await households_of(coordinator, wanted, before=back.before)).rows
        ] == pages[0]


@pytest.mark.parametrize("key", ["x", "500230~", "~", "%27~1", "1~00000000-0000-4000-8000-00000000000g"])
async def test_a_key_that_means_nothing_gives_the_first_page(login_as, key):
    await a_household()
    page = await (await login_as("coordinator")).get(f"/households?after={key}")
    assert page.status_code == 200 and len(links(page.text)) == 1


async def test_words_no_filter_knows_are_left_out_and_wildcards_are_letters(login_as):
    await a_household()
    coordinator = await login_as("coordinator")
    odd = "/households?colour=blue&need='--&sort=name;drop&township=abc&helper=1"
    assert len(links((await coordinator.get(odd)).text)) == 1
    assert links((await coordinator.get("/households?place=%25")).text) == []


@pytest.mark.parametrize(
    "text", ["陶秀", "19902300001", identity_number(1), f" {identity_number(1)[:6]} {identity_number(1)[6:]}"]
)
async def test_one_person_is_found_without_her_name_or_number_in_any_address(login_as, text):
    sought = await a_household(
        name="陶秀倩",
        ledger_key=keyed_hash(identity_number(1), "identity"),
        phone_key=keyed_hash("19902300001", "phone"),
    )
    await a_household(name="别人")
    coordinator = await login_as("coordinator")
    answer = await coordinator.submit("/households/find", {"text": text}, follow_redirects=True)
    assert answer.status_code == 200
    assert links(answer.text) == [str(sought)]
    assert "find" in answer.url.path and not answer.url.query


async def test_a_single_character_does_not_list_half_a_county(login_as):
    await a_household(name="陶秀倩")
    coordinator = await login_as("coordinator")
    answer = await coordinator.submit("/households/find", {"text": "陶"}, follow_redirects=True)
    assert links(answer.text) == []


@pytest.mark.parametrize(
    "text", ["H500230-00001", "h500230-1", "500230-00001", "H50023000001", "1", " 00001 ", "Ｈ500230－00001"]
)
async def test_a_family_is_found_by_its_number_however_it_is_written(login_as, text):
    sought = await a_household()
    for _ in range(10):
        await a_household()
    await a_household(region_code=OTHER_VILLAGE)
    coordinator = await login_as("coordinator")
    answer = await coordinator.submit("/households/find", {"text": text}, follow_redirects=True)
    assert links(answer.text) == [str(sought)]


async def test_two_families_of_one_surname_are_told_apart_by_their_numbers(login_as):
    await a_household(name="杜小红")
    await a_household(name="杜小兰")
    page = (await (await login_as("coordinator")).get("/households")).text
    told = re.findall(r'>(杜\*)</a> <span class="muted number">([^<]+)<', page)
    assert sorted(told) == [("杜*", "H500230-00001"), ("杜*", "H500230-00002")]


async def test_looking_for_somebody_is_noted_with_how_many_were_found_and_never_with_what_was_typed(login_as):
    await a_household(name="陶秀倩")
    coordinator = await login_as("coordinator")
    for text in ("陶秀", "陶秀", "查无此人"):
        await coordinator.submit("/households/find", {"text": text}, follow_redirects=True)
    entries = await AuditEntry.select().where(AuditEntry.action == "household.find").order_by(AuditEntry.at)
    details = [json.loads(entry["detail"]) for entry in entries]
    assert [detail["found"] for detail in details] == [1, 1, 0]
    assert details[0]["typed"] == details[1]["typed"] != details[2]["typed"]
    assert {entry["account_id"] for entry in entries} == {coordinator.account_id}
    assert not any("陶" in entry["detail"] or "此人" in entry["detail"] for entry in entries)


async def test_nobody_looks_for_more_than_sixty_people_in_ten_minutes(login_as):
    coordinator = await login_as("coordinator")
    await coordinator.submit("/households/find", {"text": "陶秀"})
    answers = [await coordinator.get("/households/find") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    await coordinator.submit("/volunteers/find", {"text": "姚霞"})
    assert (await coordinator.get("/volunteers/find")).status_code == 429, "one limit for all"
    assert (await coordinator.get("/households")).status_code == 200
    assert (await (await login_as("coordinator")).get("/households/find")).status_code == 303
    assert await AuditEntry.count().where(AuditEntry.action == "household.find") == 60


async def test_a_file_is_masked_and_its_whole_card_opens_once_for_a_purpose_that_is_kept(login_as):
    household = await a_household(
        name="陶秀倩", husband_name="石俊", health="高血压", remark="暂住娘家", children=(date(2018, 3, 1),)
    )
    coordinator = await login_as("coordinator")
    guarded = ("陶秀倩", "石俊", "高血压", "暂住娘家", "小孩", "1990230")
    page = (await coordinator.get(f"/households/{household}")).text
    assert [word for word in guarded if word in page] == []
    path = f"/households/{household}/reveal"
    for purpose in ({"purpose": ""}, {"purpose": "curiosity"}, {}):
        refused = await coordinator.submit(path, purpose)
        assert refused.status_code == 422 and not any(word in refused.text for word in guarded)
    shown = await coordinator.submit(path, {"purpose": "safety"}, follow_redirects=True)
    assert [word for word in guarded if word not in shown.text] == []
    assert 'data-gone-after="900"' in shown.text
    again = await coordinator.get(f"/households/{household}")
    assert not any(word in again.text for word in guarded)
    (entry,) = await AuditEntry.select().where(AuditEntry.action == "household.reveal")
    assert entry["account_id"] == coordinator.account_id
    assert entry["subject_id"] == str(household)
    assert json.loads(entry["detail"]) == {"purpose": "safety", "count": 1}


async def test_nobody_opens_more_than_thirty_cards_in_an_hour_and_trying_on_is_noted_once(login_as):
    household = await a_household()
    coordinator = await login_as("coordinator")
    path, fields = f"/households/{household}/reveal", {"purpose": "contact"}
    answers = [await coordinator.submit(path, fields) for _ in range(33)]
    assert [answer.status_code for answer in answers] == [303] * 30 + [429] * 3
    assert await AuditEntry.count().where(AuditEntry.action == "household.reveal") == 30
    (alarm,) = await AuditEntry.select().where(AuditEntry.action == "reveal.too_many")
    assert alarm["account_id"] == coordinator.account_id


async def test_the_file_tells_its_history_without_telling_what_is_guarded(login_as, tmp_path):
    household = await a_household()
    assert household
    actor = a_coordinator()
    for row in (household_row(1), household_row(1, name="测试新名", colour="红", health="慢性病")):
        await import_file(
            actor, LEDGERS["households"], ledger_file(tmp_path, "households", row), dry_run=False, now=NOW
        )
    coordinator = await login_as("coordinator")
    answer = await coordinator.submit("/households/find", {"text": identity_number(1)}, follow_redirects=True)
    page = (await coordinator.get(f"/households/{links(answer.text)[0]}")).text
    assert "台账!A2" in page
    assert "测试新名" not in page and "慢性病" not in page


async def test_what_is_taken_along_is_what_is_shown_and_noted(login_as):
    await a_household(name="陶秀倩", colour="red")
    await a_household(name="霍小玉", colour="green")
    coordinator = await login_as("coordinator")
    sheet = await coordinator.get("/households.csv?colour=red")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert "attachment" in sheet.headers["content-disposition"]
    lines = sheet.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and "陶*" in lines[1] and "陶秀倩" not in lines[1]
    book = openpyxl.load_workbook(io.BytesIO((await coordinator.get("/households.xlsx")).content))
    assert {row[3].value for row in book.active.iter_rows(2, 3)} == {"陶*", "霍*"}
    assert {row[2].value for row in book.active.iter_rows(2, 3)} == {"H500230-00001", "H500230-00002"}
    entries = await AuditEntry.select().where(AuditEntry.action == "household.export")
    assert [json.loads(entry["detail"])["rows"] for entry in entries] == [1, 2]


PAYLOADS = [
    "=1+1",
    "+1",
    "-1",
    "-2+3",
    "+cmd",
    "@SUM(A1)",
    "|calc",
    "%0A=1",
    "\t=1",
    "\r=1",
    " =1",
    "\ufeff=1",
    "\x00=1",
    "＝1",
]


def test_no_spreadsheet_computes_what_somebody_wrote():
    rows = [[payload] for payload in PAYLOADS]
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(["列"], rows, sheet="表")))
    cells = [row[0] for row in book.active.iter_rows(2, 1 + len(rows))]
    assert {cell.data_type for cell in cells} == {"s"}
    for line in to_csv(["列"], rows).decode("utf-8-sig").splitlines():
        assert not re.match(r'"?[\ufeff\x00-\x1f\x7f\s]*[=+\-@|%]', line)


def test_numbers_can_be_added_up_and_what_only_looks_like_one_stays_text():
    header, row = ["少", "户", "公里", "电话", "编号"], [-2.1, 3, 30.0, "19902300011", "013"]
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(header, [row], sheet="表")))
    cells = next(iter(book.active.iter_rows(2, 2)))
    assert [cell.value for cell in cells] == row
    assert [cell.data_type for cell in cells] == ["n", "n", "n", "s", "s"]
    assert [cell.number_format for cell in cells[:3]] == ["0.0", "General", "0.0"]
    assert to_csv(header, [row]).decode("utf-8-sig").splitlines()[1] == "-2.1,3,30.0,19902300011,013"


async def test_an_empty_ledger_shows_the_next_step(login_as):
    page = await (await login_as("coordinator")).get("/households")
    assert 'href="/households/import"' in page.text
    assert "<table" not in page.text


async def test_what_somebody_typed_into_a_filter_stands_in_no_record(coordinator, app):
    await a_household(name="陶秀倩")
    await coordinator.get("/households.csv", params={"place": "陶秀倩", "colour": "red"})
    (entry,) = await AuditEntry.select().where(AuditEntry.action == "household.export")
    assert json.loads(entry["detail"]) == {"rows": 0, "filter": {"colour": "red"}}
