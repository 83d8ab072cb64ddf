"""Couplings in JSON: {"couplings": [{"rule": "apart", "volunteers": [3, 8], "households": [[0], [4]]}]}."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from jiedui_matching.couplings import Apart, Coupling, Kin, Share, Together
from jiedui_matching.formats.arrays import read_object, whole_list

RULES: dict[str, type[Coupling]] = {"together": Together, "apart": Apart, "kin": Kin, "share": Share}


def read_couplings(path: Path) -> tuple[Coupling, ...]:
    """The rules in the file; raises ValueError naming the rule and field that cannot be read."""
    given = read_object(path).get("couplings")
    if not isinstance(given, list):
        raise ValueError("couplings must be a list of rules")
    return tuple(_coupling(f"couplings[{at}]", rule) for at, rule in enumerate(given))


def _coupling(where: str, given: Any) -> Coupling:
    if not isinstance(given, dict) or given.get("rule") not in tuple(RULES):
        raise ValueError(f"{where} must be an object whose rule is one of {', '.join(RULES)}")
    kind = RULES[given["rule"]]
    names = {field.name for field in fields(kind)}
    if names != given.keys() - {"rule"}:
        raise ValueError(f"{where}: {given['rule']} must have {', '.join(sorted(names))} and nothing else")
    return kind(**{name: _value(f"{where}.{name}", name, given[name]) for name in names})


def _value(where: str, name: str, value: Any) -> Any:
    if name == "least":
        return int(whole_list(where, [value])[0])
    if name == "households":
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list of households, each a list of its slots")
        return tuple(tuple(whole_list(f"{where}[{at}]", slots).tolist()) for at, slots in enumerate(value))
    return tuple(whole_list(where, value).tolist())
