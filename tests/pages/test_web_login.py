"""Coming in and going out."""

import json
import re
from datetime import timedelta

import pytest
from factories import a_volunteer, an_account
from planned import alike

from jiedui.accounts.passwords import hash_passphrase
from jiedui.accounts.sessions import Sessions
from jiedui.accounts.staff import change_passphrase, close_staff
from jiedui.accounts.tables import Account, OneTimeCode
from jiedui.actor import Actor
from jiedui.store.vault import keyed_hash, seal, unseal
from jiedui_notifications.sealing import PARAMS
from jiedui_notifications.tables import Notice

PASSPHRASE = "seven quiet rivers"


PHONE = "13812345678"


@pytest.fixture
async def volunteer(app):
    """A volunteer of the ledger who has never been here; her telephone is known."""
    return await a_volunteer(phone=seal(PHONE, "volunteer.phone"), phone_key=keyed_hash(PHONE, "phone"))


@pytest.fixture
async def officer(app):
    return await an_account(login="fengdu", password_hash=await hash_passphrase(PASSPHRASE))


async def test_an_officer_logs_in_and_lands_where_she_wanted_to_go(visitor, officer):
    form = await visitor.get("/login?next=/desk%3Ftownship%3D500230101000")
    assert 'value="/desk?township=500230101000"' in form.text
    answer = await visitor.submit(
        "/login", {"login": "Fengdu", "passphrase": PASSPHRASE, "next": "/desk?township=500230101000"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/desk?township=500230101000"
    assert (await visitor.get("/")).headers["location"] == "/desk"


async def test_a_wrong_passphrase_and_an_unknown_name_are_answered_alike(visitor, officer):
    answers = []
    for login in ("fengdu", "nobody"):
        await visitor.get("/login")
        answer = await visitor.submit("/login", {"login": login, "passphrase": "not the right one"})
        assert answer.status_code == 422
        assert f'value="{login}"' in answer.text
        assert "not the right one" not in answer.text
        answers.append(alike(answer).replace(login, ""))
    assert answers[0] == answers[1]


async def test_an_account_that_is_closed_gets_no_further_with_the_right_passphrase(visitor, officer):
    await Account.update({Account.active: False}).where(Account.id == officer)
    assert (await visitor.submit("/login", {"login": "fengdu", "passphrase": PASSPHRASE})).status_code == 422


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:alert(1)",
        "/\tevil",
        "desk",
    ],
)
async def test_login_leads_to_no_other_site(visitor, officer, elsewhere):
    answer = await visitor.submit("/login", {"login": "fengdu", "passphrase": PASSPHRASE, "next": elsewhere})
    assert answer.headers["location"] in ("/desk", "/")


async def test_guessing_a_passphrase_ends_after_ten_tries(visitor, officer):
    for _ in range(10):
        assert (await visitor.submit("/login", {"login": "fengdu", "passphrase": "wrong"})).status_code == 422
    refused = await visitor.submit("/login", {"login": "fengdu", "passphrase": PASSPHRASE})
    assert "次数太多" in refused.text


@pytest.mark.parametrize("deed", ["closed", "another passphrase"])
async def test_who_is_logged_in_is_led_to_the_door_once_her_account_is(app, visitor, officer, redis, deed):
    await visitor.submit("/login", {"login": "fengdu", "passphrase": PASSPHRASE})
    assert (await visitor.get("/desk")).status_code == 200
    elsewhere = Sessions(redis, app.state.clock)
    if deed == "closed":
        await close_staff(Actor.system(), "fengdu", elsewhere, app.state.clock())
    else:
        await change_passphrase(Actor.system(), "fengdu", "nine new lanterns", elsewhere, app.state.clock())
    answer = await visitor.get("/desk")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/desk")
    await visitor.get(answer.headers["location"])
    again = await visitor.submit("/login", {"login": "fengdu", "passphrase": "nine new lanterns"})
    assert again.status_code == (422 if deed == "closed" else 303)


