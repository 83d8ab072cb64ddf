"""The list of checks that ledgers state, on the site: who sees it, who confirms, what it says meanwhile."""

from uuid import uuid4

import pytest
from factories import COUNTY, NOW, OTHER_COUNTY, TOWNSHIP, a_check, a_volunteer

from jiedui.ledgers.tables import LedgerImport
from jiedui.volunteers.tables import VettingCheck, Volunteer

WAITS = "stated by the ledger, not confirmed yet"


async def stated(**columns):
    """A volunteer of a township's ledger whose three checks nobody has confirmed."""
    her = await a_volunteer(**{"identified": False, "record_checked_on": None, "trained": False} | columns)
    sent = LedgerImport(
        kind="volunteers", region_code=TOWNSHIP, state="ready", decision="applied", created_at=NOW
    )
    await sent.save()
    ids = [
        await a_check(her, kind=kind, standing="stated", recorded_from=TOWNSHIP, ledger_import=sent.id)
        for kind in ("identity", "record", "training")
    ]
    return her, sent.id, ids


@pytest.fixture
async def county(login_as):
    visitor = await login_as("coordinator", COUNTY, name="谭协调")
    visitor.headers["accept-language"] = "en"
    return visitor


async def test_her_page_and_the_list_say_what_is_only_stated(db, county):
    her, _, _ = await stated()
    page = await county.get(f"/volunteers/{her}")
    assert page.text.count(WAITS) >= 3 and "does not count" in page.text
    listed = await county.get("/volunteers")
    assert WAITS in listed.text and "3 checks are stated by ledgers" in listed.text
    await a_volunteer()
    assert (await county.get("/volunteers")).text.count(WAITS) == 1


async def test_the_list_masks_the_names(db, county):
    await stated(name="欧阳霞琴")
    listed = (await county.get("/volunteers/stated")).text
    assert "欧阳*" in listed and "霞琴" not in listed


async def test_the_county_confirms_one_refuses_one_and_sees_who_did(db, county):
    _her, sent, (identity, record, _) = await stated()
    page = await county.get(f"/volunteers/stated?import={sent}")
    assert page.text.count('/confirm"') == 1 + 3 and "3 in all" in page.text
    confirmed = await county.submit(f"/volunteers/stated/{identity}/confirm", follow_redirects=True)
    assert "The check is confirmed and counts." in confirmed.text
    assert "stated by the ledger, confirmed by 谭协调 · 丰都县" in confirmed.text
    refused = await county.submit(f"/volunteers/stated/{record}/refuse", follow_redirects=True)
    assert "stated by the ledger, refused by 谭协调" in refused.text
    row = await Volunteer.select().first()
    assert (row["identified"], row["record_checked_on"]) == (True, None)
    again = await county.submit(f"/volunteers/stated/{record}/confirm", follow_redirects=True)
    assert "changed in the meantime" in again.text


async def test_the_county_confirms_the_list_of_one_import(db, county):
    (her, sent, _), (other, _, _) = await stated(), await stated(name="别人")
    done = await county.submit(f"/volunteers/stated/list/{sent}/confirm", follow_redirects=True)
    assert "3 checks are confirmed; 0 are left" in done.text
    rows = {row["id"]: row for row in await Volunteer.select()}
    assert rows[her]["trained"] and not rows[other]["trained"]
    assert (await county.submit("/volunteers/stated/list/nonsense/confirm")).status_code == 404


async def test_a_township_sees_what_it_stated_and_confirms_nothing(db, login_as):
    _, sent, (identity, *_) = await stated()
    township = await login_as("coordinator", TOWNSHIP)
    page = await township.get("/volunteers/stated")
    assert page.status_code == 200 and '/confirm"' not in page.text
    for path in (f"{identity}/confirm", f"{identity}/refuse", f"list/{sent}/confirm"):
        assert (await township.submit(f"/volunteers/stated/{path}")).status_code == 403
    assert await VettingCheck.count().where(VettingCheck.standing == "stated") == 3


async def test_another_county_s_check_looks_like_none(db, login_as):
    _, sent, (identity, *_) = await stated()
    stranger = await login_as("coordinator", OTHER_COUNTY)
    stranger.headers["accept-language"] = "en"
    assert str(sent) not in (await stranger.get("/volunteers/stated")).text
    pages = []
    for check in (identity, uuid4()):
        answer = await stranger.submit(f"/volunteers/stated/{check}/confirm")
        assert answer.status_code == 404
        pages.append(answer.text.replace(str(check), "…"))
    assert pages[0] == pages[1]
    assert (await stranger.submit(f"/volunteers/stated/{identity}/promote")).status_code == 404


async def test_an_applicant_who_resembles_somebody_barred_is_shown_beside_her(db, county):
    other = await a_volunteer(name="测试乙", number="T900", state="suspended")
    her = await a_volunteer(name="测试乙", state="applied", source="online")
    page = await county.get(f"/volunteers/{her}")
    assert "she resembles somebody" in page.text and f"/volunteers/{other}" in page.text
    assert "the same name in the same village" in page.text
    assert "she resembles somebody" not in (await county.get(f"/volunteers/{other}")).text
