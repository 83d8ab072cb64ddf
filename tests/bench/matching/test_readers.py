"""Files as others write them, through the command line, against scipy's optimum; and wrong arrays."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from jiedui_matching import Problem

SIZES = (100, 200, 300, 400, 500, 600, 700, 800)
RIGHT = {
    "tier": [3, 1, 2], "wanted": [1, 1, 1], "capacity": [1, 2], "held": [0, 0],
    "arc_slot": [0, 0, 1, 2], "arc_volunteer": [0, 1, 0, 1], "arc_cost": [5, 7, 2, 9],
}  # fmt: skip
WRONG = {
    "unsorted": ("arc_slot", [0, 1, 0, 2], 2),
    "repeated": ("arc_volunteer", [0, 0, 0, 1], 1),
    "slot out of range": ("arc_slot", [0, 0, 1, 3], 3),
    "volunteer out of range": ("arc_volunteer", [0, 1, 2, 1], 2),
    "negative capacity": ("capacity", [1, -2], 1),
    "not a number": ("arc_cost", [5, 7, float("nan"), 9], 2),
    "infinite": ("arc_cost", [5, float("inf"), 2, 9], 1),
    "overflow": ("arc_cost", [5, 7, 2, 2**62], 3),
}


def orlib(cost):
    """n, then the costs row by row, seven in a line."""
    numbers = cost.ravel().tolist()
    lines = [" ".join(map(str, numbers[at : at + 7])) for at in range(0, len(numbers), 7)]
    return "\n".join([f" {len(cost)} ", *lines, ""])


def dimacs(cost):
    """The same as a network of unit supplies."""
    n = len(cost)
    nodes = [f"n {i + 1} 1" for i in range(n)] + [f"n {n + j + 1} -1" for j in range(n)]
    arcs = [f"a {i + 1} {n + j + 1} 0 1 {cost[i, j]}" for i in range(n) for j in range(n)]
    return "\n".join([f"p min {2 * n} {n * n}", *nodes, *arcs, ""])


def solved(path, name, solver):
    """The objective that the command prints, and its seconds in all."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "jiedui_matching", "solve", str(path), "--format", name]
    done = subprocess.run([*command, "--solver", solver], capture_output=True, text=True, check=True)
    return int(re.search(r"^objective +(-?\d+)", done.stdout, re.M)[1]), time.perf_counter() - started


@pytest.mark.parametrize(
    ("solver", "sizes"), [("prices", SIZES), ("ortools_flow", SIZES), ("ortools_cpsat", SIZES[:2])]
)
def test_assignments_in_both_formats_have_scipys_optimum(solver, sizes, tmp_path, say):
    right, slowest = 0, 0.0
    for n in sizes:
        cost = np.random.default_rng(n).integers(1, 101, (n, n))
        best = int(cost[linear_sum_assignment(cost)].sum())
        for name, write in (("orlib-assign", orlib), ("dimacs-min", dimacs)):
            path = tmp_path / f"{n}.{name}"
            path.write_text(write(cost))
            objective, seconds = solved(path, name, solver)
            right += objective == best
            slowest = max(slowest, seconds)
    asked = 2 * len(sizes)
    say(
        f"{solver}: {right} of {asked} assignments, {sizes[0]} to {sizes[-1]}: slowest {slowest:.1f} s in all"
    )
    assert right == asked


def test_wrong_arrays_are_refused_with_field_and_index(say):
    named = 0
    for field, values, at in WRONG.values():
        with pytest.raises(ValueError) as refused:
            Problem(**{**RIGHT, field: values})
        named += f"{field}[{at}]" in str(refused.value)
    say(f"wrong arrays: {named} of {len(WRONG)} refused with the field and the first index")
    assert named == len(WRONG)
