"""Who is first? Real commits on several connections: exactly one wins, and whoever loses changed nothing."""

import asyncio
from contextvars import Context
from datetime import timedelta

import pytest
from factories import NOW, a_coordinator, a_pair, a_volunteer, notices_about, the_volunteer

from jiedui.audit.tables import AuditEntry
from jiedui.consents.tables import Consent
from jiedui.errors import DomainError
from jiedui.pairs import service
from jiedui.pairs.links import LinkOver
from jiedui.pairs.tables import Concern, HouseholdLink, Pair

pytestmark = pytest.mark.usefixtures("clean_db")
YEAR = 1990


async def all_at_once(*calls):
    """Each on a connection of its own; what each returned or refused with."""
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(call, context=Context()) for call in calls]
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, DomainError):
            raise answer
    return answers


def won(answers) -> int:
    return sum(not isinstance(answer, DomainError) for answer in answers)


async def a_link():
    volunteer = await a_volunteer()
    pair = await a_pair(volunteer=volunteer)
    await service.accept_proposal(await the_volunteer(volunteer), pair, NOW)
    token = (await notices_about(pair))["household.helper_found"]["params"]["link"].rsplit("/", 1)[-1]
    return token, pair, (await service.open_link(token, YEAR, NOW)).proof


async def state_of(pair) -> str:
    return (await Pair.select(Pair.state).where(Pair.id == pair).first())["state"]


async def test_fifty_redemptions_of_a_link_are_one_answer():
    token, pair, proof = await a_link()
    answers = await all_at_once(*(service.household_accepts(token, proof, NOW) for _ in range(50)))
    assert won(answers) == 1
    assert sum(isinstance(answer, LinkOver) for answer in answers) == 49
    assert await Consent.count().where(Consent.purpose == "pairing.household") == 1
    assert await AuditEntry.count().where(AuditEntry.action == "pair.agree") == 1
    assert await state_of(pair) == "active"


async def test_yes_no_and_a_concern_at_once_are_one_of_them():
    for _ in range(10):
        token, pair, proof = await a_link()
        answers = await all_at_once(
            service.household_accepts(token, proof, NOW),
            service.household_asks_another(token, proof, NOW),
            service.household_raises_concern(token, proof, "不", NOW),
        )
        assert won(answers) == 1
        concerns = await Concern.count().where(Concern.pair == pair)
        assert (await state_of(pair), concerns) in {("active", 0), ("refused", 0), ("accepted", 1)}


async def test_the_link_and_the_telephone_at_once_are_one_answer():
    for _ in range(10):
        token, pair, proof = await a_link()
        answers = await all_at_once(
            service.household_accepts(token, proof, NOW),
            service.record_household_answer(a_coordinator(), pair, "asks_another", "call", NOW),
        )
        assert won(answers) == 1
        assert await state_of(pair) in ("active", "refused")
        link = await HouseholdLink.select().where(HouseholdLink.pair == pair).first()
        assert (link["used_at"] is None) != (link["revoked_at"] is None)


async def test_fifty_guesses_at_once_are_five_tries():
    token, pair, _ = await a_link()
    await all_at_once(*(service.open_link(token, year, NOW) for year in range(1900, 1950)))
    assert (await HouseholdLink.select().where(HouseholdLink.pair == pair).first())["tries"] == 5


async def test_accepting_in_the_last_moment_and_running_out_never_both_happen():
    for _ in range(10):
        volunteer = await a_volunteer()
        pair, actor = await a_pair(volunteer=volunteer), await the_volunteer(volunteer)
        late = NOW + timedelta(days=7)
        answers = await all_at_once(
            service.accept_proposal(actor, pair, late - timedelta(seconds=1)), service.expire_overdue(late)
        )
        accepted = not isinstance(answers[0], DomainError)
        assert await state_of(pair) == ("accepted" if accepted else "expired")
        told = "household.helper_found" in await notices_about(pair)
        assert told is accepted


async def test_yes_and_no_of_a_volunteer_at_once_are_one_answer():
    for _ in range(10):
        volunteer = await a_volunteer()
        pair, actor = await a_pair(volunteer=volunteer), await the_volunteer(volunteer)
        answers = await all_at_once(
            service.accept_proposal(actor, pair, NOW),
            service.decline_proposal(actor, pair, "no_time", NOW),
            service.accept_proposal(actor, pair, NOW),
        )
        assert won(answers) == 1


async def test_two_workers_let_each_proposal_run_out_once():
    pairs = [await a_pair() for _ in range(6)]
    late = NOW + timedelta(days=8)
    counts = await all_at_once(*(service.expire_overdue(late) for _ in range(4)))
    assert sum(counts) == len(pairs)
    assert await AuditEntry.count().where(AuditEntry.action == "pair.expire") == len(pairs)


async def test_handing_over_and_closing_at_once_is_one_of_them():
    for _ in range(10):
        pair, other = await a_pair(state="active"), await a_volunteer()
        answers = await all_at_once(
            service.hand_over(a_coordinator(), pair, other, "volunteer_moved", NOW),
            service.close(a_coordinator(), pair, "goal_reached", "", NOW),
        )
        assert won(answers) == 1
        handed_over = not isinstance(answers[0], DomainError)
        assert await Pair.count().where(Pair.predecessor_id == pair) == int(handed_over)
        row = await Pair.select().where(Pair.id == pair).first()
        assert row["end_reason"] == ("volunteer_moved" if handed_over else "goal_reached")


async def test_a_last_place_is_handed_over_to_once():
    only = await a_volunteer(capacity=1)
    pairs = [await a_pair(state="active") for _ in range(5)]
    answers = await all_at_once(
        *(service.hand_over(a_coordinator(), pair, only, "volunteer_moved", NOW) for pair in pairs)
    )
    assert won(answers) == 1
    assert sorted([await state_of(pair) for pair in pairs]) == ["active"] * 4 + ["closed"]
