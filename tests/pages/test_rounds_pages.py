"""A coordinator opens a round, calculates, looks, changes her mind and publishes; nobody else sees it."""

import html
import json
import re
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_pair,
    a_region_tree,
    a_round,
    a_volunteer,
)
from planned import a_planned_round, alike, text_of

from jiedui.audit.tables import AuditEntry
from jiedui.errors import Refused, kept
from jiedui.jobs.tables import Job
from jiedui.pairs.tables import Pair
from jiedui.policies.service import store_packs
from jiedui.rounds.pins import pin
from jiedui.rounds.service import days_allowed, open_round, queue_plan
from jiedui.rounds.tables import Candidate, Pin, Plan, Round
from jiedui_pairing.rules import RULES

SECOND_VILLAGE = "500230101202"
ENGLISH = {"accept-language": "en"}
LEFT_OUT_OF_COST = "Families left out and further helpers not found are not in the cost"


@pytest.fixture(autouse=True)
async def policy(db):
    await store_packs(NOW)


async def test_without_rounds_the_page_says_what_a_round_is_and_how_to_open_one(coordinator):
    page = await coordinator.get("/rounds")
    assert page.status_code == 200
    assert "No round has been opened here yet." in page.text
    assert 'href="/rounds/new"' in page.text


async def test_the_form_counts_who_is_there_before_anything_is_opened(coordinator):
    await a_household(colour="red", needs=("companionship", "tutoring"))
    await a_household(colour="green")
    helped = await a_household(colour="yellow")
    await a_pair(helped, await a_volunteer(capacity=3, trained=False), state="active")
    await a_volunteer(capacity=1)
    await a_volunteer(capacity=9, state="applied")
    await a_volunteer(capacity=9, paused=True)
    await a_household(region_code=OTHER_VILLAGE)
    shown = text_of(await coordinator.get("/rounds/new?dated=2026-11-01"))
    assert "2 families wait for a helper, with 3 needs" in shown
    assert "Red 1 families, 2 needs" in shown
    assert "Yellow 0 families, 0 needs" in shown
    assert "2 volunteers with a free place" in shown
    assert "3 free places" in shown
    assert "1 of them may meet children" in shown


async def test_choosing_a_township_counts_only_there(coordinator):
    await a_household()
    await a_household(region_code=FAR_VILLAGE)
    await a_volunteer()
    address = f"/rounds/preview?region={TOWNSHIP}&dated=2026-11-01&policy=standard"
    fragment = await coordinator.get(address, headers={"hx-request": "true"})
    assert "1 families wait" in text_of(fragment)
    assert "<html" not in fragment.text


async def test_an_address_nobody_typed_counts_nobody(coordinator):
    for query in ("region=5002", "dated=yesterday", "policy=~", f"region={OTHER_COUNTY}", "policy=none"):
        page = await coordinator.get(f"/rounds/new?{query}")
        assert page.status_code == 200, query
        assert "families wait" not in page.text, query


async def test_a_round_is_opened_and_found_again(coordinator):
    await a_household()
    await a_volunteer()
    fields = {"region": COUNTY, "dated": "2026-11-01", "policy": "standard"}
    opened = await coordinator.submit("/rounds", fields)
    assert opened.status_code == 303
    again = await coordinator.submit("/rounds", fields)
    assert again.headers["location"] == opened.headers["location"]
    listed = await coordinator.get("/rounds")
    assert opened.headers["location"] in listed.text
    assert "Not calculated yet" in listed.text


FAR_DAYS = ["9999-12-31", "0001-01-01", "0026-11-01"]


@pytest.mark.parametrize("dated", FAR_DAYS)
async def test_a_day_too_far_away_is_refused_at_its_field_however_it_comes(coordinator, dated):
    await a_household()
    await a_volunteer()
    fields = {"region": COUNTY, "dated": dated, "policy": "standard"}
    sent = await coordinator.submit("/rounds", fields)
    shown = await coordinator.get(f"/rounds/new?dated={dated}")
    for page in (sent, shown):
        assert page.status_code == 422
        assert re.search(r'id="e-dated">Please choose a day from 20\d\d-', page.text)
        assert f'value="{dated}"' in page.text
        assert "families wait" not in page.text
    address = f"/rounds/preview?region={COUNTY}&policy=standard&dated={dated}"
    fragment = await coordinator.get(address, headers={"hx-request": "true"})
    assert fragment.status_code == 422
    assert "Please choose a day from" in fragment.text
    assert await Round.count() == 0


