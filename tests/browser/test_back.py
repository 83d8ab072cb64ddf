"""Back, Forward and Reload in a real browser: nothing is sent again, nothing typed is lost."""

from people import OpenWindow, fits, newest_message, somebody, staff
from playwright.async_api import Page, expect

PHONE, ANOTHER = "19902301077", "19902301078"


async def submit(page: Page) -> None:
    """Past the browser's own checks, so that the site's are seen."""
    await page.evaluate("document.querySelector('main form.stack').noValidate = true")
    await page.locator("main form.stack button.main").last.click()


async def shows(page: Page, selector: str) -> None:
    """Not the browser's page that asks whether to send the form again."""
    await expect(page.locator(selector).first).to_be_visible()
    await fits(page)


async def test_a_code_is_asked_for_once_however_one_goes_back(window: OpenWindow, site: str) -> None:
    async with somebody(window, site, "phone") as volunteer:
        await volunteer.goto("/login/volunteer?next=/me/families")
        await volunteer.fill("[name=phone]", "123")
        await submit(volunteer)
        await shows(volunteer, ".error")
        await volunteer.fill("[name=phone]", PHONE)
        await submit(volunteer)
        await volunteer.wait_for_url("**/login/volunteer/code")
        await volunteer.fill("[name=code]", "000000")
        await submit(volunteer)
        await shows(volunteer, ".error")
        for step in (volunteer.reload, volunteer.go_back, volunteer.go_forward):
            await step()
            await shows(volunteer, "[name=code]")
        for _ in range(2):
            await volunteer.go_back()
        await shows(volunteer, "[name=phone]")
        await volunteer.go_forward()
        await shows(volunteer, "[name=code]")


async def test_signing_up_goes_back_and_forth_and_keeps_what_was_typed(window: OpenWindow, site: str) -> None:
    async with somebody(window, site, "phone") as her, somebody(window, site, "desktop") as admin:
        await staff(admin, "administrator")
        await her.goto("/join")
        await her.check("[name=kind][value=caring_mother]")
        await her.check("[name=offers][value=companionship]")
        await her.locator("[name=times]").first.check()
        await her.locator("#f-q").press_sequentially("lmss", delay=30)
        await her.locator("#villages [name=village]").first.check()
        await her.fill("[name=phone]", ANOTHER)
        for box in await her.locator(".sheet input[type=checkbox]").all():
            await box.check()
        await submit(her)
        await shows(her, "#e-name")
        await her.fill("[name=name]", "欧阳娜娜")
        await submit(her)
        await her.wait_for_url("**/join/code")
        await her.reload()
        await shows(her, "[name=code]")
        await her.go_back()
        await shows(her, "[name=kind]")
        assert await her.input_value("[name=name]") == "欧阳娜娜"
        assert await her.is_checked("[name=offers][value=companionship]")
        await her.go_back()
        await shows(her, "[name=kind]")
        for _ in range(2):
            await her.go_forward()
        await shows(her, "[name=code]")
        await her.fill("[name=code]", await newest_message(admin, "199****1078", r"(\d{6})"))
        await submit(her)
        await her.wait_for_url("**/me/profile")
        await her.reload()
        await shows(her, "main h1")
        await her.go_back()
        await her.wait_for_url("**/me/profile")
        await her.goto("/join")
        await her.wait_for_url("**/me/profile")
