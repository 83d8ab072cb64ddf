"""After the warm-up nothing is left to compile, and nothing compiled runs Python: asked of a fresh process,
as a worker is one."""

import subprocess
import sys

LATER = """
import importlib, pkgutil
import numpy as np
from jiedui_matching import engine
from jiedui_matching.instances import county
from jiedui_matching.nearby import Map, on_globe
from jiedui_matching.repair import LivePlan
from jiedui_matching.warm_up import warm_up

def compiled():
    names = ["jiedui_matching.engine." + module.name for module in pkgutil.iter_modules(engine.__path__)]
    modules = [importlib.import_module(name) for name in names]
    loops = [f for module in modules for f in vars(module).values() if hasattr(f, "signatures")]
    return sum(len(f.signatures) for f in loops)

def use():
    plan = LivePlan(county(40, 20, nearest=5, places_per_slot=0.9))
    plan.margins()
    solution = plan.solution()
    slot, volunteer = int(solution.pair_slot[0]), int(solution.pair_volunteer[0])
    for event, *arguments in (
        (plan.want, slot, 0), (plan.want, slot, 2),
        (plan.forbid, slot, volunteer), (plan.allow, slot, volunteer),
        (plan.pin, slot, volunteer), (plan.unpin, slot, volunteer), (plan.set_capacity, volunteer, 9),
        (plan.set_capacity, volunteer, 0), (plan.add_slot, 1, 1, np.array([2, 3]), np.array([5, 6])),
    ):
        event(*arguments)
    north, people = on_globe(30 + np.arange(3) / 9, np.full(3, 107.0), 6e6), np.arange(3)
    free, any_way = np.zeros((3, 3), dtype=np.int64), np.zeros((3, 3), dtype=np.bool_)
    near = Map(north, people, north, people, 10**6 + people, free, any_way)
    near.cheapest(10**5 * people, people, 2, every=1 + people)

if warm:
    warm_up()
before = compiled()
use()
print(compiled() - before)
"""

# Python in a compiled loop goes through numba's unpickling, which numba looks up at its first use.
PYTHON = """
import sys
import numpy as np
from numba import njit
from numba.core import serialize

def watched(*arguments, unpickle=serialize._numba_unpickle):
    asked.append(sys._getframe(1).f_code.co_name)
    return unpickle(*arguments)

asked, serialize._numba_unpickle = [], watched
from jiedui_matching.warm_up import warm_up
warm_up()
asked.clear()
warm_up()
print("asked by", *asked)

def new_array():
    return loop(3)

loop = njit(lambda n: np.zeros(n))
new_array()
asked.clear()
new_array()
print("asked by", *asked)
"""


def compiled_later(warm: bool) -> int:
    """How many loops are compiled, or fetched from the disk, once somebody really uses the engine."""
    script = f"warm = {warm}\n{LATER}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_after_the_warm_up_nothing_is_compiled_any_more() -> None:
    assert compiled_later(warm=True) == 0


def test_without_it_everything_would_be() -> None:
    assert compiled_later(warm=False) > 10


def test_nothing_compiled_runs_python_where_an_interrupt_would_be_lost() -> None:
    done = subprocess.run([sys.executable, "-c", PYTHON], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["asked by", "asked by new_array"]