async def test_the_field_of_the_day_itself_offers_no_day_too_far_away(coordinator):
    page = await coordinator.get("/rounds/new")
    first, last = days_allowed(datetime.now(UTC))
    assert 'type="date"' in page.text
    assert f'min="{first}" max="{last}"' in page.text


@pytest.mark.parametrize("dated", [date.fromisoformat(day) for day in FAR_DAYS])
async def test_a_round_of_a_day_too_far_away_that_is_there_already_opens_and_is_put_aside(coordinator, dated):
    await a_household()
    await a_volunteer()
    round_id = await a_round(dated=dated)
    page = await coordinator.get(f"/rounds/{round_id}")
    assert page.status_code == 200
    assert "1 families wait for a helper" in text_of(page)
    assert (await coordinator.get("/rounds")).status_code == 200
    await coordinator.submit(f"/rounds/{round_id}/put-aside")
    assert "Put aside" in (await coordinator.get(f"/rounds/{round_id}")).text


async def test_without_javascript_the_counts_come_again_and_no_token_gets_into_the_address(coordinator):
    await a_household()
    await a_household(region_code=FAR_VILLAGE)
    form = (await coordinator.get("/rounds/new")).text
    assert "formmethod" not in form
    again = re.search(r'<button formaction="([^"]+)" formnovalidate>', form).group(1)
    chosen = {"region": TOWNSHIP, "dated": "2026-11-01", "policy": "standard"}
    sent = await coordinator.submit(again, chosen | {"_once": "a token"})
    assert sent.status_code == 303
    assert sent.headers["location"] == f"/rounds/new?region={TOWNSHIP}&dated=2026-11-01&policy=standard"
    page = await coordinator.get(sent.headers["location"])
    assert "1 families wait" in text_of(page)
    assert f'<option value="{TOWNSHIP}" selected>' in page.text
    odd = await coordinator.submit(again, {"region": "&_once=x", "dated": "", "policy": "~"})
    assert odd.headers["location"] == "/rounds/new?region=%26_once%3Dx&dated=&policy=~"
    assert (await coordinator.get(odd.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ("households", "This area has no volunteer who can be paired yet."),
        ("volunteers", "no household with a stated need"),
    ],
)
async def test_an_area_with_only_one_side_is_refused_at_the_form_and_nothing_typed_is_lost(
    coordinator, people, sentence
):
    await (a_household() if people == "households" else a_volunteer())
    page = await coordinator.submit(
        "/rounds", {"region": COUNTY, "dated": "2026-12-24", "policy": "standard"}
    )
    assert page.status_code == 422
    assert sentence in page.text
    assert 'value="2026-12-24"' in page.text
    assert await Round.count() == 0


async def test_another_countys_area_is_refused_like_an_unknown_one(coordinator):
    await a_household(region_code=OTHER_VILLAGE)
    await a_volunteer(region_code=OTHER_VILLAGE)
    answers = []
    for region in (OTHER_COUNTY, "999999000000"):
        page = await coordinator.submit(
            "/rounds", {"region": region, "dated": "2026-11-01", "policy": "standard"}
        )
        assert page.status_code == 422
        found = re.search(r'class="summary".*?</div>', page.text, flags=re.DOTALL)
        answers.append(found.group().replace(region, "…"))
    assert answers[0] == answers[1]
    assert await Round.count() == 0


