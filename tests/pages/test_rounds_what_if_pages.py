"""What if …: a coordinator supposes one change, a worker answers, nothing of the plan changes."""

import html
import re
from urllib.parse import urlencode
from uuid import UUID

import pytest
from factories import (
    COUNTY,
    FAR_VILLAGE,
    NOW,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    a_coordinator,
    a_household,
    a_volunteer,
)
from planned import a_planned_round, answered
from planned import text_of as whole_text_of

from jiedui.accounts.searches import PER_TEN_MINUTES
from jiedui.audit.tables import AuditEntry
from jiedui.errors import NotFound, Refused
from jiedui.jobs.tables import Job
from jiedui.pairs.tables import Pair
from jiedui.plans.people import MOST_FOUND
from jiedui.plans.questions import MOST_WAITING, Change, ask
from jiedui.plans.tables import WhatIf
from jiedui.policies.service import store_packs
from jiedui.regions.codes import township
from jiedui.regions.tables import Region
from jiedui.rounds.publication import publish_round
from jiedui.rounds.tables import Candidate, Pin
from jiedui.rounds.views import plan_at


@pytest.fixture(autouse=True)
async def policy(db):
    await store_packs(NOW)


def text_of(page):
    """What a reader sees, without the families' numbers."""
    return re.sub(r"( ·)? H\d{6}-\d{5}", "", whole_text_of(page))


async def two_families_and_two_helpers():
    """田大妹 has 王丽 next door, 欧阳小花 far away has 李梅 next door."""
    return (
        await a_household(name="田大妹"),
        await a_household(name="欧阳小花", region_code=FAR_VILLAGE),
        await a_volunteer(name="王丽", number="T001", capacity=1),
        await a_volunteer(name="李梅", number="T002", capacity=1, region_code=FAR_VILLAGE),
    )


async def asked(coordinator, page, **fields):
    """The question's own page, once a worker has answered it."""
    put = await coordinator.submit(page, fields)
    assert put.status_code == 303, put.text
    address = put.headers["location"]
    await answered(UUID(address.rsplit("/", 1)[1]))
    return await coordinator.get(address)


