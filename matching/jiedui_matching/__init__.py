"""Exact pairing of slots with volunteers: arrays in, pairs out; no database, no web."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jiedui_matching.certificate import NotOptimalError
from jiedui_matching.check import Check, Report, check
from jiedui_matching.closest import closest
from jiedui_matching.problem import Problem
from jiedui_matching.solution import Prices, Solution
from jiedui_matching.solve import solve

if TYPE_CHECKING:
    from jiedui_matching.explain import RunnersUp, runners_up
    from jiedui_matching.hall import Shortage, Shortages, shortages
    from jiedui_matching.relief import smallest_changes, value_of_arcs, value_of_newcomers
    from jiedui_matching.repair import LivePlan

__all__ = [
    "Check",
    "LivePlan",
    "NotOptimalError",
    "Prices",
    "Problem",
    "Report",
    "RunnersUp",
    "Shortage",
    "Shortages",
    "Solution",
    "check",
    "closest",
    "runners_up",
    "shortages",
    "smallest_changes",
    "solve",
    "value_of_arcs",
    "value_of_newcomers",
]

# These bring the compiler along: loaded when first asked for, so that who only reads plans stays light.
_LATER = {
    "LivePlan": "repair",
    "RunnersUp": "explain",
    "Shortage": "hall",
    "Shortages": "hall",
    "runners_up": "explain",
    "shortages": "hall",
    "smallest_changes": "relief",
    "value_of_arcs": "relief",
    "value_of_newcomers": "relief",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
