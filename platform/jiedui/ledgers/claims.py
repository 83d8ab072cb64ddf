"""A person in the ledgers of two areas: neither is told of the other, and one above both decides.

A refusal would answer, for any identity number, whether somebody is in a ledger anywhere. So a claimed row is
reported as new, and held until somebody whose area holds both says what it is.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from piccolo.querystring import QueryString

from jiedui.actor import Actor, above_both
from jiedui.audit.service import record as audit
from jiedui.errors import Conflict, NotFound
from jiedui.ledgers import policy
from jiedui.ledgers.ledger import Subject
from jiedui.ledgers.saving import Compared
from jiedui.ledgers.tables import Claim
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.masked import masked_name
from jiedui.store.paging import Page, page_of
from jiedui.store.scope import in_area, scope
from jiedui.store.vault import seal, unseal

DECISIONS = ("moved", "duplicate", "mistake")
_FACTS = "claim.facts"


async def keep(actor: Actor, kind: str, compared: Compared[Any], import_id: UUID, now: datetime) -> None:
    """Hold the claims among what was compared, inside the caller's transaction."""
    new = [
        {
            "id": uuid4(),
            "subject_kind": kind,
            "subject_id": one.elsewhere["id"],
            "person_key": one.key,
            "village": one.record.village,
            "created_at": now,
            **_said(actor, one, import_id),
        }
        for one in compared.new
        if one.elsewhere is not None
    ]
    # What it says of her is new, or she is elsewhere again after a move: somebody looks once more.
    again = [
        {"id": claim["id"], "village": one.record.village, **_said(actor, one, import_id)}
        for claim, one, changed in compared.claimed
        if changed or claim["state"] == "moved"
    ]
    await bulk.insert(Claim, new)
    await bulk.update(Claim, again)


async def claims_of(actor: Actor, subjects: Mapping[str, Subject], after: str = "") -> Page:
    """The claims that wait for the actor, the oldest first, with what both sides know of her, masked."""
    policy.require(actor, "claims")
    found = await page_of(Claim, _CLAIMS, [_mine(actor)], {"made": "bigint", "id": "uuid"}, after=after)
    cards: dict[UUID, Row] = {}
    for kind, subject in subjects.items():
        ids = [row["subject_id"] for row in found.rows if row["subject_kind"] == kind]
        cards |= {card["id"]: card for card in await subject.cards(actor, ids)} if ids else {}
    for row in found.rows:
        row["claimed_name"] = masked_name(json.loads(unseal(row.pop("facts"), _FACTS))["name"])
        row["card"] = cards.get(row["subject_id"])
    return found


async def waiting(actor: Actor) -> int:
    """How many claims wait for the actor."""
    policy.require(actor, "claims")
    rows = await Claim.raw("SELECT count(*) AS n FROM claim c WHERE c.state = 'open' AND {}", _mine(actor))
    count: int = rows[0]["n"]
    return count


async def decide(
    actor: Actor, claim_id: UUID, decision: str, subjects: Mapping[str, Subject], now: datetime
) -> None:
    """She has moved, is the same twice, or somebody mistyped a number. Raises NotFound, Conflict."""
    policy.require(actor, "claims")
    if decision not in DECISIONS:
        raise NotFound
    async with scope(actor, now):
        rows = await Claim.raw(
            "SELECT c.* FROM claim c WHERE c.id = {} AND {} FOR UPDATE", claim_id, _mine(actor)
        )
        if not rows:
            raise NotFound
        (claim,) = rows
        if claim["state"] != "open":
            raise Conflict
        if decision == "moved":
            subject = subjects[claim["subject_kind"]]
            await subject.move(actor, claim["subject_id"], claim["village"], now)
        await Claim.update(state=decision, decided_at=now, decided_by=actor.account_id).where(
            Claim.id == claim_id
        )
        await audit(
            actor,
            action=f"claim.{decision}",
            subject=(claim["subject_kind"], claim["subject_id"]),
            region_code=claim["region_code"],
            now=now,
        )


def _said(actor: Actor, one: Any, import_id: UUID) -> Row:
    return {
        "region_code": above_both(actor.region_code, one.elsewhere["region_code"]),
        "facts": seal(json.dumps(one.facts, ensure_ascii=False), _FACTS),
        "fingerprint": one.fingerprint,
        "ledger_import": import_id,
        "cell": one.record.cell[-40:],
        "state": "open",
        "decided_at": None,
        "decided_by": None,
    }


def _mine(actor: Actor) -> QueryString:
    """Those that lie in her area; above counties only what is for nobody below."""
    if "coordinator" in actor.hats:
        return in_area("c.region_code", actor.region_code)
    return QueryString("c.region_code = {}", actor.region_code)


_CLAIMS = """
SELECT c.id, c.subject_kind, c.subject_id, c.village, c.facts, c.created_at, c.cell,
    extract(epoch FROM c.created_at)::bigint AS made, a.short_name AS claimed_by,
    p.village AS village_name, p.township
FROM claim c JOIN ledger_import i ON i.id = c.ledger_import
LEFT JOIN place p ON p.code = c.village LEFT JOIN region a ON a.code = i.region_code
WHERE c.state = 'open' AND {}
"""
