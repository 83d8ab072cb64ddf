"""Rules that couple choices, as people state them; no flow can keep them, but a plan is easily checked.

A household is given as the tuple of its slots: volunteers meet there whichever of its slots they take.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from jiedui_matching.problem import Problem
from jiedui_matching.solution import Solution

Household = tuple[int, ...]
Helpers = Mapping[int, Set[int]]


@dataclass(frozen=True)
class Together:
    """Into each of these households all of these volunteers come, or none of them."""

    volunteers: tuple[int, ...]
    households: tuple[Household, ...]

    def broken(self, helpers: Helpers) -> str:
        """Where the plan breaks the rule, or empty."""
        for household in self.households:
            there = _in(household, helpers).intersection(self.volunteers)
            if there and len(there) < len(set(self.volunteers)):
                missing = min(set(self.volunteers) - there)
                return f"household {household} gets volunteer {min(there)} without volunteer {missing}"
        return ""


@dataclass(frozen=True)
class Apart:
    """No two of these volunteers are in the same of these households."""

    volunteers: tuple[int, ...]
    households: tuple[Household, ...]

    def broken(self, helpers: Helpers) -> str:
        """Where the plan breaks the rule, or empty."""
        for household in self.households:
            there = sorted(_in(household, helpers).intersection(self.volunteers))
            if len(there) > 1:
                return f"household {household} gets volunteers {there[0]} and {there[1]}"
        return ""


@dataclass(frozen=True)
class Kin:
    """Whoever helps one of these households helps all of them, so none of them is helped alone."""

    households: tuple[Household, ...]

    def broken(self, helpers: Helpers) -> str:
        """Where the plan breaks the rule, or empty."""
        first, *others = self.households
        for other in others:
            differing = _in(first, helpers) ^ _in(other, helpers)
            if differing:
                return f"volunteer {min(differing)} helps only one of households {first} and {other}"
        return ""


@dataclass(frozen=True)
class Share:
    """At least so many of these slots get a helper: a township's fair minimum."""

    slots: tuple[int, ...]
    least: int

    def broken(self, helpers: Helpers) -> str:
        """Where the plan breaks the rule, or empty."""
        covered = sum(bool(helpers.get(slot)) for slot in set(self.slots))
        if covered < self.least:
            return f"{covered} of the slots {few(self.slots)} are covered, at least {self.least} must be"
        return ""


Coupling = Together | Apart | Kin | Share


def violations(couplings: Sequence[Coupling], solution: Solution) -> Iterator[str]:
    """What of the couplings the plan breaks, told from its pairs alone."""
    helpers = helpers_of(zip(solution.pair_slot.tolist(), solution.pair_volunteer.tolist(), strict=True))
    for at, coupling in enumerate(couplings):
        if broken := coupling.broken(helpers):
            yield f"couplings[{at}]: {broken}"


def helpers_of(pairs: Iterator[tuple[int, int]]) -> Helpers:
    """Who comes to each slot."""
    helpers: dict[int, set[int]] = {}
    for slot, volunteer in pairs:
        helpers.setdefault(slot, set()).add(volunteer)
    return helpers


def slots_of(coupling: Coupling) -> tuple[int, ...]:
    """Every slot the rule speaks of."""
    if isinstance(coupling, Share):
        return coupling.slots
    return tuple(slot for household in coupling.households for slot in household)


def validate(problem: Problem, couplings: Sequence[Coupling]) -> None:
    """Raises ValueError naming the first coupling that does not fit the problem, and why."""
    for at, coupling in enumerate(couplings):
        for slot in slots_of(coupling):
            if not 0 <= slot < problem.slots:
                raise ValueError(f"couplings[{at}]: slot {slot}: there are {problem.slots} slots")
        if isinstance(coupling, Together | Apart):
            for volunteer in coupling.volunteers:
                if not 0 <= volunteer < problem.volunteers:
                    raise ValueError(
                        f"couplings[{at}]: volunteer {volunteer}: there are {problem.volunteers} volunteers"
                    )
            if len(set(coupling.volunteers)) < 2:
                raise ValueError(f"couplings[{at}]: must name two volunteers")
        if isinstance(coupling, Kin) and len(coupling.households) < 2:
            raise ValueError(f"couplings[{at}]: must name two households")
        if isinstance(coupling, Share) and not 0 <= coupling.least <= len(set(coupling.slots)):
            raise ValueError(
                f"couplings[{at}]: least is {coupling.least}: it speaks of {len(set(coupling.slots))} slots"
            )


def few(numbers: Sequence[int]) -> str:
    """The first five of them: a sentence is read by people."""
    return ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")


def _in(household: Household, helpers: Helpers) -> frozenset[int]:
    none: frozenset[int] = frozenset()
    return none.union(*(helpers.get(slot, none) for slot in household))