async def test_the_form_asks_only_for_what_the_question_needs(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    for kind, wanted in {
        "": set(), "pin": {"family", "helper"}, "drop": {"family"}, "leave": {"helper"},
        "capacity": {"helper", "number"}, "distance": {"number"}, "juggle": set(),
        "join": {"place", "support", "skilled", "number"}, "arrive": {"place", "colour", "support", "minor"},
    }.items():  # fmt: skip
        shown = await coordinator.get(f"{page}?kind={kind}")
        all_names = ("family", "helper", "number", "place", "support", "skilled", "colour", "minor")
        names = {name for name in all_names if f'name="{name}"' in shown.text}
        assert names == wanted, kind


async def test_forbidding_a_pair_shows_who_moves_and_can_be_made_so(coordinator):
    first, second, near, far = await two_families_and_two_helpers()
    round_id, plan_id = await a_planned_round()
    before = await Candidate.select().where(Candidate.plan == plan_id).order_by(Candidate.id)
    page = f"/rounds/{round_id}/plans/1/what-if"
    card = await coordinator.get(f"{page}?kind=forbid&household={first}&volunteer={near}")
    assert "田* · 虎威镇 · 回龙村" in text_of(card)
    answer = await asked(coordinator, page, kind="forbid", household=str(first), volunteer=str(near))
    shown = text_of(answer)
    assert "What if 王* T001 did not help 田*?" in shown
    assert "Whose helper would change · 2" in shown
    assert "■ Green 田* 虎威镇 · 回龙村 王* T001 · 0.0 km 李* T002 · 18.4 km" in shown
    assert "■ Green 欧阳* 社坛镇 · 石龙门村 李* T002 · 0.0 km 王* T001 · 18.4 km" in shown
    assert "families with a helper 2 / 2 2 / 2 the same" in shown
    assert "The farthest 0.0 km" in shown
    assert "+18.4 km" in shown
    assert "小花" not in answer.text
    assert await Candidate.select().where(Candidate.plan == plan_id).order_by(Candidate.id) == before
    assert await Pin.count() == 0
    pins = {
        "household": str(first),
        "volunteer": str(near),
        "kind": "forbid",
        "back": f"/rounds/{round_id}",
    }
    for name, value in pins.items():
        assert f'name="{name}" value="{value}' in answer.text
    await coordinator.submit(f"/rounds/{round_id}/pins", pins)
    assert (await Pin.select().first())["kind"] == "forbid"
    assert "Asked before" in (await coordinator.get(page)).text
    assert {second, far}


async def test_a_pin_takes_the_helper_from_somebody_and_says_so(coordinator):
    first, _, near, far = await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    shown = text_of(await asked(coordinator, page, kind="pin", family="田大妹", helper="T002"))
    assert "What if 李* T002 helped 田*?" in shown
    assert "Make it so: the next run keeps this pair." in shown
    change = await WhatIf.select(WhatIf.change).first()
    assert str(first) in change["change"]
    assert str(far) in change["change"]
    assert str(near) not in change["change"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "leave", "helper": "王丽"}, "1 / 2 −1"),
        ({"kind": "drop", "family": "田大妹"}, "2 / 2 1 / 1 −1"),
        ({"kind": "capacity", "helper": "T001", "number": "0"}, "1 / 2 −1"),
        ({"kind": "capacity", "helper": "T001", "number": "5"}, "Nobody's helper would change."),
        ({"kind": "distance", "number": "1"}, "Nobody's helper would change."),
        ({"kind": "clear", "helper": "李梅"}, "Nobody's helper would change."),
        (
            {"kind": "join", "place": TOWNSHIP, "support": "companionship", "number": "2"},
            "Nobody would need her: the best plan does without.",
        ),
        (
            {"kind": "arrive", "place": TOWNSHIP, "support": "legal", "colour": "red", "minor": "on"},
            "The new family would go without a helper.",
        ),
    ],
)
async def test_each_question_is_answered_in_figures_before_and_after(coordinator, fields, said):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    shown = text_of(await asked(coordinator, f"/rounds/{round_id}/plans/1/what-if", **fields))
    assert said in shown


