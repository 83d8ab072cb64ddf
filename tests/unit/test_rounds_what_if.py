"""One change, planned again: the figures are those of the best plan with it, and nobody moves for nothing."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from jiedui.errors import Refused
from jiedui.plans.questions import NEWCOMER, Change
from jiedui.plans.what_if import MOST_MOVED, changed, difference
from jiedui_matching import Solution, solve
from jiedui_matching.repair import LivePlan
from jiedui_pairing.candidates import everybody
from jiedui_pairing.newcomers import Places, worth_of_newcomers
from jiedui_pairing.people import Households, Inputs, Volunteers, kinds_mask
from jiedui_pairing.policy import standard
from jiedui_pairing.stages import first_demand

PACK = standard()
ON = dt.date(2026, 11, 1)
TOWNSHIPS = Places(["A", "B"], np.array([30.02, 30.15]), np.array([107.05, 107.18]))
COLOURS = {3: "red", 2: "yellow", 1: "green"}
CHANGES = (
    Change("pin", "h3", "v4"), Change("forbid", "h0", "v0"), Change("capacity", volunteer="v1", number=6),
    Change("capacity", volunteer="v1", number=0), Change("leave", volunteer="v2"),
    Change("drop", household="h5"), Change("clear", volunteer="v3"), Change("distance", number=9),
    Change("capacity", "h2", "v0", number=5), Change("clear", "h9", "v6"),
    Change("join", number=3, place="A", support="companionship"),
    Change("join", number=1, place="B", support="practical", skilled=True),
    Change("arrive", place="A", support="practical", colour="red"),
    Change("arrive", place="B", support="companionship", colour="green", minor=True),
)  # fmt: skip


def a_round(seed: int, households: int = 40, volunteers: int = 25) -> Inputs:
    """Random people on a square of 30 km who want and offer company or help on the farm."""
    rng = np.random.default_rng(seed)
    talk, farm = kinds_mask(PACK, ["companionship"]), kinds_mask(PACK, ["practical"])

    def spots(count: int) -> dict[str, list[float]]:
        return {
            "lat": (30 + 0.2 * rng.random(count)).tolist(),
            "lng": (107 + 0.2 * rng.random(count)).tolist(),
        }

    return Inputs(
        households=Households.of(
            ids=[f"h{row}" for row in range(households)], **spots(households), wanted=[1] * households,
            colour=rng.choice(["red", "yellow", "green"], households).tolist(),
            minor=(rng.random(households) < 0.3).tolist(), needs=[talk | farm] * households,
            identity_key=[None] * households, phone_key=[None] * households,
        ),
        volunteers=Volunteers.of(
            ids=[f"v{row}" for row in range(volunteers)], **spots(volunteers), held=[0] * volunteers,
            offers=rng.choice([talk, farm], volunteers).tolist(), skills=[set()] * volunteers,
            capacity=rng.integers(1, 3, volunteers).tolist(), reach_m=[None] * volunteers,
            active=[True] * volunteers, record_check=[ON] * volunteers,
            trained=(rng.random(volunteers) < 0.5).tolist(), identity_key=[None] * volunteers,
            phone_key=[None] * volunteers,
        ),
        pack=PACK, dated=ON, running=(), never_again=(), pinned=(), forbidden=(), hash="",
        villages=["990101101201"] * households,
    )  # fmt: skip


def best(inputs: Inputs) -> tuple[Solution, dict[tuple[str, str], int]]:
    """OR-Tools' plan, and its pairs by name with their metres."""
    one = everybody(first_demand(inputs))
    plan = solve(one.problem, solver="ortools_flow")
    chosen, metres = one.chosen(plan), one.distance_m[plan.pair_arc].tolist()
    names = zip(chosen.household.tolist(), chosen.volunteer.tolist(), metres, strict=True)
    return plan, {(inputs.households.ids[h], inputs.volunteers.ids[v]): m for h, v, m in names}


