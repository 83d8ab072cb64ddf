"""A running pair: resting, going on, changing hands, ending; what may be seen at each point; concerns."""

from datetime import date, timedelta

import pytest
from factories import (
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_volunteer,
    an_account,
    notices_about,
    the_volunteer,
)

from jiedui.errors import Conflict, Forbidden, NotFound, Refused
from jiedui.followups.service import due_of, ensure_due, log_visit, overdue_items, visits_of
from jiedui.followups.tables import FollowUp
from jiedui.households.tables import Household
from jiedui.pairs import service
from jiedui.pairs.hand_over import who_could_take_over
from jiedui.pairs.tables import ENDED, LIVE, Concern, HouseholdLink, NeverAgain, Pair
from jiedui.store.vault import keyed_hash, seal
from jiedui_notifications.tables import Notice

pytestmark = pytest.mark.usefixtures("db")


async def row_of(pair):
    return await Pair.select().where(Pair.id == pair).first()


async def test_a_pair_rests_and_goes_on():
    pair, actor = await a_pair(state="active"), a_coordinator()
    await service.pause(actor, pair, "away", NOW)
    assert ((await row_of(pair))["state"], (await row_of(pair))["paused_at"]) == ("paused", NOW)
    await service.resume(actor, pair, NOW)
    assert ((await row_of(pair))["state"], (await row_of(pair))["paused_at"]) == ("active", None)


@pytest.mark.parametrize("state", ["accepted", "active", "paused"])
async def test_a_pair_is_closed_with_a_reason_and_stays_in_the_history(state):
    pair = await a_pair(state=state)
    await service.close(a_coordinator(), pair, "goal_reached", " 孩子上了大学 ", NOW)
    row = await row_of(pair)
    assert (row["state"], row["end_reason"], row["end_note"], row["closed_at"]) == (
        "closed",
        "goal_reached",
        "孩子上了大学",
        NOW,
    )
    assert "volunteer.ended" in await notices_about(pair)
    assert not await NeverAgain.exists().where(NeverAgain.household == row["household"])


async def test_closing_because_the_household_wants_another_keeps_these_two_apart():
    pair = await a_pair(state="active")
    await service.close(a_coordinator(), pair, "asked_for_another", "", NOW)
    assert await NeverAgain.exists().where(NeverAgain.household == (await row_of(pair))["household"])


async def test_closing_revokes_the_households_link_and_calls_its_message_back():
    volunteer = await a_volunteer()
    pair = await a_pair(volunteer=volunteer)
    await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    await service.close(a_coordinator(), pair, "no_more_time", "", NOW)
    assert (await HouseholdLink.select().where(HouseholdLink.pair == pair).first())["revoked_at"] == NOW
    assert (await notices_about(pair))["household.helper_found"]["state"] == "cancelled"


@pytest.mark.parametrize("state", ENDED)
async def test_what_has_ended_cannot_be_moved(state):
    pair, actor = await a_pair(state=state), a_coordinator()
    other = await a_volunteer()
    for call in (
        service.pause(actor, pair, "away", NOW),
        service.resume(actor, pair, NOW),
        service.close(actor, pair, "other", "", NOW),
        service.hand_over(actor, pair, other, "other", NOW),
        service.record_household_answer(actor, pair, "accepts", "call", NOW),
    ):
        with pytest.raises(Conflict):
            await call
    assert (await row_of(pair))["state"] == state


async def test_reasons_are_chosen_from_the_list():
    pair, actor = await a_pair(state="active"), a_coordinator()
    for call in (service.pause(actor, pair, "x", NOW), service.close(actor, pair, "", "", NOW)):
        with pytest.raises(Refused):
            await call
    with pytest.raises(Refused):
        await service.close(actor, pair, "other", "长" * 1001, NOW)


async def test_a_volunteer_neither_pauses_nor_closes_on_her_own():
    volunteer = await a_volunteer()
    pair, actor = await a_pair(volunteer=volunteer, state="active"), await the_volunteer(volunteer)
    for call in (service.pause(actor, pair, "away", NOW), service.close(actor, pair, "other", "", NOW)):
        with pytest.raises(Forbidden):
            await call