async def test_whoever_loses_a_helper_stands_first_with_nobody_to_come(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    shown = text_of(
        await asked(coordinator, f"/rounds/{round_id}/plans/1/what-if", kind="leave", helper="王丽")
    )
    assert "田* 虎威镇 · 回龙村 王* T001 · 0.0 km nobody" in shown


async def test_a_new_volunteer_shows_whom_she_would_help(coordinator):
    await two_families_and_two_helpers()
    await a_household(name="田二妹", colour="red")
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    change = {"kind": "join", "place": TOWNSHIP, "support": "companionship"}
    form = await coordinator.get(f"{page}?{urlencode(change)}")
    assert f'<option value="{TOWNSHIP}" selected>' in form.text
    assert '<option value="companionship" selected>' in form.text
    assert 'value="1"' in form.text
    answer = await asked(coordinator, page, **change, number="1")
    shown = text_of(answer)
    assert "What if a new volunteer in 虎威镇 took 1 families" in shown
    assert re.search(r"田\* 虎威镇 · 回龙村 nobody the new volunteer [\d.]+ km", shown), shown
    assert "families with a helper 1 / 2 2 / 2 +1" in shown
    assert "/volunteers/None" not in answer.text
    assert "What if a new volunteer in 虎威镇" in text_of(await coordinator.get(page))


async def test_a_new_family_shows_who_would_help_it_and_who_would_go_without(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    family = {"kind": "arrive", "place": TOWNSHIP, "support": "companionship", "colour": "red"}
    answer = await asked(coordinator, page, **family)
    shown = text_of(answer)
    assert "What if a new Red family in 虎威镇 asked for" in shown
    assert re.search(r"● Red the new family 虎威镇 nobody 王\* T001 · [\d.]+ km", shown)
    assert "田* 虎威镇 · 回龙村 王* T001 · 0.0 km nobody" in shown
    assert "● Red families with a helper 0 / 0 1 / 1 +1" in shown
    assert "/households/None" not in answer.text


async def test_nobody_new_can_be_supposed_elsewhere_or_where_the_map_knows_no_place(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    join = {"kind": "join", "support": "legal", "number": "1"}
    for elsewhere in (township(OTHER_VILLAGE), VILLAGE, COUNTY):
        assert (await coordinator.submit(page, {**join, "place": elsewhere})).status_code == 404
    await Region.update({Region.lat: None, Region.lng: None}).where(Region.code == TOWNSHIP)
    sent_back = await coordinator.submit(page, {**join, "place": TOWNSHIP})
    assert sent_back.status_code == 422
    assert "虎威镇 has no position in the region tree" in sent_back.text
    assert await WhatIf.count() == 0


async def test_a_pin_against_a_rule_is_answered_with_the_rule(coordinator):
    await a_household(name="田大妹", needs=("legal",))
    await a_volunteer(name="王丽")
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    put = await coordinator.submit(page, {"kind": "pin", "family": "田大妹", "helper": "王丽"})
    question_id = UUID(put.headers["location"].rsplit("/", 1)[1])
    with pytest.raises(Refused):
        await answered(question_id)
    shown = await coordinator.get(put.headers["location"])
    assert "This volunteer offers nothing this family asks for" in shown.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "pin", "helper": "T001"}, "Please say which family."),
        ({"kind": "leave"}, "Please say which volunteer."),
        ({"kind": "distance"}, "Please say how many."),
        ({"kind": "distance", "number": "0"}, "Please write a number from 1 to 500."),
        ({"kind": "capacity", "helper": "T001", "number": "501"}, "Please write a number from 0 to 500."),
        ({"kind": "capacity", "helper": "T001", "number": "many"}, "Please write a whole number."),
        ({"kind": "leave", "helper": "查无此人"}, "Nobody of this area is called like this."),
        ({"kind": "leave", "helper": "T00"}, "This fits several: please choose one."),
        ({"kind": "leave", "helper": "%"}, "Nobody of this area is called like this."),
        ({"kind": "join", "support": "legal", "number": "1"}, "Please choose a township."),
        ({"kind": "join", "place": TOWNSHIP, "number": "1"}, "Please choose a kind of support."),
        ({"kind": "join", "place": TOWNSHIP, "support": "magic", "number": "1"}, "Please choose a kind of"),
        ({"kind": "join", "place": TOWNSHIP, "support": "legal"}, "Please say how many."),
        (
            {"kind": "join", "place": TOWNSHIP, "support": "legal", "number": "0"},
            "Please write a number from 1 to 500.",
        ),
        ({"kind": "arrive", "place": TOWNSHIP, "support": "legal"}, "Please choose a risk colour."),
        (
            {"kind": "arrive", "place": TOWNSHIP, "support": "legal", "colour": "pink"},
            "Please choose a risk colour.",
        ),
    ],
)
async def test_a_question_that_cannot_be_is_sent_back_with_its_sentence(coordinator, fields, said):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    sent_back = await coordinator.submit(f"/rounds/{round_id}/plans/1/what-if", fields)
    assert sent_back.status_code == 422
    assert said in text_of(sent_back)
    assert await WhatIf.count() == 0
    assert await Job.count().where(Job.kind == "round.what_if") == 0


