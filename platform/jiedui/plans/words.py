"""How plans and their reasons are said to a coordinator: msgids, and sentences put together."""

import json
from typing import Any

from jiedui.i18n import N_, translate
from jiedui.policies.force import in_force
from jiedui.rounds.words import PINS, PLAN_STATES
from jiedui.store.columns import Row
from jiedui.web.words import colour_name, colour_symbol, colour_tone, km
from jiedui_pairing.policy import Pack
from jiedui_pairing.rules import RULES

__all__ = ["PINS", "PLAN_STATES"]  # a plan's pages say these too

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
    "all_pairs": N_("All pairs that the rules allow were priced: none would make it better"),
}
NOBODY_OFFERS = "offers"
TAKEN = "taken"
_RULES = {rule.name: rule for rule in RULES}
_SHORT = {
    "minors": N_("Not cleared to meet children"),
    "distance": N_("Too far away"),
    "capacity": N_("No free place"),
}
REASON_FILTERS = {
    **{rule.name: _SHORT.get(rule.name, rule.refuses) for rule in RULES},
    TAKEN: N_("Went to other families"),
    NOBODY_OFFERS: N_("Nobody offers it"),
}
SHORTER = "-"
"""In the place of a colour: no family more, but shorter ways."""
WHAT_IFS = {
    "pin": N_("these two were paired"),
    "forbid": N_("these two were not paired"),
    "capacity": N_("a volunteer took more families, or fewer"),
    "join": N_("a new volunteer joined"),
    "leave": N_("a volunteer left"),
    "arrive": N_("a new family asked for help"),
    "drop": N_("a family needed no helper"),
    "clear": N_("a volunteer might meet children"),
    "distance": N_("nobody had to go farther than so many kilometres"),
}
_SUPPOSED = {
    "pin": N_("What if {volunteer} helped {family}?"),
    "forbid": N_("What if {volunteer} did not help {family}?"),
    "capacity": N_("What if {volunteer} took {n} families at most?"),
    "join": N_("What if a new volunteer in {place} took {n} families at most, offering {offer}?"),
    "leave": N_("What if {volunteer} left?"),
    "arrive": N_("What if a new {colour} family in {place} asked for {offer}?"),
    "drop": N_("What if {family} needed no helper?"),
    "clear": N_("What if {volunteer} might meet children?"),
    "distance": N_("What if nobody went farther than {n} km?"),
}
_SUPPOSED_FOR = {
    "capacity": N_("What if {volunteer} took {n} families at most, {family} among them?"),
    "clear": N_("What if {volunteer} might meet children and helped {family}?"),
}
_CHANGES = {
    "capacity": N_("If {name} ({way} away) took one family more, she could help here."),
    "minors": N_("If {name} ({way} away) had a record check in date, she could help here."),
    "forbidden": N_("If {name} ({way} away) were not ruled out for this family, she could help here."),
}
ASKED_AS = {"capacity": "capacity", "minors": "clear", "forbidden": "pin"}
"""The question by which each rule's change can be tried out."""
PINS_REFUSED = {rule.name: rule.refuses for rule in RULES}


def called(name: str, number: str) -> str:
    """Somebody in a sentence: 杜* H500230-00017."""
    return f"{name} {number}"


def village(name: str | None, language: str) -> str:
    """Where somebody lives, as far as the round's area is told."""
    return name or translate(language, N_("has moved away"))


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


def smallest_change(change: dict[str, Any], language: str) -> str:
    """If 王* Z500230000017 (3.2 km away) had a record check in date, she could help here."""
    if change["rule"] == "distance":
        return translate(
            language,
            N_("If {name} came {way}, not {limit} at most, she could help here."),
            name=change["name"],
            way=km(change["distance_m"], language=language),
            limit=km(change["limit_m"], language=language),
        )
    msgid = _CHANGES[change["rule"]]
    if change["rule"] == "minors" and not change["trained"]:
        msgid = N_("If {name} ({way} away) had the training and a record check in date, she could help here.")
    way = km(change["distance_m"], language=language)
    return translate(language, msgid, name=change["name"], way=way)


def shortage(found: Row, kinds: dict[str, str], language: str) -> str:
    """Why no rearranging helps: so many families, so few who may help them; `kinds` by their codes."""
    between = translate(language, N_(", "))
    where = between.join(found["towns"])
    if found["more_townships"]:
        where = translate(
            language, N_("{towns} and {n} more townships"), towns=where, n=found["more_townships"]
        )
    families = N_("{n} families with children") if found["with_children"] else N_("{n} families")
    who = translate(language, families, n=f"{found['families']:,}")
    if found["kinds"]:
        asked = between.join(kinds[one] for one in found["kinds"])
        who = translate(language, N_("{who} who ask for {kinds}"), who=who, kinds=asked)
    msgid = N_(
        "{who} in {villages} villages ({where}) still want {wanted} helpers in all. "
        "Only {volunteers} volunteers may be these, and they have {places} places."
    )
    return translate(
        language,
        msgid,
        who=who,
        villages=f"{found['villages']:,}",
        where=where,
        **{name: f"{found[name]:,}" for name in ("wanted", "volunteers", "places")},
    )


