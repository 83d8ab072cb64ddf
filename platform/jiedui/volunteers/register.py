"""Looking volunteers up: the list of an area, one of them, and her own view of herself."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jiedui.actor import Actor, within
from jiedui.consents import service as consents
from jiedui.errors import NotFound
from jiedui.regions.service import path_name, path_names
from jiedui.store import vault
from jiedui.store.columns import Row
from jiedui.store.masked import masked_phone
from jiedui.store.paging import page_of
from jiedui.store.scope import in_area
from jiedui.volunteers import policy
from jiedui.volunteers.alike import alike, person_of
from jiedui.volunteers.service import held_by
from jiedui.volunteers.tables import KINDS, STATES, VettingCheck, Volunteer

_UNSHOWN = ("identity", "fingerprint", "ledger_key", "phone_key", "barred_by")
_MASKED = {"name": "masked_name(name) AS name", "remark": "hidden(remark) AS remark"}
SEEN = ", ".join(
    _MASKED.get(column._meta.name, column._meta.name)
    for column in Volunteer._meta.columns
    if column._meta.name not in _UNSHOWN
)
"""What of a row is read for pages, masked."""


@dataclass(frozen=True)
class Wanted:
    """Which volunteers a list shows; what is empty or unknown does not narrow it."""

    state: str = ""
    kind: str = ""
    township: str = ""


@dataclass(frozen=True)
class Listed:
    """A page of the list: its rows, how many the filter finds of how many there are, where to go on."""

    rows: list[dict[str, Any]]
    found: int
    total: int
    next_after: str


async def list_volunteers(actor: Actor, wanted: Wanted, after: str = "") -> Listed:
    """The newest first; `after` is the number of the last one on the page before."""
    policy.require(actor, "list")
    conditions, values = zip(*_conditions(actor, wanted), strict=True)
    query = f"SELECT {SEEN} FROM volunteer WHERE {' AND '.join(conditions)}"  # noqa: S608 -- our own words
    found = await page_of(Volunteer, query, values, {"number": "text"}, after=after, falling=True)
    return Listed(
        rows=await told(found.rows),
        found=found.matching,
        total=await Volunteer.count().where(policy.visible(actor)),
        next_after=found.after,
    )


async def states_of(actor: Actor) -> dict[str, int]:
    """How many volunteers of the area are in each state."""
    policy.require(actor, "list")
    rows = await Volunteer.raw(
        "SELECT state, count(*) AS n FROM volunteer WHERE {} GROUP BY state", policy.visible(actor)
    )
    return dict.fromkeys(STATES, 0) | {row["state"]: row["n"] for row in rows}


async def one_volunteer(actor: Actor, volunteer_id: UUID) -> dict[str, Any]:
    """Everything her coordinator, or she herself, may see, masked. Raises NotFound."""
    policy.require(actor, "read")
    query = f"SELECT {SEEN} FROM volunteer WHERE id = {{}} AND {{}}"  # noqa: S608 -- our own words
    rows = await Volunteer.raw(query, volunteer_id, policy.visible(actor))
    if not rows:
        raise NotFound
    (volunteer,) = await told(rows)
    volunteer["path"] = await path_name(volunteer["region_code"])
    volunteer["checks"] = await _checks(volunteer_id)
    volunteer["consents"] = await consents.given(actor, volunteer_id)
    return volunteer


async def resembling(actor: Actor, volunteer: Row) -> list[dict[str, Any]]:
    """Whom an applicant resembles who was suspended, refused or did not pass a check, and by what.

    Somebody of another area has neither number nor address here.
    """
    policy.require(actor, "list")
    if volunteer["state"] != "applied":
        return []
    row = await Volunteer.select().where(Volunteer.id == volunteer["id"], policy.visible(actor)).first()
    others = (await alike([person_of(row)])).get(volunteer["id"], []) if row else []
    found = {}
    for other in others:
        known = within(actor.region_code, other.region_code)
        found[other.volunteer_id, other.by] = {
            "id": other.volunteer_id if known else None,
            "number": other.number if known else "",
            "by": other.by,
        }
    return list(found.values())


async def _checks(volunteer_id: UUID) -> list[dict[str, Any]]:
    """Her checks, the newest first, with `who` stands behind each of them and from where."""
    noted: list[dict[str, Any]] = await VettingCheck.raw(_CHECKS, volunteer_id)
    for check in noted:
        check["who"] = " · ".join(filter(None, (check["by"], check["place"])))
    return noted


def _conditions(actor: Actor, wanted: Wanted) -> Iterable[tuple[str, Any]]:
    yield "{}", policy.visible(actor)
    if wanted.state in STATES:
        yield "state = {}", wanted.state
    if wanted.kind in KINDS:
        yield "kind = {}", wanted.kind
    if re.fullmatch(r"[0-9]{12}", wanted.township) and within(actor.region_code, wanted.township):
        yield "{}", in_area("region_code", wanted.township)


async def told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of SEEN with what pages say besides: village, places held, checks that wait, telephone masked."""
    held = await held_by([row["id"] for row in rows])
    paths = await path_names({row["region_code"] for row in rows})
    stated = await VettingCheck.raw(
        "SELECT DISTINCT volunteer FROM vetting_check WHERE standing = 'stated' AND volunteer = ANY({})",
        [row["id"] for row in rows],
    )
    waiting = {row["volunteer"] for row in stated}
    for row in rows:
        row["stated"] = row["id"] in waiting
        # township and village; the county is the officer's own
        row["place"] = " · ".join(paths[row["region_code"]].split(" · ")[-2:])
        row["held"] = held[row["id"]]
        phone = vault.unseal(row["phone"], "volunteer.phone") if row["phone"] else None
        row["phone"] = masked_phone(phone)
    return rows


_CHECKS = """
SELECT c.*, a.name AS by, r.short_name AS place
FROM vetting_check c
LEFT JOIN account a ON a.id = coalesce(c.decided_by, c.recorded_by)
LEFT JOIN region r ON r.code = coalesce(nullif(c.decided_from, ''), c.recorded_from)
WHERE c.volunteer = {} ORDER BY c.checked_on DESC, c.created_at DESC
"""
