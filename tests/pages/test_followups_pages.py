"""The volunteer's week and the coordinator's desk as they are read."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from factories import OTHER_COUNTY, TODAY, a_household, a_pair, a_volunteer
from litestar import Litestar

from jiedui.clock import today
from jiedui.followups.service import due_of, ensure_due
from jiedui.followups.tables import FollowUp, Visit


async def a_volunteer_with_a_family(login_as, app: Litestar, colour: str = "red", **columns):
    volunteer = await a_volunteer()
    pair = await a_pair(
        await a_household(name="欧阳娜娜", colour=colour), volunteer, **{"state": "active"} | columns
    )
    await ensure_due(app.state.clock())
    return await login_as("volunteer", volunteer_id=volunteer), pair


async def test_an_empty_week_teaches_what_happens_next(login_as, app):
    visitor = await login_as("volunteer", volunteer_id=await a_volunteer())
    answer = await visitor.get("/me", headers={"accept-language": "en"})
    assert "Nothing to do this week" in answer.text
    assert "/me/profile" in answer.text


async def test_the_week_names_overdue_contacts_and_leads_to_the_form(login_as, app):
    visitor, pair = await a_volunteer_with_a_family(login_as, app)
    answer = await visitor.get("/me", headers={"accept-language": "en"})
    assert "Overdue" in answer.text
    assert "Call 欧阳&#39;s family" in answer.text
    assert f"/me/pairs/{pair}/log?medium=call" in answer.text
    assert "&lt;time" not in answer.text
    assert "娜娜" not in answer.text
    assert "red" not in answer.text.casefold().replace("required", "")


async def test_a_proposal_stands_first_and_names_nobody(login_as, app):
    visitor, pair = await a_volunteer_with_a_family(login_as, app, state="proposed")
    answer = await visitor.get("/me", headers={"accept-language": "en"})
    assert f"/me/proposals/{pair}" in answer.text
    assert "&lt;time" not in answer.text
    assert "欧阳" not in answer.text


async def test_a_contact_is_logged_in_one_form_and_only_once(login_as, app):
    visitor, pair = await a_volunteer_with_a_family(login_as, app)
    form = await visitor.get(f"/me/pairs/{pair}/log?medium=visit")
    sent = {
        "medium": "visit",
        "outcome": "reached",
        "happened_on": today(app.state.clock()).isoformat(),
        "_once": re.search(r'name="_once" value="([^"]+)"', form.text)[1],
    }
    for _ in range(2):
        answer = await visitor.submit(f"/me/pairs/{pair}/log", sent)
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert await Visit.count().where(Visit.pair == pair) == 1
    assert await FollowUp.count().where(FollowUp.pair == pair, FollowUp.state == "done") == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"happened_on": "2099-01-01"}, "happened_on"),
        ({"happened_on": ""}, "happened_on"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "viele"}, "minutes"),
        ({"medium": "pigeon"}, "medium"),
        ({"note": "长" * 501}, "note"),
    ],
)
async def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(login_as, app, fields, field):
    visitor, pair = await a_volunteer_with_a_family(login_as, app)
    good = {
        "medium": "call", "outcome": "reached", "minutes": "15",
        "happened_on": today(app.state.clock()).isoformat(), "note": "她很好,<b>谢谢</b>",
    }  # fmt: skip
    answer = await visitor.submit(f"/me/pairs/{pair}/log", good | fields)
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text
    if field != "note":
        assert "她很好,&lt;b&gt;谢谢&lt;/b&gt;" in answer.text
    assert await Visit.count() == 0


async def test_somebody_elses_family_looks_like_none(login_as, app):
    _, pair = await a_volunteer_with_a_family(login_as, app)
    stranger = await login_as("volunteer", volunteer_id=await a_volunteer())
    missing = UUID(int=7)
    answers = [await stranger.get(f"/me/pairs/{one}/log") for one in (pair, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    texts = [answer.text.replace(str(one), "") for answer, one in zip(answers, (pair, missing), strict=True)]
    assert texts[0] == texts[1]


async def test_the_desk_of_an_empty_area_teaches_the_first_step(login_as):
    visitor = await login_as("coordinator", OTHER_COUNTY)
    answer = await visitor.get("/desk", headers={"accept-language": "en"})
    assert "/households/import" in answer.text


async def test_the_desk_shows_overdue_townships_of_its_own_county_only(login_as, app):
    await a_volunteer_with_a_family(login_as, app)
    own = await (await login_as("coordinator")).get("/desk")
    other = await (await login_as("coordinator", OTHER_COUNTY)).get("/desk")
    assert "虎威镇" in own.text
    assert "虎威镇" not in other.text


async def test_the_overdue_list_masks_the_household_and_pages_by_key(login_as, app):
    await a_volunteer_with_a_family(login_as, app)
    coordinator = await login_as("coordinator")
    answer = await coordinator.get("/followups?township=500230101000")
    assert "欧阳*" in answer.text
    assert "娜娜" not in answer.text
    for odd in ("after=nonsense_x", "township='", "township=5002301010009999"):
        assert (await coordinator.get(f"/followups?{odd}")).status_code == 200


async def test_a_volunteer_does_not_see_the_desk_nor_staff_a_volunteers_week(login_as, app):
    volunteer, _ = await a_volunteer_with_a_family(login_as, app)
    assert (await volunteer.get("/desk")).status_code == 403
    assert (await (await login_as("coordinator")).get("/me")).status_code == 403


async def test_the_due_days_are_those_of_the_cadence(login_as, app):
    volunteer = await a_volunteer()
    await a_pair(await a_household(colour="green"), volunteer, state="active")
    await ensure_due(app.state.clock())
    from jiedui.actor import Actor

    due = await due_of(Actor("volunteer", "500230101201", "", volunteer_id=volunteer))
    assert [(item["medium"], item["due_on"]) for item in due] == [
        ("call", TODAY + timedelta(days=30)),
        ("visit", TODAY + timedelta(days=91)),
    ]
