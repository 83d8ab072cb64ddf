"""Why a family is left out, and the smallest change that would help it: every answer solved again by OR-Tools."""

import datetime as dt

import numpy as np
import pytest

from jiedui.policies.pack import standard
from jiedui.rounds.candidates import Candidates, build_stage_one
from jiedui.rounds.people import Households, Volunteers, kinds_mask

PACK = standard()
ON = dt.date(2026, 11, 1)
KINDS = ("companionship", "tutoring", "counselling", "practical")


def a_round(seed: int, households: int, volunteers: int, *, span: float = 0.3) -> Candidates:
    """A county in small: random people on a square of so many degrees, a third of them with children."""
    rng = np.random.default_rng(seed)
    spot = {"lat": 30 + span * rng.random(households), "lng": 107.7 + span * rng.random(households)}
    home = {"lat": 30 + span * rng.random(volunteers), "lng": 107.7 + span * rng.random(volunteers)}

    def some(most: int) -> int:
        return kinds_mask(PACK, rng.choice(KINDS, size=int(rng.integers(1, most + 1)), replace=False))

    families = Households(
        ids=range(households), **spot, colour=rng.choice(["red", "yellow", "green"], households).tolist(),
        minor=rng.random(households) < 0.4, needs=np.array([some(2) for _ in range(households)]),
        wanted=rng.integers(1, 3, households), identity_key=[None] * households,
        phone_key=[None] * households,
    )  # fmt: skip
    helpers = Volunteers(
        ids=range(volunteers), **home, offers=np.array([some(3) for _ in range(volunteers)]),
        skills=[{"心理咨询"} if rng.random() < 0.5 else {"英语"} for _ in range(volunteers)],
        capacity=rng.integers(1, 4, volunteers), held=rng.integers(0, 3, volunteers),
        reach_m=rng.choice([5_000, 15_000, 40_000], volunteers), active=rng.random(volunteers) < 0.9,
        record_check=[ON if rng.random() < 0.6 else None for _ in range(volunteers)],
        trained=rng.random(volunteers) < 0.8, identity_key=[None] * volunteers,
        phone_key=[None] * volunteers,
    )  # fmt: skip
    forbidden = [(int(h), int(v)) for h, v in rng.integers(0, [households, volunteers], (5, 2))]
    return build_stage_one(families, helpers, PACK, ON, forbidden=forbidden)


@pytest.mark.parametrize("seed", range(5))
def test_one_covered_family_outweighs_whatever_any_plan_costs(seed: int) -> None:
    problem = a_round(seed, 12, 8).problem
    dearest = problem.wanted.sum() * (problem.arc_cost.max() + problem.load_step * problem.capacity.max())
    assert problem.tier_weight > 4 * dearest