async def test_every_page_of_a_round_looks_missing_to_another_county_and_is_closed_to_volunteers(
    login_as, coordinator
):
    household, volunteer = await a_household(), await a_volunteer()
    left_out = await a_household(children=(date(2015, 1, 1),), needs=("legal",))
    round_id, plan_id = await a_planned_round()
    await pin(a_coordinator(), round_id, household, volunteer, "pin", "", NOW)
    candidate = await Candidate.select(Candidate.id).where(Candidate.plan == plan_id).first()
    mine = await Pin.select(Pin.id).first()
    stranger, helper = (
        await login_as("coordinator", OTHER_COUNTY),
        await login_as("volunteer", VILLAGE, volunteer_id=volunteer),
    )
    stranger.headers.update(ENGLISH)
    plan = f"/rounds/{round_id}/plans/1"
    paths = [
        f"/rounds/{round_id}", f"/rounds/{round_id}/compare", plan, f"{plan}/left-out", f"{plan}/map",
        f"{plan}/map.json", f"{plan}/pair/{candidate['id']}", f"{plan}/village/{VILLAGE}",
        f"{plan}/between/{VILLAGE}/{VILLAGE}", f"{plan}/pairs.csv", f"{plan}/left-out.xlsx",
        f"{plan}/recruit", f"{plan}/recruit.json",
    ]  # fmt: skip
    missing = uuid4()
    for path in paths:
        assert (await coordinator.get(path)).status_code == 200, path
        hidden, absent = (
            await stranger.get(path),
            await stranger.get(path.replace(str(round_id), str(missing))),
        )
        assert hidden.status_code == absent.status_code == 404, path
        assert alike(hidden).replace(str(round_id), str(missing)) == alike(absent)
        assert (await helper.get(path)).status_code == 403, path
    people = {"household": str(household), "volunteer": str(volunteer), "kind": "forbid"}
    deeds = ("calculate", "put-aside", "pins", f"pins/{mine['id']}/take-back", "plans/1/publish")
    for path in (f"/rounds/{round_id}/{deed}" for deed in deeds):
        assert (await stranger.submit(path, people)).status_code == 404, path
        assert (await helper.submit(path, people)).status_code == 403, path
    assert await Pin.count() == 1
    assert await Pair.count() == 0
    assert (await Round.select().first())["state"] == "draft"
    assert left_out


async def test_pages_for_nobody_in_particular_ask_to_log_in(visitor):
    round_id = await a_round()
    for path in ("/rounds", "/rounds/new", f"/rounds/{round_id}"):
        assert (await visitor.get(path)).headers["location"].startswith("/login?next=/rounds")


async def test_a_number_that_is_no_plan_is_missing_not_an_accident(coordinator):
    round_id = await a_round()
    for number in ("0", "7", "99999999999999999999"):
        assert (await coordinator.get(f"/rounds/{round_id}/plans/{number}")).status_code == 404


async def test_calculating_shows_progress_and_can_be_left_stopped_and_come_back_to(coordinator):
    await a_household()
    await a_volunteer()
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    before = await coordinator.get(f"/rounds/{round_id}")
    assert "Calculate the pairing" in before.text
    await coordinator.submit(f"/rounds/{round_id}/calculate")
    waiting = await coordinator.get(f"/rounds/{round_id}")
    assert "Waiting for a free worker" in waiting.text
    assert "Calculate the pairing" not in waiting.text
    job = await Job.select().first()
    far = {"state": "running", "step": "Finding the best pairing", "done_units": 1, "total_units": 4}
    await Job.update({**far, "started_at": datetime.now(UTC)}).where(Job.id == job["id"])
    running = await coordinator.get(f"/rounds/{round_id}")
    assert "Finding the best pairing" in running.text
    assert f'hx-get="/jobs/{job["id"]}/progress' in running.text
    stopped = await coordinator.submit(f"/jobs/{job['id']}/stop?back=/rounds/{round_id}")
    assert stopped.headers["location"] == f"/rounds/{round_id}"
    assert (await Job.select().first())["stop_requested"]
    await Plan.update({Plan.state: "stopped"}).where(Plan.round == round_id)
    assert "Run 1 was stopped. Nothing was changed." in (await coordinator.get(f"/rounds/{round_id}")).text


async def test_calculating_twice_says_that_it_is_running(coordinator):
    await a_household()
    await a_volunteer()
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    for _ in range(2):
        await coordinator.submit(f"/rounds/{round_id}/calculate")
    assert "This round is being calculated already." in (await coordinator.get(f"/rounds/{round_id}")).text
    assert await Plan.count() == 1


async def test_a_failed_run_says_why_and_can_be_tried_again(coordinator):
    await a_household()
    await a_volunteer()
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    plan_id = await queue_plan(a_coordinator(), round_id, NOW)
    await Plan.update(
        {Plan.state: "failed", Plan.error: kept(Refused("{village} has no position.", village="X"))}
    ).where(Plan.id == plan_id)
    page = await coordinator.get(f"/rounds/{round_id}")
    assert "Run 1 failed:" in page.text
    assert "X has no position." in page.text
    assert "Calculate again" in page.text
    assert "no plan to show" in (await coordinator.get(f"/rounds/{round_id}/plans/1")).text