async def test_a_planted_session_id_is_never_adopted(app, visitor, officer):
    planted = "A" * 43
    visitor.cookies.set(app.state.cookies.session, planted)
    answer = await visitor.submit("/login", {"login": "fengdu", "passphrase": PASSPHRASE})
    issued = re.search(
        r"__Host-jiedui=([^;]+); HttpOnly; Max-Age=43200; Path=/; SameSite=lax; Secure", str(answer.headers)
    )
    assert issued and issued[1] != planted
    assert await app.state.sessions.find(planted) is None


async def test_logging_out_ends_the_session_on_the_server(app, login_as):
    officer = await login_as("coordinator")
    session_id = officer.cookies[app.state.cookies.session]
    assert (await officer.submit("/logout")).headers["location"] == "/"
    assert await app.state.sessions.find(session_id) is None
    assert officer.cookies.get(app.state.cookies.session) is None


async def test_a_volunteer_logs_in_with_the_code_that_was_sent_to_her(app, visitor, volunteer):
    asked = {"phone": "+86 138-1234 5678", "next": "/me/families"}
    answer = await visitor.submit("/login/volunteer", asked)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login/volunteer/code")
    for _ in range(2):  # Reload asks nothing anew
        form = await visitor.get("/login/volunteer/code")
        assert "138****5678" in form.text and 'value="/me/families"' in form.text
    code = await last_code()
    answer = await visitor.submit(
        "/login/volunteer/code", {"phone": "13812345678", "code": code, "next": "/me/families"}
    )
    assert answer.headers["location"] == "/me/families"
    assert (await visitor.get("/login/volunteer/code")).headers["location"] == "/login/volunteer"
    assert (await visitor.get("/")).headers["location"] == "/me"
    account = await Account.select().where(Account.volunteer_id == volunteer).first()
    assert account["role"] == "volunteer"


async def test_a_code_is_good_once_and_for_ten_minutes_and_five_tries(app, visitor, volunteer):
    moments = [app.state.clock()]
    app.state.clock = lambda: moments[-1]

    async def enter(code):
        return (await visitor.submit("/login/volunteer/code", {"phone": PHONE, "code": code})).status_code

    async def fresh_code():
        await app.state.redis.flushdb()
        moments.append(moments[-1] + timedelta(minutes=1))
        await visitor.submit("/login/volunteer", {"phone": PHONE})
        return await last_code()

    assert await enter(await fresh_code()) == 303
    await visitor.submit("/logout")
    visitor.form_token = ""
    code = await fresh_code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [await enter(wrong) for _ in range(5)] == [422] * 5
    assert await enter(code) == 422
    code = await fresh_code()
    moments.append(moments[-1] + timedelta(minutes=10))
    assert await enter(code) == 422


async def test_an_unknown_number_is_answered_like_a_known_one_and_gets_no_message(visitor, volunteer):
    known = await visitor.submit("/login/volunteer", {"phone": PHONE}, follow_redirects=True)
    sent = await Notice.count()
    unknown = await visitor.submit("/login/volunteer", {"phone": "13812349678"}, follow_redirects=True)
    assert await Notice.count() == sent == 1
    same = alike(unknown).replace("13812349678", PHONE).replace("138****9678", "138****5678")
    assert same == alike(known) and sorted(unknown.headers) == sorted(known.headers)
    assert await OneTimeCode.count() == 2


async def test_a_second_code_within_a_minute_is_not_sent(visitor, volunteer):
    await visitor.submit("/login/volunteer", {"phone": PHONE})
    again = await visitor.submit("/login/volunteer", {"phone": PHONE})
    assert again.status_code == 422
    assert "1 分钟后再试" in again.text


async def last_code():
    notice = await Notice.select().order_by(Notice.created_at, ascending=False).first()
    return json.loads(unseal(notice["params"], PARAMS))["code"]
