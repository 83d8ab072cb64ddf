"""The coordinator's list and record of a volunteer, on the site."""

import json
import re
from uuid import uuid4

import pytest
from factories import COUNTY, OTHER_COUNTY, a_household, a_pair, a_volunteer

from jiedui.audit.tables import AuditEntry
from jiedui.store.vault import keyed_hash
from jiedui.volunteers.tables import VettingCheck, Volunteer

CHECK = {"kind": "identity", "outcome": "passed", "checked_on": "2026-10-01", "paper": "身份证原件"}


@pytest.fixture
async def stranger(login_as):
    visitor = await login_as("coordinator", OTHER_COUNTY)
    visitor.headers["accept-language"] = "en"
    return visitor


async def applicant(**columns):
    blank = {"state": "applied", "source": "online", "record_checked_on": None, "trained": False}
    return await a_volunteer(**blank | columns)


async def test_the_list_masks_people_and_says_how_many(db, coordinator):
    her = await a_volunteer(name="欧阳兰兰")
    await applicant(name="阿依古丽·买买提江")
    page = await coordinator.get("/volunteers")
    assert page.status_code == 200
    assert "欧阳*" in page.text and "欧阳兰兰" not in page.text and "阿*" in page.text
    assert "199****" in page.text and str(her) in page.text
    assert "2 in all" in page.text and "1 sign-ups are waiting" in page.text
    narrowed = await coordinator.get("/volunteers", params={"state": "applied"})
    assert "1 of 2" in narrowed.text and "欧阳*" not in narrowed.text
    nobody = await coordinator.get("/volunteers", params={"state": "suspended"})
    assert "Nobody fits this filter." in nobody.text


async def test_an_empty_area_is_told_how_to_begin(db, coordinator):
    assert "There are no volunteers here yet." in (await coordinator.get("/volunteers")).text


async def test_strange_filters_break_nothing(db, coordinator):
    await a_volunteer()
    for strange in ({"state": "x"}, {"township": "%"}, {"after": "zzz"}, {"kind": "<b>"}):
        assert (await coordinator.get("/volunteers", params=strange)).status_code == 200


async def test_she_is_vetted_and_approved_step_by_step(db, coordinator):
    her = await applicant()
    path = f"/volunteers/{her}"
    page = await coordinator.get(path)
    for missing in ("A record check is missing.", "The training is missing.", "not an approved volunteer"):
        assert missing in page.text
    assert f'action="{path}/approve"' not in page.text
    early = await coordinator.submit(f"{path}/approve")
    assert early.headers["location"] == path
    assert "record the identity check first" in (await coordinator.get(path)).text
    for kind in ("identity", "record", "training"):
        assert (await coordinator.submit(f"{path}/checks", CHECK | {"kind": kind})).status_code == 303
    assert f'action="{path}/approve"' in (await coordinator.get(path)).text
    await coordinator.submit(f"{path}/approve")
    page = await coordinator.get(path)
    assert "Approved." in page.text and "until 1 October 2027" in page.text
    assert (await Volunteer.select().first())["state"] == "active"
    again = await coordinator.submit(f"{path}/approve", follow_redirects=True)
    assert "changed in the meantime" in again.text


async def test_a_check_dated_tomorrow_is_refused_at_its_field(db, coordinator):
    her = await applicant()
    refused = await coordinator.submit(f"/volunteers/{her}/checks", CHECK | {"checked_on": "2099-01-01"})
    assert (
        refused.status_code == 422 and "lies in the future" in refused.text and "身份证原件" in refused.text
    )
    unreadable = await coordinator.submit(f"/volunteers/{her}/checks", CHECK | {"checked_on": "1.10.26"})
    assert unreadable.status_code == 422
    assert await VettingCheck.count() == 0


async def test_a_form_sent_twice_records_one_check(db, coordinator):
    her = await applicant()
    for _ in range(2):
        sent = await coordinator.submit(
            f"/volunteers/{her}/checks", CHECK | {"_once": "the-same-sheet-twice"}
        )
        assert sent.status_code == 303
    assert await VettingCheck.count() == 1


async def test_the_capacity_cannot_be_less_than_she_holds(db, coordinator):
    her = await a_volunteer(capacity=3)
    for _ in range(2):
        await a_pair(volunteer=her)
    refused = await coordinator.submit(f"/volunteers/{her}/capacity", {"capacity": "1"})
    assert refused.status_code == 422 and "There are 2 households at present" in refused.text
    assert (await coordinator.submit(f"/volunteers/{her}/capacity", {"capacity": "2"})).status_code == 303


async def test_her_whole_card_is_shown_once_for_a_purpose_and_noted(db, coordinator):
    her = await a_volunteer(name="欧阳兰兰", remark="会说苗语")
    page = await coordinator.get(f"/volunteers/{her}")
    assert "欧阳兰兰" not in page.text and "会说苗语" not in page.text
    without = await coordinator.submit(f"/volunteers/{her}/reveal", {"purpose": "curiosity"})
    assert without.status_code == 422 and "欧阳兰兰" not in without.text
    purpose = {"purpose": "ledger"}
    shown = await coordinator.submit(f"/volunteers/{her}/reveal", purpose, follow_redirects=True)
    assert "欧阳兰兰" in shown.text and "tel:1990231" in shown.text and "会说苗语" in shown.text
    assert "欧阳兰兰" not in (await coordinator.get(f"/volunteers/{her}")).text
    (entry,) = await AuditEntry.select().where(AuditEntry.action == "volunteer.reveal")
    assert json.loads(entry["detail"]) == {"purpose": "ledger", "count": 1}


