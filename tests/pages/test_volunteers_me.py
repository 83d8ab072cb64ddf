"""A volunteer's own page."""

from datetime import UTC, datetime

import pytest
from factories import NOW, VILLAGE, a_pair, a_volunteer

from jiedui.consents import service as consents
from jiedui.consents.texts import current
from jiedui.volunteers.tables import Volunteer

OFFER = {"offers": "tutoring", "capacity": "2", "reach_km": "any", "times": "周末"}


@pytest.fixture
async def her(db):
    return await a_volunteer(name="王芳", skills=["剪纸"], times=["周末"])


@pytest.fixture
async def herself(her, login_as):
    visitor = await login_as("volunteer", VILLAGE, volunteer_id=her)
    visitor.headers["accept-language"] = "en"
    return visitor


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"state": "applied"}, "Your sign-up has arrived."),
        ({"state": "active"}, "When there is a family close to you"),
        ({"trained": False}, "The training is missing."),
        ({"paused": True}, "You are pausing."),
        ({"state": "suspended"}, "You are suspended at present."),
        ({"state": "refused"}, "It did not work out this time."),
        ({"state": "left"}, "You are welcome back at any time."),
    ],
)
async def test_her_page_says_how_things_stand_and_what_comes_next(her, herself, columns, sentence):
    cleared = {"record_checked_on": datetime.now(UTC).date()}
    await Volunteer.update(**cleared | columns).where(Volunteer.id == her)
    page = await herself.get("/me/profile")
    assert page.status_code == 200 and sentence in page.text


async def test_she_reads_the_texts_she_agreed_to(her, herself):
    text = current("volunteer.service")
    await consents.give(
        ("volunteer", her), [text], given_by="self", how="online", region_code=VILLAGE, now=NOW
    )
    page = await herself.get("/me/profile")
    assert text.title["en"].replace("'", "&#39;") in page.text and text.version in page.text


async def test_she_changes_what_she_offers_and_keeps_what_only_her_ledger_knows(her, herself):
    form = await herself.get("/me/profile/offer")
    assert 'value="剪纸" checked' in form.text
    saved = await herself.submit("/me/profile/offer", OFFER | {"skills": ["剪纸", "英语"]})
    assert saved.status_code == 303
    row = await Volunteer.select().where(Volunteer.id == her).first()
    assert (row["offers"], row["skills"], row["reach_km"]) == (["tutoring"], ["剪纸", "英语"], None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("offers", []), ("capacity", "99"), ("reach_km", "abc"), ("times", "nie"), ("skills", "魔法")],
)
async def test_a_mistake_keeps_what_she_typed(her, herself, field, value):
    refused = await herself.submit("/me/profile/offer", OFFER | {field: value})
    assert refused.status_code == 422 and f'href="#f-{field}"' in refused.text


async def test_she_pauses_goes_on_and_leaves(her, herself):
    for deed, sentence in (
        ("pause", "You are pausing."),
        ("resume", "Good to have you back."),
        ("leave", "You have left."),
    ):
        done = await herself.submit(f"/me/profile/{deed}", follow_redirects=True)
        assert done.status_code == 200 and sentence in done.text
    assert (await Volunteer.select().where(Volunteer.id == her).first())["state"] == "left"


async def test_with_a_family_she_is_told_to_hand_over_first(her, herself):
    await a_pair(volunteer=her, state="active")
    done = await herself.submit("/me/profile/leave", follow_redirects=True)
    assert "hand them over first" in done.text
    assert (await Volunteer.select().where(Volunteer.id == her).first())["state"] == "active"


async def test_she_cannot_approve_or_suspend_herself(her, herself):
    for deed in ("approve", "suspend", "reinstate", "refuse"):
        assert (await herself.submit(f"/me/profile/{deed}")).status_code == 404