async def test_what_would_help_a_family_is_tried_out_for_this_very_family(coordinator):
    """Another family would gain more by the place; only the pin keeps it for the one that is spoken of."""
    near = await a_household(name="田大妹", colour="red")
    far = await a_household(name="欧阳小花", colour="red", region_code=FAR_VILLAGE)
    await a_household(name="彭三妹", colour="red")
    helper = await a_volunteer(name="王丽", number="T001", capacity=1)
    round_id, plan_id = await a_planned_round()
    plan = f"/rounds/{round_id}/plans/1"
    left_out = await coordinator.get(f"{plan}/left-out")
    link = f"{plan}/what-if?kind=capacity&amp;volunteer={helper}&amp;household={far}"
    assert link in left_out.text
    form = await coordinator.get(html.unescape(link))
    assert "So far she takes 1." in form.text
    assert re.search(r'name="number"[^>]* value="2"', form.text)
    assert f'value="{far}" selected' in form.text
    answer = await asked(
        coordinator, f"{plan}/what-if",
        kind="capacity", household=str(far), volunteer=str(helper), number="2",
    )  # fmt: skip
    shown = text_of(answer)
    assert "What if 王* T001 took 2 families at most, 欧阳* among them?" in shown
    assert "欧阳* 社坛镇 · 石龙门村 nobody 王* T001 · 18.4 km" in shown
    assert "not comparable" in shown
    assert f'name="household" value="{far}"' in answer.text
    alone = await asked(coordinator, f"{plan}/what-if", kind="capacity", volunteer=str(helper), number="2")
    assert "欧阳*" not in text_of(alone).split("Whose helper would change")[1]
    assert near != far
    await publish_round(a_coordinator(), round_id, plan_id, NOW)
    assert "/what-if?kind" not in (await coordinator.get(f"{plan}/left-out")).text


