"""The front door and what every page has in common."""


async def test_the_front_door_has_a_door_for_each_of_the_three(visitor):
    page = await visitor.get("/")
    assert page.status_code == 200
    for door in ("/join", "/login/volunteer", "/login"):
        assert f'href="{door}"' in page.text


async def test_the_front_door_speaks_chinese_unless_the_browser_asks_for_english(visitor):
    assert '<html lang="zh-CN">' in (await visitor.get("/")).text
    assert '<html lang="en">' in (await visitor.get("/", headers={"accept-language": "en-GB,en;q=0.9"})).text


async def test_the_visible_switch_wins_over_the_browser_and_leads_back(visitor):
    answer = await visitor.post("/language", data={"language": "en", "back": "/login?next=%2Fdesk"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fdesk"
    assert '<html lang="en">' in (await visitor.get("/", headers={"accept-language": "zh"})).text


async def test_somebody_logged_in_is_led_from_the_front_door_to_her_own_page(login_as):
    coordinator = await login_as("coordinator")
    assert (await coordinator.get("/")).headers["location"] == "/desk"
