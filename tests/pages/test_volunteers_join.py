"""Signing up on the site, with and without JavaScript, by people new, known and careless."""

import re

import pytest
from factories import VILLAGE, a_region_tree, a_volunteer

from jiedui.accounts.tables import Account
from jiedui.consents.tables import Consent
from jiedui.store.vault import keyed_hash, unseal
from jiedui.volunteers.tables import Volunteer
from jiedui_notifications.sealing import PARAMS
from jiedui_notifications.tables import Notice

PHONE = "13800138000"
FORM = {
    "kind": "caring_mother",
    "offers": ["companionship", "tutoring"],
    "skills": "英语",
    "capacity": "2",
    "reach_km": "10",
    "times": ["周末", "寒暑假"],
    "q": "hlc",
    "found_for": "hlc|",
    "village": VILLAGE,
    "name": "欧阳兰",
    "phone": "138 0013 8000",
    "consent": "on",
}
ENGLISH = {"accept-language": "en"}


@pytest.fixture
async def tree(db):
    await a_region_tree()


async def newest_code():
    notice = await Notice.select().order_by(Notice.created_at, ascending=False).first()
    return re.search(r"[0-9]{6}", unseal(notice["params"], PARAMS))[0]


async def signed_up(visitor, **changes):
    sent = await visitor.submit("/join", FORM | changes, headers=ENGLISH)
    assert (sent.status_code, sent.headers.get("location")) == (303, "/join/code"), sent.text
    return await visitor.get("/join/code", headers=ENGLISH)


async def test_a_phone_user_signs_up_and_lands_on_her_own_page(tree, visitor):
    assert (await visitor.get("/join")).status_code == 200
    sent = await signed_up(visitor)
    assert "138****8000" in sent.text and "欧阳兰" not in sent.text
    done = await visitor.submit("/join/confirm", {"code": await newest_code()})
    assert (done.status_code, done.headers["location"]) == (303, "/me/profile")
    row = await Volunteer.select().first()
    assert (row["state"], row["name"], row["offers"]) == ("applied", "欧阳兰", ["companionship", "tutoring"])
    assert (row["capacity"], row["reach_km"], row["times"]) == (2, 10, ["周末", "寒暑假"])
    assert row["phone_key"] == keyed_hash(PHONE, "phone")
    mine = await visitor.get("/me/profile", headers=ENGLISH)
    assert mine.status_code == 200
    assert "Your sign-up has arrived." in mine.text and "欧阳兰" in mine.text and row["number"] in mine.text
    assert (await visitor.get("/join")).headers["location"] == "/me/profile"
    assert [one["purpose"] for one in await Consent.select()] == ["volunteer.service"]


async def test_a_wrong_code_keeps_the_draft_and_signs_nobody_up(tree, visitor):
    await signed_up(visitor)
    code = await newest_code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for typed in (wrong, "", "abcdef"):
        refused = await visitor.submit("/join/confirm", {"code": typed})
        assert refused.status_code == 422 and 'id="e-code"' in refused.text
    assert await Volunteer.count() == 0
    done = await visitor.submit("/join/confirm", {"code": code})
    assert done.status_code == 303
    for path in ("/join/code", "/join"):
        assert (await visitor.get(path)).status_code == 303, "nothing typed stays in the browser"


async def test_the_code_is_asked_again_at_most_once_a_minute(tree, visitor):
    await signed_up(visitor)
    again = await visitor.submit("/join/again")
    assert again.status_code == 422 and 'name="code"' in again.text
    assert await Notice.count() == 1


