"""The main job as three people do it, in a real browser: from signing up to a logged visit.

One county on its own servers, served as `jiedui serve` serves it; nothing is put into the database by hand.
"""

import re
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from commands import DATED
from people import COUNTY, OpenWindow, fits, newest_message, serious, somebody, staff
from playwright.async_api import Page, Route, expect

from jiedui.ledgers.identity import check_digit

HEADERS = [
    "序号", "乡镇(街道)", "村(社区)", "姓名", "身份证号", "联系电话", "留守儿童(姓名 出生年月)", "风险等级",
    "帮扶需求", "通知方式",
]  # fmt: skip
HERE = ("名山街道", "鹿鸣寺社区")
NEAR_BY = ("名山街道", "何家坪社区")
SMALL, LARGE = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LONG_NAME = "阿依古丽·买买提江"
pytestmark = pytest.mark.usefixtures("site")


def an_identity(serial: int, born: str = "19880214") -> str:
    """A valid identity number of nobody."""
    stem = f"500230{born}{serial:03}"
    return stem + check_digit(stem)


def a_ledger(path: Path, rows: list[list[object]]) -> Path:
    """A workbook as a village keeps it: a title above the headings, a line to sign below."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["丰都县农村留守妇女信息台账(虚构)"])
    sheet.append(HEADERS)
    for row in rows:
        sheet.append(row)
    sheet.append(["填表人:          审核人:"])
    book.save(path)
    return path


async def sign_up(volunteer: Page, admin: Page, *, name: str, phone: str, households: int = 1) -> None:
    await volunteer.goto("/join")
    await volunteer.check("[name=kind][value=caring_mother]")
    for code in ("companionship", "tutoring"):
        await volunteer.check(f"[name=offers][value={code}]")
    await volunteer.check("[name=skills][value=小学辅导]")
    await volunteer.select_option("[name=capacity]", str(households))
    await volunteer.locator("[name=times]").first.check()
    await volunteer.locator("#f-q").press_sequentially("lmss", delay=30)
    await volunteer.locator("#villages [name=village]").first.check()
    await volunteer.fill("[name=name]", name)
    await volunteer.fill("[name=phone]", phone)
    for box in await volunteer.locator(".sheet input[type=checkbox]").all():
        await box.check()
    await fits(volunteer)
    await volunteer.locator("form.stack > button.main").click()
    await volunteer.wait_for_selector("[name=code]")
    await fits(volunteer)
    await volunteer.fill(
        "[name=code]", await newest_message(admin, f"{phone[:3]}****{phone[-4:]}", r"(\d{6})")
    )
    await volunteer.locator("form.stack > button.main").click()
    await volunteer.wait_for_url("**/me**")
    await fits(volunteer)


async def vet(coordinator: Page, *, trained: bool = True) -> None:
    """The newest sign-up is checked and approved."""
    await coordinator.goto("/volunteers?state=applied")
    await fits(coordinator)
    await coordinator.locator("table.list tbody a").first.click()
    await coordinator.wait_for_url(re.compile(r"/volunteers/[0-9a-f-]{36}"))
    checks = ["identity", "record"] + ["training"] * trained
    for check in checks:
        await coordinator.select_option("#check [name=kind]", check)
        await coordinator.select_option("#check [name=outcome]", "passed")
        await coordinator.fill("#check [name=checked_on]", str(date.fromisoformat(DATED) - timedelta(days=3)))
        await coordinator.fill("#check [name=paper]", "身份证原件")
        await coordinator.click("#check button.main")
        await coordinator.wait_for_load_state()
    await coordinator.click("form[action$='/approve'] button")
    await coordinator.wait_for_load_state()
    await expect(coordinator.locator("form[action$='/approve']")).to_have_count(0)


async def import_ledger(coordinator: Page, ledger: Path, *, good: int, bad: int) -> None:
    """Sent, read, looked at, taken."""
    await coordinator.goto("/households/import")
    await coordinator.set_input_files("[name=file]", ledger)
    await coordinator.click("form[enctype] button.main")
    take = coordinator.locator("form[action$='/apply'] button")
    await take.wait_for()
    figures = await coordinator.locator(".figure .value").all_inner_texts()
    assert figures[:3] == [str(good + bad), str(good), str(bad)]
    await fits(coordinator)
    await take.click()
    await coordinator.locator("a.button.main[href='/households']").wait_for()
    await fits(coordinator)


async def open_a_pair_and_close_it(coordinator: Page) -> None:
    """The button and Esc both lead from the panel back to the row it was opened from."""
    family = coordinator.locator("table.pairs tbody a[href*='/pair/']").last
    close = coordinator.locator("aside .close")
    as_long_as_a_countys = """() => {
        document.querySelector('main').style.paddingBottom = '200rem';
        document.querySelectorAll('td.next').forEach(next => next.textContent = next.textContent.repeat(9));
    }"""
    await coordinator.evaluate(as_long_as_a_countys)
    for closed_by in (close.click, lambda: coordinator.keyboard.press("Escape")):
        await family.click()
        await expect(coordinator.locator("#side h2")).to_be_in_viewport()
        await expect(close).to_be_in_viewport()
        await expect(close).to_be_focused()
        await fits(coordinator)
        assert await serious(coordinator) == []
        broken = "number => number.getClientRects().length > 1"
        assert not await coordinator.evaluate(f"[...document.querySelectorAll('.number')].some({broken})")
        await closed_by()
        await expect(coordinator.locator("aside")).to_be_hidden()
        await expect(family).to_be_focused()
        await expect(family).to_be_in_viewport()


async def tab_across_the_map(coordinator: Page) -> None:
    """All places together are one stop of the Tab key; the lines, a thousand in a county, are none."""
    await coordinator.locator("#map .pairs-line").first.wait_for(state="attached")
    places = await coordinator.locator("#map .ring, #map .dot").count()
    await coordinator.focus("#map")
    stops = []
    while True:
        await coordinator.keyboard.press("Tab")
        here = coordinator.locator("#map :focus")
        if not await here.count():
            break
        stops.append(await here.get_attribute("role"))
        assert len(stops) < 9, stops
    assert stops == ["button"] * (min(places, 1) + 2), "one place, closer, farther away"


async def look_around(coordinator: Page) -> None:
    """Every part of a plan, with one question asked of it; ends where it began."""
    plan = coordinator.url
    bars = coordinator.locator(".coverage .share")
    assert len({(await bar.bounding_box() or {}).get("width") for bar in await bars.all()}) == 1
    await open_a_pair_and_close_it(coordinator)
    for part in ("left-out", "recruit", "map", "what-if"):
        await coordinator.click(f".tabs a[href$='/{part}']")
        await coordinator.wait_for_url(f"**/{part}")
        await fits(coordinator)
        assert await serious(coordinator) == [], part
        if part == "map":
            await tab_across_the_map(coordinator)
    await coordinator.click(".what-ifs a[href$='kind=distance']")
    await coordinator.fill("[name=number]", "20")
    await coordinator.keyboard.press("Enter")
    await coordinator.wait_for_url(re.compile(r"/what-if/[0-9a-f-]{36}$"))
    await coordinator.locator("caption").first.wait_for(state="attached")
    await fits(coordinator)
    assert await serious(coordinator) == []
    await coordinator.goto(plan)


async def look_for_one(coordinator: Page, name: str) -> None:
    """What was looked for is still there after Back, and was sent in no address."""
    await coordinator.goto("/households")
    await coordinator.fill("[name=text]", name)
    await coordinator.keyboard.press("Enter")
    await coordinator.wait_for_url("**/households/find")
    await coordinator.locator("table.list tbody a").first.click()
    await coordinator.wait_for_url(re.compile(r"/households/[0-9a-f-]{36}$"))
    await coordinator.go_back()
    await expect(coordinator.locator("[name=text]")).to_have_value(name)


async def plan_and_publish(coordinator: Page) -> str:
    """A round of the county for today: opened, calculated, questioned, published; its address."""
    await coordinator.goto("/rounds/new")
    await fits(coordinator)
    await coordinator.select_option("[name=region]", COUNTY)
    await coordinator.click("form.stack button.main")
    await coordinator.wait_for_url(re.compile(r"/rounds/[0-9a-f-]{36}$"))
    address = coordinator.url
    await coordinator.click("form[action$='/calculate'] button")
    look = coordinator.locator("a.button.main[href*='/plans/']")
    await look.wait_for()
    await fits(coordinator)
    await look.click()
    await coordinator.wait_for_url("**/plans/*")
    await fits(coordinator)
    await look_around(coordinator)
    await coordinator.click("form[action$='/publish'] button")
    await expect(coordinator.locator("form[action$='/publish']")).to_have_count(0)
    return address


async def look_on_a_small_screen(coordinator: Page, recruit: str) -> None:
    """With a mark in every township, none lies under the buttons, and the best one's name can be read."""
    best = "许明寺镇"

    async def marks_everywhere(route: Route) -> None:
        data = await (await route.fetch()).json()
        towns = sorted(data["townships"].items(), key=lambda town: town[1][0] != best)
        await route.fulfill(json=data | {"newcomers": [[code, 0, name] for code, (name, *_) in towns]})

    await coordinator.route("**/recruit.json", marks_everywhere)
    await coordinator.set_viewport_size(SMALL)
    await coordinator.goto(recruit)
    await expect(coordinator.locator("#map .town", has_text=best)).to_be_visible()
    covered = await coordinator.evaluate(
        """() => {
            const buttons = document.querySelector('#map .leaflet-control-zoom').getBoundingClientRect();
            return [...document.querySelectorAll('#map .gain')].filter(mark => {
                const place = mark.getBoundingClientRect();
                return place.left < buttons.right && place.top < buttons.bottom;
            }).map(mark => mark.ariaLabel);
        }"""
    )
    assert covered == []
    await coordinator.set_viewport_size(LARGE)
    await coordinator.unroute("**/recruit.json")


