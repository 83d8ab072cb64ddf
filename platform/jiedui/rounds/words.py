"""How rounds, plans and their reasons are said to a coordinator: msgids, and sentences put together."""

import json
from typing import Any

from jiedui.i18n import N_, translate
from jiedui.rounds.eligibility import RULES
from jiedui.web.words import km

ROUND_STATES = {"draft": N_("Draft"), "published": N_("Published"), "cancelled": N_("Put aside")}
PLAN_STATES = {
    "queued": N_("Waiting"),
    "running": N_("Being calculated"),
    "ready": N_("Ready"),
    "failed": N_("Failed"),
    "stopped": N_("Stopped"),
}
STAGES = {1: N_("First helper"), 2: N_("Second helper")}
WISHES = {"pin": N_("Pinned"), "forbid": N_("Forbidden")}
PAIR_SORTS = {
    "far": N_("Farthest first"),
    "near": N_("Nearest first"),
    "cost": N_("Highest cost first"),
    "village": N_("By village"),
}
CHECKS = {
    "arcs": N_("Every pair is one that all rules allow"),
    "repeats": N_("Nobody is paired twice with the same family"),
    "wanted": N_("No family gets more helpers than it wants"),
    "capacity": N_("No volunteer gets more families than she has places"),
    "pinned": N_("Every pinned pair is in the plan"),
    "coverage": N_("The families covered were counted again"),
    "cost": N_("The cost was added up again"),
    "prices": N_("The prices that prove it are sound"),
    "optimal": N_("No other plan covers more, or costs less"),
}
NOBODY_OFFERS = "offers"
TAKEN = "taken"
_RULES = {rule.name: rule for rule in RULES}
REASON_FILTERS = {
    "minors": N_("Not cleared to meet children"),
    "distance": N_("Too far away"),
    "capacity": N_("No free place"),
    TAKEN: N_("Went to other families"),
    NOBODY_OFFERS: N_("Nobody offers it"),
}
PINS_REFUSED = {rule.name: rule.refuses for rule in RULES}


def why_left_out(reasons: dict[str, Any], language: str) -> str:
    """41 volunteers offer it: 30 are not cleared to meet children; 11 could, but went to other families."""
    if not reasons["offering"]:
        return translate(language, N_("No volunteer of this area offers what this family asks for."))
    parts = [
        translate(language, _RULES[name].counts, n=f"{n:,}")
        for name, n in sorted(reasons["refused"].items(), key=lambda item: -item[1])
    ]
    if reasons["taken"]:
        taken = N_("{n} could come, but their places went to other families")
        parts.append(translate(language, taken, n=f"{reasons['taken']:,}"))
    between = translate(language, N_("; "))
    return translate(
        language,
        N_("{n} volunteers offer it: {parts}."),
        n=f"{reasons['offering']:,}",
        parts=between.join(parts),
    )


def next_best(distance_m: int, runner_up: dict[str, Any] | None, language: str) -> str:
    """How the runner-up compares, in words: 2.3 km farther, or as near but no better."""
    if not runner_up:
        return translate(language, N_("Nobody else could"))
    more = runner_up["distance_m"] - distance_m
    if abs(more) < 50:
        said = translate(language, N_("The next one is as near"))
    else:
        msgid = N_("The next one is {way} farther") if more > 0 else N_("The next one is {way} nearer")
        said = translate(language, msgid, way=km(abs(more), language=language))
    if not runner_up["has_room"]:
        said += translate(language, N_(", but her places are taken"))
    elif more < 50 and runner_up["difference"] > 0:
        said += translate(language, N_(", but fits less well"))
    return said


def loaded(text: str | None) -> Any:
    """A JSON column as the database hands it out."""
    return json.loads(text) if text else None
