"""The household's answer: through its link and heard by a person, once, and only after it said who it is."""

from datetime import date, timedelta

import pytest
from factories import (
    NOW,
    OTHER_COUNTY,
    a_coordinator,
    a_household,
    a_pair,
    a_volunteer,
    an_account,
    notices_about,
    the_volunteer,
)

from jiedui.actor import Actor
from jiedui.consents.tables import Consent
from jiedui.errors import Conflict, Forbidden, NotFound, Refused
from jiedui.households.tables import Household
from jiedui.pairs import service
from jiedui.pairs.links import LinkOver
from jiedui.pairs.tables import Concern, HouseholdLink, NeverAgain, Pair
from jiedui_notifications.tables import Notice

pytestmark = pytest.mark.usefixtures("db")
YEAR = 1990


async def a_link(**household):
    """A household that was told, and the token in its message."""
    home = await a_household(**household)
    volunteer = await a_volunteer(name="王晓梅", sex="female")
    pair = await a_pair(home, volunteer)
    await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    return await token_of(pair), pair


async def token_of(pair) -> str:
    return (await notices_about(pair))["household.helper_found"]["params"]["link"][-22:]


async def opened(token: str) -> str:
    return (await service.open_link(token, YEAR, NOW)).proof


async def her_consent():
    return await Consent.select().where(Consent.purpose == "pairing.household").first()


async def row_of(pair):
    return await Pair.select().where(Pair.id == pair).first()


async def test_the_right_year_shows_a_surname_a_kind_and_a_township():
    token, _ = await a_link()
    helper = (await service.open_link(token, YEAR, NOW)).helper
    assert (helper.surname, helper.sex, helper.kind, helper.township) == (
        "王",
        "female",
        "caring_mother",
        "虎威镇",
    )
    assert helper.needs == ["companionship"]


async def test_looking_at_a_link_changes_nothing():
    token, pair = await a_link()
    before = (await HouseholdLink.select().where(HouseholdLink.pair == pair), await row_of(pair))
    await service.check_link(token, NOW)
    assert (await HouseholdLink.select().where(HouseholdLink.pair == pair), await row_of(pair)) == before


async def test_five_wrong_years_lock_the_link_also_for_the_right_one():
    token, _ = await a_link()
    for left in (4, 3, 2, 1):
        with pytest.raises(Refused, match=f"{left} more"):
            await service.open_link(token, 1980, NOW)
    with pytest.raises(LinkOver, match="locked"):
        await service.open_link(token, 1980, NOW)
    with pytest.raises(LinkOver, match="locked"):
        await service.open_link(token, YEAR, NOW)
    with pytest.raises(LinkOver, match="locked"):
        await service.check_link(token, NOW)


async def test_without_a_known_birth_year_the_village_helps():
    token, pair = await a_link(born_on=None)
    with pytest.raises(Refused, match="village committee"):
        await service.open_link(token, YEAR, NOW)
    assert (await HouseholdLink.select().where(HouseholdLink.pair == pair).first())["tries"] == 0


async def test_her_yes_makes_the_pair_active_and_tells_the_volunteer():
    token, pair = await a_link()
    await service.household_accepts(token, await opened(token), NOW)
    row = await row_of(pair)
    assert (row["state"], row["household_answered_at"]) == ("active", NOW)
    written = await notices_about(pair)
    assert written["volunteer.active"]["state"] == "queued"
    assert written["household.reminder"]["state"] == "cancelled"
    consent = await her_consent()
    assert (consent["subject_id"], consent["given_by"], consent["how"]) == (pair, "self", "link")


async def test_with_a_child_at_home_it_is_the_guardian_who_agrees():
    token, _ = await a_link(children=(date(2015, 3, 1),))
    await service.household_accepts(token, await opened(token), NOW)
    assert (await Consent.select().where(Consent.purpose == "pairing.household").first())[
        "given_by"
    ] == "guardian"


async def test_with_grown_children_she_agrees_for_herself():
    token, _ = await a_link(children=(date(2008, 11, 1),))
    await service.household_accepts(token, await opened(token), NOW)
    assert (await Consent.select().where(Consent.purpose == "pairing.household").first())[
        "given_by"
    ] == "self"


async def test_asking_for_another_frees_the_household_and_keeps_these_two_apart():
    token, pair = await a_link()
    await service.household_asks_another(token, await opened(token), NOW)
    row = await row_of(pair)
    assert (row["state"], row["end_reason"]) == ("refused", "asked_for_another")
    assert await NeverAgain.exists().where(NeverAgain.household == row["household"])
    assert "volunteer.not_now" in await notices_about(pair)


async def test_a_concern_waits_for_a_person_and_the_volunteer_hears_nothing():
    token, pair = await a_link()
    await service.household_raises_concern(token, await opened(token), " 我不认识她 ", NOW)
    concern = await Concern.select().where(Concern.pair == pair).first()
    assert (concern["raised_by"], concern["body"], concern["state"]) == ("household", "我不认识她", "open")
    assert (await row_of(pair))["state"] == "accepted"
    assert not await Notice.exists().where(Notice.recipient_kind == "volunteer")


async def test_a_concern_needs_words_and_the_link_stays_good():
    token, _ = await a_link()
    proof = await opened(token)
    for text in ("  ", "长" * 1001):
        with pytest.raises(Refused):
            await service.household_raises_concern(token, proof, text, NOW)
    assert not await Concern.exists().where(Concern.id.is_not_null())