async def look_where_to_recruit(coordinator: Page, plan: str) -> None:
    """By keyboard from mark to mark; a mark opens what its township could use."""
    await look_on_a_small_screen(coordinator, f"{plan}/recruit")
    await coordinator.goto(f"{plan}/recruit")
    here = coordinator.locator("#map .gain[tabindex='0']")
    await here.wait_for()
    best = await here.get_attribute("aria-label")
    await here.focus()
    await coordinator.keyboard.press("ArrowRight")
    said = await here.get_attribute("aria-label")
    assert said != best
    await expect(here).to_be_focused()
    await coordinator.keyboard.press("Enter")
    township = (said or "").split("：")[0]
    await expect(coordinator.locator("#side h2")).to_have_text(township)
    await expect(here).to_have_class(re.compile("chosen"))
    await fits(coordinator)
    assert await serious(coordinator) == []
    await coordinator.click("#side a[href*='/recruit?']")
    await coordinator.wait_for_url("**/recruit?township=*")
    await expect(coordinator.locator("#map .gain.chosen")).to_have_attribute("aria-label", said or "")
    assert await serious(coordinator) == []


async def test_from_sign_up_to_a_logged_visit(window: OpenWindow, site: str, tmp_path: Path) -> None:
    """The volunteer and the household have phones, the coordinator and the operator have desks."""
    ledger = a_ledger(
        tmp_path / "台账.xlsx",
        [
            [1, *NEAR_BY, LONG_NAME, an_identity(1), "19902300011", "小明 2016.09、小红 2018年3月", "红",
             "亲情陪伴、学业辅导", "可短信"],
            [2, *HERE, "田春兰", an_identity(9), "19902300013", "", "黄", "法律维权", "可短信"],
            [3, HERE[0], "无此村", "陶秀倩", an_identity(3), "19902300012", "", "绿", "亲情陪伴", "可短信"],
        ],
    )  # fmt: skip
    async with (
        somebody(window, site, "phone") as volunteer,
        somebody(window, site, "desktop") as coordinator,
        somebody(window, site, "desktop") as admin,
        somebody(window, site, "phone") as household,
    ):
        await staff(admin, "administrator")
        await staff(coordinator, "coordinator")
        await fits(coordinator)
        await sign_up(volunteer, admin, name="欧阳娜娜", phone="19902301001")
        await vet(coordinator)
        await import_ledger(coordinator, ledger, good=2, bad=1)
        await look_for_one(coordinator, "田春兰")
        address = await plan_and_publish(coordinator)
        await look_where_to_recruit(coordinator, f"{address}/plans/1")

        await volunteer.goto("/me")
        await fits(volunteer)
        assert LONG_NAME[:2] not in await volunteer.inner_text("main")
        await volunteer.locator("a[href^='/me/proposals/']").click()
        await volunteer.wait_for_url("**/me/proposals/*")
        assert LONG_NAME[:2] not in await volunteer.inner_text("main")
        await fits(volunteer)
        await volunteer.click("form[action$='/accept'] button")
        await volunteer.wait_for_url(re.compile(r"/me(/families)?(/.*)?$"))

        link = await newest_message(admin, "199****0011", r"(http://\S+/h/[\w-]+)")
        await household.goto(link)
        assert "欧阳" not in await household.inner_text("main")
        await fits(household)
        await household.fill("[name=birth_year]", "1999")
        await household.click("button.main")
        await expect(household.locator(".error")).to_be_visible()
        await household.fill("[name=birth_year]", "1988")
        await household.click("button.main")
        await expect(household.locator("main")).to_contain_text("欧阳")
        await fits(household)
        await household.go_back()
        await expect(household.locator("[name=birth_year]")).to_be_visible()
        await household.go_forward()
        await expect(household.locator("main")).not_to_contain_text("欧阳")
        await household.fill("[name=birth_year]", "1988")
        await household.click("button.main")
        await expect(household.locator("main")).to_contain_text("欧阳")
        await (
            household.locator("form", has=household.locator("[name=answer][value=yes]"))
            .locator("button")
            .click()
        )
        await household.wait_for_url("**/answered")
        await fits(household)
        await household.go_back()
        await expect(household.locator("main")).not_to_contain_text("欧阳")
        await fits(household)
        answer = await household.goto(link)
        assert answer is not None
        assert answer.status == 410
        await fits(household)

        await volunteer.goto("/me/families")
        await fits(volunteer)
        await volunteer.locator("a[href^='/me/pairs/']").first.click()
        await volunteer.wait_for_url("**/me/pairs/*")
        await expect(volunteer.locator("main")).to_contain_text("阿依古丽")
        await fits(volunteer)
        await volunteer.locator("a[href$='/log']").click()
        await volunteer.check("[name=medium][value=visit]")
        await fits(volunteer)
        await volunteer.click("main button.main")
        await volunteer.wait_for_url("**/me")
        await expect(volunteer.locator(".alert.done")).to_be_visible()

        await coordinator.goto("/pairs")
        await fits(coordinator)
        await coordinator.locator("table.list tbody a").first.click()
        await coordinator.wait_for_url(re.compile(r"/pairs/[0-9a-f-]{36}"))
        await fits(coordinator)
        for path in ("/desk", "/households", "/volunteers", "/followups", "/notices", "/rounds", "/concerns"):
            await coordinator.goto(path)
            await fits(coordinator)


