"""What one more volunteer would be worth: the prices' answer against a round in which she takes part."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from jiedui_matching import solve
from jiedui_matching.repair import LivePlan
from jiedui_pairing import newcomers
from jiedui_pairing.candidates import Candidates, everybody, first_helpers
from jiedui_pairing.newcomers import NewcomerWorth, Places, worth_of_newcomers
from jiedui_pairing.people import Households, Volunteers, joined, kinds_mask
from jiedui_pairing.policy import standard

PACK = standard()
ON = dt.date(2026, 11, 1)
TIERS = {colour: PACK.tier(colour) for colour in PACK.colours} | {None: 0}


def families(*rows: dict[str, object]) -> Households:
    """Green families without children that want company, unless a row says otherwise."""
    plain = {"lat": 30.0, "lng": 107.7, "colour": "green", "minor": False, "wanted": 1, "identity_key": None,
             "phone_key": None, "needs": kinds_mask(PACK, ["companionship"])}  # fmt: skip
    people = [plain | row for row in rows]
    return Households.of(ids=range(len(people)), **{name: [one[name] for one in people] for name in plain})


def helpers(*rows: dict[str, object]) -> Volunteers:
    """Cleared volunteers with one place who offer company, unless a row says otherwise."""
    plain = {"lat": 30.0, "lng": 107.7, "capacity": 1, "held": 0, "reach_m": None, "active": True,
             "skills": set(), "record_check": ON, "trained": True, "identity_key": None, "phone_key": None,
             "offers": kinds_mask(PACK, ["companionship"])}  # fmt: skip
    people = [plain | row for row in rows]
    return Volunteers.of(ids=range(len(people)), **{name: [one[name] for one in people] for name in plain})


def a_county(seed: int, households: int, volunteers: int) -> tuple[Households, Volunteers]:
    """Random people on a square of 40 km, wanting and offering up to three of all kinds."""
    rng = np.random.default_rng(seed)

    def some() -> dict[str, object]:
        codes = rng.choice([kind.code for kind in PACK.kind], size=int(rng.integers(1, 4)), replace=False)
        return {"lat": 30 + 0.3 * rng.random(), "lng": 107.7 + 0.3 * rng.random(), "kinds": codes}

    wanting, offering = [some() for _ in range(households)], [some() for _ in range(volunteers)]
    for one in wanting:
        colour = str(rng.choice(["red", "yellow", "green"]))
        one |= {"needs": kinds_mask(PACK, one.pop("kinds")), "minor": rng.random() < 0.4,
                "colour": colour, "wanted": int(rng.integers(1, 3))}  # fmt: skip
    for one in offering:
        one |= {"offers": kinds_mask(PACK, one.pop("kinds")), "capacity": int(rng.integers(1, 4)),
                "held": int(rng.integers(0, 2)), "trained": rng.random() < 0.6,
                "skills": {str(rng.choice(["心理咨询", "法律", "英语", "护理"]))}}  # fmt: skip
    return families(*wanting), helpers(*offering)


def with_one_more(people: Volunteers, place: Places, at: int, kind: str, skills: set[str]) -> Volunteers:
    """Everybody, and somebody new at this place."""
    spot = {"lat": place.lat[at], "lng": place.lng[at]}
    return joined(people, helpers({**spot, "offers": kinds_mask(PACK, [kind]), "skills": skills}))


def solved(one: Candidates, tier_weight: int) -> tuple[int, dict[int, int]]:
    """What OR-Tools' plan weighs, and the helpers lacking by tier."""
    plan = solve(replace(one.problem, tier_weight=tier_weight), solver="ortools_flow")
    return plan.weight, dict(plan.uncovered)


def worth(candidates: Candidates, places: Places) -> list[NewcomerWorth]:
    return worth_of_newcomers(candidates, LivePlan(candidates.problem).margins(), places)


@pytest.mark.parametrize("seed", range(6))
def test_a_newcomers_worth_is_what_the_round_with_her_gains(seed: int) -> None:
    households, volunteers = a_county(seed, 40, 25 + 5 * seed)
    one = everybody(first_helpers(households, volunteers, PACK, ON))
    places = Places(["A", "B"], np.array([30.05, 30.2]), np.array([107.75, 108.1]))
    found = {(new.code, new.kind, new.skilled): new for new in worth(one, places)}
    unit = one.problem.tier_weight
    (before, lacking), seen = solved(one, unit), 0
    for at, code in enumerate(places.code):
        for kind in PACK.kind:
            plain = 0
            for skilled in [False, True] if kind.preferred_skills else [False]:
                skills = {*kind.required_skills, *(kind.preferred_skills if skilled else [])}
                people = with_one_more(volunteers, places, at, kind.code, skills)
                after, still = solved(everybody(first_helpers(households, people, PACK, ON)), unit)
                gained = {tier for tier, count in lacking.items() if still[tier] != count}
                new = found.get((code, kind.code, skilled))
                assert (new is None) == (before - after == plain)
                if new:
                    assert gained == ({TIERS[new.colour]} if new.colour else set())
                    assert unit * TIERS[new.colour] + new.saved_m == before - after
                plain, seen = before - after, seen + 1
    assert seen == 24
    assert found


def test_half_a_kilometre_less_is_worth_something() -> None:
    household, helper = families({}), helpers({"lat": 30.02})
    one = everybody(first_helpers(household, helper, PACK, ON))
    (new,) = worth(one, Places(["A"], np.array([30.0165]), np.array([107.7])))
    assert (new.kind, new.colour) == ("companionship", None)
    assert 400 < new.saved_m < 600


def test_a_skill_that_the_policy_does_not_weigh_is_not_named() -> None:
    households, volunteers = a_county(1, 20, 10)
    indifferent = structs.replace(PACK, cost=structs.replace(PACK.cost, preferred_skill_missing=0))
    places = Places(["A"], np.array([30.05]), np.array([107.75]))
    for pack, named in ((PACK, True), (indifferent, False)):
        found = worth(everybody(first_helpers(households, volunteers, pack, ON)), places)
        assert any(new.skilled for new in found) is named


def test_where_nobody_could_be_recruited_or_helped_there_is_nothing_to_value() -> None:
    households, volunteers = a_county(1, 6, 4)
    one = everybody(first_helpers(households, volunteers, PACK, ON))
    assert worth(one, Places([], np.zeros(0), np.zeros(0))) == []
    assert worth(one, Places(["far"], np.array([40.0]), np.array([100.0]))) == []
    nobody = everybody(first_helpers(families({"needs": 0}), volunteers, PACK, ON))
    assert worth(nobody, Places(["A"], np.array([30.0]), np.array([107.7]))) == []


def test_portions_value_newcomers_like_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    households, volunteers = a_county(2, 40, 30)
    one = everybody(first_helpers(households, volunteers, PACK, ON))
    places = Places(["A", "B"], np.array([30.05, 30.2]), np.array([107.75, 108.1]))
    whole = worth(one, places)
    monkeypatch.setattr(newcomers, "_AT_ONCE", 7)
    assert worth(one, places) == whole


def test_a_stop_is_heard() -> None:
    households, volunteers = a_county(2, 40, 30)
    one = everybody(first_helpers(households, volunteers, PACK, ON))
    places = Places(["A"], np.array([30.05]), np.array([107.75]))
    with pytest.raises(InterruptedError):
        worth_of_newcomers(one, LivePlan(one.problem).margins(), places, lambda: True)
