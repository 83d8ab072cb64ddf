"""Signing up online, once the telephone is confirmed."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest
from factories import COUNTY, TOWNSHIP, VILLAGE, a_region_tree, a_volunteer, an_account

from jiedui.accounts.service import actor_of
from jiedui.accounts.tables import Account
from jiedui.actor import Actor
from jiedui.consents import service as consents
from jiedui.consents.texts import current
from jiedui.errors import NotFound, Refused
from jiedui.store.vault import keyed_hash, unseal
from jiedui.volunteers.enrolment import Draft, Outcome, check_draft, enrol
from jiedui.volunteers.tables import Volunteer
from jiedui_pairing.policy import standard

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
PACK = standard()
PHONE = "19902319999"
DRAFT = Draft(
    kind="caring_mother",
    offers=["companionship", "tutoring"],
    skills=["英语"],
    capacity=2,
    reach_km=None,
    region_code=VILLAGE,
    times=["周末"],
    name="阿依古丽·买买提江",
    phone=PHONE,
    agreed={"volunteer.service": current("volunteer.service").version},
)


@pytest.fixture
async def tree(db):
    await a_region_tree()


def but(**changes):
    return msgspec.structs.replace(DRAFT, **changes)


async def test_a_new_volunteer_waits_for_her_coordinator_with_an_account_and_her_consent(tree):
    enrolled = await enrol(DRAFT, PACK, NOW)
    assert enrolled.outcome is Outcome.NEW
    row = await Volunteer.select().where(Volunteer.id == enrolled.volunteer_id).first()
    assert (row["state"], row["source"], row["name"]) == ("applied", "online", "阿依古丽·买买提江")
    assert row["number"].startswith("Z500230") and len(row["number"]) == 13
    assert unseal(row["phone"], "volunteer.phone") == PHONE and row["phone_key"] == keyed_hash(PHONE, "phone")
    actor = await actor_of(enrolled.account_id, NOW)
    assert (actor.role, actor.volunteer_id, actor.region_code) == ("volunteer", row["id"], VILLAGE)
    given = await consents.given(Actor.system(), row["id"])
    assert [(one["purpose"], one["given_by"], one["how"]) for one in given] == [
        ("volunteer.service", "self", "online")
    ]


async def test_signing_up_again_makes_no_second_person(tree):
    first = await enrol(DRAFT, PACK, NOW)
    second = await enrol(but(name="另一个名字", capacity=5), PACK, NOW)
    assert second.outcome is Outcome.KNOWN
    assert (second.account_id, second.volunteer_id) == (first.account_id, first.volunteer_id)
    assert [row["capacity"] for row in await Volunteer.select()] == [2]


async def test_a_volunteer_of_the_ledger_gets_an_account_for_her_own_row(tree):
    her = await a_volunteer(name="王芳", phone_key=keyed_hash(PHONE, "phone"))
    enrolled = await enrol(but(name="王芳"), PACK, NOW)
    assert (enrolled.outcome, enrolled.volunteer_id) == (Outcome.KNOWN, her)
    assert await Volunteer.count() == 1
    account = await Account.select().first()
    assert (account["volunteer_id"], account["name"]) == (her, "王芳")
    assert (await Volunteer.select().first())["state"] == "active"


async def test_one_of_a_family_sharing_a_telephone_signs_up_as_herself(tree):
    for name in ("李强", "李梅"):
        await a_volunteer(name=name, phone_key=keyed_hash(PHONE, "phone"))
    assert (await enrol(but(name="王芳"), PACK, NOW)).outcome is Outcome.NEW
    assert (await enrol(but(name="王芳"), PACK, NOW)).outcome is Outcome.KNOWN
    assert await Volunteer.count() == 3


async def test_who_had_left_may_come_back_with_new_wishes(tree):
    first = await enrol(DRAFT, PACK, NOW)
    await Volunteer.update({Volunteer.state: "left"}).where(Volunteer.id == first.volunteer_id)
    back = await enrol(but(capacity=4), PACK, NOW)
    assert (back.outcome, back.volunteer_id) == (Outcome.AGAIN, first.volunteer_id)
    row = await Volunteer.select().first()
    assert (row["state"], row["capacity"]) == ("applied", 4)


async def test_a_closed_account_is_not_opened_by_signing_up(tree):
    her = await a_volunteer(phone_key=keyed_hash(PHONE, "phone"))
    await an_account("volunteer", VILLAGE, volunteer_id=her, active=False)
    with pytest.raises(Refused, match="closed"):
        await enrol(DRAFT, PACK, NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "admin"}, "kind"),
        ({"offers": []}, "offers"),
        ({"capacity": 11}, "capacity"),
        ({"capacity": 0}, "capacity"),
        ({"reach_km": 7}, "reach_km"),
        ({"times": []}, "times"),
        ({"agreed": {}}, "consent"),
        ({"agreed": {"volunteer.service": "1999-01"}}, "consent"),
    ],
)
async def test_a_wish_that_cannot_be_is_refused_at_its_field(tree, changes, field):
    with pytest.raises(Refused) as refusal:
        await check_draft(but(**changes), PACK)
    assert refusal.value.field == field
    with pytest.raises(Refused):
        await enrol(but(**changes), PACK, NOW)
    assert await Volunteer.count() == 0


@pytest.mark.parametrize("code", [TOWNSHIP, COUNTY, "999999999999", ""])
async def test_she_lives_in_a_village_of_the_tree(tree, code):
    with pytest.raises(NotFound):
        await check_draft(but(region_code=code), PACK)


async def test_confirming_twice_at_once_makes_one_person(clean_db):
    await a_region_tree()
    results = await asyncio.gather(*(enrol(DRAFT, PACK, NOW) for _ in range(5)))
    assert len({result.volunteer_id for result in results}) == 1
    assert sorted(result.outcome for result in results) == ["known"] * 4 + ["new"]
    assert await Volunteer.count() == await Account.count() == 1


async def test_two_open_tabs_and_a_name_written_otherwise_make_one_person(tree):
    """Sent twice from pages of their own, with other keys, a space and a full-width dot."""
    first = await enrol(DRAFT, PACK, NOW)
    for name in ("阿依古丽 · 买买提江", "阿依古丽•买买提江", " 阿依古丽·买买提江 "):
        again = await enrol(but(name=name), PACK, NOW)
        assert (again.outcome, again.volunteer_id) == (Outcome.KNOWN, first.volunteer_id), name
    assert await Volunteer.count() == await Account.count() == 1