async def test_numbers_of_volunteers_and_cards_of_families_count_against_one_limit(db, coordinator):
    her, family = await a_volunteer(), await a_household()
    for _ in range(15):
        await coordinator.submit(f"/volunteers/{her}/reveal", {"purpose": "ledger"})
        await coordinator.submit(f"/households/{family}/reveal", {"purpose": "contact"})
    for path, purpose in ((f"/volunteers/{her}", "ledger"), (f"/households/{family}", "contact")):
        assert (await coordinator.submit(f"{path}/reveal", {"purpose": purpose})).status_code == 429
    assert await AuditEntry.count().where(AuditEntry.action == "volunteer.reveal") == 15


@pytest.mark.parametrize("text", ["欧阳兰", "19902319999", "Z500230000077", "z500230000077", "000077"])
async def test_one_volunteer_is_found_and_no_address_ever_holds_what_was_typed(db, coordinator, text):
    her = await a_volunteer(
        name="欧阳兰兰", number="Z500230000077", phone_key=keyed_hash("19902319999", "phone")
    )
    await a_volunteer(name="别人")
    found = await coordinator.submit("/volunteers/find", {"text": text}, follow_redirects=True)
    assert re.findall(r'href="/volunteers/([0-9a-f-]{36})"', found.text) == [str(her)]
    assert found.url.path == "/volunteers/find" and not found.url.query
    (entry,) = await AuditEntry.select().where(AuditEntry.action == "volunteer.find")
    assert json.loads(entry["detail"])["found"] == 1 and text not in entry["detail"]


async def test_wildcards_and_single_letters_find_no_volunteer(db, coordinator):
    await a_volunteer(name="欧阳兰兰")
    for text in ("%%", "__", "欧", "\\'"):
        found = await coordinator.submit("/volunteers/find", {"text": text}, follow_redirects=True)
        assert "No volunteer of this name or number" in found.text, text


@pytest.mark.parametrize(
    ("deed", "fields", "state"),
    [
        ("refuse", {"reason": "identity"}, "refused"),
        ("leave", {}, "left"),
    ],
)
async def test_an_applicant_is_refused_or_leaves(db, coordinator, deed, fields, state):
    her = await applicant()
    assert (await coordinator.submit(f"/volunteers/{her}/{deed}", fields)).status_code == 303
    assert (await Volunteer.select().first())["state"] == state
    assert (await coordinator.get(f"/volunteers/{her}")).status_code == 200


async def test_an_active_volunteer_is_paused_suspended_and_taken_back_by_another(db, coordinator, login_as):
    her = await a_volunteer()
    for deed, state, paused in (
        ("pause", "active", True),
        ("resume", "active", False),
        ("suspend", "suspended", False),
    ):
        await coordinator.submit(f"/volunteers/{her}/{deed}", {"reason": "concern"})
        row = await Volunteer.select().first()
        assert (row["state"], row["paused"]) == (state, paused)
    herself = await coordinator.submit(f"/volunteers/{her}/reinstate", follow_redirects=True)
    assert "You decided this yourself; somebody else has to lift it." in herself.text
    colleague = await login_as("coordinator")
    await colleague.submit(f"/volunteers/{her}/reinstate")
    assert (await Volunteer.select().first())["state"] == "active"


ACTIONS = (
    "",
    "/checks",
    "/capacity",
    "/reveal",
    "/approve",
    "/refuse",
    "/suspend",
    "/reinstate",
    "/pause",
    "/leave",
)


@pytest.mark.parametrize("action", ACTIONS)
async def test_another_countys_volunteer_looks_exactly_like_nobody(db, stranger, action):
    her, nobody = await a_volunteer(), uuid4()
    fields = CHECK | {"capacity": "2", "reason": "concern", "purpose": "ledger"}
    answers = []
    for volunteer_id in (her, nobody):
        path = f"/volunteers/{volunteer_id}{action}"
        answer = await (stranger.submit(path, fields) if action else stranger.get(path))
        assert answer.status_code == 404
        answers.append(answer.text.replace(str(volunteer_id), "…"))
    assert answers[0] == answers[1]
    row = await Volunteer.select().first()
    assert (row["state"], row["paused"]) == ("active", False)


async def test_an_unknown_deed_is_not_there(db, coordinator):
    her = await a_volunteer()
    for deed in ("promote", "__class__", "check", "delete"):
        assert (await coordinator.submit(f"/volunteers/{her}/{deed}")).status_code == 404


async def test_who_is_no_coordinator_sees_no_list(db, visitor, login_as):
    her = await a_volunteer()
    assert (await visitor.get("/volunteers")).status_code == 303
    volunteer = await login_as("volunteer", COUNTY, volunteer_id=her)
    for path in ("/volunteers", f"/volunteers/{her}"):
        assert (await volunteer.get(path)).status_code == 403
    assert (await volunteer.submit(f"/volunteers/{her}/approve")).status_code == 403