def answered(inputs: Inputs, change: Change, earlier: object = ()) -> dict:
    return difference(inputs, TOWNSHIPS, earlier, change, lambda _: None, lambda: False)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.kind}{change.number or ''}")
@pytest.mark.parametrize("seed", range(4))
def test_both_sides_are_best_plans_and_moves_are_what_differs(seed: int, change: Change) -> None:
    inputs = a_round(seed)
    plan, pairs = best(inputs)
    supposed, _ = best(changed(inputs, change, TOWNSHIPS))
    answer = answered(inputs, change, pairs)
    assert answer["cost"] == [plan.cost, supposed.cost]
    for tier, colour in COLOURS.items():
        for side, each in enumerate((plan, supposed)):
            got, wanted = answer["covered"][colour][side]
            assert wanted - got == each.uncovered.get(tier, 0)
    after = dict(pairs)
    for one in answer["moved"]:
        if one["from"][0]:
            assert after.pop((one["household"], one["from"][0])) == one["from"][1]
        if one["to"][0]:
            after[one["household"], one["to"][0]] = one["to"][1]
    assert answer["moves"] == len(answer["moved"])
    assert answer["mean_m"] == [round(sum(each.values()) / len(each)) for each in (pairs, after)]
    assert [one[2] for one in answer["farthest"]] == [max(each.values()) for each in (pairs, after)]
    asked_for = (change.household, change.volunteer) in after
    assert asked_for is (change.household is not None and change.kind not in ("forbid", "drop"))
    taking_part = any(str(NEWCOMER) in pair for pair in after)
    assert answer["in_vain"] is (change.kind in ("join", "arrive") and not taking_part)


def two_villages(seed: int) -> Inputs:
    """Everybody lives in one of two villages, so that thousands of plans are equally good."""
    inputs = a_round(seed)
    home = replace(inputs.households, lat=30 + 0.1 * (np.arange(40) % 2), lng=np.full(40, 107.0))
    helpers = replace(inputs.volunteers, lat=np.full(25, 30.0), lng=np.full(25, 107.0))
    return replace(inputs, households=home, volunteers=helpers)


@pytest.mark.parametrize("seed", range(4))
def test_a_change_that_changes_nothing_moves_nobody_among_equally_good_plans(seed: int) -> None:
    inputs = two_villages(seed)
    _, pairs = best(inputs)
    free = next(v for v in range(25) if inputs.volunteers.trained[v])
    answer = answered(inputs, Change("clear", volunteer=f"v{free}"), pairs)
    assert (answer["moves"], answer["moved"]) == (0, [])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("published", [True, False])
def test_whoever_leaves_moves_her_own_families_and_hardly_anybody_else(seed: int, published: bool) -> None:
    inputs = two_villages(seed)
    pairs = best(inputs)[1] if published else {}
    answer = answered(inputs, Change("leave", volunteer="v1"), pairs)
    assert 0 < answer["moves"] <= 4
    told = {(one["household"], one["from"][0]) for one in answer["moved"] if one["from"][0]}
    assert told <= pairs.keys() or not published


def test_families_who_lose_or_gain_stand_before_those_who_only_change() -> None:
    inputs = a_round(2)
    answer = answered(inputs, Change("distance", number=6), best(inputs)[1])
    kinds = [(bool(one["to"][0]), bool(one["from"][0])) for one in answer["moved"]]
    assert kinds == sorted(kinds)
    assert len(set(kinds)) == 3


def test_only_so_many_moves_are_named_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jiedui.plans.what_if.MOST_MOVED", 1)
    answer = answered(a_round(1), Change("distance", number=3), best(a_round(1))[1])
    assert answer["moves"] > 1
    assert len(answer["moved"]) == 1
    assert MOST_MOVED > 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change("leave", volunteer="nobody"), "no longer part of this round"),
        (Change("drop", household="nobody"), "no longer part of this round"),
        (Change("pin", "h0", "nobody"), "no longer part of this round"),
        (Change("join", number=1, place="C", support="practical"), "no longer has a place on the map"),
    ],
)
def test_people_who_are_not_in_the_round_cannot_be_supposed(change: Change, said: str) -> None:
    with pytest.raises(Refused, match=said):
        answered(a_round(0), change)


