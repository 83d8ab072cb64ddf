"""Exact pairing of slots with volunteers: arrays in, pairs out; no database, no web."""

from jiedui_matching.certificate import NotOptimalError
from jiedui_matching.check import Check, Report, check
from jiedui_matching.closest import closest
from jiedui_matching.explain import RunnersUp, runner_up
from jiedui_matching.problem import Problem
from jiedui_matching.solution import Prices, Solution
from jiedui_matching.solve import solve

__all__ = [
    "Check",
    "NotOptimalError",
    "Prices",
    "Problem",
    "Report",
    "RunnersUp",
    "Solution",
    "check",
    "closest",
    "runner_up",
    "solve",
]
