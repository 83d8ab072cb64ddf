"""Typed values out of what a browser sends."""

from datetime import date
from typing import Annotated, Literal

import msgspec
import pytest

from jiedui.errors import Refused
from jiedui.web.forms import blank, understand


class Offer(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=20)]
    capacity: Annotated[int, msgspec.Meta(ge=1, le=20)]
    kind: Literal["caring_mother", "helper"]
    skills: Annotated[list[str], msgspec.Meta(min_length=1)]
    times: list[str] = []
    reach_km: Annotated[int, msgspec.Meta(ge=1)] | None = None
    since: date | None = None
    agreed: bool = False

    def __post_init__(self):
        if self.kind == "helper" and self.capacity > 10:
            raise Refused("A helper takes ten at most.", field="capacity")


GOOD = {"name": ["张三"], "capacity": ["3"], "kind": ["helper"], "skills": ["英语"]}


def test_one_ticked_box_is_a_list_of_one_and_a_tick_is_true():
    form = understand({**GOOD, "agreed": ["on"], "times": ["weekend"]}, Offer)
    assert form.ok
    assert form.value == Offer("张三", 3, "helper", ["英语"], times=["weekend"], agreed=True)


def test_blank_fields_are_fields_left_out():
    form = understand({**GOOD, "reach_km": [""], "since": ["  "], "times": [""]}, Offer)
    assert form.value == Offer("张三", 3, "helper", ["英语"])


def test_full_width_digits_are_digits_and_chinese_punctuation_stays():
    form = understand(
        {**GOOD, "capacity": ["１２"], "kind": ["caring_mother"], "name": ["　张三，Ａ组 "]}, Offer
    )
    assert form.value.capacity == 12
    assert form.value.name == "张三，A组"


def test_every_mistake_is_told_at_once_and_all_that_was_typed_is_kept():
    typed = {"name": ["张" * 21], "capacity": ["很多"], "kind": ["teacher"], "since": ["昨天"], "note": ["x"]}
    form = understand(typed, Offer)
    assert set(form.errors) == {"name", "capacity", "kind", "since", "skills"}
    assert form.errors["name"].params == {"n": "20"}
    assert form.errors["capacity"].msgid == "Please write a whole number."
    assert form.errors["kind"].msgid == "Please choose one of the options."
    assert form.errors["since"].msgid == "Please write the date like this: 2026-06-01."
    assert form.errors["skills"].msgid == "Please choose at least one."
    assert form.status == 422
    for name, values in typed.items():
        assert form.text(name) == values[0]


@pytest.mark.parametrize(
    ("capacity", "msgid"), [("0", "Please write {n} or more."), ("21", "Please write {n} or less.")]
)
def test_a_number_outside_its_limits_is_told_the_limit(capacity, msgid):
    form = understand({**GOOD, "capacity": [capacity]}, Offer)
    assert form.errors["capacity"].msgid == msgid


def test_a_missing_field_is_asked_for():
    form = understand({}, Offer)
    assert form.errors["name"].msgid == "Please fill this in."


def test_a_rule_between_fields_speaks_at_its_field():
    form = understand({**GOOD, "capacity": ["11"]}, Offer)
    assert form.errors["capacity"].msgid == "A helper takes ten at most."


def test_a_form_with_mistakes_has_no_value_to_use_by_accident():
    with pytest.raises(LookupError):
        _ = understand({}, Offer).value


def test_a_form_can_begin_with_what_is_known():
    form = blank(name="张三", skills=["英语", "法律"], agreed=True, reach_km=None)
    assert form.text("name") == "张三"
    assert form.chosen("skills", "法律") and not form.chosen("skills", "护理")
    assert form.chosen("agreed", "on")
    assert form.text("reach_km") == ""


def test_invisible_control_characters_are_left_out():
    assert understand({**GOOD, "name": ["张\u2028三\x07"]}, Offer).value.name == "张三"
