"""A plan as one JSON document, for the command line and for whoever wants to check it."""

import json
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.i18n import LANGUAGES
from jiedui.policies.service import pack_named
from jiedui.rounds.service import plan_of, round_of
from jiedui.rounds.tables import Plan
from jiedui.store.columns import Row


async def plan_document(actor: Actor, plan_id: UUID) -> dict[str, Any]:
    """The document of architecture §5; households by ledger key, volunteers by number. Raises NotFound."""
    plan = await plan_of(actor, plan_id)
    round_row = await round_of(actor, plan["round"])
    pack = await pack_named(round_row["policy_name"], round_row["policy_version"])
    figures = json.loads(plan["figures"]).get("stages", [])
    pairs = await Plan.raw(_PAIRS, plan_id)
    named = {str(row["id"]): row["named"] for row in await Plan.raw(_NAMED, plan_id, plan_id, plan_id)}
    left_out = await Plan.raw(_LEFT_OUT, plan_id)

    def pair(row: Row) -> dict[str, Any]:
        runner_up = json.loads(row["runner_up"])
        for one in ("volunteer", "loses", "gains") if runner_up else ():
            runner_up[one] = named.get(runner_up[one])
        return {
            "household": row["ledger_key"],
            "volunteer": row["number"],
            "distance_m": row["distance_m"],
            "cost": row["cost"],
            "needs_met": [pack.kind_name(code) for code in row["needs_met"]],
            "needs_unmet": [pack.kind_name(code) for code in row["needs_unmet"]],
            "runner_up": runner_up,
            "pinned": row["pinned"],
        }

    def reasons(row: Row) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(row["reasons"])
        for change in said.get("changes", ()):
            change["volunteer"] = named[change["volunteer"]]
        return said

    return {
        "status": plan["status"] or plan["state"],
        "solver": plan["solver"],
        "region": round_row["region_code"],
        "on": str(round_row["dated"]),
        "policy": f"{pack.name} {pack.version}",
        "round": str(round_row["id"]),
        "plan": plan["number"],
        "state": round_row["state"],
        "inputs_hash": plan["inputs_hash"],
        "stages": [
            {
                "stage": stage["stage"],
                "slots": stage["slots"],
                "arcs": stage["arcs"],
                "name": {language: pack.stage_name(stage["stage"], language) for language in LANGUAGES},
                "covered": {colour: stage["covered"][colour] for colour in pack.colours},
                "pairs": [pair(row) for row in pairs if row["stage"] == stage["stage"]],
                "cost": stage["cost"],
                "uncovered": [
                    {"household": row["ledger_key"], "reasons": reasons(row)}
                    for row in left_out
                    if row["stage"] == stage["stage"]
                ],
                "refused_pins": stage["refused_pins"],
                "seconds": stage["seconds"],
            }
            for stage in figures
        ],
        "certificate": {
            "checks": {
                f"stage {stage['stage']}: {name}": passed
                for stage in figures
                for name, passed in stage["checks"].items()
            }
        },
    }


_PAIRS = """
SELECT c.*, h.ledger_key, v.number FROM candidate c
JOIN household h ON h.id = c.household JOIN volunteer v ON v.id = c.volunteer
WHERE c.plan = {} ORDER BY c.stage, h.ledger_key, v.number
"""
_NAMED = """
SELECT id, number AS named FROM volunteer WHERE id IN (
    SELECT (runner_up ->> 'volunteer')::uuid FROM candidate WHERE plan = {}
    UNION
    SELECT (jsonb_array_elements(reasons -> 'changes') ->> 'volunteer')::uuid FROM left_out WHERE plan = {})
UNION ALL SELECT id, ledger_key FROM household WHERE id IN (
    SELECT unnest(ARRAY[(runner_up ->> 'loses')::uuid, (runner_up ->> 'gains')::uuid]) FROM candidate
    WHERE plan = {})
"""
_LEFT_OUT = """
SELECT l.stage, l.reasons, h.ledger_key FROM left_out l JOIN household h ON h.id = l.household
WHERE l.plan = {} ORDER BY l.stage, h.ledger_key
"""