async def test_a_run_whose_worker_died_for_good_does_not_block_the_next(coordinator):
    await a_household()
    await a_volunteer()
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    lost = await queue_plan(a_coordinator(), round_id, NOW)
    await Plan.update({Plan.state: "running"}).where(Plan.id == lost)
    await Job.update({Job.state: "failed"}).where(Job.subject_id == lost)
    assert "Calculate again" in (await coordinator.get(f"/rounds/{round_id}")).text
    await coordinator.submit(f"/rounds/{round_id}/calculate")
    states = {row["number"]: row["state"] for row in await Plan.select().where(Plan.round == round_id)}
    assert states == {1: "failed", 2: "queued"}


async def test_the_plan_says_who_helps_whom_how_far_and_what_stays_open(coordinator):
    await a_household(name="欧阳小花", colour="red", needs=("companionship", "tutoring"))
    await a_volunteer(name="姚霞琴", number="T777", capacity=3)
    await a_volunteer(region_code=FAR_VILLAGE)
    round_id, _ = await a_planned_round()
    shown = text_of(await coordinator.get(f"/rounds/{round_id}/plans/1"))
    for words in ("欧阳*", "姚* T777", "0.0 km", "1 / 3", "✓ Companionship", "○ Tutoring",
                  " (18.4 km away): the whole plan would be worse by as much as 18.4 km of way",
                  "10 of 10 checks passed", "虎威镇 · 回龙村"):  # fmt: skip
        assert words in shown, words
    assert "小花" not in shown


async def test_pages_of_pairs_have_no_gap_and_no_repeat_in_any_order(coordinator):
    wanted = set()
    for place in range(120):
        code = (VILLAGE, SECOND_VILLAGE, FAR_VILLAGE)[place % 3]
        wanted.add(str(await a_household(region_code=code, colour=("red", "yellow", "green")[place % 3])))
    for code in (VILLAGE, FAR_VILLAGE):
        await a_volunteer(region_code=code, capacity=60)
    round_id, plan_id = await a_planned_round()
    ids = {
        str(row["id"]): str(row["household"])
        for row in await Candidate.select().where(Candidate.plan == plan_id)
    }
    assert len(ids) == 120
    for sort in ("far", "near", "cost", "village"):
        seen, address, pages = [], f"/rounds/{round_id}/plans/1?sort={sort}", []
        while address:
            page = await coordinator.get(address)
            pages.append(address)
            seen += list(dict.fromkeys(re.findall(r"/pair/([0-9a-f-]{36})\"", page.text)))
            further = re.search(r'rel="next" href="([^"]+)"', page.text)
            address = f"/rounds/{round_id}/plans/1{html.unescape(further.group(1))}" if further else ""
        assert len(pages) == 3
        assert len(seen) == 120
        assert {ids[one] for one in seen} == wanted
        back = re.search(r'rel="prev" href="([^"]+)"', page.text)
        previous = await coordinator.get(f"/rounds/{round_id}/plans/1{html.unescape(back.group(1))}")
        assert list(dict.fromkeys(re.findall(r"/pair/([0-9a-f-]{36})\"", previous.text))) == seen[50:100]


async def test_filters_narrow_and_nonsense_in_the_address_narrows_nothing(coordinator):
    await a_household(colour="red")
    await a_household(colour="green", needs=("companionship", "legal"))
    await a_household(colour="green", region_code=FAR_VILLAGE)
    await a_volunteer(capacity=5)
    round_id, _ = await a_planned_round()
    plan = f"/rounds/{round_id}/plans/1"
    for query, count in {
        "colour=red": "1 of 3", "colour=green": "2 of 3", f"township={TOWNSHIP}": "2 of 3",
        "unmet=any": "1 of 3", "unmet=legal": "1 of 3", "unmet=tutoring": "0 of 3", "pin=pin": "0 of 3",
        "sort=nonsense&pin=nonsense&after=nonsense": "3 in all", "after=1~x&colour=": "3 in all",
        f"after=99999999999999999999~{uuid4()}": "3 in all",
    }.items():  # fmt: skip
        page = await coordinator.get(f"{plan}?{query}")
        assert count in page.text, query
    assert "No pair fits all of this." in (await coordinator.get(f"{plan}?unmet=tutoring")).text


