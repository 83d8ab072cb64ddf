"""A Problem together with what its answer means in the terms of the file it came from."""

from dataclasses import dataclass

from jiedui_matching.problem import Problem
from jiedui_matching.solution import Solution


@dataclass(frozen=True)
class Case:
    """Each of the problem's arcs costs `shift` less than the file's; `complete`: a plan that leaves
    anybody out is no answer."""

    problem: Problem
    shift: int = 0
    complete: bool = False

    @property
    def offset(self) -> int:
        """Turns the problem's cost, weight and bound into the file's."""
        return self.shift * int(self.problem.wanted.astype(object).sum())

    def status(self, solution: Solution) -> str:
        """The solver's word, or infeasible where all had to be covered and cannot be."""
        if self.complete and solution.status == "optimal" and solution.unassigned.any():
            return "infeasible"
        return solution.status

    def objective(self, solution: Solution) -> int | None:
        """The cost as the file counts it; None for a plan that is no answer."""
        if solution.status == "infeasible" or (self.complete and solution.unassigned.any()):
            return None
        return solution.cost + self.offset
