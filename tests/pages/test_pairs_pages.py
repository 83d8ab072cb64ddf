"""Pairs on the screen: the household's, the volunteer's, the coordinator's."""

import re
from datetime import date, timedelta

import pytest
from factories import (
    FAR_VILLAGE,
    OTHER_COUNTY,
    TOWNSHIP,
    VILLAGE,
    a_household,
    a_pair,
    a_volunteer,
    notices_about,
    the_volunteer,
)

from jiedui.pairs import service
from jiedui.pairs.tables import ENDED, Concern, HouseholdLink, Pair
from jiedui.store.vault import keyed_hash, seal

SECRETS = ("钱塘秋", "18800009999", "小鱼儿", "孙出门", "慢性病", "500230199005050027")


async def a_family(**columns):
    home = await a_household(
        name="钱塘秋", husband_name="孙出门", health="慢性病", region_code=FAR_VILLAGE, colour="red",
        phone=seal("18800009999", "household.phone"), phone_key=keyed_hash("18800009999", "phone"),
        identity=seal("500230199005050027", "household.identity"), children=(date(2015, 3, 1),), **columns,
    )  # fmt: skip
    from jiedui.households.tables import Member

    await Member.update({Member.name: "小鱼儿"}).where(Member.household == home)
    return home


@pytest.fixture
def now(app):
    return app.state.clock()


@pytest.fixture
async def hers(app, login_as, now):
    """A volunteer's browser, and a function that pairs her with a family full of secrets."""
    volunteer = await a_volunteer(capacity=20)
    visitor = await login_as("volunteer", VILLAGE, volunteer_id=volunteer)

    async def pair(state: str = "proposed", **household):
        home = await a_family(**household)
        return await a_pair(
            home,
            volunteer,
            state=state,
            region_code=FAR_VILLAGE,
            distance_m=4321,
            volunteer_deadline=now + timedelta(days=3),
        )

    return visitor, pair


@pytest.fixture
async def asked(app, now):
    """A household that was asked: its pair and its token."""
    volunteer = await a_volunteer(name="王晓梅", sex="female", record_checked_on=now.date())
    pair = await a_pair(await a_family(), volunteer, volunteer_deadline=now + timedelta(days=3))
    await service.accept_proposal(await the_volunteer(volunteer), pair, now)
    return pair, (await notices_about(pair))["household.helper_found"]["params"]["link"][-22:]


async def state_of(pair) -> str:
    return (await Pair.select(Pair.state).where(Pair.id == pair).first())["state"]


def proof_in(page) -> str:
    return re.search(r'name="proof" value="([^"]+)"', page.text)[1]


# ---- the household ----


async def test_opening_a_link_tells_nothing_and_uses_nothing(visitor, asked):
    pair, token = asked
    for _ in range(3):
        page = await visitor.get(f"/h/{token}")
        assert page.status_code == 200
        assert 'inputmode="numeric"' in page.text
        for word in (*SECRETS, "王", "爱心妈妈", "社坛镇", "虎威镇", "妇联", "帮扶", "志愿", "结对"):
            assert word not in page.text
    assert (await HouseholdLink.select().where(HouseholdLink.pair == pair).first())["used_at"] is None


async def test_a_household_reads_who_would_help_and_says_yes(visitor, asked):
    pair, token = asked
    await visitor.get(f"/h/{token}")
    helper = await visitor.submit(f"/h/{token}", {"birth_year": "1990"}, follow_redirects=True)
    assert helper.status_code == 200
    for word in ("王女士|Ms 王", "爱心妈妈", "虎威镇"):
        assert re.search(word, helper.text)
    assert "晓梅" not in helper.text
    reopened = await visitor.get(f"/h/{token}")
    assert 'name="birth_year"' in reopened.text, "Back and Reload ask again"
    said = {"proof": proof_in(helper), "answer": "yes"}
    done = await visitor.submit(f"/h/{token}/answer", said, follow_redirects=True)
    assert done.status_code == 200
    assert (await visitor.get(done.url.path)).headers["location"] == f"/h/{token}"
    assert await state_of(pair) == "active"
    again = await visitor.get(f"/h/{token}")
    assert again.status_code == 410
    assert re.search("村委会|village committee", again.text)