@pytest.mark.parametrize("first", ["accepts", "asks_another", "raises_concern"])
async def test_a_link_is_good_for_one_answer(first):
    token, pair = await a_link()
    proof = await opened(token)
    answers = {
        "accepts": lambda: service.household_accepts(token, proof, NOW),
        "asks_another": lambda: service.household_asks_another(token, proof, NOW),
        "raises_concern": lambda: service.household_raises_concern(token, proof, "不", NOW),
    }
    await answers[first]()
    state = (await row_of(pair))["state"]
    for answer in (*answers.values(), lambda: service.open_link(token, YEAR, NOW)):
        with pytest.raises(LinkOver, match="has been used"):
            await answer()
    assert (await row_of(pair))["state"] == state
    assert await Concern.count() <= 1


async def test_an_answer_without_having_opened_the_link_does_not_count():
    token, pair = await a_link()
    other, _ = await a_link()
    until = int((NOW + timedelta(minutes=30)).timestamp())
    for proof in ("", "x", f"{until}.{'0' * 64}", f"{until}." + "é" * 64, await opened(other)):
        with pytest.raises(Conflict):
            await service.household_accepts(token, proof, NOW)
    proof = await opened(token)
    with pytest.raises(Conflict, match="too long"):
        await service.household_accepts(token, proof, NOW + timedelta(minutes=31))
    longer = f"{until + 9000}.{proof.partition('.')[2]}"
    with pytest.raises(Conflict):
        await service.household_accepts(token, longer, NOW)
    assert (await row_of(pair))["state"] == "accepted"


async def test_a_link_runs_out_with_the_days_to_answer():
    token, _ = await a_link()
    await service.check_link(token, NOW + timedelta(days=14) - timedelta(seconds=1))
    with pytest.raises(LinkOver, match="run out"):
        await service.check_link(token, NOW + timedelta(days=14))


@pytest.mark.parametrize(
    "token", ["", "0" * 22, "0" * 21, "/" * 22, "../etc", "é" * 22, "0" * 22 + "\n", "0" * 5000]
)
async def test_unknown_and_malformed_links_look_the_same(token):
    with pytest.raises(NotFound) as refusal:
        await service.check_link(token, NOW)
    assert "village committee" in str(refusal.value)


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ("accepts", "active", ""),
        ("asks_another", "refused", "asked_for_another"),
        ("wants_none", "refused", "wants_no_helper"),
    ],
)
@pytest.mark.parametrize(
    ("how", "kept"), [("call", "call"), ("village", "in_person"), ("in_person", "in_person")]
)
async def test_a_coordinator_writes_down_what_the_household_said(answer, state, reason, how, kept):
    token, pair = await a_link()
    actor = a_coordinator(account_id=await an_account())
    await service.record_household_answer(actor, pair, answer, how, NOW)
    row = await row_of(pair)
    assert (row["state"], row["end_reason"]) == (state, reason)
    if answer == "accepts":
        consent = await her_consent()
        assert consent["how"] == kept
    with pytest.raises(LinkOver, match="no longer needed"):
        await service.check_link(token, NOW)
    written = await notices_about(pair)
    assert {written[name]["state"] for name in ("household.helper_found", "household.reminder")} == {
        "cancelled"
    }
    with pytest.raises(Conflict):
        await service.record_household_answer(actor, pair, answer, how, NOW)


async def test_nonsense_is_not_written_down_as_an_answer():
    _, pair = await a_link()
    for answer, how in (("maybe", "call"), ("accepts", "pigeon"), ("accepts", "link")):
        with pytest.raises(Refused):
            await service.record_household_answer(a_coordinator(), pair, answer, how, NOW)


async def test_a_volunteer_cannot_answer_for_the_household():
    _, pair = await a_link()
    volunteer = Actor("volunteer", "0" * 12, "", volunteer_id=(await row_of(pair))["volunteer"])
    with pytest.raises(Forbidden):
        await service.record_household_answer(volunteer, pair, "accepts", "call", NOW)
    assert (await row_of(pair))["state"] == "accepted"


async def test_another_countys_coordinator_finds_no_such_pair():
    _, pair = await a_link()
    stranger = a_coordinator(OTHER_COUNTY)
    for call in (
        service.record_household_answer(stranger, pair, "accepts", "call", NOW),
        service.ask_again(stranger, pair, NOW),
        service.pause(stranger, pair, "away", NOW),
        service.resume(stranger, pair, NOW),
        service.close(stranger, pair, "other", "", NOW),
        service.hand_over(stranger, pair, pair, "other", NOW),
        service.raise_concern(stranger, pair, "?", NOW),
    ):
        with pytest.raises(NotFound):
            await call


async def test_a_locked_household_can_be_given_a_fresh_link_and_the_old_one_ends():
    token, pair = await a_link()
    for _ in range(5):
        with pytest.raises((Refused, LinkOver)):
            await service.open_link(token, 1980, NOW)
    await service.ask_again(a_coordinator(), pair, NOW + timedelta(days=1))
    links = await HouseholdLink.select().where(HouseholdLink.pair == pair).order_by(HouseholdLink.created_at)
    assert [link["revoked_at"] is None for link in links] == [False, True]
    with pytest.raises(LinkOver, match="no longer needed"):
        await service.check_link(token, NOW)
    fresh = await Notice.count().where(Notice.subject_id == pair, Notice.state == "queued")
    assert fresh == 2


async def test_nobody_is_asked_again_whom_nobody_may_contact_or_who_has_answered():
    token, pair = await a_link()
    home = (await row_of(pair))["household"]
    await Household.update({Household.contact_way: "none"}).where(Household.id == home)
    with pytest.raises(Refused):
        await service.ask_again(a_coordinator(), pair, NOW)
    await service.check_link(token, NOW)
    await service.household_accepts(token, await opened(token), NOW)
    with pytest.raises(Conflict):
        await service.ask_again(a_coordinator(), pair, NOW)