async def test_what_is_taken_along_is_what_is_shown_and_is_noted(coordinator):
    await a_household(name="=陶秀倩", colour="red")
    await a_household(name="张小花", colour="green")
    await a_volunteer(capacity=5, name="=HYPERLINK(1)")
    round_id, _ = await a_planned_round()
    file = await coordinator.get(f"/rounds/{round_id}/plans/1/pairs.csv?colour=red")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Township,Village,Family,Household number,Risk colour")
    assert "'=" in lines[1]
    assert "HYPERLINK" not in lines[1]
    assert "陶秀倩" not in lines[1]
    entry = await AuditEntry.select().where(AuditEntry.action == "round.export").first()
    assert json.loads(entry["detail"]) == {"plan": 1, "what": "pairs", "rows": 1}
    book = await coordinator.get(f"/rounds/{round_id}/plans/1/pairs.xlsx")
    assert book.content[:2] == b"PK"


async def test_families_left_out_are_listed_with_reasons_in_plain_words(coordinator):
    await a_household(name="田大妹", colour="red", children=(date(2015, 3, 1),))
    await a_household(colour="green", needs=("legal",))
    await a_volunteer(trained=False)
    await a_volunteer(region_code=FAR_VILLAGE, reach_km=1, record_checked_on=None)
    round_id, _ = await a_planned_round()
    left_out = f"/rounds/{round_id}/plans/1/left-out"
    page = await coordinator.get(left_out)
    assert [rule.name for rule in RULES if f'<option value="{rule.name}"' not in page.text] == []
    shown = text_of(page)
    assert "2 volunteers offer it: 2 are not cleared to meet children." in shown
    assert "No volunteer of this area offers what this family asks for." in shown
    assert "田*" in shown
    for query, count in {"reason=minors": "1 of 2", "reason=offers": "1 of 2", "reason=taken": "0 of 2",
                         "colour=red": "1 of 2", f"township={TOWNSHIP}": "2 in all"}.items():  # fmt: skip
        assert count in (await coordinator.get(f"{left_out}?{query}")).text, query
    file = await coordinator.get(f"{left_out}.csv?reason=minors")
    assert len(file.content.decode("utf-8-sig").splitlines()) == 2


async def test_places_that_went_to_others_are_said_so(coordinator):
    await a_household(colour="red")
    await a_household(colour="green")
    await a_volunteer(capacity=1)
    round_id, _ = await a_planned_round()
    shown = text_of(await coordinator.get(f"/rounds/{round_id}/plans/1/left-out"))
    assert "1 volunteers offer it: 1 could come, but their places went to other families." in shown


async def test_a_pair_is_pinned_and_forbidden_and_both_are_taken_back(coordinator):
    household, volunteer = await a_household(), await a_volunteer()
    round_id, _ = await a_planned_round()
    plan = f"/rounds/{round_id}/plans/1"
    people = {"household": str(household), "volunteer": str(volunteer), "back": f"{plan}?colour=green"}
    answer = await coordinator.submit(f"/rounds/{round_id}/pins", people | {"kind": "pin"})
    assert answer.headers["location"] == f"{plan}?colour=green"
    page = await coordinator.get(plan)
    assert "Pins and bans newer than this run: 1." in page.text
    assert "Your pins and bans" in page.text
    htmx = {"hx-request": "true"}
    swapped = await coordinator.submit(f"/rounds/{round_id}/pins", people | {"kind": "forbid"}, headers=htmx)
    assert "Forbidden: the next run does without this pair." in swapped.text
    assert "<html" not in swapped.text
    row = await Pin.select().first()
    assert row["kind"] == "forbid"
    fragment = await coordinator.submit(f"/rounds/{round_id}/pins/{row['id']}/take-back", headers=htmx)
    assert 'value="pin"' in fragment.text
    assert await Pin.count() == 0
    again = await coordinator.submit(f"/rounds/{round_id}/pins/{row['id']}/take-back")
    assert again.status_code == 303
    outside = await coordinator.submit(
        f"/rounds/{round_id}/pins", people | {"kind": "pin", "back": "//evil.example"}
    )
    assert outside.headers["location"] == f"/rounds/{round_id}"