def next_best(pair: Row, language: str) -> str:
    """Whom this family would have instead, and what that would do to the whole plan."""
    instead = pair["runner_up"]
    if instead is None:
        return translate(language, N_("Pinned: nobody else is asked"))
    if not instead:
        return translate(language, N_("Not worked out in this run"))
    said = _instead(pair, instead, language)
    if instead["moved"]:
        said += translate(language, N_("; {n} other families would change helper"), n=f"{instead['moved']:,}")
    return said


_NOBODY_ELSE = (
    N_("Nobody else: this family would go without a helper"),
    N_("Nobody else: this family would go without, and another would get a helper"),
    N_("{name} ({way} away), but then {family} in {village} would lose its helper"),
    N_("{name} ({way} away), but then {family}, which has moved away, would lose its helper"),
)
_NOBODY_MORE = (
    N_("Nobody else: this family would have no further helper"),
    N_("Nobody else: this family would have no further helper, and another would get one"),
    N_("{name} ({way} away), but then {family} in {village} would lose a further helper"),
    N_("{name} ({way} away), but then {family}, which has moved away, would lose a further helper"),
)


def gains(language: str) -> list[tuple[str, str, str, str]]:
    """What a newcomer may bring, the most urgent first: value, tone, symbol, words."""
    more = N_("A {colour} family more")
    return [
        *(
            (code, colour_tone(code), colour_symbol(code),
             translate(language, more, colour=colour_name(code, language=language)))
            for code in in_force().colours
        ),
        (SHORTER, "way", "◆", translate(language, N_("Shorter ways"))),
    ]  # fmt: skip


def _instead(pair: Row, instead: dict[str, Any], language: str) -> str:
    without, another, loses, loses_who_moved = _NOBODY_ELSE if pair["stage"] == 1 else _NOBODY_MORE
    if not instead["volunteer"]:
        return translate(language, another if instead["gains"] else without)
    who = {
        "name": called(pair["next_name"], pair["next_number"]),
        "way": km(instead["distance_m"], language=language),
    }
    if instead["loses"]:
        msgid = loses if pair["loser_village"] else loses_who_moved
        family = called(pair["loser_name"], pair["loser_number"])
        who |= {"family": family, "village": pair["loser_village"]}
    elif instead["difference"] > 0:
        msgid = N_("{name} ({way} away): the whole plan would be worse by as much as {more} of way")
        who["more"] = km(instead["difference"], language=language)
    else:
        msgid = N_("{name} ({way} away), just as good")
    return translate(language, msgid, **who)


def supposed(question: Row, pack: Pack, language: str) -> str:
    """The question about a plan as one sentence."""
    change = question["change"]
    msgid = _SUPPOSED[change["kind"]]
    if change.get("minor"):
        msgid = N_("What if a new {colour} family with children in {place} asked for {offer}?")
    elif change.get("household"):
        msgid = _SUPPOSED_FOR.get(change["kind"], msgid)
    said = {
        "family": called(question["household_name"], question["household_number"]),
        "volunteer": called(question["volunteer_name"], question["number"]),
    }
    if change["kind"] == "join":
        said["offer"] = offer(pack, change["support"], change.get("skilled", False), language)
    if change["kind"] == "arrive":
        said["offer"] = pack.kind_name(change["support"], language)
        said["colour"] = colour_name(change["colour"], language=language)
    return translate(language, msgid, **said, place=question["place"], n=change.get("number"))


def offer(pack: Pack, kind: str, skilled: bool, language: str) -> str:
    """What a newcomer would offer: the kind, and one of the skills it requires or welcomes."""
    either = translate(language, N_(" or "))
    skills = [
        either.join(pack.skill_name(one, language) for one in some)
        for some in (pack.kind_of(kind).required_skills, skilled and pack.kind_of(kind).preferred_skills)
        if some
    ]
    if not skills:
        return pack.kind_name(kind, language)
    msgid = N_("{kind}, with {skills}")
    both = translate(language, N_(", ")).join(skills)
    return translate(language, msgid, kind=pack.kind_name(kind, language), skills=both)


# Less than this would be said as 0.0 km.
_HARDLY_M = 50


def worth(row: Row, language: str) -> str:
    """What a newcomer would bring: a family more, or a shorter way for all together."""
    more, less = km(row["saved_m"], language=language), km(-row["saved_m"], language=language)
    if not row["colour"]:
        return translate(language, N_("The ways would be {way} shorter in all"), way=more)
    colour = colour_name(row["colour"], language=language)
    if abs(row["saved_m"]) < _HARDLY_M:
        return translate(language, N_("One {colour} family more has a helper"), colour=colour)
    if row["saved_m"] >= 0:
        return translate(
            language, N_("One {colour} family more has a helper, and the ways get {way} shorter"),
            colour=colour, way=more,
        )  # fmt: skip
    return translate(
        language, N_("One {colour} family more has a helper, for {way} of way"), colour=colour, way=less
    )


def newcomer(pack: Pack, row: Row, language: str) -> str:
    """The best newcomer of a township as one sentence: what she would offer, what that would bring."""
    return translate(
        language,
        N_("{township}: {offer}. {worth}."),
        township=row["township"],
        offer=offer(pack, row["kind"], row["skilled"], language),
        worth=worth(row, language),
    )


def loaded(text: str | None) -> Any:
    """A JSON column as the database hands it out."""
    return json.loads(text) if text else None
