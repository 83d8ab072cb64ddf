"""Both stages of a round from people to answers, without a database."""

import datetime as dt
from dataclasses import replace

import pytest

from jiedui_pairing import all_pairs
from jiedui_pairing.candidates import assembled, in_portions, judged
from jiedui_pairing.people import Households, Inputs, Volunteers, kinds_mask
from jiedui_pairing.policy import standard
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