async def test_handing_over_ends_the_old_pair_and_proposes_the_new_one():
    home, old = await a_household(needs=("companionship", "material")), await a_volunteer()
    pair = await a_pair(home, old, state="active")
    other = await a_volunteer(region_code=FAR_VILLAGE, offers=["companionship", "material"])
    fresh = await row_of(await service.hand_over(a_coordinator(), pair, other, "volunteer_moved", NOW))
    ended = await row_of(pair)
    assert (ended["state"], ended["end_reason"]) == ("closed", "volunteer_moved")
    assert (fresh["state"], fresh["volunteer"], fresh["household"]) == ("proposed", other, home)
    assert (fresh["predecessor_id"], fresh["needs"]) == (pair, ["companionship"])
    assert fresh["volunteer_deadline"] == NOW + timedelta(days=7)
    assert 10_000 < fresh["distance_m"] < 25_000
    assert "volunteer.proposal" in await notices_about(fresh["id"])
    assert "volunteer.ended" in await notices_about(pair)


@pytest.mark.parametrize(
    ("against", "words"),
    [
        ({"state": "suspended"}, "not vetted"),
        ({"record_checked_on": date(2025, 10, 31)}, "record check"),
        ({"trained": False}, "record check"),
        ({"offers": ["material"]}, "offers nothing"),
        ({"region_code": FAR_VILLAGE, "reach_km": 5}, "too far"),
        ({"region_code": OTHER_VILLAGE}, "in the list"),
    ],
)
async def test_nobody_takes_over_whom_a_round_would_not_propose(against, words):
    pair = await a_pair(await a_household(children=(date(2015, 3, 1),)), state="active")
    other = await a_volunteer(**against)
    with pytest.raises(Refused, match=words):
        await service.hand_over(a_coordinator(), pair, other, "other", NOW)
    assert (await row_of(pair))["state"] == "active"
    assert await Pair.count().where(Pair.volunteer == other) == 0


async def test_a_full_volunteer_and_the_old_one_take_nothing_over():
    volunteer = await a_volunteer()
    pair = await a_pair(volunteer=volunteer, state="active")
    full = await a_volunteer(capacity=1)
    await a_pair(volunteer=full, state="active")
    for other in (full, volunteer):
        with pytest.raises(Refused):
            await service.hand_over(a_coordinator(), pair, other, "other", NOW)


async def test_those_who_could_take_over_are_listed_the_nearest_first():
    pair = await a_pair(state="active")
    far, near = await a_volunteer(region_code=FAR_VILLAGE), await a_volunteer(region_code="500230101202")
    await a_volunteer(offers=["material"])
    matches = await who_could_take_over(a_coordinator(), await row_of(pair), NOW)
    assert [match.volunteer_id for match in matches] == [near, far]
    assert [match.room for match in matches] == [2, 2]


CANARIES = (
    "钱塘秋",
    "18800009999",
    "小鱼儿",
    "孙出门",
    "1993",
    "500230199305050027",
    "慢性病",
    "yellow",
    "黄",
)


async def a_family_with_canaries(**columns):
    home = await a_household(
        name="钱塘秋", husband_name="孙出门", health="慢性病", colour="yellow", region_code=FAR_VILLAGE,
        phone=seal("18800009999", "household.phone"), phone_key=keyed_hash("18800009999", "phone"),
        identity=seal("500230199305050027", "household.identity"), born_on=date(1993, 5, 5),
        children=(date(2015, 3, 1),), **columns,
    )  # fmt: skip
    from jiedui.households.tables import Member

    await Member.update({Member.name: "小鱼儿"}).where(Member.household == home)
    volunteer = await a_volunteer()
    return home, volunteer, await the_volunteer(volunteer)


@pytest.mark.parametrize("state", ["proposed", "accepted"])
async def test_before_both_agree_the_volunteer_learns_kinds_township_and_kilometres_only(state):
    home, volunteer, actor = await a_family_with_canaries()
    pair = await a_pair(home, volunteer, state=state, region_code=FAR_VILLAGE, distance_m=4321)
    family = await service.family_of(actor, pair, NOW)
    seen = str([family, await service.proposals_of(actor, NOW), await service.pairs_of(actor, NOW)])
    for canary in (*CANARIES, "钱", "石龙门", FAR_VILLAGE, "4321"):
        assert canary not in seen
    assert (family.needs, family.township, family.km) == (["companionship"], "社坛镇", 4)
    with pytest.raises(Refused):
        await service.show_phone(actor, pair, NOW)