def test_a_pin_that_no_rule_allows_is_refused_with_the_rule() -> None:
    inputs = a_round(0)
    far = inputs.volunteers.lat.copy()
    far[0] = 35.0
    inputs = replace(inputs, volunteers=replace(inputs.volunteers, lat=far))
    with pytest.raises(Refused, match="too far apart"):
        answered(inputs, Change("pin", "h0", "v0"))
    helped = replace(inputs, running=((0, 1),), pinned=())
    with pytest.raises(Refused, match="has all the helpers it wants"):
        answered(helped, Change("pin", "h0", "v2" if inputs.volunteers.trained[2] else "v3"))


def test_a_pin_takes_the_place_of_a_ban_and_the_other_way_round() -> None:
    inputs = replace(a_round(0), pinned=((0, 0), (1, 1)), forbidden=((2, 2),))
    assert changed(inputs, Change("forbid", "h0", "v0"), TOWNSHIPS).pinned == ((1, 1),)
    assert changed(inputs, Change("forbid", "h0", "v0"), TOWNSHIPS).forbidden == ((2, 2), (0, 0))
    assert changed(inputs, Change("pin", "h2", "v2"), TOWNSHIPS).forbidden == ()
    assert changed(inputs, Change("pin", "h2", "v2"), TOWNSHIPS).pinned == ((0, 0), (1, 1), (2, 2))


@pytest.mark.parametrize("seed", range(3))
def test_somebody_who_joins_gains_what_the_list_of_where_to_recruit_promises(seed: int) -> None:
    inputs = a_round(seed)
    one = everybody(first_demand(inputs))
    worth = worth_of_newcomers(one, LivePlan(one.problem).margins(), TOWNSHIPS)
    pairs = best(inputs)[1]
    assert worth
    for new in worth:
        change = Change("join", number=1, place=new.code, support=new.kind, skilled=new.skilled)
        answer = answered(inputs, change, pairs)
        gained = {colour for colour, ((before, _), (after, _)) in answer["covered"].items() if after > before}
        assert gained == ({new.colour} if new.colour else set())
        assert answer["cost"][0] - answer["cost"][1] == new.saved_m
        assert not answer["in_vain"]


def test_somebody_new_whom_nobody_can_reach_changes_nothing() -> None:
    inputs, far = a_round(0), Places(["A"], np.array([40.0]), np.array([90.0]))
    pairs = best(inputs)[1]
    for change in (
        Change("join", number=2, place="A", support="practical"),
        Change("arrive", place="A", support="practical", colour="red"),
    ):
        answer = difference(inputs, far, pairs, change, lambda _: None, lambda: False)
        assert (answer["moves"], answer["in_vain"]) == (0, True)
        (before, wanted), (after, wanted_then) = answer["covered"]["red"]
        assert (after - before, wanted_then - wanted) == (0, int(change.kind == "arrive"))


def test_a_family_with_children_gets_nobody_who_is_not_cleared() -> None:
    inputs = a_round(0)
    untrained = replace(inputs, volunteers=replace(inputs.volunteers, trained=np.zeros(25, dtype=bool)))
    family = Change("arrive", place="A", support="companionship", colour="red")
    assert not answered(untrained, family)["in_vain"]
    assert answered(untrained, structs.replace(family, minor=True))["in_vain"]
    assert not answered(inputs, structs.replace(family, minor=True))["in_vain"]


def test_a_stop_is_heard() -> None:
    with pytest.raises(InterruptedError):
        difference(a_round(0), TOWNSHIPS, (), Change("leave", volunteer="v0"), lambda _: None, lambda: True)
