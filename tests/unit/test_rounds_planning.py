"""Both stages of a round from people to answers, without a database."""

import datetime as dt
from dataclasses import replace

import msgspec
import pytest

from jiedui_pairing import all_pairs
from jiedui_pairing.candidates import assembled, in_portions, judged
from jiedui_pairing.people import Households, Inputs, Volunteers, kinds_mask
from jiedui_pairing.policy import StagePolicy, from_data, standard
from jiedui_pairing.stages import STEPS, plan

PACK = standard()


def people(households, volunteers, **lists):
    """So many red families that want company and help on the farm, and volunteers for each in turn."""
    talk, farm = kinds_mask(PACK, ["companionship"]), kinds_mask(PACK, ["practical"])
    return Inputs(
        households=Households.of(
            ids=range(households), lat=[30.0 + row / 100 for row in range(households)],
            lng=[107.7] * households, colour=["red"] * households, minor=[False] * households,
            needs=[talk | farm] * households, wanted=[1] * households,
            identity_key=[None] * households, phone_key=[None] * households,
        ),
        volunteers=Volunteers.of(
            ids=range(volunteers), lat=[30.0 + row / 100 for row in range(volunteers)],
            lng=[107.7] * volunteers, offers=[(talk, farm)[row % 2] for row in range(volunteers)],
            skills=[set()] * volunteers, capacity=[1] * volunteers, held=[0] * volunteers,
            reach_m=[None] * volunteers, active=[True] * volunteers, record_check=[None] * volunteers,
            trained=[False] * volunteers, identity_key=[None] * volunteers, phone_key=[None] * volunteers,
        ),
        pack=PACK, dated=dt.date(2026, 11, 1), hash="", villages=["990101101201"] * households,
        **{"running": (), "never_again": (), "pinned": (), "forbidden": ()} | lists,
    )  # fmt: skip


def test_both_stages_are_planned_checked_and_kept_for_further_questions():
    heard = []
    stages = list(plan(people(3, 7), heard.append, lambda: False))
    assert [stage.number for stage in stages] == [1, 2]
    assert heard == list(range(len(STEPS)))
    for stage in stages:
        assert stage.report.passed
        assert stage.report.checks[-1].name == "all_pairs"
        assert stage.solution.status == "optimal"
        assert stage.covered["red"] == (3, 3)
        assert stage.plan.solution().pair_arc.tolist() == stage.solution.pair_arc.tolist()


def test_a_plan_for_want_of_the_best_pair_of_all_does_not_pass(monkeypatch):
    def but_the_nearest(demand):
        (pairs,) = map(judged, in_portions(demand.setting, demand.rows))
        return assembled(demand, pairs[:, pairs[2] > 0])

    monkeypatch.setattr(all_pairs, "everybody", but_the_nearest)
    (first, _) = plan(people(3, 7), lambda _: None, lambda: False)
    assert list(first.report.violations) == ["all_pairs"]


def test_a_further_question_can_be_asked_of_the_plan():
    (first, _) = plan(people(1, 2), lambda _: None, lambda: False)
    chosen = int(first.solution.pair_volunteer[0])
    first.plan.forbid(0, chosen)
    assert first.plan.solution().pair_volunteer.tolist() == [1 - chosen]


def with_stages(count):
    """A pack in which a family gets so many helpers, one in each stage."""
    stages = [StagePolicy({"zh_CN": f"第{n}位"}, n) for n in range(1, count + 1)]
    return msgspec.structs.replace(PACK, stage=stages)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_policy_says_how_many_stages_there_are(count):
    inputs = people(2, 9)
    kinds = [kinds_mask(PACK, [code]) for code in ("companionship", "practical", "material")]
    inputs = replace(
        inputs, pack=with_stages(count), pinned=((0, 0), (0, 4)),
        households=replace(inputs.households, needs=[sum(kinds)] * 2),
        volunteers=replace(inputs.volunteers, offers=[kinds[row % 3] for row in range(9)]),
    )  # fmt: skip
    stages = list(plan(inputs, lambda _: None, lambda: False))
    assert [stage.number for stage in stages] == list(range(1, count + 1))
    assert all(stage.report.passed and len(chosen(stage)) == 2 for stage in stages)
    assert len({pair for stage in stages for pair in chosen(stage)}) == 2 * count
    assert [set(chosen(stage)) & {(0, 0), (0, 4)} for stage in stages] == [{(0, 0)}, {(0, 4)}, set()][:count]


def test_a_pack_stored_before_stages_were_a_list_is_read_as_it_was_meant():
    stored = msgspec.to_builtins(PACK)
    del stored["stage"]
    stored["helpers"] = {"ratio": 1, "max_helpers": 2, "second_helper_colours": ["red", "yellow"]}
    assert from_data(stored) == PACK
    stored["helpers"]["max_helpers"] = 1
    assert [stage.helpers for stage in from_data(stored).stage] == [1]
    stored["helpers"]["ratio"] = 0
    with pytest.raises(ValueError, match=r"policy pack: .*ratio"):
        from_data(stored)


@pytest.mark.parametrize(("said_no", "complete"), [(0, 0), (10**6, 2)])
def test_once_stopped_only_what_is_complete_comes_back(said_no, complete):
    answers = iter([False] * said_no)
    assert len(list(plan(people(3, 7), lambda _: None, lambda: next(answers, True)))) == complete


def chosen(stage):
    pairs = stage.candidates.chosen(stage.solution)
    return list(zip(pairs.household.tolist(), pairs.volunteer.tolist(), strict=True))


@pytest.mark.parametrize("talker", [0, 2])
@pytest.mark.parametrize("farmer", [1, 3])
def test_of_equally_good_plans_the_one_made_before_is_made_again_in_both_stages(talker, farmer):
    inputs = people(1, 4)
    volunteers = replace(inputs.volunteers, lat=[30.0] * 4, lng=[107.7] * 4)
    earlier = {1: ((0, talker),), 2: ((0, farmer),)}
    first, second = plan(
        replace(inputs, volunteers=volunteers, earlier=earlier), lambda _: None, lambda: False
    )
    # Farm work welcomes a skill that nobody has, so company comes first.
    assert chosen(first) == [(0, talker)]
    assert chosen(second) == [(0, farmer)]