async def test_after_both_agree_she_learns_a_surname_the_village_and_a_number_that_may_be_called():
    home, volunteer, actor = await a_family_with_canaries()
    pair = await a_pair(home, volunteer, state="active", region_code=FAR_VILLAGE)
    family = await service.family_of(actor, pair, NOW)
    assert (family.surname, family.village, family.has_phone) == ("钱", "石龙门村", True)
    for canary in CANARIES:
        assert canary not in str(family)
    assert await service.show_phone(actor, pair, NOW) == "18800009999"


@pytest.mark.parametrize("way", ["village", "letter", "none"])
async def test_a_number_that_may_not_be_called_stays_hidden(way):
    home, volunteer, actor = await a_family_with_canaries(contact_way=way)
    pair = await a_pair(home, volunteer, state="active")
    assert not (await service.family_of(actor, pair, NOW)).has_phone
    with pytest.raises(Refused, match="village committee"):
        await service.show_phone(actor, pair, NOW)


async def test_while_a_pair_rests_the_number_is_hidden():
    home, volunteer, actor = await a_family_with_canaries()
    pair = await a_pair(home, volunteer, state="paused")
    assert (await service.family_of(actor, pair, NOW)).village == ""
    with pytest.raises(Refused):
        await service.show_phone(actor, pair, NOW)


@pytest.mark.parametrize("state", ENDED)
async def test_after_the_end_nothing_is_left_to_see(state):
    home, volunteer, actor = await a_family_with_canaries()
    pair = await a_pair(home, volunteer, state=state, region_code=FAR_VILLAGE)
    family = await service.family_of(actor, pair, NOW)
    seen = str([family, await service.proposals_of(actor, NOW), await service.pairs_of(actor, NOW)])
    for canary in (*CANARIES, "钱", "石龙门", "社坛", "companionship"):
        assert canary not in seen
    assert family.km is None
    with pytest.raises(Refused):
        await service.show_phone(actor, pair, NOW)


async def test_a_family_that_ended_once_and_runs_again_is_named_once():
    home, volunteer, actor = await a_family_with_canaries()
    await a_pair(home, volunteer, state="closed")
    await a_pair(home, volunteer, state="active")
    assert [family.surname for family in await service.pairs_of(actor, NOW)] == ["钱", ""]


async def test_the_moment_a_pair_closes_the_family_is_gone_from_her_list():
    home, volunteer, actor = await a_family_with_canaries()
    pair = await a_pair(home, volunteer, state="active")
    assert [family.surname for family in await service.pairs_of(actor, NOW)] == ["钱"]
    await service.close(a_coordinator(), pair, "other", "", NOW)
    assert [family.surname for family in await service.pairs_of(actor, NOW)] == [""]


async def test_her_families_are_listed_running_ones_first():
    volunteer = await a_volunteer(capacity=9)
    for state in (*ENDED, *reversed(LIVE)):
        await a_pair(volunteer=volunteer, state=state)
    listed = await service.pairs_of(await the_volunteer(volunteer), NOW)
    assert [family.state for family in listed] == ["active", "paused", "accepted", "closed", "refused"]


@pytest.mark.parametrize("by", ["volunteer", "coordinator"])
async def test_a_concern_is_raised_listed_and_handled_once(by):
    volunteer = await a_volunteer()
    pair = await a_pair(volunteer=volunteer, state="active")
    staff = a_coordinator(account_id=await an_account(name="陈主任"))
    await service.raise_concern(
        await the_volunteer(volunteer) if by == "volunteer" else staff, pair, "不放心", NOW
    )
    (concern,) = (await service.list_concerns(staff)).rows
    assert (concern["raised_by"], concern["body"], concern["pair"]) == (by, "不放心", pair)
    assert await service.count_open_concerns(staff) == 1

    with pytest.raises(Refused):
        await service.handle_concern(staff, concern["id"], " ", NOW)
    await service.handle_concern(staff, concern["id"], "去看过了", NOW)
    with pytest.raises(Conflict):
        await service.handle_concern(staff, concern["id"], "又去了", NOW)
    assert (await service.list_concerns(staff)).rows == []
    (handled,) = (await service.list_concerns(staff, handled=True)).rows
    assert (handled["outcome"], handled["handled_by_name"]) == ("去看过了", "陈主任")
    assert not await Notice.exists().where(Notice.subject_id == pair)