async def test_a_pin_that_could_not_be_kept_is_named_with_its_rule(coordinator):
    household = await a_household(children=(date(2015, 3, 1),), name="田大妹")
    volunteer = await a_volunteer(trained=False, name="姚霞琴")
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    await pin(a_coordinator(), round_id, household, volunteer, "pin", "", NOW)
    await a_planned_round(round_id=round_id)
    shown = text_of(await coordinator.get(f"/rounds/{round_id}/plans/1"))
    assert "The pin 田*" in shown
    assert "this volunteer has no record check in date" in shown


PUBLISH, AGAINST = "Publish and ask", "This run cannot be published: it goes against pins or bans"


async def test_a_run_that_a_newer_ban_speaks_against_offers_to_calculate_again_in_place_of_publishing(
    coordinator,
):
    household, volunteer = await a_household(), await a_volunteer()
    round_id, _ = await a_planned_round()
    plan = f"/rounds/{round_id}/plans/1"
    people = {"household": str(household), "volunteer": str(volunteer)}
    await coordinator.submit(f"/rounds/{round_id}/pins", people | {"kind": "pin"})
    kept = text_of(await coordinator.get(plan))
    assert PUBLISH in kept
    assert AGAINST not in kept
    assert "Pins and bans newer than this run: 1." in kept
    await coordinator.submit(f"/rounds/{round_id}/pins", people | {"kind": "forbid"})
    for path in (plan, f"{plan}/left-out"):
        shown = text_of(await coordinator.get(path))
        assert AGAINST in shown
        assert shown.count("Calculate again") == 1
        assert "Pins and bans newer than this run" not in shown
        assert PUBLISH not in shown
    await coordinator.submit(f"{plan}/publish")
    told = text_of(await coordinator.get(plan))
    assert "This plan goes against pins or bans that are newer than it. Nothing was published" in told


async def test_a_run_that_is_overtaken_and_spoken_against_points_at_the_newer_one(coordinator):
    household, volunteer = await a_household(), await a_volunteer()
    round_id, _ = await a_planned_round()
    people = {"household": str(household), "volunteer": str(volunteer), "kind": "forbid"}
    await coordinator.submit(f"/rounds/{round_id}/pins", people)
    await a_volunteer(region_code=FAR_VILLAGE)
    await a_planned_round(round_id=round_id)
    first = text_of(await coordinator.get(f"/rounds/{round_id}/plans/1"))
    assert f"{AGAINST} that are newer than it. There is a newer run: Run 2" in first
    assert PUBLISH not in first
    assert PUBLISH in text_of(await coordinator.get(f"/rounds/{round_id}/plans/2"))


async def test_publishing_says_what_happens_and_the_second_time_what_has_happened(coordinator):
    await a_household()
    await a_household()
    await a_volunteer(capacity=2)
    round_id, plan_id = await a_planned_round()
    await a_planned_round(round_id=round_id)
    plan = f"/rounds/{round_id}/plans/1"
    shown = text_of(await coordinator.get(plan))
    assert "Publish and ask 1 volunteers" in shown
    assert "1 volunteers get one message each, about 2 families, and have 7 days to answer." in shown
    assert "A family is told only after its volunteer has said yes." in shown
    await coordinator.submit(f"{plan}/publish", {"_once": "the-first-of-both"})
    after = text_of(await coordinator.get(plan))
    assert "Published: 2 proposals are on their way to the volunteers." in after
    assert "谭协调" in after
    assert "Publish and ask" not in after
    assert await Pair.count() == 2
    other = f"/rounds/{round_id}/plans/2"
    await coordinator.submit(f"{other}/publish", {"_once": "the-second-of-both"})
    again = text_of(await coordinator.get(other))
    assert "This round has been published already, by you or a colleague." in again
    assert "Another run of this round was published. Run 1" in again
    assert await Pair.count() == 2
    assert (await Round.select().first())["published_plan_id"] == plan_id


async def test_the_same_click_twice_publishes_once_and_complains_of_nothing(coordinator):
    await a_household()
    await a_volunteer()
    round_id, _ = await a_planned_round()
    for _ in range(2):
        await coordinator.submit(f"/rounds/{round_id}/plans/1/publish", {"_once": "one-click-and-another"})
    assert "published already" not in (await coordinator.get(f"/rounds/{round_id}")).text


