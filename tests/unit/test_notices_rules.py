"""Who may be reached how, and that a household nobody may contact never is: over every flag and template."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiedui.households.tables import CONTACT_WAYS
from jiedui.notices.rules import ALLOWED, way_to_household, way_to_volunteer
from jiedui.store import vault
from jiedui_notifications import texts
from jiedui_notifications.channels import Console, PeoplesList
from jiedui_notifications.delivery import Hold, Post, Way, message_by, way_now
from jiedui_notifications.sealing import PARAMS

PHONES = st.one_of(
    st.none(),
    st.just(""),
    st.from_regex(r"1[3-9]\d{9}", fullmatch=True),
    st.from_regex(r"0\d{9,11}", fullmatch=True),
    st.text(max_size=20),
)
WAYS = st.one_of(st.sampled_from(CONTACT_WAYS), st.text(max_size=8))
HOUSEHOLD_TEMPLATES = [name for name in texts.catalogue("zh_CN") if name.startswith("household.")]


@given(contact_way=WAYS, phone=PHONES, active=st.booleans())
def test_no_household_is_reached_in_a_way_its_ledger_does_not_allow(
    contact_way: str, phone: str | None, active: bool
) -> None:
    way = way_to_household(contact_way, phone, active=active)
    if isinstance(way, Way):
        assert active
        assert way.channel in ALLOWED[contact_way]


@given(phone=PHONES, active=st.booleans(), template=st.sampled_from(HOUSEHOLD_TEMPLATES), spare=st.booleans())
def test_a_household_nobody_may_contact_gets_nothing_whatever_the_message(
    phone: str | None, active: bool, template: str, spare: bool
) -> None:
    class Book:
        async def way_to(self, kind: str, recipient_id: UUID) -> Way | Hold:
            return way_to_household("none", phone, active=active)

    channels = {name: Console() if spare else PeoplesList() for name in ("sms", "call", "village", "letter")}
    post = Post(Book(), channels, vault, lambda: datetime(2026, 11, 1, tzinfo=UTC), "zh_CN", {"site": "x"})
    notice = {"address": None, "recipient_kind": "household", "recipient_id": uuid4(), "template": template}
    assert isinstance(asyncio.run(way_now(post, notice)), Hold)


@given(contact_way=WAYS, phone=PHONES, template=st.sampled_from(HOUSEHOLD_TEMPLATES))
def test_every_message_that_leaves_is_made_from_its_template_and_its_link_alone(
    contact_way: str, phone: str | None, template: str
) -> None:
    way = way_to_household(contact_way, phone, active=True)
    if isinstance(way, Hold):
        return
    post = Post(None, {}, vault, lambda: datetime.now(UTC), "zh_CN", {"site": "x"})  # type: ignore[arg-type]
    sealed = vault.seal(json.dumps({"link": "https://x.cn/h/t"}), PARAMS)
    message = message_by(post, {"params": sealed, "template": template}, way)
    own_words = texts.catalogue("zh_CN")[template]
    assert message.text == own_words.render(way.channel, {"link": "https://x.cn/h/t"})


@pytest.mark.parametrize(
    ("contact_way", "phone", "expected"),
    [
        ("sms", "13800001234", Way("sms", "13800001234")),
        ("sms", None, Way("village", detail="no_number")),
        ("sms", "02370001234", Way("village", detail="bad_number")),
        ("call", "02370001234", Way("call", "02370001234")),
        ("call", None, Hold("no_number")),
        ("call", "1380000", Hold("bad_number")),
        ("village", None, Way("village")),
        ("letter", "13800001234", Way("letter")),
        ("none", "13800001234", Hold("no_contact")),
    ],
)
def test_each_word_of_the_ledger_has_its_way(
    contact_way: str, phone: str | None, expected: Way | Hold
) -> None:
    assert way_to_household(contact_way, phone, active=True) == expected


def test_a_volunteer_is_written_to_at_her_mobile_number() -> None:
    assert way_to_volunteer("19902300001") == Way("sms", "19902300001")
    assert way_to_volunteer(None) == Hold("no_number")
    assert way_to_volunteer("123") == Hold("bad_number")