async def test_concerns_of_another_county_are_not_there():
    pair = await a_pair(state="active")
    await service.raise_concern(a_coordinator(), pair, "不放心", NOW)
    stranger = a_coordinator(OTHER_COUNTY)
    assert (await service.list_concerns(stranger)).rows == []
    assert await service.count_open_concerns(stranger) == 0
    concern = await Concern.select().first()
    with pytest.raises(NotFound):
        await service.handle_concern(stranger, concern["id"], "好", NOW)


async def test_a_household_that_left_the_ledger_is_not_handed_over_but_can_be_closed():
    home = await a_household()
    pair = await a_pair(home, state="active")
    await Household.update({Household.active: False}).where(Household.id == home)
    other = await a_volunteer()
    with pytest.raises(Refused, match="no longer in the ledger"):
        await service.hand_over(a_coordinator(), pair, other, "other", NOW)
    await service.close(a_coordinator(), pair, "household_moved", "", NOW)
    assert (await row_of(pair))["state"] == "closed"


NOT_TO = {
    "apart": {}, "paused": {"paused": True}, "suspended": {"state": "suspended"}, "full": {"capacity": 1},
    "of the next village": {"region_code": "500230101202"},
    "unchecked": {"record_checked_on": date(2025, 1, 1)},
}  # fmt: skip


@pytest.mark.parametrize("who", NOT_TO)
async def test_a_village_hands_over_to_nobody_who_may_not_has_no_room_or_is_not_of_it(who):
    household, village = await a_household(children=(date(2016, 4, 1),)), a_coordinator(VILLAGE)
    other, fine = await a_volunteer(**NOT_TO[who]), await a_volunteer()
    pair = await a_pair(household, await a_volunteer(), state="active")
    if who == "full":
        await a_pair(await a_household(), other, state="accepted")
    if who == "apart":  # and stays so wherever the family has lived meanwhile
        await NeverAgain(
            household=household, volunteer=other, region_code=VILLAGE, reason="x", created_at=NOW
        ).save()
        for there in (OTHER_VILLAGE, VILLAGE):
            await Household.update({Household.region_code: there}).where(Household.id == household)
    assert [match.volunteer_id for match, _ in await service.takers(village, pair, NOW)] == [fine]
    with pytest.raises((Refused, Conflict)):
        await service.hand_over(village, pair, other, "no_more_time", NOW)
    assert (await row_of(pair))["state"] == "active"


@pytest.mark.parametrize("how", ["handed over", "closed"])
async def test_who_no_longer_helps_a_family_has_nothing_of_it_left_on_any_list(how):
    """No open item, no message to come, no line that names her; what she logged stays in the history."""
    volunteer, other, actor = await a_volunteer(), await a_volunteer(), a_coordinator()
    pair, her = await a_pair(await a_household(), volunteer), await the_volunteer(volunteer)
    await service.accept_proposal(her, pair, NOW)
    await service.record_household_answer(actor, pair, "accepts", "call", NOW)
    await ensure_due(NOW)
    await log_visit(her, pair, medium="visit", outcome="no_answer", happened_on=NOW.date(), now=NOW)
    if how == "handed over":
        await service.hand_over(actor, pair, other, "no_more_time", NOW)
    else:
        await service.close(actor, pair, "no_more_time", "", NOW)
    later = NOW + timedelta(days=400)
    assert await due_of(her) == [] and (await overdue_items(actor, later.date())).rows == []
    await ensure_due(later)
    assert not await FollowUp.exists().where(FollowUp.pair == pair, FollowUp.state == "due")
    open_ones = await Notice.select(Notice.template).where(
        Notice.recipient_kind == "household", Notice.state.is_in(["queued", "waiting", "held"])
    )
    assert open_ones == []
    (family,) = await service.pairs_of(her, NOW)
    assert (family.surname, family.village, family.township, family.needs) == ("", "", "", [])
    for deed in (
        log_visit(her, pair, medium="visit", outcome="reached", happened_on=NOW.date(), now=NOW),
        service.show_phone(her, pair, NOW),
    ):
        with pytest.raises(Refused):
            await deed
    assert len(await visits_of(actor, pair, NOW)) == 1
