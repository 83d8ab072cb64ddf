"""A few families and volunteers with all that may stand between them, for Hypothesis."""

import datetime as dt

import msgspec
from hypothesis import strategies as st

from jiedui_pairing.candidates import first_helpers
from jiedui_pairing.people import Households, Volunteers, kinds_mask
from jiedui_pairing.policy import standard

ON = dt.date(2026, 11, 1)
KINDS = ("companionship", "counselling", "practical")
NEEDS = st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True)
# Few places, so that many live at equal distances; some lie beyond the others' reach.
PLACES = st.sampled_from([(30 + a / 50, 107.7 + b / 10) for a in range(6) for b in range(5)])
KEYS = st.sampled_from([None, None, "a", "b", "c"])


@st.composite
def a_demand(draw):
    """A first stage of a few families and volunteers, with all that may stand between them."""
    base = standard()
    rules = msgspec.structs.replace(
        base.eligibility,
        max_distance_m=draw(st.sampled_from([8_000, 30_000])),
        remote_kinds=draw(st.sampled_from([[], [], ["companionship"]])),
    )
    cost = msgspec.structs.replace(base.cost, load_step=draw(st.sampled_from([0, 500])))
    pack = msgspec.structs.replace(base, eligibility=rules, cost=cost)
    families = draw(st.integers(1, 9))
    givers = draw(st.integers(1, 9))

    def of(count, values):
        return draw(st.lists(values, min_size=count, max_size=count))

    def pairs(most):
        both = st.tuples(st.integers(0, families - 1), st.integers(0, givers - 1))
        return draw(st.lists(both, max_size=most, unique=True))

    running = pairs(3)
    held = [sum(volunteer == row for _, volunteer in running) for row in range(givers)]
    homes, places = of(families, PLACES), of(givers, PLACES)
    return first_helpers(
        Households.of(
            ids=range(families), lat=[lat for lat, _ in homes], lng=[lng for _, lng in homes],
            colour=of(families, st.sampled_from(["red", "yellow", "green"])),
            minor=of(families, st.booleans()),
            needs=[kinds_mask(pack, needs) for needs in of(families, NEEDS)],
            wanted=of(families, st.integers(1, 2)),
            identity_key=of(families, KEYS), phone_key=[None] * families,
        ),
        Volunteers.of(
            ids=range(givers), lat=[lat for lat, _ in places], lng=[lng for _, lng in places],
            offers=[kinds_mask(pack, offers) for offers in of(givers, NEEDS)],
            skills=of(givers, st.sampled_from([(), ("心理咨询",), ("农技",)])),
            capacity=[more + now for more, now in zip(of(givers, st.integers(0, 3)), held, strict=True)],
            held=held, reach_m=of(givers, st.sampled_from([None, 3_000])),
            active=of(givers, st.sampled_from([True, True, True, False])),
            record_check=of(givers, st.sampled_from([None, ON])), trained=of(givers, st.booleans()),
            identity_key=of(givers, KEYS), phone_key=[None] * givers,
        ),
        pack,
        ON,
        never_again=pairs(2),
        pinned=pairs(3),
        forbidden=pairs(3),
        running=running,
    )  # fmt: skip