async def test_a_question_whose_worker_died_says_so_and_does_not_keep_others_waiting(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    for _ in range(MOST_WAITING):
        put = await coordinator.submit(page, {"kind": "leave", "helper": "T001"})
    assert (await coordinator.submit(page, {"kind": "leave", "helper": "T002"})).status_code == 422
    await WhatIf.update({WhatIf.state: "running"}, force=True)
    await Job.update({Job.state: "failed"}).where(Job.kind == "round.what_if")
    lost = text_of(await coordinator.get(put.headers["location"]))
    assert "This ended unexpectedly. Please ask for it again." in lost
    assert "Being calculated" not in text_of(await coordinator.get(page))
    assert (await coordinator.submit(page, {"kind": "leave", "helper": "T002"})).status_code == 303


async def test_both_names_are_looked_at_and_who_was_chosen_stays(coordinator):
    first, *_ = await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    sent_back = await coordinator.submit(page, {"kind": "pin", "family": "查无此人", "helper": "无此人"})
    assert sent_back.text.count('class="error"') == 2
    one = await coordinator.get(f"{page}?kind=pin&household={first}")
    assert f'href="{page}?kind=pin"' in one.text
    put = await coordinator.submit(page, {"kind": "pin", "household": str(first), "helper": "T00"})
    assert f'href="{page}?kind=pin&amp;household={first}"' in put.text


@pytest.mark.parametrize("typed", ["t001", "T001 王丽", "王丽 T001", "王丽"])
async def test_a_volunteer_is_found_by_name_and_number_in_any_order(coordinator, typed):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    assert (await coordinator.submit(page, {"kind": "leave", "helper": typed})).status_code == 303


async def test_of_very_many_with_one_name_the_page_says_that_there_are_more(coordinator):
    for serial in range(MOST_FOUND + 1):
        await a_household(name=f"王{serial}妹", needs=("companionship",))
    await a_volunteer()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    sent_back = await coordinator.submit(page, {"kind": "drop", "family": "王"})
    assert f"The first {MOST_FOUND} are shown." in sent_back.text
    assert sent_back.text.count("· Green · Companionship") == MOST_FOUND
    fewer = await coordinator.submit(page, {"kind": "drop", "family": "王1"})
    assert "are shown." not in fewer.text


async def test_of_several_with_one_name_one_is_chosen(coordinator):
    await two_families_and_two_helpers()
    twin = await a_household(name="田大妹", region_code=FAR_VILLAGE)
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    sent_back = await coordinator.submit(page, {"kind": "drop", "family": "田大妹"})
    assert "田* · 社坛镇 · 石龙门村" in text_of(sent_back)
    assert f'value="{twin}"' in sent_back.text
    assert (await coordinator.submit(page, {"kind": "drop", "household": str(twin)})).status_code == 303


async def test_people_of_another_county_cannot_be_supposed_and_questions_not_be_read(coordinator, login_as):
    first, *_ = await two_families_and_two_helpers()
    elsewhere = await a_volunteer(region_code=OTHER_VILLAGE)
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    pin = {"kind": "pin", "household": str(first), "volunteer": str(elsewhere)}
    assert (await coordinator.submit(page, pin)).status_code == 404
    put = await coordinator.submit(page, {"kind": "distance", "number": "9"})
    stranger = await login_as("coordinator", OTHER_COUNTY)
    assert (await stranger.get(put.headers["location"])).status_code == 404
    assert (await stranger.submit(page, {"kind": "distance", "number": "9"})).status_code == 404
    await a_planned_round(round_id=round_id)
    elsewhere_too = put.headers["location"].replace("/plans/1/", "/plans/2/")
    assert (await coordinator.get(elsewhere_too)).status_code == 404
    volunteer = await login_as("volunteer", VILLAGE, volunteer_id=await a_volunteer())
    assert (await volunteer.get(put.headers["location"])).status_code in (403, 404)


async def test_too_many_questions_wait_for_an_answer_first():
    await two_families_and_two_helpers()
    actor = a_coordinator()
    round_id, _ = await a_planned_round()
    _, plan = await plan_at(actor, round_id, 1)
    for _ in range(MOST_WAITING):
        await ask(actor, plan, Change("distance", number=9), NOW)
    with pytest.raises(Refused, match="waiting already"):
        await ask(actor, plan, Change("distance", number=9), NOW)
    await WhatIf.update({WhatIf.state: "ready"}).where(WhatIf.state == "queued")
    await ask(actor, plan, Change("distance", number=9), NOW)
    with pytest.raises(NotFound):
        await ask(a_coordinator(OTHER_COUNTY), plan, Change("distance", number=9), NOW)
    noted = [row for row in await AuditEntry.select() if row["action"] == "round.what_if"]
    assert len(noted) == MOST_WAITING + 1


async def test_while_it_waits_the_page_says_so_and_it_can_be_stopped(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    put = await coordinator.submit(f"/rounds/{round_id}/plans/1/what-if", {"kind": "leave", "helper": "T001"})
    waiting = await coordinator.get(put.headers["location"])
    assert "Waiting for a free worker" in waiting.text
    assert 'hx-trigger="every 1s"' in waiting.text
    await WhatIf.update({WhatIf.state: "stopped"}).where(WhatIf.state == "queued")
    assert "Stopped. Nothing was changed." in (await coordinator.get(put.headers["location"])).text


async def test_once_people_have_changed_the_answer_says_so(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    said = "Both sides are counted as things are now"
    assert said not in (await asked(coordinator, page, kind="leave", helper="T001")).text
    await a_volunteer(name="新来的")
    assert said in (await asked(coordinator, page, kind="leave", helper="T001")).text


async def test_a_published_round_is_asked_nothing_more(coordinator):
    await two_families_and_two_helpers()
    round_id, plan_id = await a_planned_round()
    page = f"/rounds/{round_id}/plans/1/what-if"
    await asked(coordinator, page, kind="leave", helper="T001")
    await publish_round(a_coordinator(), round_id, plan_id, NOW)
    shown = await coordinator.get(page)
    assert "What if 王* T001 left?" in shown.text
    assert '<form class="stack"' not in shown.text
    await coordinator.submit(page, {"kind": "leave", "helper": "T001"})
    assert await WhatIf.count() == 1
    assert await Pair.count() == 2


async def test_looking_for_a_family_in_a_question_is_limited_and_noted_like_everywhere(coordinator):
    await two_families_and_two_helpers()
    round_id, _ = await a_planned_round()
    path, statuses = f"/rounds/{round_id}/plans/1/what-if", []
    for n in range(PER_TEN_MINUTES.times + 1):
        headers = {"hx-request": "true"} if n % 2 else {}
        asked = {"kind": "pin", "family": f"田{n}"}
        statuses.append((await coordinator.submit(path, asked, headers=headers)).status_code)
    assert statuses == [422] * PER_TEN_MINUTES.times + [429]
    noted = await AuditEntry.select().where(AuditEntry.action == "household.find")
    assert len(noted) == PER_TEN_MINUTES.times and "田" not in str(noted)
