"""A round's stages, solved and checked: people in, answers out; no database."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from jiedui_matching import Report, Solution, check
from jiedui_matching.repair import LivePlan
from jiedui_pairing.all_pairs import best_plan
from jiedui_pairing.candidates import Candidates, Demand, first_helpers, further_helpers
from jiedui_pairing.people import Inputs, PairSet
from jiedui_pairing.proof import all_priced
from jiedui_pairing.texts import N_

STEPS = (
    N_("Measuring who can help whom"),
    N_("Finding the best pairing"),
    N_("Checking the pairing independently"),
    N_("Looking for further helpers"),
)
Tell = Callable[[int], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Stage:
    """One stage's answer with its proof.

    `plan` is the engine's own state behind `solution`, to ask further questions of.
    """

    number: int
    candidates: Candidates
    plan: LivePlan
    solution: Solution
    report: Report

    @property
    def covered(self) -> dict[str, tuple[int, int]]:
        """Per colour: helpers found, helpers wanted."""
        return covered(self.candidates, self.solution)


def covered(candidates: Candidates, solution: Solution) -> dict[str, tuple[int, int]]:
    """Per colour of the policy, the most urgent first: helpers found, helpers wanted."""
    problem, pack = candidates.problem, candidates.setting.pack
    counts = {}
    for colour in pack.colours:
        mine = problem.tier == pack.tier(colour)
        wanted = int(problem.wanted[mine].sum())
        counts[colour] = (wanted - int(solution.unassigned[mine].sum()), wanted)
    return counts


def plan(inputs: Inputs, tell: Tell, stop: Callable[[], bool]) -> Iterator[Stage]:
    """The policy's stages as they come, each optimal for itself and checked; no more once `stop` says yes.

    `tell` hears the number of each step in STEPS.
    """
    with suppress(InterruptedError):
        yield from _stages(inputs, tell, stop)


def first_demand(inputs: Inputs) -> Demand:
    """What stage one asks for."""
    return first_helpers(
        inputs.households,
        inputs.volunteers,
        inputs.pack,
        inputs.dated,
        never_again=inputs.never_again,
        pinned=inputs.pinned,
        forbidden=inputs.forbidden,
        running=inputs.running,
    )


def _stages(inputs: Inputs, tell: Tell, stop: Callable[[], bool]) -> Iterator[Stage]:
    tell(0)
    demand = first_demand(inputs)
    tell(1)
    candidates, best = best_plan(demand, stop, PairSet.of(inputs.earlier.get(1, ())))
    tell(2)
    stage = _checked(1, candidates, best, stop)
    yield stage
    for number in range(2, len(inputs.pack.stage) + 1):
        tell(3)
        demand = further_helpers(number, stage.candidates, stage.solution, demand.pinned)
        candidates, best = best_plan(demand, stop, PairSet.of(inputs.earlier.get(number, ())))
        stage = _checked(number, candidates, best, stop)
        yield stage


def _checked(number: int, candidates: Candidates, best: LivePlan, stop: Callable[[], bool]) -> Stage:
    solution = best.solution()
    report = check(candidates.problem, solution)
    if report.passed:
        report = Report((*report.checks, all_priced(candidates, solution, stop)))
    return Stage(
        number=number,
        candidates=candidates,
        plan=best,
        solution=solution,
        report=report,
    )