async def test_a_decline_with_a_reason_and_a_household_nobody_contacts(
    window: OpenWindow, site: str, tmp_path: Path
) -> None:
    """The other way round: the volunteer sits at a desk, the coordinator has a phone."""
    ledger = a_ledger(
        tmp_path / "台账.xlsx",
        [
            [1, *NEAR_BY, "陶秀倩", an_identity(5), "19902300021", "", "黄", "亲情陪伴", "不得联系本人"],
            [2, *HERE, "付霞蓉", an_identity(7), "19902300022", "", "绿", "亲情陪伴", "由村干部转达"],
        ],
    )  # fmt: skip
    async with (
        somebody(window, site, "desktop") as volunteer,
        somebody(window, site, "phone") as coordinator,
        somebody(window, site, "desktop") as admin,
    ):
        await staff(admin, "administrator")
        await staff(coordinator, "coordinator")
        await sign_up(volunteer, admin, name="姚霞琴", phone="19902301002", households=2)
        await vet(coordinator, trained=False)
        await import_ledger(coordinator, ledger, good=2, bad=0)
        await plan_and_publish(coordinator)

        await volunteer.goto("/me")
        proposals = volunteer.locator("a[href^='/me/proposals/']")
        await expect(proposals).to_have_count(2)
        await proposals.first.click()
        await volunteer.wait_for_url("**/me/proposals/*")
        await volunteer.click("details.other summary")
        await volunteer.check("[name=reason][value=no_time]")
        await fits(volunteer)
        await volunteer.click("form[action$='/decline'] button")
        await volunteer.wait_for_load_state()
        await volunteer.goto("/me")
        await proposals.first.click()
        await volunteer.click("form[action$='/accept'] button")
        await volunteer.wait_for_load_state()

        states = {}
        for state in ("declined", "accepted"):
            await coordinator.goto(f"/pairs?view={state}")
            await fits(coordinator)
            states[state] = await coordinator.locator("table.list tbody tr").count()
        assert states == {"declined": 1, "accepted": 1}