async def test_a_plan_that_the_world_has_overtaken_is_refused_with_its_sentence(coordinator):
    household, volunteer = await a_household(), await a_volunteer()
    round_id, _ = await a_planned_round()
    await a_pair(household, await a_volunteer(), proposed_at=datetime.now(UTC) + timedelta(seconds=1))
    await coordinator.submit(f"/rounds/{round_id}/plans/1/publish")
    page = await coordinator.get(f"/rounds/{round_id}/plans/1")
    assert "Nothing was published: run the round again, then publish." in page.text
    assert await Pair.count().where(Pair.volunteer == volunteer) == 0


async def test_the_map_holds_villages_and_counts_of_this_area_and_no_name(coordinator):
    await a_household(name="欧阳小花", colour="red", region_code=FAR_VILLAGE)
    await a_household(colour="green", needs=("legal",))
    await a_household(region_code=OTHER_VILLAGE)
    await a_volunteer(name="姚霞琴", capacity=3)
    await a_volunteer(name="别县人", region_code=OTHER_VILLAGE)
    round_id, _ = await a_planned_round()
    answer = await coordinator.get(f"/rounds/{round_id}/plans/1/map.json")
    for name in ("小花", "姚", "别县"):
        assert name not in answer.text
    drawn = answer.json()
    assert drawn["lines"] == [[FAR_VILLAGE, VILLAGE, 1]]
    assert drawn["left_out"] == [[VILLAGE, 0, 0, 1]]
    assert drawn["room"] == [[VILLAGE, 1, 2]]
    assert set(drawn["villages"]) == {VILLAGE, FAR_VILLAGE}
    assert [town[0] for town in drawn["townships"].values()] == ["虎威镇", "社坛镇"]
    assert drawn["outline"]["type"] == "MultiPolygon"


async def test_what_is_clicked_on_the_map_opens_as_a_fragment_and_as_a_page(coordinator):
    await a_household(name="欧阳小花", region_code=FAR_VILLAGE)
    await a_household(name="田大妹", needs=("legal",))
    await a_volunteer(name="姚霞琴", capacity=3)
    round_id, plan_id = await a_planned_round()
    candidate = await Candidate.select(Candidate.id).where(Candidate.plan == plan_id).first()
    plan = f"/rounds/{round_id}/plans/1"
    for path, words in {
        f"{plan}/pair/{candidate['id']}": (
            "欧阳*",
            "姚*",
            "Nobody else: this family would go without a helper",
        ),
        f"{plan}/between/{FAR_VILLAGE}/{VILLAGE}": ("欧阳*", "姚*", "1 pairs"),
        f"{plan}/village/{VILLAGE}": ("田*", "姚*", "2 free places"),
    }.items():
        fragment = await coordinator.get(path, headers={"hx-request": "true"})
        whole = await coordinator.get(path)
        assert "<html" not in fragment.text
        assert "<html" in whole.text
        for word in words:
            assert word in text_of(fragment), path
            assert word in text_of(whole), path
        assert "小花" not in whole.text
    for path in (
        f"{plan}/pair/{uuid4()}",
        f"{plan}/village/{OTHER_VILLAGE}",
        f"{plan}/between/{VILLAGE}/{OTHER_VILLAGE}",
    ):
        assert (await coordinator.get(path)).status_code == 404


async def test_the_maps_page_works_without_the_map(coordinator):
    await a_household(region_code=FAR_VILLAGE)
    await a_household(needs=("legal",), colour="red")
    await a_volunteer()
    round_id, _ = await a_planned_round()
    page = await coordinator.get(f"/rounds/{round_id}/plans/1/map")
    assert "<script>" not in page.text
    assert "style=" not in page.text
    assert f'data-url="/rounds/{round_id}/plans/1/map.json"' in page.text
    assert "虎威镇" in page.text
    assert "map approval number" in page.text


async def test_two_runs_are_compared_by_who_gains_and_who_loses(coordinator):
    first, second = (
        await a_household(name="甲家人"),
        await a_household(name="乙家人", region_code=SECOND_VILLAGE),
    )
    near = await a_volunteer(name="姚霞琴", capacity=1)
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, "standard", NOW)
    compare = f"/rounds/{round_id}/compare"
    assert "There are not two runs to compare yet." in (await coordinator.get(compare)).text
    await a_planned_round(round_id=round_id)
    await pin(a_coordinator(), round_id, first, near, "forbid", "", NOW)
    await a_planned_round(round_id=round_id)
    shown = text_of(await coordinator.get(f"{compare}?a=1&b=2"))
    assert "Families that lose their helper in run 2 · 1 ■ Green 甲*" in shown
    assert "Families that gain a helper in run 2 · 1 ■ Green 乙*" in shown
    assert "Pairs only in run 1 · 1" in shown
    assert "+1.9 km" in shown
    by_number = alike(await coordinator.get(f"{compare}?a=1&b=2")).replace("?a=1&amp;b=2", "")
    assert alike(await coordinator.get(compare)) == by_number
    assert (await coordinator.get(f"{compare}?a=1&b=9")).status_code == 404
    assert second