@pytest.mark.parametrize(("answer", "state"), [("another", "refused"), ("concern", "accepted")])
async def test_a_household_may_ask_for_another_or_say_what_worries_it(visitor, asked, answer, state):
    pair, token = asked
    await visitor.get(f"/h/{token}")
    proof = proof_in(await visitor.submit(f"/h/{token}", {"birth_year": "1990"}, follow_redirects=True))
    if answer == "concern":
        empty = await visitor.submit(f"/h/{token}/answer", {"proof": proof, "answer": answer, "text": " "})
        assert empty.status_code == 422
        assert proof_in(empty) == proof
    said = {"proof": proof, "answer": answer, "text": "我怕"}
    done = await visitor.submit(f"/h/{token}/answer", said, follow_redirects=True)
    assert done.status_code == 200
    assert await state_of(pair) == state
    assert await Concern.count().where(Concern.pair == pair) == (answer == "concern")


async def test_a_wrong_year_is_answered_at_its_field_and_the_fifth_locks(visitor, asked):
    _, token = asked
    await visitor.get(f"/h/{token}")
    for year in ("1991", "abcd", "99", "1992", "1993", "1994"):
        page = await visitor.submit(f"/h/{token}", {"birth_year": year})
        assert page.status_code == 422
        assert f'value="{year}"' in page.text
    assert (await visitor.submit(f"/h/{token}", {"birth_year": "1995"})).status_code == 410
    assert (await visitor.submit(f"/h/{token}", {"birth_year": "1990"})).status_code == 410
    assert (await visitor.get(f"/h/{token}")).status_code == 410


async def test_an_answer_without_the_year_of_birth_goes_back_to_the_question(visitor, asked):
    pair, token = asked
    await visitor.get(f"/h/{token}")
    page = await visitor.submit(f"/h/{token}/answer", {"proof": "0" * 75, "answer": "yes"})
    assert page.status_code == 422
    assert 'name="birth_year"' in page.text
    nonsense = await visitor.submit(f"/h/{token}/answer", {"answer": "perhaps"})
    assert 'name="birth_year"' in nonsense.text
    assert await state_of(pair) == "accepted"


async def test_unknown_and_malformed_links_look_the_same(visitor, asked):
    _, token = asked
    pages = [
        await visitor.get(f"/h/{wrong}") for wrong in ("0" * 22, "x", token[:-1], token.upper(), "a" * 4000)
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(r'value="/h/[^"]*"', "", page.text) for page in pages}) == 1
    assert re.search("村委会|village committee", pages[0].text)


# ---- the volunteer ----


@pytest.mark.parametrize("state", ["proposed", "accepted"])
async def test_before_both_agree_no_page_of_hers_names_or_places_the_family(hers, state):
    visitor, pair_up = hers
    pair = await pair_up(state)
    pages = [
        await visitor.get(path, follow_redirects=True)
        for path in (f"/me/proposals/{pair}", f"/me/pairs/{pair}", "/me/families")
    ]
    pages.append(await visitor.submit(f"/me/pairs/{pair}/phone", follow_redirects=True))
    if state == "proposed":
        pages.append(await visitor.submit(f"/me/proposals/{pair}/decline", {"reason": ""}))
    for page in pages:
        for secret in (*SECRETS, "钱", "石龙门", FAR_VILLAGE, "4321", "4.3", 'class="badge'):
            assert secret not in page.text
    assert "社坛镇" in pages[0].text
    assert pages[3].status_code == 422


@pytest.mark.parametrize("state", ENDED)
async def test_after_the_end_no_page_of_hers_knows_the_family(hers, state):
    visitor, pair_up = hers
    pair = await pair_up(state)
    for path in (f"/me/pairs/{pair}", "/me/families"):
        page = await visitor.get(path)
        assert page.status_code == 200
        for secret in (*SECRETS, "钱", "石龙门", "社坛", "亲情陪伴"):
            assert secret not in page.text


async def test_she_says_yes_on_her_phone(hers):
    visitor, pair_up = hers
    pair = await pair_up()
    card = await visitor.get(f"/me/proposals/{pair}")
    assert "亲情陪伴" in card.text
    assert "3天后" in card.text or "in 3 days" in card.text
    answer = await visitor.submit(f"/me/proposals/{pair}/accept")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/me/pairs/{pair}")
    assert await state_of(pair) == "accepted"
    assert (await visitor.submit(f"/me/proposals/{pair}/accept")).status_code == 409


