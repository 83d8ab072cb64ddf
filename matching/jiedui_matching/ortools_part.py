"""One connected part of a problem as a CP-SAT model: a yes or no for every arc, and the couplings."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from jiedui_matching.couplings import Coupling, Household, Kin, Share, Together, slots_of
from jiedui_matching.problem import LIMIT, Ints, Mask, Problem
from jiedui_matching.solution import cost_of

# How often a running search is told what `stop` says, in seconds.
_LOOK = 0.02


@dataclass(frozen=True, eq=False)
class Choice:
    """Optimal, stopped, or infeasible: then the pinned pairs alone are chosen.

    No allowed plan that covers as well as this one, tier by tier, weighs less than `bound`; without
    couplings no plan at all does.
    """

    chosen: Mask
    status: str
    bound: int


class Part:
    """The arcs and slots of one connected part, with the couplings that speak of them."""

    def __init__(
        self, problem: Problem, arcs: Ints, slots: Ints, couplings: Sequence[Coupling], seed: int
    ) -> None:
        self.model, self.seed = cp_model.CpModel(), seed
        self.problem, self.arcs, self.slots, self.couplings = problem, arcs, slots, couplings
        self.x = [self._yes_no() for _ in arcs]
        self._tier = problem.tier[problem.arc_slot[arcs]]
        self.at_slot: dict[int, dict[int, Any]] = defaultdict(dict)
        of_volunteer: dict[int, list[Any]] = defaultdict(list)
        ends = zip(problem.arc_slot[arcs].tolist(), problem.arc_volunteer[arcs].tolist(), strict=True)
        for x, (slot, volunteer) in zip(self.x, ends, strict=True):
            self.at_slot[slot][volunteer] = x
            of_volunteer[volunteer].append(x)
        for x in np.array(self.x, dtype=object)[problem.pinned[arcs]]:
            self.model.add(x == 1)
        for slot, there in self.at_slot.items():
            self._at_most(list(there.values()), int(problem.wanted[slot]))
        self.cost = list(zip(self.x, problem.arc_cost[arcs].tolist(), strict=True))
        for volunteer, theirs in of_volunteer.items():
            self._places(volunteer, theirs)
        for coupling in couplings:
            self._couple(coupling)

    def weight(self, taken: Mask) -> int:
        """What these arcs weigh, and the slots of this part that they leave out."""
        problem, arcs = self.problem, self.arcs[taken]
        lacking = problem.wanted - np.bincount(problem.arc_slot[arcs], minlength=problem.slots)
        weights = problem.tier_weight * problem.tier[self.slots] * lacking[self.slots].astype(object)
        chosen = np.zeros(problem.arcs, dtype=np.bool_)
        chosen[arcs] = True
        return cost_of(problem, chosen) + int(weights.sum())

    def solve(self, start: Mask, stop: Callable[[], bool]) -> Choice:
        """All at once by weight, then tier by tier if couplings made weights trade one for another.

        The start weighs no more than any plan that keeps the couplings, so it gives the first bound;
        a plan that covers every tier as well as the start needs no second look.
        """
        least, weight = self.weight(start), self.problem.tier_weight
        tiers = self._tiers()
        everything = [(x, -weight * tier) for tier, covered in tiers.items() for x in covered]
        status, best, slack = self._minimise(self.cost + everything, start, stop)
        if status == cp_model.INFEASIBLE:
            return Choice(self.problem.pinned[self.arcs], "infeasible", least)
        if best is None:
            return Choice(self.problem.pinned[self.arcs], "stopped", least)
        if status != cp_model.OPTIMAL:
            return Choice(best, "stopped", max(least, self.weight(best) - slack))
        settled = not self.couplings or not self.problem.coverage_first
        if settled or self._coverage(best) == self._coverage(start):
            return Choice(best, "optimal", self.weight(best))
        found = best
        for tier in sorted(tiers, reverse=True):
            covered = [(x, -weight) for x in tiers[tier]]
            status, answer, _ = self._minimise(self.cost + covered, found, stop)
            if status != cp_model.OPTIMAL or answer is None:
                return Choice(best, "stopped", least)
            found = answer
            self.model.add(self._sum(tiers[tier]) == self._coverage(found)[tier])
        return Choice(found, "optimal", self.weight(found))

    def _tiers(self) -> dict[int, list[Any]]:
        tiers: dict[int, list[Any]] = defaultdict(list)
        for x, tier in zip(self.x, self._tier.tolist(), strict=True):
            tiers[tier].append(x)
        return tiers

    def _coverage(self, taken: Mask) -> Counter[int]:
        return Counter(self._tier[taken].tolist())

    def _minimise(
        self, terms: list[tuple[Any, int]], hint: Mask, stop: Callable[[], bool]
    ) -> tuple[Any, Mask | None, int]:
        """The solver's status, the arcs it takes, and how far the objective may be from the best."""
        largest = sum(abs(coefficient) for _, coefficient in terms)
        if largest >= LIMIT:
            raise ValueError(f"one part's costs add up to {largest}: CP-SAT needs less than 2^62")
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for x, value in zip(self.x, hint.tolist(), strict=True):
            self.model.add_hint(x, value)
        self.model.minimize(self._weighed(terms))
        solver = cp_model.CpSolver()
        # One worker: the same seed gives the same plan. Ctrl-C belongs to whoever called.
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = self.seed
        solver.parameters.catch_sigint_signal = False
        # Gaps are compared as doubles, which beyond 2^53 take one plan for another: only equality will do.
        solver.parameters.absolute_gap_limit = 0.0
        # Without couplings it is an assignment: nothing is found out beforehand that is worth the time.
        solver.parameters.cp_model_presolve = bool(self.couplings)
        solver.parameters.cp_model_probing_level = 0
        with _told(solver.stop_search, stop):
            status = solver.solve(self.model)
        if status == cp_model.MODEL_INVALID:
            raise ValueError(f"CP-SAT refuses the problem: {self.model.validate()}")
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return status, None, 0
        taken = np.array([solver.boolean_value(x) for x in self.x], dtype=np.bool_)
        value = sum(coefficient * int(solver.boolean_value(x)) for x, coefficient in terms)
        return status, taken, value - int(solver.response_proto.inner_objective_lower_bound)

    def _places(self, volunteer: int, theirs: list[Any]) -> None:
        room, step = int(self.problem.room[volunteer]), self.problem.load_step
        if not step:
            self._at_most(theirs, room)
            return
        places = [self._yes_no() for _ in range(min(room, len(theirs)))]
        self.model.add(self._sum(theirs) == self._sum(places))
        held = int(self.problem.held[volunteer])
        self.cost += [(place, step * (held + nth)) for nth, place in enumerate(places)]

    def _couple(self, coupling: Coupling) -> None:
        if isinstance(coupling, Share):
            self.model.add(self._sum(self._covered(slot) for slot in set(coupling.slots)) >= coupling.least)
        elif isinstance(coupling, Kin):
            slots = slots_of(coupling)
            for volunteer in sorted({who for slot in slots for who in self.at_slot[slot]}):
                self._equal(self._helps(volunteer, household) for household in coupling.households)
        else:
            for household in coupling.households:
                there = [self._helps(volunteer, household) for volunteer in set(coupling.volunteers)]
                if isinstance(coupling, Together):
                    self._equal(there)
                else:
                    self.model.add(self._sum(there) <= 1)

    def _helps(self, volunteer: int, household: Household) -> Any:
        """Whether this volunteer takes any slot of the household."""
        return self._any(
            [self.at_slot[slot][volunteer] for slot in set(household) if volunteer in self.at_slot[slot]]
        )

    def _covered(self, slot: int) -> Any:
        return self._any(list(self.at_slot[slot].values()))

    def _any(self, choices: list[Any]) -> Any:
        if len(choices) == 1:
            return choices[0]
        either = self._yes_no()
        self.model.add_max_equality(either, choices) if choices else self.model.add(either == 0)
        return either

    def _at_most(self, choices: list[Any], most: int) -> None:
        if most == 1:
            self.model.add_at_most_one(choices)
        else:
            self.model.add(self._sum(choices) <= most)

    def _equal(self, choices: Iterable[Any]) -> None:
        first, *others = choices
        for other in others:
            self.model.add(first == other)

    def _yes_no(self) -> Any:
        return self.model.new_bool_var("")

    def _sum(self, choices: Iterable[Any]) -> Any:
        return cp_model.LinearExpr.sum(list(choices))

    def _weighed(self, terms: list[tuple[Any, int]]) -> Any:
        return cp_model.LinearExpr.weighted_sum([x for x, _ in terms], [weight for _, weight in terms])


@contextmanager
def _told(halt: Callable[[], object], stop: Callable[[], bool]) -> Iterator[None]:
    """While the search runs, ask `stop` now and then and end the search once it says yes."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(_LOOK):
            if stop():
                halt()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