async def test_a_second_helper_lost_has_its_row_and_makes_the_costs_no_rivals(coordinator):
    household = await a_household(colour="red", needs=("companionship", "practical"))
    first, second = await a_volunteer(offers=["companionship"]), await a_volunteer(offers=["practical"])
    round_id, plan_id = await a_planned_round()
    compare = f"/rounds/{round_id}/compare"
    await a_planned_round(round_id=round_id)
    alike = text_of(await coordinator.get(compare))
    assert "Further helpers 1 1 the same" in alike
    assert re.search(r"Cost [\d,]+ [\d,]+ the same", alike)
    assert LEFT_OUT_OF_COST not in alike
    chosen = await Candidate.select().where(Candidate.plan == plan_id, Candidate.stage == 2).first()
    assert chosen["volunteer"] in (first, second)
    await pin(a_coordinator(), round_id, household, chosen["volunteer"], "forbid", "", NOW)
    await a_planned_round(round_id=round_id)
    shown = text_of(await coordinator.get(compare))
    assert "Further helpers 1 0 −1 Pairs 2 1 −1" in shown
    assert "Families that lose their helper in run 3 · 0" in shown
    assert re.search(r"Cost [\d,]+ [\d,]+ not comparable", shown)
    assert LEFT_OUT_OF_COST in shown
    assert LEFT_OUT_OF_COST in text_of(await coordinator.get(f"/rounds/{round_id}/plans/3"))


async def test_ways_that_read_alike_are_the_same_and_a_plan_without_pairs_has_none(coordinator):
    round_id, runs = await a_round(), []
    for number, distance in enumerate((3449, 3351, 3451, None), 1):
        plan = Plan(round=round_id, region_code=COUNTY, number=number, state="ready", created_at=NOW)
        await plan.save()
        runs.append(plan.id)
        if distance:
            await Candidate(
                plan=plan.id, household=await a_household(), volunteer=await a_volunteer(),
                region_code=COUNTY, stage=1, distance_m=distance, cost=distance,
            ).save()  # fmt: skip
    for numbers, said in {
        "a=1&b=2": "3.4 km 3.4 km the same",
        "a=1&b=3": "3.4 km 3.5 km +0.1 km",
        "a=3&b=1": "3.5 km 3.4 km −0.1 km",
        "a=1&b=4": "3.4 km — —",
    }.items():
        shown = text_of(await coordinator.get(f"/rounds/{round_id}/compare?{numbers}"))
        assert f"Average way {said} The farthest {said}" in shown, numbers


async def test_a_round_put_aside_stays_readable_and_cannot_go_on(coordinator):
    await a_household()
    await a_volunteer()
    round_id, _ = await a_planned_round()
    await coordinator.submit(f"/rounds/{round_id}/put-aside")
    page = await coordinator.get(f"/rounds/{round_id}")
    assert "Put aside" in page.text
    assert "Calculate again" not in page.text
    assert "Publish and ask" not in (await coordinator.get(f"/rounds/{round_id}/plans/1")).text
    await coordinator.submit(f"/rounds/{round_id}/calculate")
    assert await Plan.count() == 1


async def test_the_list_of_rounds_goes_on_where_a_page_ends(coordinator):
    await a_region_tree()
    for day in range(53):
        await a_round(dated=TODAY + timedelta(days=day), created_at=NOW + timedelta(minutes=day // 2))
    await a_round(region_code=OTHER_COUNTY)
    first = await coordinator.get("/rounds")
    more = re.search(r'rel="next" href="([^"]+)"', first.text).group(1)
    second = await coordinator.get(more)
    seen = re.findall(r'/rounds/([0-9a-f-]{36})"', first.text + second.text)
    assert len(seen) == len(set(seen)) == 53