async def test_she_says_no_with_a_reason(hers):
    visitor, pair_up = hers
    pair = await pair_up()
    assert (await visitor.submit(f"/me/proposals/{pair}/decline")).status_code == 422
    answer = await visitor.submit(f"/me/proposals/{pair}/decline", {"reason": "no_time"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert await state_of(pair) == "declined"


async def test_once_both_agree_she_reads_a_surname_and_asks_for_the_number(hers):
    visitor, pair_up = hers
    pair = await pair_up("active")
    page = await visitor.get(f"/me/pairs/{pair}")
    assert re.search("钱女士|Ms 钱", page.text)
    assert "石龙门村" in page.text
    for secret in SECRETS:
        assert secret not in page.text
    shown = await visitor.submit(f"/me/pairs/{pair}/phone", follow_redirects=True)
    assert 'href="tel:18800009999"' in shown.text


async def test_she_may_say_that_something_is_wrong(hers):
    visitor, pair_up = hers
    pair = await pair_up("active")
    assert (await visitor.submit(f"/me/pairs/{pair}/concern", {"text": ""})).status_code == 422
    assert (await visitor.submit(f"/me/pairs/{pair}/concern", {"text": "孩子身上有伤"})).status_code == 303
    assert (await Concern.select().where(Concern.pair == pair).first())["raised_by"] == "volunteer"


async def test_another_volunteer_finds_nothing_there(hers, login_as):
    _, pair_up = hers
    pair = await pair_up("active")
    stranger = await login_as("volunteer", VILLAGE, volunteer_id=await a_volunteer())
    for path in (f"/me/proposals/{pair}", f"/me/pairs/{pair}"):
        assert (await stranger.get(path)).status_code == 404
    for path in ("proposals/{}/accept", "pairs/{}/phone"):
        assert (await stranger.submit("/me/" + path.format(pair))).status_code == 404


# ---- the coordinator ----


async def test_the_list_is_masked_counted_and_narrowed(hers, login_as):
    _, pair_up = hers
    await pair_up("active")
    await a_pair(state="proposed")
    officer = await login_as("coordinator")
    page = await officer.get("/pairs")
    assert "钱*" in page.text
    table = page.text.partition("<table")[2]
    assert "社坛镇 · 石龙门村" in table and "丰都县" not in table
    assert page.text.count("/pairs/") >= 2
    for secret in SECRETS:
        assert secret not in page.text
    assert "钱*" not in (await officer.get("/pairs?view=proposed")).text
    assert "钱*" not in (await officer.get(f"/pairs?township={TOWNSHIP}")).text
    assert "钱*" in (await officer.get(f"/pairs?view=nonsense&township={OTHER_COUNTY}&after=x")).text


async def test_long_lists_go_on_where_they_stopped(app, login_as):
    volunteer = await a_volunteer(capacity=200)
    pairs = {str(await a_pair(volunteer=volunteer, state="closed")) for _ in range(53)}
    officer = await login_as("coordinator")
    first = await officer.get("/pairs?view=closed")
    further = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = await officer.get(further)
    listed = [set(re.findall(r'<a href="/pairs/([0-9a-f-]{36})"', page.text)) for page in (first, second)]
    assert [len(part) for part in listed] == [50, 3]
    assert listed[0] | listed[1] == pairs


async def test_waiting_households_are_found(app, login_as, asked, now):
    pair, _ = asked
    quiet = await a_pair(await a_household(contact_way="none"), state="accepted")
    officer = await login_as("coordinator")
    assert str(quiet) in (await officer.get("/pairs?view=no_contact")).text
    assert str(pair) not in (await officer.get("/pairs?view=silent")).text
    await Pair.update({Pair.household_deadline: now - timedelta(days=1)}).where(Pair.id == pair)
    assert str(pair) in (await officer.get("/pairs?view=silent")).text
    page = await officer.get(f"/pairs/{quiet}")
    assert "ask-again" not in page.text


async def test_an_officer_writes_the_answer_down_and_lets_the_pair_rest_go_on_and_end(login_as, asked):
    pair, _ = asked
    officer = await login_as("coordinator")
    page = await officer.get(f"/pairs/{pair}")
    assert page.status_code == 200
    for secret in SECRETS:
        assert secret not in page.text
    assert (await officer.submit(f"/pairs/{pair}/answer", {"answer": "accepts"})).status_code == 422
    for path, fields, state in (
        ("answer", {"answer": "accepts", "how": "call"}, "active"),
        ("pause", {"pause_reason": "away"}, "paused"),
        ("resume", {}, "active"),
        ("close", {"close_reason": "goal_reached", "note": "孩子上大学了"}, "closed"),
    ):
        answer = await officer.submit(f"/pairs/{pair}/{path}", fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/pairs/{pair}")
        assert await state_of(pair) == state
    page = await officer.get(f"/pairs/{pair}")
    assert "孩子上大学了" in page.text
    assert page.text.count("<li>") >= 6
    assert (await officer.submit(f"/pairs/{pair}/pause", {"pause_reason": "away"})).status_code == 409


async def test_a_pair_is_handed_over_to_one_of_those_who_could(login_as):
    pair = await a_pair(state="active")
    near = await a_volunteer(name="赵接手", record_checked_on=date(2026, 10, 1))
    unfit = await a_volunteer(name="周不行", offers=["material"])
    officer = await login_as("coordinator")
    page = await officer.get(f"/pairs/{pair}/hand-over")
    assert str(near) in page.text
    assert str(unfit) not in page.text
    assert (await officer.submit(f"/pairs/{pair}/hand-over", {"reason": "other"})).status_code == 422
    refused = await officer.submit(f"/pairs/{pair}/hand-over", {"volunteer": str(unfit), "reason": "other"})
    assert refused.status_code == 422
    done = await officer.submit(
        f"/pairs/{pair}/hand-over", {"volunteer": str(near), "reason": "volunteer_moved"}
    )
    fresh = await Pair.select().where(Pair.predecessor_id == pair).first()
    assert done.headers["location"] == f"/pairs/{fresh['id']}"
    assert (await officer.get(f"/pairs/{pair}")).status_code == 200
    assert (
        "cannot be handed over"
        in (await officer.get(f"/pairs/{pair}/hand-over", headers={"accept-language": "en"})).text
    )


async def test_an_officer_sends_a_new_link(login_as, asked):
    pair, _ = asked
    officer = await login_as("coordinator")
    assert (await officer.submit(f"/pairs/{pair}/ask-again")).status_code == 303
    assert await HouseholdLink.count().where(HouseholdLink.pair == pair) == 2


async def test_concerns_are_read_and_handled(login_as):
    pair = await a_pair(state="active")
    officer = await login_as("coordinator")
    assert (await officer.submit(f"/pairs/{pair}/concern", {"text": "电话打不通"})).status_code == 303
    concern = await Concern.select().first()
    assert "电话打不通" in (await officer.get("/concerns")).text
    assert (await officer.submit(f"/concerns/{concern['id']}/handle", {"outcome": ""})).status_code == 422
    assert (
        await officer.submit(f"/concerns/{concern['id']}/handle", {"outcome": "去过了"})
    ).status_code == 303
    assert "电话打不通" not in (await officer.get("/concerns")).text
    assert "去过了" in (await officer.get("/concerns?show=handled")).text
    for number in ("0", "-1", "x", "99999999999"):
        assert (await officer.get(f"/concerns?page={number}")).status_code == 200


async def test_another_countys_pair_looks_like_no_pair_at_all(login_as):
    pair = await a_pair(state="active")
    stranger = await login_as("coordinator", OTHER_COUNTY)
    nothing = "00000000-0000-4000-8000-000000000000"
    for tail in ("", "/hand-over"):
        foreign, unknown = [await stranger.get(f"/pairs/{key}{tail}") for key in (pair, nothing)]
        assert foreign.status_code == 404
        assert foreign.text.replace(str(pair), nothing) == unknown.text
    for tail, fields in (
        ("pause", {"pause_reason": "away"}),
        ("close", {"close_reason": "other"}),
        ("answer", {"answer": "accepts", "how": "call"}),
        ("concern", {"text": "?"}),
        ("hand-over", {"volunteer": nothing, "reason": "other"}),
        ("ask-again", {}),
    ):
        assert (await stranger.submit(f"/pairs/{pair}/{tail}", fields)).status_code == 404
    assert str(pair) not in (await stranger.get("/pairs")).text
