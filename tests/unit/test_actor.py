"""A role nobody knows, and an area above counties, open nothing."""

from importlib import import_module
from uuid import uuid4

import pytest

from jiedui.actor import Actor
from jiedui.errors import Forbidden
from jiedui.store.scope import Policy

CONCEPTS = (
    "accounts", "audit", "consents", "desks", "households", "jobs", "ledgers", "notices", "pairs", "regions",
    "rounds", "volunteers",
)  # fmt: skip
POLICIES = [
    (concept, policy)
    for concept in CONCEPTS
    for policy in vars(import_module(f"jiedui.{concept}.policy")).values()
    if isinstance(policy, Policy)
]
OF_PEOPLE = {"households", "pairs", "volunteers", "notices"}


@pytest.mark.parametrize(
    "role", ["", "Coordinator", "coordinator ", "admin", "system\x00", "协调员", "granted"]
)
@pytest.mark.parametrize("area", ["500230101201", "500230000000", "0" * 12])
def test_a_role_that_nobody_knows_may_do_nothing(role, area):
    who = Actor(role, area, "x", uuid4(), uuid4(), frozenset({uuid4()}), runs_rounds=True)
    for concept, policy in POLICIES:
        for deed in policy.deeds:
            assert not policy.may(who, deed), (concept, deed)
            with pytest.raises(Forbidden):
                policy.require(who, deed)
            assert policy.visible(who, deed=deed).compile_string()[0] == "false", (concept, deed)


@pytest.mark.parametrize("role", ["coordinator", "administrator", "vetting_officer", "safeguarding_officer"])
@pytest.mark.parametrize("area", ["500200000000", "500000000000", "0" * 12])
def test_above_a_county_no_role_lists_people(role, area):
    who = Actor(role, area, "x", uuid4(), granted=frozenset({uuid4()}))
    for concept, policy in POLICIES:
        for deed in sorted(policy.deeds) if concept in OF_PEOPLE else ():
            condition = policy.visible(who, deed=deed).compile_string()[0]
            one_at_a_time = "ANY" in condition or deed in ("move", "read_codes")
            assert condition == "false" or one_at_a_time, (concept, deed, condition)