async def test_going_back_to_change_something_shows_everything_that_was_typed(tree, visitor):
    await signed_up(visitor)
    form = await visitor.get("/join")
    for typed in ('value="欧阳兰"', f'value="{PHONE}"', f'value="{VILLAGE}" checked', 'value="英语" checked'):
        assert typed in form.text
    assert '<option value="10" selected' in form.text and '<option value="2" selected' in form.text


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Please write your name."),
        ("name", "兰", "at least 2 characters"),
        ("phone", "12345", "not a mobile number"),
        ("kind", "", "Please choose what you are."),
        ("kind", "officer", "choose one of the options"),
        ("offers", [], "at least one kind of help"),
        ("offers", "flying", "choose one of the options"),
        ("times", [], "say when you have time"),
        ("capacity", "11", "between 1 and 10"),
        ("capacity", "-1", "between 1 and 10"),
        ("capacity", "many", "whole number"),
        ("capacity", "999999999999999999999", "too large"),
        ("reach_km", "7", "choose one of the options"),
        ("village", "", "choose your village"),
        ("village", "999999999999", "choose your village"),
        ("village", "500230101000", "choose your village"),
        ("consent", "", "Without your consent"),
    ],
)
async def test_a_mistake_is_said_at_its_field_and_nothing_else_is_lost(tree, visitor, field, value, sentence):
    refused = await visitor.submit("/join", FORM | {field: value}, headers=ENGLISH)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert f'href="#f-{field}"' in refused.text and f'id="f-{field}"' in refused.text
    for name, kept in (
        ("name", 'value="欧阳兰"'),
        ("village", f'value="{VILLAGE}" checked'),
        ("skills", 'value="英语" checked'),
    ):
        assert kept in refused.text or name == field
    assert await Notice.count() == 0


async def test_without_javascript_find_shows_villages_and_keeps_the_form(tree, visitor):
    typed = FORM | {"village": "", "found_for": "", "q": "回龙", "step": "find"}
    found = await visitor.submit("/join", typed, follow_redirects=True)
    assert found.status_code == 200
    assert f'name="village" value="{VILLAGE}"' in found.text and 'value="欧阳兰"' in found.text
    typed_on = typed | {"township": "500230102000", "step": "township"}
    by_township = await visitor.submit("/join", typed_on, follow_redirects=True)
    assert "石龙门村" in by_township.text
    nothing = await visitor.submit("/join", typed | {"q": "没有这个村"}, headers=ENGLISH)
    assert nothing.status_code == 422 and "choose your village" in nothing.text
    assert await Notice.count() == 0


async def test_enter_pressed_in_another_field_sends_the_form_once_a_village_is_chosen(tree, visitor):
    assert "138****8000" in (await signed_up(visitor, step="find")).text


async def test_a_known_telephone_gets_the_same_answer_and_no_second_person(tree, visitor):
    unknown = await signed_up(visitor)
    her = await a_volunteer(name="欧阳兰", phone_key=keyed_hash("13900139000", "phone"))
    known = await signed_up(visitor, phone="13900139000")

    def shape(response):
        text = re.sub(r'(draft|_csrf_token|_once)" value="[^"]+"', "", response.text)
        return response.status_code, text.replace("139****9000", "138****8000"), sorted(response.headers)

    assert shape(unknown) == shape(known)
    done = await visitor.submit("/join/confirm", {"code": await newest_code()})
    assert done.headers["location"] == "/me/profile"
    mine = await visitor.get("/me/profile", headers=ENGLISH)
    assert "registered already" in mine.text
    assert await Volunteer.count() == 1
    assert (await Account.select().first())["volunteer_id"] == her


@pytest.mark.parametrize("draft", [None, "", "AAAA", "A" * 3000, "%00%ff", "'\"; drop"])
async def test_a_draft_that_is_gone_or_spoilt_leads_back_to_the_form(app, tree, visitor, draft):
    await signed_up(visitor)
    name = app.state.cookies.carried("draft")
    kept = visitor.cookies.pop(name)
    if draft is not None:
        visitor.cookies.set(name, draft and draft + kept[len(draft) :], domain="localhost.local")
    for path in ("/join/again", "/join/confirm"):
        answer = await visitor.submit(path, {"code": await newest_code()}, headers=ENGLISH)
        assert answer.status_code == 422 and "once more" in answer.text
    assert (await visitor.get("/join/code")).headers["location"] == "/join"


async def test_suggestions_are_choices_to_pick_and_keep_the_chosen_one(tree, visitor):
    found = await visitor.get("/regions/suggest", params={"q": "slm", "village": VILLAGE, "township": ""})
    assert found.status_code == 200
    assert f'value="{VILLAGE}" checked' in found.text
    other = await visitor.get("/regions/suggest", params={"q": "石龙门"})
    assert "石龙门村" in other.text and VILLAGE not in other.text
    for strange in ({"q": "<script>alert(1)</script>"}, {"township": "x" * 12}, {"village": "'"}, {}):
        answer = await visitor.get("/regions/suggest", params=strange)
        assert answer.status_code == 200 and "<script>" not in answer.text
