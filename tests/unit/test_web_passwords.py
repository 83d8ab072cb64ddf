"""Passphrases."""

import time

import pytest

from jiedui.accounts import passwords
from jiedui.errors import Refused


async def test_the_right_passphrase_matches_however_its_letters_were_composed():
    stored = await passwords.hash_passphrase("cafe\u0301 in the valley")
    assert await passwords.matches(stored, "café in the valley")
    assert not await passwords.matches(stored, "cafe in the valley")


async def test_nobody_has_a_passphrase_that_matches():
    assert not await passwords.matches(None, "")
    assert not await passwords.matches("not a hash", "anything at all")


async def test_an_unknown_login_costs_as_much_as_a_known_one():
    stored = await passwords.hash_passphrase("seven quiet rivers")

    async def seconds(hash_: str | None) -> float:
        begun = time.process_time()
        await passwords.matches(hash_, "wrong")
        return time.process_time() - begun

    known = min([await seconds(stored) for _ in range(5)])
    unknown = min([await seconds(None) for _ in range(5)])
    assert unknown > known / 2


@pytest.mark.parametrize("poor", ["short", "aaaaaaaaaaaaaaa", "123456789012", "fengdu-fengdu"])
def test_what_anybody_would_guess_is_refused(poor):
    with pytest.raises(Refused):
        passwords.check_acceptable(poor, login="fengdu")


def test_a_short_sentence_is_accepted_in_any_script():
    passwords.check_acceptable("七条安静的河流都向东边流去", login="fengdu")
